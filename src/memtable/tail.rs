//! The tail: the records inserted last, in the order of insertion, until they become a run.
//!
//! - L1: the first `length` slots are filled for good; `length` only rises, stored with `Release`
//!   after the slot by the one writer.
//!
//! Scans need the tail in order. The first one after a write sorts what is new, merges it with
//! what was sorted before and leaves the result for the others, so scans without writes between
//! them sort nothing. That is done under a lock which the writer never takes.

use super::arena::Arena;
use super::merge::Merge;
use super::record::Address;
use super::run::Run;
use crate::sync::{Arc, AtomicU64, AtomicUsize, Mutex, Ordering};

/// Recent inserts.
#[derive(Debug)]
pub(super) struct Tail {
    slots: Box<[AtomicU64]>,
    length: AtomicUsize,
    sorted: Mutex<Option<Arc<Run>>>,
}

impl Tail {
    /// An empty tail for `capacity` records.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            slots: (0..capacity).map(|_| AtomicU64::new(0)).collect(),
            length: AtomicUsize::new(0),
            sorted: Mutex::new(None),
        }
    }

    /// Adds a record; for the writer alone. How many there are now, at most the capacity.
    pub(super) fn push(&self, address: Address) -> usize {
        let length = self.length.load(Ordering::Relaxed);
        debug_assert!(length < self.slots.len());
        if let Some(slot) = self.slots.get(length) {
            slot.store(address.word(), Ordering::Relaxed);
            self.length.store(length + 1, Ordering::Release);
        }
        length + 1
    }

    /// True while there is no record; for the writer.
    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::Relaxed) == 0
    }

    fn addresses(&self, from: usize, to: usize) -> Vec<Address> {
        let slots = self.slots.get(from..to).unwrap_or_default();
        let words = slots.iter().map(|slot| slot.load(Ordering::Relaxed));
        words.filter_map(Address::from_word).collect()
    }

    /// All records inserted so far, as a run; `None` while there are none.
    pub(super) fn sorted(&self, arena: &Arena) -> Option<Arc<Run>> {
        // Read before the lock is taken: whatever was there at the call is in the answer (L1).
        let length = self.length.load(Ordering::Acquire);
        if length == 0 {
            return None;
        }
        let mut sorted = self.sorted.lock();
        let before = sorted.as_ref().map_or(0, |run| run.len());
        if before < length {
            let new = Arc::new(Run::sorted(arena, &self.addresses(before, length)));
            let both = sorted.as_ref().and_then(|old| {
                let mut budget = usize::MAX;
                Merge::new(old, &new).advance(arena, &mut budget)
            });
            *sorted = Some(both.map_or(new, Arc::new));
        }
        sorted.clone()
    }

    /// The full tail as a run, for the writer, which waits for no reader.
    pub(super) fn to_run(&self, arena: &Arena) -> Run {
        let length = self.length.load(Ordering::Relaxed);
        Run::sorted(arena, &self.addresses(0, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::entry::{EntryMeta, Kind};

    #[test]
    fn scans_without_writes_between_them_share_one_sorted_tail() {
        let (arena, mut writer) = Arena::new(1 << 10);
        let tail = Tail::new(4);
        assert!(tail.sorted(&arena).is_none());
        let mut before: Option<Arc<Run>> = None;
        for (i, key) in [b"c", b"a", b"d", b"b"].into_iter().enumerate() {
            let meta = EntryMeta {
                sequence: i as u64,
                kind: Kind::Put,
                expiry_ms: 0,
            };
            let length = tail.push(arena.append(&mut writer, key, meta, b"", None));
            assert_eq!(length, i + 1);
            let sorted = tail.sorted(&arena).unwrap();
            assert!(Arc::ptr_eq(&sorted, &tail.sorted(&arena).unwrap()));
            assert_eq!(sorted.len(), i + 1);
            assert_eq!(before.map_or(0, |run| run.len()), i);
            before = Some(sorted);
        }
        let sorted = before.unwrap();
        let keys: Vec<&[u8]> = sorted.items().iter().map(|item| item.key(&arena)).collect();
        assert_eq!(keys, [b"a", b"b", b"c", b"d"]);
    }
}
