//! The stores that can be watched, and how each reads its records.

use super::bytes_store::BytesStore;
use super::entry::Entry;
use super::grain_store::GrainStore;
use super::lifetime::expiry_time;
use super::raw_store::RawStore;
use super::record::RecordHeader;
use super::u32_store::{self, U32Store};
use super::version::Version;
use crate::codec::contract::Codec;
use crate::error::Result;
use crate::key::key_part::Key;
use crate::key::raw_bytes::RawBytes;
use crate::sync::Arc;

/// A store that can be watched: [`GrainStore`], [`U32Store`], [`BytesStore`]. Sealed.
pub trait WatchStore: sealed::Sealed + Clone {
    /// The type of its keys.
    type Key: Key;
    /// The type of its values in events.
    type Value;

    #[doc(hidden)]
    fn raw_store(&self) -> sealed::Raw<'_>;

    /// A record as an entry under `key`.
    #[doc(hidden)]
    fn entry(
        &self,
        key: Self::Key,
        record: sealed::Stored<'_>,
    ) -> Result<Entry<Self::Key, Self::Value>>;

    /// The version of a record; 0 where there is none.
    #[doc(hidden)]
    fn version(record: &[u8]) -> u64;
}

pub(crate) mod sealed {
    use super::{Arc, RawStore};

    /// Keeps the trait to this crate.
    pub trait Sealed {}

    /// The store below, kept to this crate.
    #[derive(Debug)]
    pub struct Raw<'a>(pub(crate) &'a RawStore);

    /// A record as the engine has it, kept to this crate.
    #[derive(Debug, Clone, Copy)]
    pub struct Stored<'a> {
        pub(crate) key: &'a [u8],
        pub(crate) value: &'a Arc<[u8]>,
        pub(crate) expiry_ms: u64,
    }
}

fn unversioned<K, V>(key: K, value: V, expiry_ms: u64) -> Entry<K, V> {
    Entry {
        key,
        value,
        version: Version(0),
        expires_at: expiry_time(expiry_ms),
    }
}

impl<K: Key, V, C: Codec<V>> sealed::Sealed for GrainStore<K, V, C> {}

impl<K: Key, V, C: Codec<V>> WatchStore for GrainStore<K, V, C> {
    type Key = K;
    type Value = V;

    fn raw_store(&self) -> sealed::Raw<'_> {
        sealed::Raw(&self.raw)
    }

    fn entry(&self, key: K, record: sealed::Stored<'_>) -> Result<Entry<K, V>> {
        let found = self
            .decoder()
            .found(record.key, record.value, record.expiry_ms)?;
        Ok(found.into_entry(key))
    }

    fn version(record: &[u8]) -> u64 {
        RecordHeader::decode(record).map_or(0, |(header, _)| header.version)
    }
}

impl sealed::Sealed for U32Store {}

impl WatchStore for U32Store {
    type Key = u32;
    type Value = u32;

    fn raw_store(&self) -> sealed::Raw<'_> {
        sealed::Raw(self.raw())
    }

    fn entry(&self, key: u32, record: sealed::Stored<'_>) -> Result<Entry<u32, u32>> {
        Ok(unversioned(
            key,
            u32_store::decode(self.raw(), record.key, record.value)?,
            record.expiry_ms,
        ))
    }

    fn version(_record: &[u8]) -> u64 {
        0
    }
}

impl sealed::Sealed for BytesStore {}

impl WatchStore for BytesStore {
    type Key = RawBytes;
    type Value = Arc<[u8]>;

    fn raw_store(&self) -> sealed::Raw<'_> {
        sealed::Raw(self.raw())
    }

    fn entry(
        &self,
        key: RawBytes,
        record: sealed::Stored<'_>,
    ) -> Result<Entry<RawBytes, Arc<[u8]>>> {
        Ok(unversioned(key, Arc::clone(record.value), record.expiry_ms))
    }

    fn version(_record: &[u8]) -> u64 {
        0
    }
}
