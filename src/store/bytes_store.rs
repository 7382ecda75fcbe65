//! Bytes under bytes.

use super::lifetime::{Expiry, Ttl};
use super::raw_pairs::RawPairs;
use super::raw_store::RawStore;
use crate::engine::pinned_bytes::PinnedBytes;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_range::KeyRange;
use crate::key::raw_bytes::RawBytes;
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
#[derive(Debug, Clone)]
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

    /// All pairs, keys rising.
    pub fn iter(&self) -> BytesPairs {
        self.pairs(ByteRange::all())
    }

    /// The pairs whose keys lie in `range`.
    pub fn range<R: KeyRange<RawBytes>>(&self, range: R) -> BytesPairs {
        self.pairs(ByteRange::keys::<RawBytes, R>(&range))
    }

    /// The pairs whose keys begin with `prefix`.
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> BytesPairs {
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

    fn pairs(&self, range: ByteRange) -> BytesPairs {
        BytesPairs(RawPairs::new(&self.raw, range))
    }

    fn with_key<R>(&self, key: &[u8], act: impl FnOnce(&[u8]) -> R) -> R {
        self.raw.with_key::<RawBytes, [u8], R>(key, act)
    }
}

/// Pairs of a [`BytesStore`], as of the commit point of the first step.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct BytesPairs(RawPairs);

impl BytesPairs {
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

impl Iterator for BytesPairs {
    type Item = Result<(Box<[u8]>, PinnedBytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self
            .0
            .step(|key, cursor| Ok(cursor.pinned_value().map(|v| (key.into(), v))))?;
        step.transpose()
    }
}

impl FusedIterator for BytesPairs {}
