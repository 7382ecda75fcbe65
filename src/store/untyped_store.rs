//! A store without its types: encoded keys and values, records framed as the typed store frames
//! them.
//!
//! For tools. Everything a typed store promises of records holds here, too: versions rise, batches
//! hold or fail whole, expiry is heeded. What it cannot check is whether the bytes of a value are
//! one; keys are held against the schema of the store. Any thread may use it.

use super::lifetime::{Expiry, Ttl, expiry_time};
use super::raw_pairs::RawPairs;
use super::raw_store::RawStore;
use super::record::RecordHeader;
use super::store_info::StoreInfo;
use super::version::Version;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::key::byte_range::ByteRange;
use crate::key::raw_bytes::RawBytes;
use crate::key::shape::Shape;
use crate::sync::Arc;
use std::iter::FusedIterator;
use std::time::SystemTime;

/// Any store of a database, by encoded keys and encoded values.
///
/// Keys and their bytes are turned into each other with [`Shape::decode`] and [`Shape::encode`],
/// values with the codec that [`StoreInfo::codec`] names.
///
/// ```
/// use grainstore::key::Key;
/// # let dir = std::env::temp_dir().join(format!("grainstore-untyped-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let typed = db.store_with::<u32, String, _>("names", grainstore::Json)?;
/// let untyped = db.untyped_store("names")?.unwrap();
/// untyped.put(&7u32.encode_key(), br#""ada""#)?;
/// assert_eq!(typed.get(&7)?.unwrap(), "ada");
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct UntypedStore {
    raw: RawStore,
    info: Arc<StoreInfo>,
}

/// A record of an [`UntypedStore`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UntypedRecord {
    /// The encoded value.
    pub value: Vec<u8>,
    /// Its version; `None` in stores of kind `u32` and `bytes`, which keep none.
    pub version: Option<Version>,
    /// The version of the value schema that it was written under.
    pub schema_version: u32,
    /// When it stops existing; `None` for never.
    pub expires_at: Option<SystemTime>,
}

impl UntypedStore {
    pub(crate) fn new(raw: RawStore, info: StoreInfo) -> Self {
        let info = Arc::new(info);
        Self { raw, info }
    }

    pub(crate) fn raw(&self) -> &RawStore {
        &self.raw
    }

    /// What the store was made as.
    #[must_use]
    pub fn info(&self) -> &StoreInfo {
        &self.info
    }

    /// The structure of its keys.
    #[must_use]
    pub fn key_shape(&self) -> &Shape {
        &self.raw.key_shape
    }

    /// The record under the encoded `key`.
    ///
    /// # Errors
    /// `Codec` where its header cannot be read; `Corruption`, `Io`, `Closed`.
    pub fn get(&self, key: &[u8]) -> Result<Option<UntypedRecord>> {
        let look = |record: &[u8], expiry_ms| self.record(key, record, expiry_ms);
        let (found, _) = self.with_key(key, |key| self.raw.look_up(None, key, look))?;
        found.transpose()
    }

    /// Puts the encoded `value` under the encoded `key`, with the default lifetime.
    ///
    /// # Errors
    /// `InvalidInput` where the key is none of this store, or the value of a `u32` store has not
    /// four bytes, or the store [has indexes](Self::check_writable); `TooLarge`, `Io`, `Latched`,
    /// `Closed`.
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.put_with(key, value, Ttl::Default)
    }

    /// As [`put`](Self::put), with this lifetime.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with(&self, key: &[u8], value: &[u8], ttl: Ttl) -> Result<()> {
        self.with_key(key, |key| {
            // Only a kept lifetime is guarded.
            self.raw
                .retrying(0, |batch| self.put_into(batch, key, value, ttl))
        })
    }

    /// Appends a put under an engine key.
    pub(crate) fn put_into(
        &self,
        batch: &mut WriteBatch,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
    ) -> Result<()> {
        self.check(self.raw.keyspace.strip(key), value)?;
        if !self.is_framed() {
            return self.raw.put_guarded_into(batch, key, value, ttl);
        }
        let version = self.raw.db.next_version();
        let schema_version = self.info.value_schema_version;
        let mut record = Vec::with_capacity(value.len() + 16);
        let header = RecordHeader {
            version,
            schema_version,
        };
        header.encode(&mut record);
        record.extend_from_slice(value);
        batch.raise_sequence_floor(version);
        self.raw.put_guarded_into(batch, key, &record, ttl)
    }

    /// Removes the record under the encoded `key`, whether or not it is there.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete(&self, key: &[u8]) -> Result<()> {
        self.check_writable()?;
        self.with_key(key, |key| self.raw.delete(key))
    }

    /// Removes every record whose encoded key lies in `range`, at the cost of one write.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete_range(&self, range: &ByteRange) -> Result<()> {
        self.check_writable()?;
        let mut batch = WriteBatch::new();
        self.raw.delete_range_into(&mut batch, range)?;
        self.raw.db.engine.write(batch)
    }

    /// The lifetime that the record under the encoded `key` has left.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn ttl(&self, key: &[u8]) -> Result<Expiry> {
        self.with_key(key, |key| self.raw.ttl(None, key))
    }

    /// Gives the record under the encoded `key` another lifetime; `false` where there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn touch(&self, key: &[u8], ttl: Ttl) -> Result<bool> {
        self.check_writable()?;
        self.with_key(key, |key| self.raw.touch(key, ttl))
    }

    /// How many records have encoded keys in `range`. Walks their keys.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self, range: &ByteRange) -> Result<u64> {
        self.raw.count(None, range)
    }

    /// The records whose encoded keys lie in `range`, keys rising.
    pub fn records(&self, range: ByteRange) -> UntypedRecords {
        let pairs = RawPairs::new(&self.raw, None, range);
        let store = self.clone();
        UntypedRecords { store, pairs }
    }

    /// An error where the store has indexes: what they hold of a record only the program knows that
    /// declares them.
    ///
    /// # Errors
    /// `InvalidInput` that names the indexes.
    pub fn check_writable(&self) -> Result<()> {
        if self.info.indexes.is_empty() {
            return Ok(());
        }
        let text = format!(
            "the store {:?} has indexes ({}), which only the program that declares them can keep; \
             write through it",
            self.info.name,
            self.info.indexes.join(", ")
        );
        Err(Error::new(ErrorKind::InvalidInput, text))
    }

    /// The version of a record under an engine key; 0 where it has none.
    pub(crate) fn version_of(&self, key: &[u8], record: &[u8]) -> Result<u64> {
        let record = self.record(self.raw.keyspace.strip(key), record, 0)?;
        Ok(record.version.map_or(0, Version::get))
    }

    /// True where a record has a header before its value.
    pub(crate) fn is_framed(&self) -> bool {
        self.info.kind == "grains"
    }

    fn with_key<R>(&self, key: &[u8], act: impl FnOnce(&[u8]) -> R) -> R {
        self.raw.with_key::<RawBytes, [u8], R>(key, act)
    }

    fn check(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.check_writable()?;
        let shape = &*self.raw.key_shape;
        let refused = |what: String| {
            let text = format!("store {:?}: {what}", self.info.name);
            Err(Error::new(ErrorKind::InvalidInput, text))
        };
        match shape.decode(key) {
            Err(error) if !shape.has_custom() => refused(format!("no key of {shape}: {error}")),
            _ if self.info.kind == "u32" && value.len() != 4 => {
                refused(format!("a value has four bytes, not {}", value.len()))
            }
            _ => Ok(()),
        }
    }

    fn record(&self, key: &[u8], record: &[u8], expiry_ms: u64) -> Result<UntypedRecord> {
        let expires_at = expiry_time(expiry_ms);
        if !self.is_framed() {
            return Ok(UntypedRecord {
                value: record.to_vec(),
                version: None,
                schema_version: 0,
                expires_at,
            });
        }
        let (header, value) = RecordHeader::decode(record).map_err(|what| {
            let (name, key) = (&self.info.name, self.raw.key_shape.print(key));
            Error::new(
                ErrorKind::Codec,
                format!("store {name:?}, key {key}: {what}"),
            )
        })?;
        Ok(UntypedRecord {
            value: value.to_vec(),
            version: Some(Version(header.version)),
            schema_version: header.schema_version,
            expires_at,
        })
    }
}

/// Encoded keys and records of an [`UntypedStore`], as of the commit point of the first step.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct UntypedRecords {
    store: UntypedStore,
    pairs: RawPairs<'static>,
}

impl UntypedRecords {
    /// Keys falling.
    #[allow(clippy::should_implement_trait)]
    pub fn rev(mut self) -> Self {
        self.pairs.reverse();
        self
    }

    /// At most this many records.
    pub fn limit(mut self, records: usize) -> Self {
        self.pairs.limit(records);
        self
    }
}

impl Iterator for UntypedRecords {
    type Item = Result<(Box<[u8]>, UntypedRecord)>;

    fn next(&mut self) -> Option<Self::Item> {
        let store = &self.store;
        self.pairs.step(|_, cursor| {
            let key = store.raw.keyspace.strip(cursor.key());
            let record = store.record(key, cursor.value(), cursor.expiry_ms())?;
            Ok((key.into(), record))
        })
    }
}

impl FusedIterator for UntypedRecords {}
