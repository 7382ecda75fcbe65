//! A typed store: values under typed keys, with lifetimes and versions.

use super::entry::{Decoder, Found};
use super::lifetime::{Expiry, Ttl};
use super::raw_store::RawStore;
use super::record::RecordHeader;
use super::version::{Change, If, Version, Versioned};
use crate::codec::contract::Codec;
use crate::engine::snapshot::Snapshot;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::KeyPrefix;
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
    pub(crate) schema_version: u32,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V, C> Clone for GrainStore<K, V, C> {
    fn clone(&self) -> Self {
        let (raw, codec) = (self.raw.clone(), Arc::clone(&self.codec));
        Self {
            raw,
            codec,
            schema_version: self.schema_version,
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
    pub(crate) fn new(raw: RawStore, codec: C, schema_version: u32) -> Self {
        Self {
            raw,
            codec: Arc::new(codec),
            schema_version,
            types: PhantomData,
        }
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

    /// Puts `value` under `key` with the default lifetime; a lifetime set before is dropped.
    ///
    /// # Errors
    /// `Codec` where the value cannot be encoded; `TooLarge`; `Io`, `Latched`, `Closed`.
    pub fn put<Q: ?Sized + KeyRef<K>>(&self, key: &Q, value: &V) -> Result<()> {
        self.put_with(key, value, Ttl::Default)
    }

    /// Puts `value` under `key` with this lifetime.
    ///
    /// ```
    /// use grainstore::{Db, Expiry, Ttl};
    /// use std::time::Duration;
    /// # let dir = std::env::temp_dir().join(format!("grainstore-doc-ttl-{}", std::process::id()));
    /// # let db = Db::open(&dir)?;
    /// let otps = db.store::<String, u32>("one-time passwords")?;
    /// otps.put_with("ada", &123_456, Ttl::After(Duration::from_secs(120)))?;
    /// assert!(matches!(otps.ttl("ada")?, Expiry::In(left) if left <= Duration::from_secs(120)));
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with<Q: ?Sized + KeyRef<K>>(&self, key: &Q, value: &V, ttl: Ttl) -> Result<()> {
        self.raw.with_key(key, |key| {
            loop {
                let mut batch = WriteBatch::new();
                self.put_into(&mut batch, key, value, ttl)?;
                match self.raw.db.engine.write(batch) {
                    // Only a kept lifetime is guarded; somebody was quicker, so look again.
                    Err(error) if error.is_conflict() => {}
                    done => return done,
                }
            }
        })
    }

    /// Appends a put under an engine key. [`Ttl::Keep`] reads the lifetime that is there, and
    /// guards the batch against its change.
    pub(crate) fn put_into(
        &self,
        batch: &mut WriteBatch,
        key: &[u8],
        value: &V,
        ttl: Ttl,
    ) -> Result<()> {
        let kept_ms = self.raw.kept_lifetime(batch, key, ttl)?;
        self.put_kept(batch, key, value, ttl, kept_ms).map(|_| ())
    }

    /// As [`put_into`](Self::put_into) where the kept lifetime is known; answers the version.
    fn put_kept(
        &self,
        batch: &mut WriteBatch,
        key: &[u8],
        value: &V,
        ttl: Ttl,
        kept_ms: Option<u64>,
    ) -> Result<Version> {
        let version = self.raw.db.next_version();
        let mut record = Vec::with_capacity(128);
        RecordHeader {
            version,
            schema_version: self.schema_version,
        }
        .encode(&mut record);
        let encoded = self.codec.encode(value, &mut record);
        encoded.map_err(|e| self.decoder().encode_error(key, e))?;
        batch.raise_sequence_floor(version);
        self.raw.put_into(batch, key, &record, ttl, kept_ms)?;
        Ok(Version(version))
    }

    /// Removes the record under `key`, whether or not it is there. To know whether it was, or what,
    /// use [`delete_if`](Self::delete_if) or [`take`](Self::take).
    ///
    /// # Errors
    /// `Io`, `Latched`, `Closed`.
    pub fn delete<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<()> {
        self.raw.with_key(key, |key| self.raw.delete(key))
    }

    /// Removes the record under `key` and answers its value, as one step: of several callers one
    /// gets it.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put). A value that cannot be decoded stays.
    pub fn take<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Option<V>> {
        self.raw.with_key(key, |key| {
            loop {
                let (found, sequence) = self.found(None, key)?;
                let Some(found) = found else { return Ok(None) };
                let mut batch = WriteBatch::new();
                batch.guard(key, sequence);
                batch.delete(key)?;
                match self.raw.db.engine.write(batch) {
                    Err(error) if error.is_conflict() => {}
                    done => return done.map(|()| Some(found.value)),
                }
            }
        })
    }

    /// The lifetime that the record under `key` has left.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`.
    pub fn ttl<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Expiry> {
        self.raw.with_key(key, |key| self.raw.ttl(None, key))
    }

    /// Gives the record under `key` another lifetime; `false` where there is none. The value and
    /// its version stay. Costs a read and a write of the record.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn touch<Q: ?Sized + KeyRef<K>>(&self, key: &Q, ttl: Ttl) -> Result<bool> {
        self.raw.with_key(key, |key| self.raw.touch(key, ttl))
    }

    /// Lets the record under `key` live for ever; `false` where there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn persist<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<bool> {
        self.touch(key, Ttl::Never)
    }

    /// Puts `value` under `key` only where `condition` holds, as one step, keeping the lifetime of
    /// the record that is there (a new one gets the default); answers the new version.
    ///
    /// # Errors
    /// `Conflict` ([`is_conflict`](Error::is_conflict)) where it does not hold; else as
    /// [`put`](Self::put).
    pub fn put_if<Q: ?Sized + KeyRef<K>>(
        &self,
        key: &Q,
        value: &V,
        condition: If,
    ) -> Result<Version> {
        self.raw.with_key(key, |key| {
            self.conditionally(key, condition, |batch, kept_ms| {
                self.put_kept(batch, key, value, Ttl::Keep, kept_ms)
            })
        })
    }

    /// Removes the record under `key` only where `condition` holds, as one step; answers whether
    /// there was one to remove.
    ///
    /// # Errors
    /// As [`put_if`](Self::put_if).
    pub fn delete_if<Q: ?Sized + KeyRef<K>>(&self, key: &Q, condition: If) -> Result<bool> {
        self.raw.with_key(key, |key| {
            self.conditionally(key, condition, |batch, kept_ms| {
                batch.delete(key)?;
                Ok(kept_ms.is_some())
            })
        })
    }

    /// Commits what `write` appends where `condition` holds. Somebody else's write in between
    /// makes it look again, so that a conflict is always one of the condition itself.
    fn conditionally<R>(
        &self,
        key: &[u8],
        condition: If,
        write: impl Fn(&mut WriteBatch, Option<u64>) -> Result<R>,
    ) -> Result<R> {
        loop {
            let (found, sequence) = self.raw.look_up(None, key, |record, expiry_ms| {
                RecordHeader::decode(record).map(|(header, _)| (header.version, expiry_ms))
            })?;
            let found = found
                .transpose()
                .map_err(|what| self.decoder().damaged(key, what))?;
            if !condition.holds(found.map(|(version, _)| version)) {
                return Err(self.conflict(key, condition, found.map(|(version, _)| version)));
            }
            let mut batch = WriteBatch::new();
            batch.guard(key, sequence);
            let answer = write(&mut batch, found.map(|(_, expiry_ms)| expiry_ms))?;
            match self.raw.db.engine.write(batch) {
                Err(error) if error.is_conflict() => {}
                done => return done.map(|()| answer),
            }
        }
    }

    #[cold]
    fn conflict(&self, key: &[u8], condition: If, found: Option<u64>) -> Error {
        let found = found.map_or_else(
            || "there is none".to_owned(),
            |version| format!("there is one of version {version}; read it and retry"),
        );
        let place = self.decoder().place(key);
        let text = format!("{place}: {condition} was expected, but {found}");
        Error::new(ErrorKind::Conflict, text)
    }

    /// Reads the record under `key`, lets `change` decide, and writes what it says, as one step;
    /// answers the version of the record that is there then.
    ///
    /// Where somebody else writes the key meanwhile, `change` is called again with what they wrote.
    /// A put keeps the lifetime of the record.
    ///
    /// ```
    /// use grainstore::{Change, Db};
    /// # let dir = std::env::temp_dir().join(format!("grainstore-doc-up-{}", std::process::id()));
    /// # let db = Db::open(&dir)?;
    /// let hits = db.store::<String, u64>("hits")?;
    /// hits.update("/index", |old| Change::Put(old.unwrap_or(0) + 1))?;
    /// assert_eq!(hits.get("/index")?, Some(1));
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub fn update<Q: ?Sized + KeyRef<K>>(
        &self,
        key: &Q,
        mut change: impl FnMut(Option<V>) -> Change<V>,
    ) -> Result<Option<Version>> {
        self.raw.with_key(key, |key| {
            loop {
                let (found, sequence) = self.found(None, key)?;
                let (old, version, kept_ms) = match found {
                    Some(f) => (Some(f.value), Some(Version(f.version)), Some(f.expiry_ms)),
                    None => (None, None, None),
                };
                let mut batch = WriteBatch::new();
                batch.guard(key, sequence);
                let answer = match change(old) {
                    Change::Nothing => return Ok(version),
                    Change::Delete if version.is_none() => return Ok(None),
                    Change::Delete => batch.delete(key).map(|()| None)?,
                    Change::Put(new) => {
                        Some(self.put_kept(&mut batch, key, &new, Ttl::Keep, kept_ms)?)
                    }
                };
                match self.raw.db.engine.write(batch) {
                    Err(error) if error.is_conflict() => {}
                    done => return done.map(|()| answer),
                }
            }
        })
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

    /// Removes every record under `prefix`, at the cost of one write however many there are.
    ///
    /// # Errors
    /// `Io`, `Latched`, `Closed`.
    pub fn delete_prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Result<()> {
        let mut batch = WriteBatch::new();
        self.raw
            .delete_range_into(&mut batch, &ByteRange::prefix::<K, P>(&prefix))?;
        self.raw.db.engine.write(batch)
    }

    /// The record under an engine key, decoded, and the sequence number up to which that holds.
    pub(crate) fn found(
        &self,
        snapshot: Option<&Snapshot>,
        key: &[u8],
    ) -> Result<(Option<Found<V>>, u64)> {
        let (found, sequence) = self.raw.look_up(snapshot, key, |record, expiry_ms| {
            self.decoder().found(key, record, expiry_ms)
        })?;
        Ok((found.transpose()?, sequence))
    }

    /// What turns this store's records into values, or into errors that say where.
    pub(crate) fn decoder(&self) -> Decoder<'_, V, C> {
        Decoder::new(&self.raw, &self.codec)
    }
}
