//! Entries of one block that a walk over several sources comes to one after the other.
//!
//! Where no other source and no bound lies between the entries of a block, there is nothing to
//! compare and nobody to ask: the walk borrows the place in the block from its source and steps
//! through it, until the stretch ends or comes to an entry that is not simply to be shown: one of
//! another commit point, one that is dead, or an older version of the key before it. One thread
//! owns a stretch.

use super::snapshots::CommitPoint;
use crate::format::entry::SEQUENCE_MAX;
use crate::table::block_walk::BlockWalk;

/// A shorter stretch is not worth its while where another source comes after it.
const RIVALLED_ENTRIES_MIN: usize = 4;

/// A stretch, and a place in it.
pub(crate) struct Stretch {
    walk: BlockWalk,
    /// Forward it ends before the entry of this number; 0 for a stretch that goes backward.
    end: usize,
    /// Backward it ends with the entry of this number; the largest for one that goes forward.
    start: usize,
}

/// The number of the first entry of the block that is not before `key`.
fn first_from(walk: &BlockWalk, key: &[u8]) -> usize {
    walk.block().lower_bound(key, SEQUENCE_MAX, None)
}

/// Where a stretch ends that goes forward from where `walk` stands: before `upper`, and before the
/// key of `rival`, the source that comes next.
pub(crate) fn end_of(
    walk: &BlockWalk,
    upper: Option<&[u8]>,
    rival: Option<&[u8]>,
) -> Option<usize> {
    let entries = walk.block().len();
    let end = upper.map_or(entries, |key| first_from(walk, key));
    let Some(rival) = rival else {
        return Some(end);
    };
    let end = end.min(first_from(walk, rival));
    (end >= walk.index() + RIVALLED_ENTRIES_MIN).then_some(end)
}

/// Where a stretch ends that goes backward from where `walk` stands: with the first entry from
/// `lower` on that is behind the key of `rival`.
///
/// Entries have to have one meta, since of several versions of a key the newest would come last. Of
/// the key of a block's first entry the block before may have a newer one, so that one is left out.
pub(crate) fn start_of(walk: &BlockWalk, lower: &[u8], rival: Option<&[u8]>) -> Option<usize> {
    if !walk.has_one_meta() {
        return None;
    }
    let start = match lower {
        [] => 1,
        key => first_from(walk, key).max(1),
    };
    let (start, least) = match rival {
        None => (start, 1),
        Some(key) => (start.max(first_from(walk, key) + 1), RIVALLED_ENTRIES_MIN),
    };
    (start + least <= walk.index() + 1).then_some(start)
}

impl Stretch {
    /// From where `walk` stands up to the entry before `end`.
    pub(crate) fn forward(walk: BlockWalk, end: usize) -> Self {
        let start = usize::MAX;
        Self { walk, end, start }
    }

    /// From where `walk` stands down to the entry `start`.
    pub(crate) fn backward(walk: BlockWalk, start: usize) -> Self {
        Self {
            walk,
            end: 0,
            start,
        }
    }

    /// True where it was made to go backward.
    pub(crate) fn is_backward(&self) -> bool {
        self.end == 0
    }

    /// Goes on to the next record that `point` sees; `false`, and no step, where the stretch does
    /// not lead to it.
    #[inline]
    pub(crate) fn next(&mut self, point: CommitPoint) -> bool {
        let next = self.walk.index() + 1;
        next < self.end && self.walk.go_on_if(next, |meta| point.sees(meta))
    }

    /// Goes back to the record before; `false`, and no step, where the stretch does not lead to it.
    #[inline]
    pub(crate) fn prev(&mut self) -> bool {
        let index = self.walk.index();
        let goes = index > self.start;
        if goes {
            self.walk.go_back(index - 1);
        }
        goes
    }

    /// The place stood on.
    #[inline]
    pub(crate) fn walk(&self) -> &BlockWalk {
        &self.walk
    }

    /// The place stood on, to be given back to its source.
    pub(crate) fn into_walk(self) -> BlockWalk {
        self.walk
    }
}
