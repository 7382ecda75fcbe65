//! The walk that the stores without codec share.

use super::raw_store::RawStore;
use crate::engine::cursor::Cursor;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;

/// A walk over a range of a store, opened at its first step.
#[derive(Debug)]
pub(crate) struct RawPairs<'a> {
    raw: RawStore,
    snapshot: Option<&'a Snapshot>,
    range: ByteRange,
    reversed: bool,
    limit: usize,
    cursor: Option<Box<Cursor>>,
    finished: bool,
}

impl<'a> RawPairs<'a> {
    pub(crate) fn new(raw: &RawStore, snapshot: Option<&'a Snapshot>, range: ByteRange) -> Self {
        let (reversed, limit, cursor, finished) = (false, usize::MAX, None, false);
        Self {
            raw: raw.clone(),
            snapshot,
            range,
            reversed,
            limit,
            cursor,
            finished,
        }
    }

    pub(crate) fn reverse(&mut self) {
        self.reversed = !self.reversed;
    }

    pub(crate) fn limit(&mut self, pairs: usize) {
        self.limit = self.limit.min(pairs);
    }

    /// Takes a step and calls `look` with the store and the cursor; an error of the engine is
    /// the last answer.
    pub(crate) fn step<R>(
        &mut self,
        look: impl FnOnce(&RawStore, &Cursor) -> Result<R>,
    ) -> Option<Result<R>> {
        if self.finished || self.limit == 0 {
            return None;
        }
        self.limit -= 1;
        let moved = self.advance();
        match (&self.cursor, moved) {
            (_, Err(error)) => {
                self.finished = true;
                Some(Err(error))
            }
            (Some(cursor), Ok(())) if cursor.valid() => Some(look(&self.raw, cursor)),
            _ => {
                self.finished = true;
                None
            }
        }
    }

    fn advance(&mut self) -> Result<()> {
        match (&mut self.cursor, self.reversed) {
            (Some(cursor), false) => cursor.next(),
            (Some(cursor), true) => cursor.prev(),
            (none, reversed) => {
                let cursor = none.insert(Box::new(self.raw.cursor(self.snapshot, &self.range)?));
                if reversed {
                    cursor.seek_to_last()
                } else {
                    cursor.seek_to_first()
                }
            }
        }
    }
}
