//! Carries out a history on an indexed store and on its model.

use super::check;
use super::follower::Follower;
use super::operation::{
    Account, AccountKey, ChangeTo, Condition, Leave, Lifetime, Operation, Write,
};
use super::oracle::{DEFAULT_TTL_MS, Model, Refusal};
use crate::engine_run::{DIR, START_MS};
use crate::setting::Setting;
use crate::versions::Point;
use grainstore::clock::{Clock, ManualClock};
use grainstore::fs::CrashDisk;
use grainstore::{
    Batch, Change, Db, Durability, GrainStore, If, Index, Snapshot, Ttl, Unique, Version,
};
use std::time::Duration;

pub type Accounts = GrainStore<AccountKey, Account>;

pub fn by_city() -> Index<Account, String> {
    Index::one("by_city", |account: &Account| account.city.clone())
}

pub fn by_tag() -> Index<Account, u16> {
    Index::many("by_tag", |account: &Account| account.tags.clone())
}

pub fn by_email() -> Index<Account, String, Unique> {
    Index::unique_many("by_email", |account: &Account| account.email.clone())
}

/// A history on its way.
pub struct Run {
    disk: CrashDisk,
    clock: ManualClock,
    open: Option<(Db, Accounts)>,
    durability: Durability,
    pub model: Model,
    snapshot: Option<(Snapshot, Point)>,
    follower: Option<Follower>,
    /// The follower has room for few events.
    narrow: bool,
}

/// Runs `history` from an empty disk to its end.
pub fn run(history: &[Operation]) {
    let mut it = Run::new(Durability::Buffered);
    it.narrow = history.len() % 2 == 1;
    it.follow();
    for operation in history {
        it.apply(operation);
    }
    check::everything(it.accounts(), it.model.view(), None);
    it.check_follower();
    it.release();
    it.follower = None;
    it.db().verify().unwrap();
}

/// Opens the store with its indexes on `disk`; where `rebuild`, those that are there are let go
/// first.
///
/// # Errors
///
/// Those of the openings.
pub fn open(
    disk: &CrashDisk,
    clock: &ManualClock,
    durability: Durability,
    rebuild: bool,
) -> grainstore::Result<(Db, Accounts)> {
    let small = Setting {
        durability,
        ..Setting::SMALL
    };
    let builder = Db::builder(DIR).engine_options(|it| *it = small.options(8));
    let db = builder
        .file_system(disk.clone())
        .clock(clock.clone())
        .open()?;
    let mut accounts = db.grains("accounts");
    if rebuild {
        let gone = accounts.drop_index("by_city").drop_index("by_tag");
        accounts = gone.drop_index("by_email");
    }
    let accounts = accounts.index(&by_city()).index(&by_tag());
    let accounts = accounts.index(&by_email());
    let accounts = accounts.default_ttl(Duration::from_millis(DEFAULT_TTL_MS));
    let accounts = accounts.open()?;
    Ok((db, accounts))
}

fn ttl(lifetime: Lifetime) -> Ttl {
    match lifetime {
        Lifetime::Default => Ttl::Default,
        Lifetime::Never => Ttl::Never,
        Lifetime::After(ms) => Ttl::After(Duration::from_millis(ms)),
        Lifetime::Keep => Ttl::Keep,
    }
}

impl Run {
    /// A store on an empty disk.
    #[must_use]
    pub fn new(durability: Durability) -> Self {
        let (disk, clock) = (CrashDisk::new(), ManualClock::new(START_MS));
        Self {
            open: Some(open(&disk, &clock, durability, false).unwrap()),
            disk,
            clock,
            durability,
            model: Model::new(START_MS),
            snapshot: None,
            follower: None,
            narrow: false,
        }
    }

    /// The disk; another one after a kill.
    #[must_use]
    pub fn disk(&self) -> &CrashDisk {
        &self.disk
    }

    fn db(&self) -> &Db {
        &self.open.as_ref().unwrap().0
    }

    fn accounts(&self) -> &Accounts {
        &self.open.as_ref().unwrap().1
    }

    /// Carries out one operation, and compares its answer.
    pub fn apply(&mut self, operation: &Operation) {
        self.model.begin_commit();
        match operation {
            Operation::Write(write) => self.write(write),
            Operation::Batch(writes) => self.batch(writes),
            Operation::Update(key, change) => self.update(*key, change),
            Operation::Take(key) => {
                let taken = self.accounts().take(key).unwrap();
                let row = self.model.view().get(*key).map(|row| row.account.clone());
                assert_eq!(taken, row, "take {key:?}");
                self.model.delete(*key);
            }
            Operation::Touch(key, lifetime) => {
                let touched = self.accounts().touch(key, ttl(*lifetime)).unwrap();
                assert_eq!(touched, self.model.touch(*key, *lifetime));
            }
            Operation::ClockStep(ms) => {
                self.clock.advance(*ms);
                self.model.see_time(self.clock.now_ms());
            }
            Operation::Snapshot => {
                self.release();
                self.check_follower();
                self.snapshot = Some((self.db().snapshot(), self.model.now()));
            }
            Operation::Flush => self.db().flush().unwrap(),
            Operation::Compact => self.db().compact().unwrap(),
            Operation::Reopen(leave) => self.reopen(*leave),
        }
    }

    /// Begins a watch with what is there.
    fn follow(&mut self) {
        self.follower = Some(Follower::begin(self.accounts(), self.narrow));
    }

    fn check_follower(&mut self) {
        let (_, accounts) = self.open.as_ref().unwrap();
        if let Some(follower) = &mut self.follower {
            follower.check(accounts, self.model.view());
        }
    }

    /// Looks through the snapshot that is held, and lets go of it.
    fn release(&mut self) {
        if let Some((snapshot, point)) = self.snapshot.take() {
            let view = self.model.view_at(point);
            check::everything(self.accounts(), view, Some(&snapshot));
        }
    }

    fn reopen(&mut self, leave: Leave) {
        self.release();
        self.check_follower();
        self.follower = None;
        match leave {
            Leave::Close | Leave::Rebuild => self.db().close().unwrap(),
            Leave::Kill => self.disk = self.disk.fork(),
        }
        self.open = None;
        let rebuild = leave == Leave::Rebuild;
        self.open = Some(open(&self.disk, &self.clock, self.durability, rebuild).unwrap());
        check::everything(self.accounts(), self.model.view(), None);
        self.follow();
    }

    /// The moment before the operation that is being carried out.
    fn before(&self) -> Point {
        let now = self.model.now();
        Point {
            sequence: now.sequence - 1,
            ..now
        }
    }

    /// The condition in versions.
    fn condition(&self, key: AccountKey, condition: Condition) -> If {
        match condition {
            Condition::Absent => If::Absent,
            Condition::Present => If::Present,
            Condition::Current => {
                let found = self.accounts().get_versioned(&key).unwrap();
                If::Version(found.map_or(Version::from(u64::MAX), |found| found.version))
            }
            Condition::Stale => If::Version(Version::from(u64::MAX)),
        }
    }

    fn write(&mut self, write: &Write) {
        let accounts = self.accounts();
        let answer = match write {
            Write::Put(key, account, lifetime) => accounts
                .put_with(key, account, ttl(*lifetime))
                .map(|()| None),
            Write::PutIf(key, account, condition, Lifetime::Keep) => {
                let condition = self.condition(*key, *condition);
                accounts.put_if(key, account, condition).map(Some)
            }
            Write::PutIf(key, account, condition, lifetime) => {
                let condition = self.condition(*key, *condition);
                let version = accounts.put_if_with(key, account, condition, ttl(*lifetime));
                version.map(Some)
            }
            Write::Delete(key) => accounts.delete(key).map(|()| None),
            Write::DeleteIf(key, condition) => {
                let condition = self.condition(*key, *condition);
                accounts.delete_if(key, condition).map(|_| None)
            }
            Write::Require(..) => return self.batch(std::slice::from_ref(write)),
            Write::DeleteTenant(tenant) => accounts.delete_prefix((*tenant,)).map(|()| None),
            Write::DeleteRange(from, to) => accounts.delete_range(from..=to).map(|()| None),
        };
        let wanted = self.model.write(write, self.before());
        assert_eq!(
            answer.as_ref().map(|_| ()).map_err(refusal),
            wanted,
            "{write:?}"
        );
        if let (Ok(Some(version)), Write::PutIf(key, ..)) = (answer, write) {
            self.model.set_version(*key, version.get());
        }
    }

    fn batch(&mut self, writes: &[Write]) {
        let (before, mut batch) = (self.before(), self.db().batch());
        for write in writes {
            let answer = self.append(&mut batch, write);
            let wanted = self.model.write(write, before);
            assert_eq!(answer.map_err(|error| refusal(&error)), wanted, "{write:?}");
        }
        batch.commit().unwrap();
    }

    fn append(&self, batch: &mut Batch, write: &Write) -> grainstore::Result<()> {
        let accounts = self.accounts();
        match write {
            Write::Put(key, account, lifetime) => {
                batch.put_with(accounts, key, account, ttl(*lifetime))
            }
            Write::PutIf(key, account, condition, lifetime) => {
                let condition = self.condition(*key, *condition);
                batch.put_if_with(accounts, key, account, condition, ttl(*lifetime))
            }
            Write::Delete(key) => batch.delete(accounts, key),
            Write::DeleteIf(key, condition) => {
                batch.delete_if(accounts, key, self.condition(*key, *condition))
            }
            Write::Require(key, condition) => {
                batch.require(accounts, key, self.condition(*key, *condition))
            }
            Write::DeleteTenant(tenant) => batch.delete_prefix(accounts, (*tenant,)),
            Write::DeleteRange(from, to) => batch.delete_range(accounts, from..=to),
        }
    }

    fn update(&mut self, key: AccountKey, change: &ChangeTo) {
        let row = self.model.view().get(key).cloned();
        let answer = self.accounts().update(&key, |old| {
            assert_eq!(old, row.as_ref().map(|row| row.account.clone()));
            match change {
                ChangeTo::Put(account) => Change::Put(account.clone()),
                ChangeTo::PutWith(account, lifetime) => {
                    Change::PutWith(account.clone(), ttl(*lifetime))
                }
                ChangeTo::Delete => Change::Delete,
                ChangeTo::Nothing => Change::Nothing,
            }
        });
        let kept = row.map(|row| row.expiry_ms);
        let wanted = match change {
            ChangeTo::Put(account) => self.model.put(key, account.clone(), Lifetime::Keep, kept),
            ChangeTo::PutWith(account, lifetime) => {
                self.model.put(key, account.clone(), *lifetime, kept)
            }
            ChangeTo::Delete => {
                self.model.delete(key);
                Ok(())
            }
            ChangeTo::Nothing => Ok(()),
        };
        assert_eq!(
            answer.as_ref().map(|_| ()).map_err(refusal),
            wanted,
            "{change:?}"
        );
        if let Ok(Some(version)) = answer {
            self.model.set_version(key, version.get());
        }
    }
}

fn refusal(error: &grainstore::Error) -> Refusal {
    match (error.is_conflict(), error.is_duplicate()) {
        (true, _) => Refusal::Conflict,
        (_, true) => Refusal::Duplicate,
        _ => panic!("{error}"),
    }
}
