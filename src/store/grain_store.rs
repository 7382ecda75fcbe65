//! A typed store: values under typed keys, with lifetimes and versions.

use super::entry::{Decoder, Found};
use super::index_set::IndexSet;
use super::lifetime::Expiry;
use super::migrations::Migrations;
use super::open_stores::OpenStore;
use super::raw_store::RawStore;
use super::version::Versioned;
use crate::codec::contract::Codec;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::KeyPrefix;
use crate::key::raw_bytes::RawBytes;
use crate::sync::Arc;
use std::fmt;
use std::marker::PhantomData;

/// The codec of stores that name none: MessagePack where that is built in.
#[cfg(feature = "msgpack")]
pub type DefaultCodec = crate::codec::message_pack::MessagePack;

/// The codec of stores that name none: MessagePack where that is built in.
#[cfg(not(feature = "msgpack"))]
pub type DefaultCodec = crate::codec::raw::Raw;

/// A store of values `V` under keys `K`, encoded by `C`.
///
/// Cheap to clone; any thread may use it. Look-ups take whatever encodes as a `K`: the key itself,
/// `&str` for a `String`, a tuple of its fields for a derived key.
///
/// ```
/// use grainstore::{Db, Key};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
/// struct SessionKey { tenant: String, user: u64 }
///
/// #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
/// struct Session { token: String, hp: u32 }
///
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-grain-{}", std::process::id()));
/// let db = Db::open(&dir)?;
/// let sessions = db.store::<SessionKey, Session>("sessions")?;
/// let ada = Session { token: "xyz".into(), hp: 100 };
/// sessions.put(&("acme", 7), &ada)?;
/// assert_eq!(sessions.get(&("acme", 7))?, Some(ada));
/// for entry in sessions.prefix(("acme",)) {
///     let entry = entry?;
///     println!("{:?} has {} hp", entry.key, entry.value.hp);
/// }
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
pub struct GrainStore<K, V, C = DefaultCodec> {
    pub(crate) raw: RawStore,
    pub(crate) codec: Arc<C>,
    /// `None` where it has none, so that writes to such a store need not ask.
    pub(crate) indexes: Option<Arc<IndexSet<V>>>,
    pub(crate) migrations: Arc<Migrations<V, C>>,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V, C> Clone for GrainStore<K, V, C> {
    fn clone(&self) -> Self {
        let (raw, codec) = (self.raw.clone(), Arc::clone(&self.codec));
        Self {
            raw,
            codec,
            indexes: self.indexes.clone(),
            migrations: Arc::clone(&self.migrations),
            types: PhantomData,
        }
    }
}

impl<K, V, C> fmt::Debug for GrainStore<K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrainStore")
            .field("name", &self.raw.name)
            .finish_non_exhaustive()
    }
}

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// The store without indexes, not a live handle of it yet.
    pub(crate) fn new(raw: RawStore, codec: C, migrations: Migrations<V, C>) -> Self {
        Self {
            raw,
            codec: Arc::new(codec),
            migrations: Arc::new(migrations),
            indexes: None,
            types: PhantomData,
        }
    }

    /// The store as a live handle, with these indexes.
    pub(crate) fn opened(mut self, open: Arc<OpenStore>, indexes: Option<IndexSet<V>>) -> Self
    where
        V: 'static,
    {
        self.indexes = indexes.map(Arc::new);
        if self.indexes.is_some() {
            // No live handle of its own, and without the type of the keys, which it does not need.
            let (raw, codec) = (self.raw.clone(), Arc::clone(&self.codec));
            let bare = GrainStore::<RawBytes, V, C> {
                raw,
                codec,
                migrations: Arc::clone(&self.migrations),
                indexes: self.indexes.clone(),
                types: PhantomData,
            };
            open.set_verifier(Box::new(move || bare.verify().map(drop)));
        }
        self.raw.open = Some(open);
        self
    }

    /// The name of the store.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.raw.name
    }

    /// The value under `key`; `None` where there is none or it has expired.
    ///
    /// # Errors
    /// `Codec` where the stored bytes are no such value; `Corruption`, `Io`, `Closed`.
    pub fn get<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Option<V>> {
        self.raw
            .with_key(key, |key| {
                self.raw
                    .get_with(key, |record| self.decoder().value(key, record))
            })?
            .transpose()
    }

    /// The value under `key` with its version and expiry.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_versioned<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Option<Versioned<V>>> {
        self.raw.with_key(key, |key| {
            Ok(self.found(None, key)?.0.map(Found::into_versioned))
        })
    }

    /// The values under `keys`, in their order, a key given twice answered twice.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_many<'q, Q: ?Sized + KeyRef<K> + 'q>(
        &self,
        keys: impl IntoIterator<Item = &'q Q>,
    ) -> Result<Vec<Option<V>>> {
        let snapshot = self.raw.db.engine.snapshot();
        let one = |key: &'q Q| {
            let found = self
                .raw
                .with_key(key, |key| self.found(Some(&snapshot), key))?;
            Ok(found.0.map(|found| found.value))
        };
        keys.into_iter().map(one).collect()
    }

    /// True where there is a record under `key`. Does not decode it.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`.
    pub fn contains<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<bool> {
        self.raw
            .with_key(key, |key| Ok(self.raw.get_with(key, |_| ())?.is_some()))
    }

    /// The lifetime that the record under `key` has left.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`.
    pub fn ttl<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Expiry> {
        self.raw.with_key(key, |key| self.raw.ttl(None, key))
    }

    /// How many records there are. Walks their keys.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`.
    pub fn count(&self) -> Result<u64> {
        self.raw.count(None, &ByteRange::all())
    }

    /// How many records there are under `prefix`. Walks their keys.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn count_prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Result<u64> {
        self.raw.count(None, &ByteRange::prefix::<K, P>(&prefix))
    }

    /// True where there is no record.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn is_empty(&self) -> Result<bool> {
        let mut cursor = self.raw.cursor(None, &ByteRange::all())?;
        cursor.seek_to_first()?;
        Ok(!cursor.valid())
    }

    /// The record under an engine key, decoded, and the sequence number up to which that holds.
    pub(crate) fn found(
        &self,
        snapshot: Option<&Snapshot>,
        key: &[u8],
    ) -> Result<(Option<Found<V>>, u64)> {
        let (found, sequence) = self.found_row(snapshot, key)?;
        Ok((found.transpose()?, sequence))
    }

    /// As [`found`](Self::found), with what is wrong with the record alone apart.
    pub(crate) fn found_row(
        &self,
        snapshot: Option<&Snapshot>,
        key: &[u8],
    ) -> Result<(Option<Result<Found<V>>>, u64)> {
        self.raw.look_up(snapshot, key, |record, expiry_ms| {
            self.decoder().found(key, record, expiry_ms)
        })
    }

    /// What turns this store's records into values, or into errors that say where.
    pub(crate) fn decoder(&self) -> Decoder<'_, V, C> {
        Decoder::new(&self.raw, &self.codec, &self.migrations)
    }
}
