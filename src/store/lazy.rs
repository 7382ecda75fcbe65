//! Records whose values are decoded only where they are asked for.

use super::entry::Entry;
use super::grain_store::GrainStore;
use super::lifetime::expiry_time;
use super::query::{Query, decode_key};
use super::record::RecordHeader;
use super::version::Version;
use crate::codec::contract::Codec;
use crate::engine::pinned_bytes::PinnedBytes;
use crate::error::Result;
use crate::key::key_part::Key;
use std::fmt;
use std::iter::FusedIterator;

impl<'a, K: Key, V, C: Codec<V>, N> Query<'a, K, V, C, N> {
    /// Records whose values are decoded only where they are asked for.
    pub fn lazy(self) -> LazyEntries<'a, K, V, C, N> {
        LazyEntries::new(self)
    }
}

/// The records of a query with their values still encoded.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct LazyEntries<'a, K, V, C, N = K>(Query<'a, K, V, C, N>);

impl<'a, K: Key, V, C: Codec<V>, N> LazyEntries<'a, K, V, C, N> {
    pub(crate) fn new(query: Query<'a, K, V, C, N>) -> Self {
        Self(query)
    }
}

/// A value still encoded, pinned where it lies.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-lazy-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let notes = db.store::<u32, String>("notes")?;
/// notes.put(&1, &"short".to_owned())?;
/// notes.put(&2, &"a long story ".repeat(100))?;
/// let mut long = Vec::new();
/// for entry in notes.iter().lazy() {
///     let entry = entry?;
///     if entry.value.raw()?.len() > 100 {
///         long.push(entry.value.decode()?); // only this one is decoded
///     }
/// }
/// assert_eq!(long.len(), 1);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
pub struct Lazy<'a, K, V, C> {
    store: &'a GrainStore<K, V, C>,
    key: Vec<u8>,
    record: PinnedBytes,
}

impl<K: Key, V, C: Codec<V>> Lazy<'_, K, V, C> {
    /// The bytes of the value, as the codec wrote them, under the version of the schema that
    /// [`schema_version`](Self::schema_version) says.
    ///
    /// # Errors
    /// `Codec` where the record's header cannot be read.
    pub fn raw(&self) -> Result<&[u8]> {
        self.parts().map(|(_, bytes)| bytes)
    }

    /// The version of the schema that the value was written under.
    ///
    /// # Errors
    /// As [`raw`](Self::raw).
    pub fn schema_version(&self) -> Result<u32> {
        self.parts().map(|(header, _)| header.schema_version)
    }

    fn parts(&self) -> Result<(RecordHeader, &[u8])> {
        let damaged = |what| self.store.decoder().damaged(&self.key, what);
        RecordHeader::decode(&self.record).map_err(damaged)
    }

    /// The value, upgraded where it is of an older version of the schema.
    ///
    /// # Errors
    /// `Codec` where the bytes are no such value; `SchemaMismatch` where there is no migration
    /// from its version.
    pub fn decode(&self) -> Result<V> {
        self.store.decoder().value(&self.key, &self.record)
    }
}

impl<K, V, C> fmt::Debug for Lazy<'_, K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy")
            .field("bytes", &self.record.len())
            .finish_non_exhaustive()
    }
}

impl<'a, K: Key, V, C: Codec<V>, N> Iterator for LazyEntries<'a, K, V, C, N> {
    type Item = Result<Entry<K, Lazy<'a, K, V, C>>>;

    fn next(&mut self) -> Option<Self::Item> {
        let store = self.0.store;
        let step = self.0.step(|key, cursor| {
            let decoded = decode_key(store, key)?;
            let Some(record) = cursor.pinned_value() else {
                return Ok(None);
            };
            let header = RecordHeader::decode(&record);
            let (header, _) = header.map_err(|what| store.decoder().damaged(key, what))?;
            let (version, expires_at) = (Version(header.version), expiry_time(cursor.expiry_ms()));
            let value = Lazy {
                store,
                key: key.to_vec(),
                record,
            };
            Ok(Some(Entry {
                key: decoded,
                value,
                version,
                expires_at,
            }))
        })?;
        step.flatten().transpose()
    }
}

impl<K: Key, V, C: Codec<V>, N> FusedIterator for LazyEntries<'_, K, V, C, N> {}
