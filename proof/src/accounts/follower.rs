//! A copy of the accounts that is kept by what a watch tells, and nothing else.

use super::operation::{Account, AccountKey};
use super::oracle::View;
use super::run::Accounts;
use grainstore::{Entry, Event, Snapshot, Watch};
use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

/// Room for few events, so that histories without a look in between overflow it.
const CAPACITY_SMALL: usize = 6;

/// An account and its stored expiry.
pub type Followed = (Account, u64);

pub struct Follower {
    watch: Watch<Accounts>,
    copy: BTreeMap<AccountKey, Followed>,
    position: u64,
}

impl Follower {
    /// Begins with what is there now.
    pub fn begin(accounts: &Accounts, small: bool) -> Self {
        let builder = accounts.watch();
        let builder = match small {
            true => builder.capacity_events(CAPACITY_SMALL),
            false => builder,
        };
        let watch = builder.open().unwrap();
        let mut it = Self {
            position: watch.since(),
            copy: BTreeMap::new(),
            watch,
        };
        let snapshot = it.watch.snapshot().unwrap();
        it.read(accounts, &snapshot);
        it
    }

    fn read(&mut self, accounts: &Accounts, snapshot: &Snapshot) {
        let entries = accounts.at(snapshot).iter().map(Result::unwrap);
        self.copy = entries.map(followed).collect();
        self.position = snapshot.sequence();
    }

    /// Applies all that waits; where something was missed, reads the state anew.
    pub fn catch_up(&mut self, accounts: &Accounts) {
        while let Some(told) = self.watch.try_next() {
            assert!(told.position >= self.position, "the order of commits");
            self.position = told.position;
            match told.event.unwrap() {
                Event::Put(entry) => {
                    let (key, followed) = followed(entry);
                    self.copy.insert(key, followed);
                }
                Event::Deleted(key) => {
                    self.copy.remove(&key);
                }
                Event::Expired { key, .. } => {
                    assert!(self.copy.remove(&key).is_some(), "{key:?} expired twice");
                }
                Event::Cleared(range) => self.copy.retain(|key, _| !range.covers(key)),
                Event::Missed { events, .. } => {
                    assert!(events > 0, "a gap without anything in it");
                    let now = self.watch.restart().unwrap();
                    self.read(accounts, &now);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The copy, caught up, is the model.
    pub fn check(&mut self, accounts: &Accounts, model: View<'_>) {
        self.catch_up(accounts);
        let rows = model.rows();
        let wanted = rows.map(|(key, row)| (key, (row.account.clone(), row.expiry_ms)));
        assert_eq!(self.copy, wanted.collect(), "what the watch told");
    }
}

/// A record as the copy keeps it.
#[must_use]
pub fn followed(entry: Entry<AccountKey, Account>) -> (AccountKey, Followed) {
    let expiry_ms = entry.expires_at.map_or(0, |at| {
        let since = at.duration_since(UNIX_EPOCH).unwrap();
        since.as_millis() as u64
    });
    (entry.key, (entry.value, expiry_ms))
}
