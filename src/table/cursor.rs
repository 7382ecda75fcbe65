//! A place in a table that moves in both directions.
//!
//! A cursor sees every version of every key, in the order of [`crate::format::entry`]. It stands on
//! an entry, or is not [`valid`](TableCursor::valid): before its first positioning and past either
//! end. Stepping from there does nothing. After an error it is invalid for good: every call that
//! positions it gives the error again (U1), so that nobody takes damage for the end of the data.
//!
//! It holds a walk within the block it stands on ([`super::block_walk`]), which it lends to whoever
//! knows that the next entries are all here (L1: until that comes back, the cursor stands nowhere
//! and is only to be sought anew). One thread at a time; it may be sent to another.

use super::block_walk::BlockWalk;
use super::entry::PinnedBlock;
use super::read_ahead::ReadAhead;
use super::reader::Table;
use super::warming::Headway;
use crate::error::{Error, ErrorKind, Result};
use crate::format::entry::{EntryMeta, SEQUENCE_MAX};
use crate::planted::{Mistake, planted};
use crate::sync::Arc;

/// A cursor over one table.
pub(crate) struct TableCursor {
    table: Arc<Table>,
    /// Within the block stood on, or last stood on.
    walk: Option<BlockWalk>,
    /// The number of that block.
    number: usize,
    valid: bool,
    ahead: Option<ReadAhead>,
    headway: Headway,
    failure: Option<(ErrorKind, String)>,
}

impl Table {
    /// A cursor whose blocks the cache keeps. It stands nowhere yet.
    pub(crate) fn cursor(self: &Arc<Self>) -> TableCursor {
        TableCursor::new(Arc::clone(self), None)
    }

    /// A cursor that leaves the cache as it is and reads ahead: for what passes over a table once.
    pub(crate) fn cursor_past_cache(self: &Arc<Self>) -> TableCursor {
        TableCursor::new(Arc::clone(self), Some(ReadAhead::default()))
    }
}

impl TableCursor {
    fn new(table: Arc<Table>, ahead: Option<ReadAhead>) -> Self {
        Self {
            table,
            walk: None,
            number: 0,
            valid: false,
            ahead,
            headway: Headway::default(),
            failure: None,
        }
    }

    /// True where the cursor stands on an entry.
    #[inline]
    pub(crate) fn valid(&self) -> bool {
        self.valid
    }

    /// The key stood on; of no meaning where the cursor is not valid.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        debug_assert!(self.valid, "a cursor is asked only where it stands");
        self.walk.as_ref().map_or(&[], BlockWalk::key)
    }

    /// All but key and value of the entry stood on.
    #[inline]
    pub(crate) fn meta(&self) -> EntryMeta {
        debug_assert!(self.valid, "a cursor is asked only where it stands");
        self.walk.as_ref().map_or(EntryMeta::NONE, BlockWalk::meta)
    }

    /// The value stood on.
    #[inline]
    pub(crate) fn value(&self) -> &[u8] {
        debug_assert!(self.valid, "a cursor is asked only where it stands");
        self.walk.as_ref().map_or(&[], BlockWalk::value)
    }

    /// Key, meta and value stood on.
    #[inline]
    pub(crate) fn entry(&self) -> Option<(&[u8], EntryMeta, &[u8])> {
        let walk = self.walk()?;
        Some((walk.key(), walk.meta(), walk.value()))
    }

    /// The value stood on, to keep.
    pub(crate) fn pinned_value(&self) -> PinnedBlock {
        let walk = self.walk.as_ref();
        walk.map_or_else(PinnedBlock::default, BlockWalk::pinned_value)
    }

    /// The walk within the block stood on.
    #[inline]
    pub(crate) fn walk(&self) -> Option<&BlockWalk> {
        self.walk.as_ref().filter(|_| self.valid)
    }

    /// Lends the walk within the block stood on (L1).
    #[inline]
    pub(crate) fn lend(&mut self) -> Option<BlockWalk> {
        self.walk.take_if(|_| std::mem::take(&mut self.valid))
    }

    /// Takes back what was lent, and stands where that stands now.
    #[inline]
    pub(crate) fn take_back(&mut self, walk: BlockWalk) {
        self.walk = Some(walk);
        self.valid = true;
    }

    /// To the first entry.
    pub(crate) fn seek_to_first(&mut self) -> Result<()> {
        if self.enter(0)? {
            self.stand(0);
        }
        Ok(())
    }

    /// To the last entry.
    pub(crate) fn seek_to_last(&mut self) -> Result<()> {
        self.seek_to_end_of(self.table.index().len().checked_sub(1))
    }

    /// To the first entry that is not before `key` at `sequence`.
    pub(crate) fn seek(&mut self, key: &[u8], sequence: u64) -> Result<()> {
        self.headway.restart();
        let (mut number, share) = self.table.index().find_share(key);
        while self.enter(number)? {
            let late = usize::from(planted(Mistake::SeekOneLate));
            let found = self.walk.as_ref().and_then(|walk| {
                let index = walk.block().lower_bound(key, sequence, share) + late;
                (index < walk.block().len()).then_some(index)
            });
            if let Some(index) = found {
                self.stand(index);
                break;
            }
            // I1: versions of the key, or what comes after them, in the next block.
            number += 1;
        }
        Ok(())
    }

    /// To the last entry whose key is before `key`.
    pub(crate) fn seek_before(&mut self, key: &[u8]) -> Result<()> {
        self.headway.restart();
        let (number, share) = self.table.index().find_share(key);
        let is_there = self.enter(number)?;
        let walk = self.walk.as_ref().filter(|_| is_there);
        let index = walk.map(|walk| walk.block().lower_bound(key, SEQUENCE_MAX, share));
        match index.and_then(|index| index.checked_sub(1)) {
            Some(index) => {
                self.stand(index);
                Ok(())
            }
            None => self.seek_to_end_of(number.checked_sub(1)),
        }
    }

    /// One entry on. Past the last one the cursor is not valid.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<()> {
        match &mut self.walk {
            Some(walk) if self.valid && walk.index() + 1 < walk.block().len() => {
                walk.go_on(walk.index() + 1);
                Ok(())
            }
            _ => self.next_block(),
        }
    }

    /// One entry back. Before the first one the cursor is not valid.
    #[inline]
    pub(crate) fn prev(&mut self) -> Result<()> {
        match &mut self.walk {
            Some(walk) if self.valid && walk.index() > 0 => {
                walk.stand(walk.index() - 1);
                Ok(())
            }
            _ => self.previous_block(),
        }
    }

    #[cold]
    fn next_block(&mut self) -> Result<()> {
        if !self.valid {
            return self.failure();
        }
        if let Some(offset) = self.table.missing(self.number + 1)
            && let Some(range) = self.headway.forward(offset, self.table.data_bytes())
        {
            self.table.will_need(range);
        }
        if self.enter(self.number + 1)? {
            self.stand(0);
        }
        Ok(())
    }

    #[cold]
    fn previous_block(&mut self) -> Result<()> {
        if !self.valid {
            return self.failure();
        }
        let skipped = usize::from(planted(Mistake::BackwardSkipsBlocks));
        let number = self.number.checked_sub(1 + skipped);
        if let Some(offset) = number.and_then(|number| self.table.missing(number))
            && let Some(range) = self.headway.backward(offset)
        {
            self.table.will_need(range);
        }
        self.seek_to_end_of(number)
    }

    fn seek_to_end_of(&mut self, number: Option<usize>) -> Result<()> {
        let number = number.unwrap_or(usize::MAX);
        if self.enter(number)? {
            let len = self.walk.as_ref().map_or(0, |walk| walk.block().len());
            self.stand(len.saturating_sub(1));
        }
        Ok(())
    }

    /// Makes the block of this number the one stood on, without a place in it yet; `false` where
    /// there is no such block.
    fn enter(&mut self, number: usize) -> Result<bool> {
        self.failure()?;
        self.valid = false;
        if number == self.number && self.walk.is_some() {
            return Ok(true);
        }
        let read = match &mut self.ahead {
            Some(ahead) => self.table.block_ahead(number, ahead),
            None => self
                .table
                .block(number)
                .map(|block| block.and_then(|b| b.into_arc())),
        };
        let block = read.inspect_err(|error| {
            if !planted(Mistake::ErrorForgotten) {
                self.failure = Some((error.kind(), error.to_string()));
            }
            self.walk = None;
        })?;
        let Some(block) = block else {
            return Ok(false);
        };
        self.number = number;
        self.walk = Some(BlockWalk::new(block));
        Ok(true)
    }

    /// Stands on an entry of the block.
    #[inline]
    fn stand(&mut self, index: usize) {
        if let Some(walk) = &mut self.walk {
            walk.stand(index);
            self.valid = true;
        }
    }

    /// The error that ended it all, again (U1).
    fn failure(&self) -> Result<()> {
        match &self.failure {
            Some((kind, text)) => Err(Error::new(*kind, text.as_str())),
            None => Ok(()),
        }
    }
}
