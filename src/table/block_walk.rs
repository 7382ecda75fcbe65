//! A place among the entries of one block, and the key there.
//!
//! Steps inside a block take no lock, no allocation and no counter. Whoever holds a walk holds its
//! block. One thread at a time; it may be sent to another.

use super::entry::PinnedBlock;
use super::key_buffer::KeyBuffer;
use crate::format::block::{Block, Place};
use crate::format::entry::EntryMeta;
use crate::sync::Arc;

/// A walk within one block. It stands nowhere until it is told to [`stand`](Self::stand).
pub(crate) struct BlockWalk {
    block: Arc<Block>,
    index: usize,
    place: Place,
    meta: EntryMeta,
    key: KeyBuffer,
    /// All entries of the block have one meta, which `meta` holds.
    has_one_meta: bool,
    /// No key has two versions in the block.
    has_unique_keys: bool,
}

impl BlockWalk {
    /// A walk over the entries of `block`.
    pub(crate) fn new(block: Arc<Block>) -> Self {
        let one_meta = block.one_meta();
        Self {
            index: 0,
            place: Place::default(),
            meta: one_meta.unwrap_or(EntryMeta::NONE),
            key: KeyBuffer::new(block.prefix()),
            has_one_meta: one_meta.is_some(),
            has_unique_keys: block.has_unique_keys(),
            block,
        }
    }

    /// The block.
    #[inline]
    pub(crate) fn block(&self) -> &Block {
        &self.block
    }

    /// The number of the entry stood on.
    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The key stood on.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        self.key.key()
    }

    /// All but key and value of the entry stood on.
    #[inline]
    pub(crate) fn meta(&self) -> EntryMeta {
        self.meta
    }

    /// The value stood on.
    #[inline]
    pub(crate) fn value(&self) -> &[u8] {
        self.block.value(self.place)
    }

    /// The value stood on, to keep.
    pub(crate) fn pinned_value(&self) -> PinnedBlock {
        PinnedBlock::new(Arc::clone(&self.block), self.place)
    }

    /// True where all entries of the block have one meta; no two of them have one key then.
    #[inline]
    pub(crate) fn has_one_meta(&self) -> bool {
        self.has_one_meta
    }

    /// Stands on the entry of this number, which is there.
    #[inline]
    pub(crate) fn stand(&mut self, index: usize) {
        let place = self.block.place(index);
        if !self.has_one_meta {
            self.meta = self.block.meta(place);
        }
        self.stand_at(index, place);
    }

    /// Goes on to the entry of this number, the next one, which is there; begins to load what is
    /// behind it.
    #[inline]
    pub(crate) fn go_on(&mut self, index: usize) {
        self.block.prefetch_values_ahead(self.place);
        self.stand(index);
    }

    /// Goes back to the entry of this number, the one before, which is there; begins to load what
    /// is before it.
    #[inline]
    pub(crate) fn go_back(&mut self, index: usize) {
        self.block.prefetch_values_behind(self.place);
        self.stand(index);
    }

    /// As [`go_on`](Self::go_on) where the next entry is of another key and `accepts` its meta;
    /// `false`, and no step, elsewhere.
    #[inline]
    pub(crate) fn go_on_if(
        &mut self,
        index: usize,
        accepts: impl FnOnce(EntryMeta) -> bool,
    ) -> bool {
        let (block, before) = (&self.block, self.place);
        let place = block.place(index);
        if !self.has_one_meta {
            let meta = block.meta(place);
            let is_same_key = || block.suffix(place) == block.suffix(before);
            if !accepts(meta) || (!self.has_unique_keys && is_same_key()) {
                return false;
            }
            self.meta = meta;
        }
        self.block.prefetch_values_ahead(before);
        self.stand_at(index, place);
        true
    }

    #[inline]
    fn stand_at(&mut self, index: usize, place: Place) {
        self.index = index;
        self.place = place;
        self.key.take(&self.block, place);
    }
}
