//! Carries out a history on a database of typed stores and on its model.

use super::store_check as check;
use super::store_operation::{
    BatchWrite, ChangeSpec, Condition, Lifetime, StoreOperation, Visit, VisitKey, VisitName,
    tenant, visit,
};
use super::store_oracle::{DbModel, StoreModel};
use super::store_writes;
use grainstore::clock::{Clock, ManualClock};
use grainstore::fs::CrashDisk;
use grainstore::{BytesStore, Change, Db, GrainStore, If, Snapshot, Ttl, U32Store, Version};
use grainstore_proof::coverage::KindPairs;
use grainstore_proof::engine_run::{DIR, START_MS};
use grainstore_proof::operation::Leave;
use grainstore_proof::setting::Setting;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

const DB_TTL_MS: u64 = 2_000;
const VISITS_TTL_MS: u64 = 250;
const HELD_MAX: usize = 4;

/// The stores of a database that is open.
pub struct Stores {
    pub db: Db,
    pub visits: GrainStore<VisitKey, Visit>,
    pub counts: U32Store,
    pub blobs: BytesStore,
}

/// A history on its way.
pub struct StoreRun {
    setting: Setting,
    with_defaults: bool,
    disk: CrashDisk,
    clock: ManualClock,
    pub stores: Stores,
    pub model: DbModel,
    snapshots: Vec<(Snapshot, DbModel)>,
    /// The largest version seen so far.
    version_max: u64,
    /// The versions that keys had before the ones they have.
    stale: BTreeMap<String, u64>,
}

pub fn ttl(lifetime: Lifetime, now_ms: u64) -> Ttl {
    match lifetime {
        Lifetime::Default => Ttl::Default,
        Lifetime::Never => Ttl::Never,
        Lifetime::After(ms) => Ttl::After(Duration::from_millis(ms)),
        Lifetime::At(ms) => {
            let at_ms = now_ms.saturating_add_signed(ms);
            Ttl::At(UNIX_EPOCH + Duration::from_millis(at_ms))
        }
        Lifetime::Keep => Ttl::Keep,
    }
}

/// Runs `history` from an empty disk to its end; `with_defaults`: stores with lifetimes of their
/// own.
pub fn run(
    setting: &Setting,
    with_defaults: bool,
    history: &[StoreOperation],
    coverage: &mut KindPairs,
) {
    coverage.note_history(history.iter().map(StoreOperation::kind));
    let mut it = StoreRun::new(setting, with_defaults);
    for (at, operation) in history.iter().enumerate() {
        it.apply(operation);
        if at % 5 == 4 {
            check::everything(&it.stores, &it.model, None);
        }
    }
    it.finish();
}

impl StoreRun {
    fn new(setting: &Setting, with_defaults: bool) -> Self {
        let (disk, clock) = (CrashDisk::new(), ManualClock::new(START_MS));
        let stores = open(setting, with_defaults, &disk, &clock, 4);
        let default = |ms| with_defaults.then_some(ms);
        let model = DbModel {
            visits: StoreModel::new(default(VISITS_TTL_MS)),
            counts: StoreModel::new(default(DB_TTL_MS)),
            blobs: StoreModel::new(default(DB_TTL_MS)),
            now_ms: START_MS,
        };
        Self {
            setting: *setting,
            with_defaults,
            disk,
            clock,
            stores,
            model,
            snapshots: Vec::new(),
            version_max: 0,
            stale: BTreeMap::new(),
        }
    }

    fn apply(&mut self, operation: &StoreOperation) {
        use StoreOperation as Op;
        let now_ms = self.model.now_ms;
        match operation {
            Op::Put(name, value) => self.put(*name, visit(*value), Lifetime::Default),
            Op::PutWith(name, value, lifetime) => self.put(*name, visit(*value), *lifetime),
            Op::PutIf(name, value, condition) => self.put_if(*name, visit(*value), *condition),
            Op::DeleteIf(name, condition) => self.delete_if(*name, *condition),
            Op::Update(name, change) => self.update(*name, *change),
            Op::Touch(name, lifetime) => self.touch(*name, *lifetime, false),
            Op::Persist(name) => self.touch(*name, Lifetime::Never, true),
            Op::Take(name) => {
                let taken = self.stores.visits.take(&name.key()).unwrap();
                let row = self.model.visits.get(&name.key().order(), now_ms);
                assert!(taken.as_ref() == row.map(|row| &row.value), "take {name:?}");
                self.forget(*name);
            }
            Op::Delete(name) => {
                self.stores.visits.delete(&name.key()).unwrap();
                self.forget(*name);
            }
            Op::DeletePrefix(name, parts) => store_writes::delete_prefix(self, *name, *parts),
            Op::Batch(writes) => self.batch(writes),
            Op::Snapshot => {
                if self.snapshots.len() == HELD_MAX {
                    self.snapshots.remove(0);
                }
                let taken = (self.stores.db.snapshot(), self.model.clone());
                self.snapshots.push(taken);
            }
            Op::Release(n) => {
                if let Some(at) = usize::from(*n).checked_rem(self.snapshots.len()) {
                    let (snapshot, model) = self.snapshots.swap_remove(at);
                    check::everything(&self.stores, &model, Some(&snapshot));
                }
            }
            Op::Query(query) => check::query(&self.stores, &self.model, None, query),
            Op::QuerySnapshot(n, query) => {
                if let Some(at) = usize::from(*n).checked_rem(self.snapshots.len()) {
                    let (snapshot, model) = &self.snapshots[at];
                    check::query(&self.stores, model, Some(snapshot), query);
                }
            }
            Op::GetMany(names) => check::get_many(&self.stores, &self.model, names),
            Op::Flush => self.stores.db.flush().unwrap(),
            Op::Compact => self.stores.db.compact().unwrap(),
            Op::DueWork => self.stores.db.engine().run_due_work().unwrap(),
            Op::ClockStep(ms) => {
                self.clock.advance(*ms);
                self.model.now_ms = self.model.now_ms.max(self.clock.now_ms());
                assert_eq!(self.stores.db.engine().now_ms(), self.model.now_ms);
            }
            Op::Reopen(leave, memtable_kib) => self.reopen(*leave, *memtable_kib),
            other => store_writes::other_store(self, other),
        }
    }

    fn touch(&mut self, name: VisitName, lifetime: Lifetime, persist: bool) {
        let (visits, now_ms) = (&self.stores.visits, self.model.now_ms);
        let touched = if persist {
            visits.persist(&name.key())
        } else {
            visits.touch(&name.key(), ttl(lifetime, now_ms))
        };
        let wanted = self
            .model
            .visits
            .touch(&name.key().order(), lifetime, now_ms);
        assert_eq!(touched.unwrap(), wanted, "touch {name:?}");
        check::visit(&self.stores, &self.model, name);
    }

    /// Takes note of the version that the record under `name` has got: larger than all before.
    fn note_version(&mut self, name: VisitName) {
        let found = self.stores.visits.get_versioned(&name.key()).unwrap();
        if let Some(found) = found {
            let version = found.version.get();
            assert!(
                version > self.version_max,
                "a version came twice or out of order"
            );
            self.model.visits.set_version(&name.key().order(), version);
        }
    }

    /// Remembers the version that the record under `name` has, as one that it will not have again.
    fn note_stale(&mut self, name: VisitName) {
        let row = self
            .model
            .visits
            .get(&name.key().order(), self.model.now_ms);
        if let Some(row) = row {
            self.version_max = self.version_max.max(row.version);
            self.stale.insert(format!("{name:?}"), row.version);
        }
    }

    fn forget(&mut self, name: VisitName) {
        self.note_stale(name);
        self.model.visits.delete(&name.key().order());
        check::visit(&self.stores, &self.model, name);
    }

    /// What a put of `name` that was carried out does to the model.
    fn note_put(&mut self, name: VisitName, value: Visit, lifetime: Lifetime) {
        let (key, now_ms) = (name.key().order(), self.model.now_ms);
        let kept = self.model.visits.kept(&key, now_ms);
        let expiry_ms = self.model.visits.expiry_ms(lifetime, kept, now_ms);
        self.note_stale(name);
        self.model.visits.put(key, value, expiry_ms, now_ms);
        self.note_version(name);
        let row = self.model.visits.get(&name.key().order(), now_ms);
        self.version_max = self.version_max.max(row.map_or(0, |row| row.version));
        check::visit(&self.stores, &self.model, name);
    }

    fn put(&mut self, name: VisitName, value: Visit, lifetime: Lifetime) {
        let ttl = ttl(lifetime, self.model.now_ms);
        let stored = match lifetime {
            Lifetime::Default => self.stores.visits.put(&name.key(), &value),
            _ => self.stores.visits.put_with(&name.key(), &value, ttl),
        };
        stored.unwrap();
        self.note_put(name, value, lifetime);
    }

    /// The condition in versions, and whether it holds.
    fn condition(&self, name: VisitName, condition: Condition) -> (If, bool) {
        let row = self
            .model
            .visits
            .get(&name.key().order(), self.model.now_ms);
        let version = row.map(|row| row.version);
        match condition {
            Condition::Absent => (If::Absent, version.is_none()),
            Condition::Present => (If::Present, version.is_some()),
            Condition::Current => {
                let it = version.unwrap_or(u64::MAX);
                (If::Version(Version::from(it)), version.is_some())
            }
            Condition::Stale => {
                let it = self.stale.get(&format!("{name:?}")).copied().unwrap_or(0);
                (If::Version(Version::from(it)), version == Some(it))
            }
        }
    }

    fn put_if(&mut self, name: VisitName, value: Visit, condition: Condition) {
        let (condition, holds) = self.condition(name, condition);
        let answer = self.stores.visits.put_if(&name.key(), &value, condition);
        if !holds {
            assert!(answer.unwrap_err().is_conflict());
            check::visit(&self.stores, &self.model, name);
            return;
        }
        let version = answer.unwrap();
        self.note_put(name, value, Lifetime::Keep);
        let found = self.stores.visits.get_versioned(&name.key()).unwrap();
        assert!(found.is_none_or(|found| found.version == version));
    }

    fn delete_if(&mut self, name: VisitName, condition: Condition) {
        let (condition, holds) = self.condition(name, condition);
        let was_there = self
            .model
            .visits
            .get(&name.key().order(), self.model.now_ms)
            .is_some();
        match self.stores.visits.delete_if(&name.key(), condition) {
            Ok(deleted) => {
                assert!(holds);
                assert_eq!(deleted, was_there);
                self.forget(name);
            }
            Err(error) => assert!(error.is_conflict() && !holds, "{error}"),
        }
    }

    fn update(&mut self, name: VisitName, change: ChangeSpec) {
        let (key, now_ms) = (name.key(), self.model.now_ms);
        let wanted = self.model.visits.get(&key.order(), now_ms).cloned();
        let answer = self.stores.visits.update(&key, |old| {
            assert!(
                old.as_ref() == wanted.as_ref().map(|row| &row.value),
                "update sees"
            );
            match change {
                ChangeSpec::Put(value) => Change::Put(visit(value)),
                ChangeSpec::Delete => Change::Delete,
                ChangeSpec::Nothing => Change::Nothing,
            }
        });
        let answer = answer.unwrap().map(Version::get);
        match change {
            ChangeSpec::Put(value) => self.note_put(name, visit(value), Lifetime::Keep),
            ChangeSpec::Delete => self.forget(name),
            ChangeSpec::Nothing => assert_eq!(answer, wanted.map(|row| row.version)),
        }
        if !matches!(change, ChangeSpec::Nothing) {
            let row = self.model.visits.get(&key.order(), now_ms);
            assert_eq!(
                answer,
                row.map(|row| row.version),
                "the version that update answers"
            );
        }
    }

    fn batch(&mut self, writes: &[BatchWrite]) {
        let committed = self.model.clone();
        let mut batch = self.stores.db.batch();
        for write in writes {
            store_writes::into_batch(&self.stores, &mut batch, write, committed.now_ms);
        }
        assert_eq!(batch.len(), writes.len());
        batch.commit().unwrap();
        for row in self.model.visits.all(0) {
            self.version_max = self.version_max.max(row.1.version);
        }
        let mut put: BTreeMap<String, VisitName> = BTreeMap::new();
        for write in writes {
            store_writes::in_model(&mut self.model, &committed, write);
            if let BatchWrite::PutVisit(name, ..) | BatchWrite::DeleteVisit(name) = write {
                put.insert(format!("{name:?}"), *name);
            }
        }
        let mut last = self.version_max;
        for name in put.into_values() {
            self.note_version(name);
            check::visit(&self.stores, &self.model, name);
            let row = self
                .model
                .visits
                .get(&name.key().order(), self.model.now_ms);
            last = last.max(row.map_or(0, |row| row.version));
        }
        self.version_max = last;
        check::everything(&self.stores, &self.model, None);
    }

    fn reopen(&mut self, leave: Leave, memtable_kib: u8) {
        self.snapshots.clear();
        match leave {
            Leave::Close => self.stores.db.close().unwrap(),
            Leave::Drop => {}
            Leave::Kill => self.disk = self.disk.fork(),
        }
        let aside = open(&self.setting, false, &CrashDisk::new(), &self.clock, 4);
        drop(std::mem::replace(&mut self.stores, aside));
        let (disk, clock) = (&self.disk, &self.clock);
        self.stores = open(&self.setting, self.with_defaults, disk, clock, memtable_kib);
        let now_ms = self.stores.db.engine().now_ms();
        if leave == Leave::Kill {
            self.model.now_ms = self.model.now_ms.min(now_ms);
        }
        assert_eq!(now_ms, self.model.now_ms);
        assert_eq!(
            self.stores.db.store_names().unwrap(),
            ["blobs", "counts", "visits"]
        );
        check::everything(&self.stores, &self.model, None);
    }

    fn finish(mut self) {
        check::everything(&self.stores, &self.model, None);
        for (snapshot, model) in self.snapshots.drain(..) {
            check::everything(&self.stores, &model, Some(&snapshot));
        }
        self.stores.db.compact().unwrap();
        check::everything(&self.stores, &self.model, None);
        let now_ms = self.model.now_ms;
        let live = self.model.visits.all(now_ms).count()
            + self.model.counts.all(now_ms).count()
            + self.model.blobs.all(now_ms).count();
        let report = self.stores.db.verify().unwrap();
        // Three stores and the catalog's count of them.
        assert_eq!(report.entries, live as u64 + 4, "entries on disk");
        self.stores.db.close().unwrap();
        assert!(
            self.stores.counts.get(0).is_err(),
            "a closed database answers"
        );
    }
}

fn open(
    setting: &Setting,
    with_defaults: bool,
    disk: &CrashDisk,
    clock: &ManualClock,
    memtable_kib: u8,
) -> Stores {
    let mut options = setting.options(memtable_kib);
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(clock.clone());
    let mut builder = Db::builder(DIR).engine_options(|it| *it = options);
    if with_defaults {
        builder = builder.default_ttl(Duration::from_millis(DB_TTL_MS));
    }
    let db = builder.open().unwrap();
    let mut visits = db.grains::<VisitKey, Visit>("visits");
    if with_defaults {
        visits = visits.default_ttl(Duration::from_millis(VISITS_TTL_MS));
    }
    let visits = visits.open().unwrap();
    let counts = db.u32_store("counts").unwrap();
    let blobs = db.bytes_store("blobs").unwrap();
    Stores {
        db,
        visits,
        counts,
        blobs,
    }
}

/// The keys of a tenant, for the model.
pub fn is_of_tenant(name: u8) -> impl Fn(&super::store_operation::VisitOrder) -> bool {
    let tenant = tenant(name);
    move |key| key.0 == tenant
}
