//! What a read of a table hands out: entries that lend their value from the block it stands in.
//!
//! A [`TableEntry`] is a loan for the time of a read, without a shared counter written; a thread
//! holds a few of them at a time at no cost, many are merely slower. A [`PinnedBlock`] owns its
//! block for as long as it lives, wherever it is sent.

use super::cache::BlockRef;
use crate::format::block::{Block, Place};
use crate::format::entry::EntryMeta;
use crate::sync::Arc;
use std::ops::{Deref, Range};

/// A version of a key, found in a table.
pub(crate) struct TableEntry {
    /// All but key and value.
    pub(crate) meta: EntryMeta,
    block: BlockRef,
    place: Place,
}

impl TableEntry {
    /// The entry at `place` of `block`.
    pub(crate) fn new(meta: EntryMeta, block: BlockRef, place: Place) -> Self {
        Self { meta, block, place }
    }

    /// The value; empty for a tombstone.
    #[inline]
    pub(crate) fn value(&self) -> &[u8] {
        self.block
            .get()
            .map_or(&[], |block| block.value(self.place))
    }

    /// The value, to keep.
    pub(crate) fn into_pinned(self) -> PinnedBlock {
        PinnedBlock {
            range: self.place.value(),
            block: self.block.into_arc(),
        }
    }
}

/// A value that owns the block it stands in.
#[derive(Debug, Clone, Default)]
pub(crate) struct PinnedBlock {
    block: Option<Arc<Block>>,
    range: Range<u32>,
}

impl PinnedBlock {
    /// The value at `place` of `block`.
    pub(crate) fn new(block: Arc<Block>, place: Place) -> Self {
        Self {
            block: Some(block),
            range: place.value(),
        }
    }
}

impl Deref for PinnedBlock {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        let block = self.block.as_ref();
        block.map_or(&[], |block| block.bytes_at(self.range.clone()))
    }
}
