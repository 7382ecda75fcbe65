//! Writes to several stores that commit together.

use super::bytes_store::BytesStore;
use super::db_core::DbCore;
use super::grain_store::GrainStore;
use super::lifetime::Ttl;
use super::raw_store::RawStore;
use super::u32_store::U32Store;
use crate::codec::contract::Codec;
use crate::engine::snapshot::Snapshot;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::KeyPrefix;
use crate::key::raw_bytes::RawBytes;
use crate::sync::Arc;

/// Puts and deletes in any stores of one database that take effect together or not at all, also
/// after a crash.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-batch-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let hp = db.store::<String, u32>("hp")?;
/// let scores = db.u32_store("scores")?;
/// let mut batch = db.batch();
/// batch.put(&hp, "ada", &100)?;
/// batch.put(&scores, &7u32, &1)?;
/// batch.delete(&hp, "bob")?;
/// batch.commit()?;
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a batch does nothing until it is committed"]
pub struct Batch {
    db: Arc<DbCore>,
    writes: WriteBatch,
    /// From before the first lifetime that is kept, so that the commit can tell whether its record
    /// was written since.
    since: Option<Snapshot>,
}

/// A store that a [`Batch`] can write to. Sealed: the stores of this crate are all there are.
pub trait BatchStore: sealed::Sealed {
    /// The type of its keys.
    type Key: Key;
    /// The type of its values.
    type Value: ?Sized;

    #[doc(hidden)]
    fn raw_store(&self) -> sealed::Raw<'_>;

    #[doc(hidden)]
    fn append_put(
        &self,
        batch: &mut sealed::Writes<'_>,
        key: &[u8],
        value: &Self::Value,
        ttl: Ttl,
    ) -> Result<()>;
}

mod sealed {
    use super::{RawStore, WriteBatch};

    /// Keeps the trait to this crate.
    pub trait Sealed {}

    /// The store below, kept to this crate.
    #[derive(Debug)]
    pub struct Raw<'a>(pub(super) &'a RawStore);

    /// The writes so far, kept to this crate.
    #[derive(Debug)]
    pub struct Writes<'a>(pub(super) &'a mut WriteBatch);
}

impl Batch {
    pub(crate) fn new(db: Arc<DbCore>) -> Self {
        Self {
            db,
            writes: WriteBatch::new(),
            since: None,
        }
    }

    /// Puts `value` under `key` of `store`, with the default lifetime.
    ///
    /// # Errors
    /// `Codec` where the value cannot be encoded, `TooLarge`, `InvalidInput` where the store is of
    /// another database. The batch is then as it was before.
    pub fn put<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        value: &S::Value,
    ) -> Result<()> {
        self.put_with(store, key, value, Ttl::Default)
    }

    /// Puts `value` under `key` of `store`, with this lifetime. [`Ttl::Keep`] reads the lifetime
    /// now, and the commit fails with `Conflict` where the record is written in between.
    ///
    /// # Errors
    /// As [`put`](Self::put); `Corruption` or `Io` where a kept lifetime cannot be read.
    pub fn put_with<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        value: &S::Value,
        ttl: Ttl,
    ) -> Result<()> {
        let sealed::Raw(raw) = store.raw_store();
        self.check(raw)?;
        if ttl == Ttl::Keep && self.since.is_none() {
            self.since = Some(self.db.engine.snapshot());
        }
        let mut writes = sealed::Writes(&mut self.writes);
        raw.with_key(key, |key| store.append_put(&mut writes, key, value, ttl))
    }

    /// Removes the record under `key` of `store`, whether or not it is there.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
    ) -> Result<()> {
        let sealed::Raw(raw) = store.raw_store();
        self.check(raw)?;
        raw.with_key(key, |key| self.writes.delete(key))
    }

    /// Removes every record of `store` under `prefix`.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete_prefix<S: BatchStore, P: KeyPrefix<S::Key>>(
        &mut self,
        store: &S,
        prefix: P,
    ) -> Result<()> {
        let sealed::Raw(raw) = store.raw_store();
        self.check(raw)?;
        raw.delete_range_into(&mut self.writes, &ByteRange::prefix::<S::Key, P>(&prefix))
    }

    /// The number of writes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// True where there is no write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Commits all writes together. An empty batch commits nothing.
    ///
    /// # Errors
    /// `Conflict` where a kept lifetime was overtaken; `Io` (the outcome is then unknown until the
    /// next open), `Latched`, `Closed`.
    pub fn commit(self) -> Result<()> {
        self.db.engine.write(self.writes)
    }

    fn check(&self, raw: &RawStore) -> Result<()> {
        if Arc::ptr_eq(&self.db, &raw.db) {
            return Ok(());
        }
        let text = format!(
            "the store {:?} is of another database than the batch; make the batch there",
            raw.name
        );
        Err(Error::new(ErrorKind::InvalidInput, text))
    }
}

impl<K: Key, V, C: Codec<V>> sealed::Sealed for GrainStore<K, V, C> {}

impl<K: Key, V, C: Codec<V>> BatchStore for GrainStore<K, V, C> {
    type Key = K;
    type Value = V;

    fn raw_store(&self) -> sealed::Raw<'_> {
        sealed::Raw(&self.raw)
    }

    fn append_put(
        &self,
        batch: &mut sealed::Writes<'_>,
        key: &[u8],
        value: &V,
        ttl: Ttl,
    ) -> Result<()> {
        self.put_into(batch.0, key, value, ttl)
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
        batch: &mut sealed::Writes<'_>,
        key: &[u8],
        value: &u32,
        ttl: Ttl,
    ) -> Result<()> {
        self.raw()
            .put_guarded_into(batch.0, key, &value.to_le_bytes(), ttl)
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
        batch: &mut sealed::Writes<'_>,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
    ) -> Result<()> {
        self.raw().put_guarded_into(batch.0, key, value, ttl)
    }
}
