//! A store as a snapshot sees it.

use super::entry::Found;
use super::grain_store::GrainStore;
use super::lifetime::Expiry;
use super::query::Query;
use super::version::Versioned;
use crate::codec::contract::Codec;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::KeyPrefix;
use crate::key::key_range::KeyRange;
use std::fmt;

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// The store as `snapshot` sees it.
    #[must_use]
    pub fn at<'a>(&'a self, snapshot: &'a Snapshot) -> StoreAt<'a, K, V, C> {
        StoreAt::new(self, snapshot)
    }
}

/// A typed store at one commit point. Reads only.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-at-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let hp = db.store::<String, u32>("hp")?;
/// hp.put("ada", &100)?;
/// let before = db.snapshot();
/// hp.put("ada", &90)?;
/// assert_eq!(hp.at(&before).get("ada")?, Some(100));
/// assert_eq!(hp.get("ada")?, Some(90));
/// # drop(before);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
pub struct StoreAt<'a, K, V, C> {
    pub(crate) store: &'a GrainStore<K, V, C>,
    pub(crate) snapshot: &'a Snapshot,
}

impl<'a, K: Key, V, C: Codec<V>> StoreAt<'a, K, V, C> {
    pub(crate) fn new(store: &'a GrainStore<K, V, C>, snapshot: &'a Snapshot) -> Self {
        Self { store, snapshot }
    }

    /// The value under `key`.
    ///
    /// # Errors
    /// As [`GrainStore::get`]; `InvalidInput` where the snapshot is another database's.
    pub fn get<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Option<V>> {
        let raw = &self.store.raw;
        let value = raw.with_key(key, |key| {
            let look = |record: &[u8], _| self.store.decoder().value(key, record);
            raw.look_up(Some(self.snapshot), key, look)
        })?;
        value.0.transpose()
    }

    /// The value under `key` with its version and expiry.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_versioned<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Option<Versioned<V>>> {
        self.store.raw.with_key(key, |key| {
            Ok(self
                .store
                .found(Some(self.snapshot), key)?
                .0
                .map(Found::into_versioned))
        })
    }

    /// True where there is a record under `key`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn contains<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<bool> {
        let raw = &self.store.raw;
        raw.with_key(key, |key| {
            Ok(raw
                .look_up(Some(self.snapshot), key, |_, _| ())?
                .0
                .is_some())
        })
    }

    /// The lifetime that the record under `key` has left, at the snapshot's time.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn ttl<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Expiry> {
        self.store
            .raw
            .with_key(key, |key| self.store.raw.ttl(Some(self.snapshot), key))
    }

    /// Every record, in key order.
    pub fn iter(&self) -> Query<'a, K, V, C, K> {
        Query::new(self.store, Some(self.snapshot), ByteRange::all())
    }

    /// The records whose keys lie in `range`.
    pub fn range<R: KeyRange<K>>(&self, range: R) -> Query<'a, K, V, C, K> {
        Query::new(self.store, Some(self.snapshot), ByteRange::keys(&range))
    }

    /// The records whose keys begin with these components.
    pub fn prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Query<'a, K, V, C, P::Next> {
        Query::with_prefix(self.store, Some(self.snapshot), &prefix)
    }

    /// How many records there are.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self) -> Result<u64> {
        self.store.raw.count(Some(self.snapshot), &ByteRange::all())
    }

    /// How many records there are under `prefix`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count_prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Result<u64> {
        self.store
            .raw
            .count(Some(self.snapshot), &ByteRange::prefix::<K, P>(&prefix))
    }
}

impl<K, V, C> fmt::Debug for StoreAt<'_, K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("StoreAt");
        debug
            .field("store", self.store)
            .field("snapshot", self.snapshot)
            .finish()
    }
}
