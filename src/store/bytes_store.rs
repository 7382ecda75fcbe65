//! Bytes under bytes.

use super::lifetime::{Expiry, Ttl};
use super::raw_pairs::RawPairs;
use super::raw_store::RawStore;
use super::version::If;
use crate::engine::pinned_bytes::PinnedBytes;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_range::KeyRange;
use crate::key::raw_bytes::RawBytes;
use std::fmt;
use std::iter::FusedIterator;

/// A store of bytes under bytes, in the order of the keys' bytes, with no codec between.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-bytes-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let blobs = db.bytes_store("blobs")?;
/// blobs.put(b"img/1", b"....")?;
/// assert_eq!(blobs.get(b"img/1")?.unwrap(), b"....");
/// assert_eq!(blobs.count_prefix(b"img/")?, 1);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Clone)]
pub struct BytesStore {
    raw: RawStore,
}

impl BytesStore {
    pub(crate) fn new(raw: RawStore) -> Self {
        Self { raw }
    }

    pub(crate) fn raw(&self) -> &RawStore {
        &self.raw
    }

    /// The name of the store.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.raw.name
    }

    /// The value under `key`, in place.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<PinnedBytes>> {
        self.with_key(key.as_ref(), |key| self.raw.get_pinned(None, key))
    }

    /// The value under `key` as `snapshot` sees it.
    ///
    /// # Errors
    /// As [`get`](Self::get); `InvalidInput` where the snapshot is another database's.
    pub fn get_at(
        &self,
        snapshot: &Snapshot,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<PinnedBytes>> {
        self.with_key(key.as_ref(), |key| self.raw.get_pinned(Some(snapshot), key))
    }

    /// The values under `keys` at one commit point, in their order, a key given twice answered
    /// twice.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_many<Q: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<PinnedBytes>>> {
        self.at(&self.raw.db.engine.snapshot()).get_many(keys)
    }

    /// Calls `look` with the value under `key`, borrowed in place.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_with<R>(
        &self,
        key: impl AsRef<[u8]>,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.with_key(key.as_ref(), |key| self.raw.get_with(key, look))
    }

    /// True where there is a value under `key`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn contains(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        Ok(self.get_with(key, |_| ())?.is_some())
    }

    /// Puts `value` under `key` with the default lifetime.
    ///
    /// # Errors
    /// `TooLarge`, `Io`, `Latched`, `Closed`.
    pub fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        self.put_with(key, value, Ttl::Default)
    }

    /// Puts `value` under `key` with this lifetime.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>, ttl: Ttl) -> Result<()> {
        self.with_key(key.as_ref(), |key| self.raw.put(key, value.as_ref(), ttl))
    }

    /// Removes the value under `key`, durably, whether or not it is there.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete(&self, key: impl AsRef<[u8]>) -> Result<()> {
        self.with_key(key.as_ref(), |key| self.raw.delete(key))
    }

    /// Removes the value under `key` and answers it, as one step: of several callers one gets it.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub fn take(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let read = |value: &[u8]| Ok(value.to_vec());
        self.with_key(key.as_ref(), |key| self.raw.take(key, read))
    }

    /// Puts `value` under `key` only where there is none ([`If::Absent`]) or one
    /// ([`If::Present`]), as one step. One that is replaced passes its lifetime on; a new one gets
    /// the default.
    ///
    /// # Errors
    /// `Conflict` ([`is_conflict`](crate::Error::is_conflict)) where the condition does not hold;
    /// `InvalidInput` for [`If::Version`], since these records have no versions; else as
    /// [`put`](Self::put).
    pub fn put_if(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        condition: If,
    ) -> Result<()> {
        self.with_key(key.as_ref(), |key| {
            self.raw.put_if(key, value.as_ref(), condition)
        })
    }

    /// Removes the value under `key` only where `condition` holds, as one step; answers whether
    /// there was one.
    ///
    /// # Errors
    /// As [`put_if`](Self::put_if).
    pub fn delete_if(&self, key: impl AsRef<[u8]>, condition: If) -> Result<bool> {
        self.with_key(key.as_ref(), |key| self.raw.delete_if(key, condition))
    }

    /// The lifetime that the value under `key` has left.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn ttl(&self, key: impl AsRef<[u8]>) -> Result<Expiry> {
        self.with_key(key.as_ref(), |key| self.raw.ttl(None, key))
    }

    /// Gives the value under `key` another lifetime; `false` where there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn touch(&self, key: impl AsRef<[u8]>, ttl: Ttl) -> Result<bool> {
        self.with_key(key.as_ref(), |key| self.raw.touch(key, ttl))
    }

    /// Lets the value under `key` live for ever; `false` where there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn persist(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        self.touch(key, Ttl::Never)
    }

    /// All pairs, keys rising.
    pub fn iter(&self) -> BytesPairs<'static> {
        self.pairs(ByteRange::all())
    }

    /// The pairs whose keys lie in `range`.
    pub fn range<R: KeyRange<RawBytes>>(&self, range: R) -> BytesPairs<'static> {
        self.pairs(ByteRange::keys::<RawBytes, R>(&range))
    }

    /// The pairs whose keys begin with `prefix`.
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> BytesPairs<'static> {
        self.pairs(ByteRange::starting_with(prefix.as_ref().to_vec()))
    }

    /// How many pairs there are.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self) -> Result<u64> {
        self.raw.count(None, &ByteRange::all())
    }

    /// How many keys begin with `prefix`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count_prefix(&self, prefix: impl AsRef<[u8]>) -> Result<u64> {
        self.raw
            .count(None, &ByteRange::starting_with(prefix.as_ref().to_vec()))
    }

    /// Removes everything whose key begins with `prefix`, at the cost of one write.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete_prefix(&self, prefix: impl AsRef<[u8]>) -> Result<()> {
        let range = ByteRange::starting_with(prefix.as_ref().to_vec());
        self.raw
            .retrying(0, |batch| self.raw.delete_range_into(batch, &range))
    }

    fn pairs(&self, range: ByteRange) -> BytesPairs<'static> {
        BytesPairs::new(&self.raw, None, range)
    }

    pub(crate) fn with_key<R>(&self, key: &[u8], act: impl FnOnce(&[u8]) -> R) -> R {
        self.raw.with_key::<RawBytes, [u8], R>(key, act)
    }
}

impl fmt::Debug for BytesStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesStore")
            .field("name", &self.raw.name)
            .finish_non_exhaustive()
    }
}

/// Pairs of a [`BytesStore`], as of a snapshot or else the commit point of the first step.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct BytesPairs<'a>(RawPairs<'a>);

impl<'a> BytesPairs<'a> {
    pub(crate) fn new(raw: &RawStore, snapshot: Option<&'a Snapshot>, range: ByteRange) -> Self {
        Self(RawPairs::new(raw, snapshot, range))
    }

    /// Keys falling.
    #[allow(clippy::should_implement_trait)]
    pub fn rev(mut self) -> Self {
        self.0.reverse();
        self
    }

    /// At most this many pairs.
    pub fn limit(mut self, pairs: usize) -> Self {
        self.0.limit(pairs);
        self
    }
}

impl Iterator for BytesPairs<'_> {
    type Item = Result<(Box<[u8]>, PinnedBytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.0.step(|raw, cursor| {
            let key = raw.keyspace.strip(cursor.key());
            Ok(cursor.pinned_value().map(|value| (key.into(), value)))
        })?;
        step.transpose()
    }
}

impl FusedIterator for BytesPairs<'_> {}
