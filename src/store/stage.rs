//! Where a write to an indexed store is put together: it looks at what is there, guards what it
//! saw, and appends.
//!
//! A write alone looks at the database as it is now. One of a batch looks at what the operations
//! before it in the batch left, else at the batch's snapshot, so that several operations on one
//! record follow each other.
//!
//! - S1: what was looked at in the database is guarded at the number it was seen at.
//! - S2: what has expired by now is not there, though a snapshot from before may show it. Its index
//!   entries, of the same expiry, are not there either.
//!
//! Belongs to one thread at a time; commits nothing.

use super::raw_store::RawStore;
use crate::engine::snapshot::Snapshot;
use crate::engine::write_batch::WriteBatch;
use crate::error::Result;
use std::collections::BTreeMap;
use std::ops::Bound;

/// A value and its stored expiry; `None` where it was removed.
type Left = Option<(Vec<u8>, u64)>;

/// What the operations of a batch left under the keys of indexed stores and of unique indexes.
#[derive(Default)]
pub(crate) struct Overlay(BTreeMap<Vec<u8>, Left>);

impl Overlay {
    /// Takes over what a write that succeeded left.
    pub(crate) fn apply(&mut self, left: Vec<(Vec<u8>, Left)>) {
        self.0.extend(left);
    }
}

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay")
            .field("keys", &self.0.len())
            .finish()
    }
}

/// A write on its way into a batch.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) writes: &'a mut WriteBatch,
    /// Of a batch: what is before this write.
    before: Option<(&'a Overlay, &'a Snapshot)>,
    left: Vec<(Vec<u8>, Left)>,
}

impl<'a> Stage<'a> {
    /// A write alone.
    pub(crate) fn alone(writes: &'a mut WriteBatch) -> Self {
        Self {
            writes,
            before: None,
            left: Vec::new(),
        }
    }

    /// A write in a batch; without `before` it does not look.
    pub(crate) fn in_batch(
        writes: &'a mut WriteBatch,
        before: Option<(&'a Overlay, &'a Snapshot)>,
    ) -> Self {
        Self {
            writes,
            before,
            left: Vec::new(),
        }
    }

    /// The snapshot that the batch looks at.
    pub(crate) fn since(&self) -> Option<&'a Snapshot> {
        self.before.map(|(_, since)| since)
    }

    /// What the write left, for the overlay.
    pub(crate) fn into_left(self) -> Vec<(Vec<u8>, Left)> {
        self.left
    }

    /// Calls `look` with the value and expiry under an engine key, guarding it (S1, S2).
    pub(crate) fn look<R>(
        &mut self,
        raw: &RawStore,
        key: &[u8],
        look: impl FnOnce(&[u8], u64) -> R,
    ) -> Result<Option<R>> {
        if let Some(left) = self.before.and_then(|(overlay, _)| overlay.0.get(key)) {
            let left = left
                .as_ref()
                .filter(|(_, expiry_ms)| !is_over(raw, *expiry_ms));
            return Ok(left.map(|(value, expiry_ms)| look(value, *expiry_ms)));
        }
        self.look_before(raw, key, look)
    }

    /// As [`look`](Self::look), at what was there before the batch.
    pub(crate) fn look_before<R>(
        &mut self,
        raw: &RawStore,
        key: &[u8],
        look: impl FnOnce(&[u8], u64) -> R,
    ) -> Result<Option<R>> {
        let (found, sequence) = raw.look_up(self.since(), key, |value, expiry_ms| {
            (!is_over(raw, expiry_ms)).then(|| look(value, expiry_ms))
        })?;
        self.writes.guard(key, sequence);
        Ok(found.flatten())
    }

    /// True where an operation before this one wrote an engine key.
    pub(crate) fn is_left(&self, key: &[u8]) -> bool {
        self.before
            .is_some_and(|(overlay, _)| overlay.0.contains_key(key))
    }

    /// What the operations before this one put under engine keys of a range.
    pub(crate) fn left_in(
        &self,
        (lower, upper): (Bound<&[u8]>, Bound<&[u8]>),
    ) -> Vec<(&'a [u8], &'a [u8], u64)> {
        let Some((overlay, _)) = self.before else {
            return Vec::new();
        };
        let is_within = |key: &[u8]| std::ops::RangeBounds::<[u8]>::contains(&(lower, upper), key);
        let from = overlay.0.range::<[u8], _>((lower, Bound::Unbounded));
        let within = from.take_while(|(key, _)| is_within(key));
        let put = within.filter_map(|(key, left)| {
            let (value, expiry_ms) = left.as_ref()?;
            Some((&**key, &**value, *expiry_ms))
        });
        put.collect()
    }

    /// Appends a put, and leaves it to the operations after this one.
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8], expiry_ms: u64) -> Result<()> {
        self.writes.put_with_expiry(key, value, expiry_ms)?;
        self.leave(key, || Some((value.to_vec(), expiry_ms)));
        Ok(())
    }

    /// Appends a delete, and leaves it to the operations after this one.
    pub(crate) fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.writes.delete(key)?;
        self.leave_removed(key);
        Ok(())
    }

    /// Leaves to the operations after this one that there is nothing under `key`.
    pub(crate) fn leave_removed(&mut self, key: &[u8]) {
        self.leave(key, || None);
    }

    fn leave(&mut self, key: &[u8], left: impl FnOnce() -> Left) {
        if self.before.is_some() {
            self.left.push((key.to_vec(), left()));
        }
    }
}

/// True where a record of this expiry is not there any more (S2).
fn is_over(raw: &RawStore, expiry_ms: u64) -> bool {
    expiry_ms != 0 && expiry_ms <= raw.db.engine.now_ms()
}
