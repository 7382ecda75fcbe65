//! The range tombstones of a memtable.
//!
//! Kept as they came and fragmented when somebody asks; the fragments are then handed out until
//! the next range delete (D1: what is handed out covers every range delete that was made before
//! the call). While there are none, asking costs one atomic load.
//!
//! Every range delete followed by a read fragments all of them again, so many thousands of them
//! between reads want a new memtable; [`RangeDeletes::count`] tells.

use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::sync::{Arc, ArcSwapOption, AtomicUsize, Mutex, Ordering};

/// Range tombstones that grow in number.
#[derive(Debug, Default)]
pub(super) struct RangeDeletes {
    count: AtomicUsize,
    list: Mutex<Vec<RangeTombstone>>,
    fragmented: ArcSwapOption<Fragmented>,
}

/// The first `count` range deletes, fragmented.
#[derive(Debug)]
struct Fragmented {
    count: usize,
    set: Arc<RangeTombstones>,
}

impl RangeDeletes {
    /// How many there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Adds one.
    pub(super) fn push(&self, tombstone: RangeTombstone) {
        let mut list = self.list.lock();
        list.push(tombstone);
        self.count.store(list.len(), Ordering::Release);
    }

    /// All of them as fragments; `None` while there are none (D1).
    #[inline]
    pub(super) fn fragments(&self) -> Option<Arc<RangeTombstones>> {
        match self.count() {
            0 => None,
            count => Some(self.fragments_of(count)),
        }
    }

    fn fragments_of(&self, count: usize) -> Arc<RangeTombstones> {
        if let Some(fragmented) = &*self.fragmented.load()
            && fragmented.count >= count
        {
            return Arc::clone(&fragmented.set);
        }
        let list = self.list.lock();
        // Another reader may have done it while this one waited.
        if let Some(fragmented) = &*self.fragmented.load()
            && fragmented.count == list.len()
        {
            return Arc::clone(&fragmented.set);
        }
        let set = Arc::new(RangeTombstones::from_ranges(list.clone()));
        self.fragmented.store(Some(Arc::new(Fragmented {
            count: list.len(),
            set: Arc::clone(&set),
        })));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: &str, end: &str, sequence: u64) -> RangeTombstone {
        RangeTombstone {
            start: start.as_bytes().into(),
            end: end.as_bytes().into(),
            sequence,
        }
    }

    #[test]
    fn the_fragments_are_kept_until_the_next_range_delete() {
        let deletes = RangeDeletes::default();
        assert_eq!(deletes.fragments(), None);
        deletes.push(range("a", "c", 4));
        let first = deletes.fragments().unwrap();
        assert!(Arc::ptr_eq(&first, &deletes.fragments().unwrap()));
        assert_eq!(first.covering(b"b", 9), Some(4));
        deletes.push(range("b", "d", 7));
        let second = deletes.fragments().unwrap();
        assert_eq!(second.covering(b"b", 9), Some(7));
        assert_eq!(second.covering(b"b", 6), Some(4));
        assert_eq!(first.covering(b"c", 9), None);
        assert_eq!(deletes.count(), 2);
    }
}
