//! The indexes of an open store, and what a write to a record changes in them.
//!
//! ```text
//! entry of an index          keyspace of the index | index key | key of the record → nothing
//! entry of a unique index    keyspace of the index | index key → key of the record
//! expiry of an entry         that of its record
//!
//! record 7 (u64) of "Oslo", in an index of number 2
//!   02 4f 73 6c 6f 00 00 00 00 00 00 00 00 07 → nothing
//! the same, unique
//!   02 4f 73 6c 6f 00 → 00 00 00 00 00 00 00 07
//! ```
//!
//! - X1: a record and its entries are written in one batch, and have one expiry, so that they come
//!   and go at the same instant for every reader.
//! - X2: the entry of a shared index is written only with its record, so the guard of the record
//!   is enough. The entry of a unique one may be another record's as soon as its record expires,
//!   so whoever writes it guards it too, unless it belongs to a record that never expires.
//!
//! Called by whoever writes, in any thread; commits nothing itself.

use super::index::{EncodedKeys, IndexDefinition};
use super::place::shown_key;
use super::raw_store::RawStore;
use super::stage::Stage;
use crate::error::{Error, ErrorKind, Result};
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::fmt;

/// An index of an open store.
pub(crate) struct LiveIndex<V> {
    /// The entries.
    pub(crate) raw: RawStore,
    pub(crate) definition: Arc<IndexDefinition<V>>,
}

/// All indexes of an open store.
pub(crate) struct IndexSet<V> {
    pub(crate) indexes: Vec<LiveIndex<V>>,
}

/// What a record has in each index of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entries {
    pub(crate) keys: Vec<EncodedKeys>,
    pub(crate) expiry_ms: u64,
}

impl Entries {
    fn of(&self, index: usize) -> &[Vec<u8>] {
        self.keys.get(index).map_or(&[], Vec::as_slice)
    }
}

impl<V> IndexSet<V> {
    /// What a record of this value and expiry has in the indexes.
    pub(crate) fn entries(&self, value: &V, expiry_ms: u64) -> Entries {
        let keys = self.indexes.iter().map(|it| it.definition.keys(value));
        Entries {
            keys: keys.collect(),
            expiry_ms,
        }
    }

    /// Appends what changes in the indexes where the record under `primary`, a key without its
    /// keyspace, had the entries `was` and gets `now`.
    pub(crate) fn change(
        &self,
        stage: &mut Stage<'_>,
        primary: &[u8],
        was: Option<&Entries>,
        now: Option<&Entries>,
    ) -> Result<()> {
        for (number, index) in self.indexes.iter().enumerate() {
            let old = was.map_or(&[][..], |entries| entries.of(number));
            let new = now.map_or(&[][..], |entries| entries.of(number));
            let was_ms = was.map_or(0, |entries| entries.expiry_ms);
            let now_ms = now.map_or(0, |entries| entries.expiry_ms);
            // Both are sorted.
            for key in old.iter().filter(|&key| new.binary_search(key).is_err()) {
                index.remove(stage, key, primary, was_ms)?;
            }
            for key in new {
                let owned = old.binary_search(key).is_ok();
                let moved = was_ms != now_ms && !planted(Mistake::IndexExpiryStays);
                if !owned || moved {
                    let owned_until_ms = owned.then_some(was_ms);
                    index.insert(stage, key, primary, owned_until_ms, now_ms)?;
                }
            }
        }
        Ok(())
    }

    /// The index of this description.
    pub(crate) fn find(&self, wanted: &Arc<IndexDefinition<V>>) -> Option<&LiveIndex<V>> {
        let same = |it: &&LiveIndex<V>| {
            Arc::ptr_eq(&it.definition, wanted)
                || (it.definition.name == wanted.name
                    && it.definition.unique == wanted.unique
                    && it.definition.version == wanted.version
                    && it.definition.shape == wanted.shape)
        };
        self.indexes.iter().find(same)
    }
}

impl<V> LiveIndex<V> {
    /// The engine key of the entry of a record.
    pub(crate) fn entry_key(&self, key: &[u8], primary: &[u8]) -> Vec<u8> {
        let primary = if self.definition.unique { &[] } else { primary };
        [self.raw.keyspace.bytes(), key, primary].concat()
    }

    /// The value of the entry of a record.
    pub(crate) fn entry_value<'k>(&self, primary: &'k [u8]) -> &'k [u8] {
        if self.definition.unique { primary } else { &[] }
    }

    fn remove(&self, stage: &mut Stage<'_>, key: &[u8], primary: &[u8], was_ms: u64) -> Result<()> {
        let entry = self.entry_key(key, primary);
        if planted(Mistake::IndexEntryStays) {
            return Ok(());
        }
        if !self.definition.unique {
            return stage.writes.delete(&entry);
        }
        if was_ms != 0 {
            let holder = stage.look(&self.raw, &entry, |holder, _| holder == primary)?;
            if holder != Some(true) {
                return Ok(()); // it expired while this was on its way (X2)
            }
        }
        stage.delete(&entry)
    }

    fn insert(
        &self,
        stage: &mut Stage<'_>,
        key: &[u8],
        primary: &[u8],
        owned_until_ms: Option<u64>,
        expiry_ms: u64,
    ) -> Result<()> {
        let entry = self.entry_key(key, primary);
        if !self.definition.unique {
            return stage.writes.put_with_expiry(&entry, &[], expiry_ms);
        }
        if owned_until_ms != Some(0) && !planted(Mistake::DuplicateUnseen) {
            let other = |holder: &[u8], _| (holder != primary).then(|| holder.to_vec());
            if let Some(holder) = stage.look(&self.raw, &entry, other)?.flatten() {
                return Err(self.duplicate(key, primary, &holder));
            }
        }
        stage.put(&entry, primary, expiry_ms)
    }

    /// A record would get the key of another one.
    #[cold]
    pub(crate) fn duplicate(&self, key: &[u8], primary: &[u8], holder: &[u8]) -> Error {
        let shown = |key: &[u8]| shown_key(&self.raw.key_shape, key);
        let text = format!(
            "{}: the record {} cannot have it, the record {} has it; remove or change that one \
             first",
            self.place(key),
            shown(primary),
            shown(holder)
        );
        Error::new(ErrorKind::Duplicate, text)
    }

    /// Store and index do not agree.
    #[cold]
    pub(crate) fn disagreement(&self, key: &[u8], primary: &[u8], what: &str) -> Error {
        let record = match primary {
            [] => String::new(),
            primary => format!(", record {}", shown_key(&self.raw.key_shape, primary)),
        };
        let text = format!(
            "{}{record}: {what}; let go of the index with drop_index and declare it again, which \
             builds it anew",
            self.place(key)
        );
        Error::new(ErrorKind::Corruption, text)
    }

    /// Store, index and index key, for the text of an error.
    pub(crate) fn place(&self, key: &[u8]) -> String {
        let (store, index) = (&self.raw.name, &self.definition.name);
        let key = shown_key(&self.definition.shape, key);
        format!("store {store:?}, index {index:?}, key {key}")
    }
}

impl<V> fmt::Debug for IndexSet<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.indexes.iter().map(|it| &it.definition.name);
        f.debug_list().entries(names).finish()
    }
}

impl<V> fmt::Debug for LiveIndex<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition.fmt(f)
    }
}
