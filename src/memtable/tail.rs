//! The tail: the records inserted last, in the order of insertion, until they become a run.
//!
//! - L1: the first `length` slots are filled for good; `length` only rises, stored with `Release`
//!   after the slot by the one writer.
//!
//! Scans need the tail in order. The first one after a write sorts what is new, merges it with
//! what was sorted before and leaves the result for the others, so scans without writes between
//! them sort nothing. That is done under a lock which the writer never takes.

use super::arena::Arena;
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

    /// Adds a record; for the writer alone. True where the tail is now full.
    pub(super) fn push(&self, address: Address) -> bool {
        let length = self.length.load(Ordering::Relaxed);
        debug_assert!(length < self.slots.len());
        if let Some(slot) = self.slots.get(length) {
            slot.store(address.word(), Ordering::Relaxed);
            self.length.store(length + 1, Ordering::Release);
        }
        length + 1 >= self.slots.len()
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
            let new = Run::sorted(arena, &self.addresses(before, length));
            let run = match sorted.as_ref() {
                Some(old) => Run::merged(arena, old, &new),
                None => new,
            };
            *sorted = Some(Arc::new(run));
        }
        sorted.clone()
    }

    /// The full tail as a run, for the writer, which waits for no reader.
    pub(super) fn to_run(&self, arena: &Arena) -> Run {
        let length = self.length.load(Ordering::Relaxed);
        Run::sorted(arena, &self.addresses(0, length))
    }
}
