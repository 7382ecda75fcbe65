//! The walk that the stores without codec share: a [`Walk`] with a hold of its own on the store.

use super::raw_store::RawStore;
use super::walk::Walk;
use crate::engine::cursor::Cursor;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;

/// A walk over a range of a store, opened at its first step.
#[derive(Debug)]
pub(crate) struct RawPairs<'a> {
    raw: RawStore,
    snapshot: Option<&'a Snapshot>,
    walk: Walk,
}

impl<'a> RawPairs<'a> {
    pub(crate) fn new(raw: &RawStore, snapshot: Option<&'a Snapshot>, range: ByteRange) -> Self {
        Self {
            raw: raw.clone(),
            snapshot,
            walk: Walk::new(range),
        }
    }

    pub(crate) fn reverse(&mut self) {
        self.walk.reverse();
    }

    pub(crate) fn limit(&mut self, pairs: usize) {
        self.walk.limit(pairs);
    }

    /// Takes a step and calls `look` with the store and the cursor; an error of the engine is
    /// the last answer.
    pub(crate) fn step<R>(
        &mut self,
        look: impl FnOnce(&RawStore, &Cursor) -> Result<R>,
    ) -> Option<Result<R>> {
        let raw = &self.raw;
        let step = self
            .walk
            .step((raw, self.snapshot), |cursor| look(raw, cursor));
        step.map(Result::flatten)
    }
}
