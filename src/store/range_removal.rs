//! Removing a range of records from a store with indexes, entries and all.

use super::entry::Found;
use super::grain_store::GrainStore;
use super::stage::Stage;
use crate::codec::contract::Codec;
use crate::engine::key_range::KeyRange;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use std::ops::Bound;

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// Appends the removal of every record of `range`, as `snapshot` and the operations before this
    /// one in a batch show it; the commit fails where somebody writes in the range meanwhile. A
    /// store without indexes needs no snapshot, and no guard either.
    pub(crate) fn delete_range_into(
        &self,
        stage: &mut Stage<'_>,
        range: &ByteRange,
        snapshot: Option<&Snapshot>,
    ) -> Result<()> {
        let (Some(_), Some(snapshot)) = (&self.indexes, snapshot) else {
            return self.raw.delete_range_into(stage.writes, range);
        };
        let bounds = self.raw.bounds(range);
        let (lower, upper) = (as_slice(&bounds.0), as_slice(&bounds.1));
        for (key, record, expiry_ms) in stage.left_in((lower, upper)) {
            self.forget(stage, key, record, expiry_ms)?;
        }
        let mut cursor = self.raw.cursor(Some(snapshot), range)?;
        cursor.seek_to_first()?;
        while cursor.valid() {
            if !stage.is_left(cursor.key()) {
                self.forget(stage, cursor.key(), cursor.value(), cursor.expiry_ms())?;
            }
            cursor.next()?;
        }
        let keys = KeyRange::new::<Vec<u8>>(&bounds);
        if let Some(upper) = &keys.upper {
            let seen = snapshot.sequence();
            stage.writes.guard_range(&keys.lower, upper, seen);
        }
        self.raw.delete_range_into(stage.writes, range)
    }

    /// Removes the index entries of a record, which itself goes with its range.
    fn forget(
        &self,
        stage: &mut Stage<'_>,
        key: &[u8],
        record: &[u8],
        expiry_ms: u64,
    ) -> Result<()> {
        stage.leave_removed(key);
        if expiry_ms != 0 && expiry_ms <= self.raw.db.engine.now_ms() {
            return Ok(()); // its entries have expired with it
        }
        let Found { value, .. } = self.decoder().found(key, record, expiry_ms)?;
        if let Some(set) = &self.indexes {
            let was = set.entries(&value, expiry_ms);
            set.change(stage, self.raw.keyspace.strip(key), Some(&was), None)?;
        }
        Ok(())
    }
}

fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}
