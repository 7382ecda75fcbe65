//! The stores that a batch can write to.
//!
//! Each says how a put, a delete and a range delete of its own are appended: plainly, or with the
//! index entries that go with them. Called by the batch that is filled, on its thread.

use super::bytes_store::BytesStore;
use super::grain_store::GrainStore;
use super::lifetime::Ttl;
use super::raw_store::RawStore;
use super::stage::Stage;
use super::u32_store::U32Store;
use super::untyped_store::UntypedStore;
use crate::codec::contract::Codec;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use crate::key::raw_bytes::RawBytes;

/// A store that a [`Batch`](super::batch::Batch) can write to. Sealed: the stores of this crate are
/// all there are.
pub trait BatchStore: sealed::Sealed {
    /// The type of its keys.
    type Key: Key;
    /// The type of its values.
    type Value: ?Sized;

    #[doc(hidden)]
    fn raw_store(&self) -> sealed::Raw<'_>;

    /// True where a write has to look at what is there.
    #[doc(hidden)]
    fn looks(&self) -> bool {
        false
    }

    /// True where records have versions.
    #[doc(hidden)]
    fn keeps_versions(&self) -> bool {
        false
    }

    /// The version of a record; 0 where it has none.
    #[doc(hidden)]
    fn version_of(&self, _key: &[u8], _record: &[u8]) -> Result<u64> {
        Ok(0)
    }

    #[doc(hidden)]
    fn append_put(
        &self,
        stage: &mut sealed::Staged<'_, '_>,
        key: &[u8],
        value: &Self::Value,
        ttl: Ttl,
    ) -> Result<()>;

    #[doc(hidden)]
    fn append_delete(&self, stage: &mut sealed::Staged<'_, '_>, key: &[u8]) -> Result<()> {
        stage.0.writes.delete(key)
    }

    #[doc(hidden)]
    fn append_delete_range(
        &self,
        stage: &mut sealed::Staged<'_, '_>,
        range: &ByteRange,
    ) -> Result<()> {
        let sealed::Raw(raw) = self.raw_store();
        raw.delete_range_into(stage.0.writes, range)
    }
}

pub(crate) mod sealed {
    use super::{RawStore, Stage};

    /// Keeps the trait to this crate.
    pub trait Sealed {}

    /// The store below, kept to this crate.
    #[derive(Debug)]
    pub struct Raw<'a>(pub(crate) &'a RawStore);

    /// The write on its way, kept to this crate.
    #[derive(Debug)]
    pub struct Staged<'s, 'a>(pub(crate) &'s mut Stage<'a>);
}

impl<K: Key, V, C: Codec<V>> sealed::Sealed for GrainStore<K, V, C> {}

impl<K: Key, V, C: Codec<V>> BatchStore for GrainStore<K, V, C> {
    type Key = K;
    type Value = V;

    fn raw_store(&self) -> sealed::Raw<'_> {
        sealed::Raw(&self.raw)
    }

    fn looks(&self) -> bool {
        self.indexes.is_some()
    }

    fn keeps_versions(&self) -> bool {
        true
    }

    fn version_of(&self, key: &[u8], record: &[u8]) -> Result<u64> {
        Self::version_of(self, key, record)
    }

    fn append_put(
        &self,
        stage: &mut sealed::Staged<'_, '_>,
        key: &[u8],
        value: &V,
        ttl: Ttl,
    ) -> Result<()> {
        self.put_into(stage.0, key, value, ttl)
    }

    fn append_delete(&self, stage: &mut sealed::Staged<'_, '_>, key: &[u8]) -> Result<()> {
        self.delete_into(stage.0, key)
    }

    fn append_delete_range(
        &self,
        stage: &mut sealed::Staged<'_, '_>,
        range: &ByteRange,
    ) -> Result<()> {
        let since = stage.0.since();
        self.delete_range_into(stage.0, range, since)
    }
}

impl sealed::Sealed for U32Store {}

impl BatchStore for U32Store {
    type Key = u32;
    type Value = u32;

    fn raw_store(&self) -> sealed::Raw<'_> {
        sealed::Raw(self.raw())
    }

    fn append_put(
        &self,
        stage: &mut sealed::Staged<'_, '_>,
        key: &[u8],
        value: &u32,
        ttl: Ttl,
    ) -> Result<()> {
        self.raw()
            .put_guarded_into(stage.0.writes, key, &value.to_le_bytes(), ttl)
    }
}

impl sealed::Sealed for BytesStore {}

impl BatchStore for BytesStore {
    type Key = RawBytes;
    type Value = [u8];

    fn raw_store(&self) -> sealed::Raw<'_> {
        sealed::Raw(self.raw())
    }

    fn append_put(
        &self,
        stage: &mut sealed::Staged<'_, '_>,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
    ) -> Result<()> {
        self.raw().put_guarded_into(stage.0.writes, key, value, ttl)
    }
}

impl sealed::Sealed for UntypedStore {}

impl BatchStore for UntypedStore {
    type Key = RawBytes;
    type Value = [u8];

    fn raw_store(&self) -> sealed::Raw<'_> {
        sealed::Raw(self.raw())
    }

    fn keeps_versions(&self) -> bool {
        self.is_framed()
    }

    fn version_of(&self, key: &[u8], record: &[u8]) -> Result<u64> {
        Self::version_of(self, key, record)
    }

    fn append_put(
        &self,
        stage: &mut sealed::Staged<'_, '_>,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
    ) -> Result<()> {
        self.put_into(stage.0.writes, key, value, ttl)
    }

    fn append_delete(&self, stage: &mut sealed::Staged<'_, '_>, key: &[u8]) -> Result<()> {
        self.check_writable()?;
        stage.0.writes.delete(key)
    }

    fn append_delete_range(
        &self,
        stage: &mut sealed::Staged<'_, '_>,
        range: &ByteRange,
    ) -> Result<()> {
        self.check_writable()?;
        self.raw().delete_range_into(stage.0.writes, range)
    }
}
