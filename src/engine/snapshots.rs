//! The commit points that readers hold on to.
//!
//! A snapshot is a sequence number and the time it was taken: every read through it sees that
//! commit point at that time, so nothing in it expires while it is held. Compaction keeps, for
//! each snapshot in the list, the version that it sees (S1). Taking one reads the visible
//! sequence number under the lock that compaction takes to copy the list, so that no compaction
//! can miss a snapshot older than what it drops (S2). The snapshot's time is read under that lock,
//! too, and a compaction reads its own before it copies the list: what has expired for the
//! compaction has expired for every snapshot that is not in its copy (S3).

use crate::clock::MonotonicClock;
use crate::format::entry::EntryMeta;
use crate::sync::{AtomicU64, Mutex, Ordering};
use std::collections::BTreeMap;

/// One commit point: its last sequence number, and when it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CommitPoint {
    pub(crate) sequence: u64,
    pub(crate) time_ms: u64,
}

impl CommitPoint {
    /// True where a reader at this point finds a value in an entry, unless a newer one or a range
    /// tombstone is in front of it.
    #[inline]
    pub(crate) fn sees(self, meta: EntryMeta) -> bool {
        meta.sequence <= self.sequence && meta.is_live(self.time_ms)
    }
}

/// The snapshots that are held.
#[derive(Debug, Default)]
pub(crate) struct SnapshotList {
    held: Mutex<BTreeMap<CommitPoint, usize>>,
}

impl SnapshotList {
    /// Takes a snapshot of what is visible now (S2, S3).
    pub(crate) fn acquire(&self, visible: &AtomicU64, clock: &MonotonicClock) -> CommitPoint {
        let mut held = self.held.lock();
        let point = CommitPoint {
            sequence: visible.load(Ordering::Acquire),
            time_ms: clock.now_ms(),
        };
        *held.entry(point).or_default() += 1;
        point
    }

    /// Holds `point`, which somebody holds already, once more.
    pub(crate) fn hold(&self, point: CommitPoint) {
        *self.held.lock().entry(point).or_default() += 1;
    }

    /// Lets go of one holder of `point`.
    pub(crate) fn release(&self, point: CommitPoint) {
        let mut held = self.held.lock();
        if let Some(count) = held.get_mut(&point) {
            *count -= 1;
            if *count == 0 {
                held.remove(&point);
            }
        }
    }

    /// The time, and then the points held, in rising order, none twice: in this order (S3).
    pub(crate) fn now_and_points(&self, clock: &MonotonicClock) -> (u64, Vec<CommitPoint>) {
        let now_ms = clock.now_ms();
        (now_ms, self.held.lock().keys().copied().collect())
    }

    /// How many snapshots are held.
    pub(crate) fn count(&self) -> usize {
        self.held.lock().values().sum()
    }
}
