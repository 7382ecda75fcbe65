//! Checking a store against its indexes, and these against it.
//!
//! Every record is read, and each entry that it has to have is looked up; where all are there, and
//! an index has no more entries than that, it has none without a record. Only where the numbers
//! differ are the entries walked for the one too many.

use super::grain_store::GrainStore;
use super::index_set::{IndexSet, LiveIndex};
use crate::codec::contract::Codec;
use crate::engine::cursor::Cursor;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;

/// What a check of a store has met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreReport {
    /// Records, each of which could be decoded.
    pub records: u64,
    /// Entries of each index, by its name, in the order in which they were declared.
    pub index_entries: Vec<(String, u64)>,
}

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// Reads every record of the store and checks that its indexes name it as they should, and name
    /// nothing else, all at one commit point. Costs a read of every record and a look-up for each
    /// entry; never writes.
    ///
    /// # Errors
    /// `Corruption` which names the index and the key that do not agree; `Codec` where a record
    /// cannot be decoded; `Io`, `Closed`.
    pub fn verify(&self) -> Result<StoreReport> {
        let snapshot = self.raw.db.engine.snapshot();
        let none = IndexSet {
            indexes: Vec::new(),
        };
        let set = self.indexes.as_deref().unwrap_or(&none);
        let mut records = 0;
        let mut expected = vec![0; set.indexes.len()];
        let mut cursor = self.raw.cursor(Some(&snapshot), &ByteRange::all())?;
        cursor.seek_to_first()?;
        while cursor.valid() {
            self.check_record(set, &snapshot, &cursor, &mut expected)?;
            records += 1;
            cursor.next()?;
        }
        let mut index_entries = Vec::new();
        for (index, expected) in set.indexes.iter().zip(expected) {
            let entries = index.raw.count(Some(&snapshot), &ByteRange::all())?;
            if entries != expected {
                self.find_stray(index, &snapshot)?;
            }
            index_entries.push((index.definition.name.to_string(), entries));
        }
        Ok(StoreReport {
            records,
            index_entries,
        })
    }

    /// The record that `cursor` stands on has its entries, with its expiry.
    fn check_record(
        &self,
        set: &IndexSet<V>,
        snapshot: &Snapshot,
        cursor: &Cursor,
        expected: &mut [u64],
    ) -> Result<()> {
        let (key, expiry_ms) = (cursor.key(), cursor.expiry_ms());
        let primary = self.raw.keyspace.strip(key);
        let found = self.decoder().found(key, cursor.value(), expiry_ms)?;
        for (index, expected) in set.indexes.iter().zip(expected) {
            for key in index.definition.keys(&found.value) {
                let entry = index.entry_key(&key, primary);
                let same = |value: &[u8], entry_ms| {
                    (value == index.entry_value(primary), entry_ms == expiry_ms)
                };
                let what = match index.raw.look_up(Some(snapshot), &entry, same)?.0 {
                    Some((true, true)) => {
                        *expected += 1;
                        continue;
                    }
                    Some((true, false)) => "record and index entry have not the same expiry",
                    Some((false, _)) => "the index has another record under the key",
                    None => "the index does not have the record",
                };
                return Err(index.disagreement(&key, primary, what));
            }
        }
        Ok(())
    }

    /// An error that names an entry of `index` whose record is not there, or has not its key.
    #[cold]
    fn find_stray(&self, index: &LiveIndex<V>, snapshot: &Snapshot) -> Result<()> {
        let mut cursor = self.raw.cursor(Some(snapshot), &ByteRange::all())?;
        let mut named = std::collections::BTreeSet::new();
        cursor.seek_to_first()?;
        while cursor.valid() {
            let key = cursor.key();
            let primary = self.raw.keyspace.strip(key);
            let found = self.decoder().found(key, cursor.value(), 0)?;
            let keys = index.definition.keys(&found.value);
            named.extend(keys.iter().map(|key| index.entry_key(key, primary)));
            cursor.next()?;
        }
        let mut entries = index.raw.cursor(Some(snapshot), &ByteRange::all())?;
        entries.seek_to_first()?;
        while entries.valid() {
            if !named.contains(entries.key()) {
                let entry = index.raw.keyspace.strip(entries.key());
                let what = "the index names a record that is not there, or has another key";
                return Err(index.disagreement(entry, entries.value(), what));
            }
            entries.next()?;
        }
        Ok(())
    }
}
