//! A store of bytes as a snapshot sees it.

use super::bytes_store::{BytesPairs, BytesStore};
use super::lifetime::Expiry;
use crate::engine::pinned_bytes::PinnedBytes;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_range::KeyRange;
use crate::key::raw_bytes::RawBytes;

impl BytesStore {
    /// The store as `snapshot` sees it.
    #[must_use]
    pub fn at<'a>(&'a self, snapshot: &'a Snapshot) -> BytesStoreAt<'a> {
        let store = self;
        BytesStoreAt { store, snapshot }
    }
}

/// A store of bytes at one commit point. Reads only.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-bytes-at-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let blobs = db.bytes_store("blobs")?;
/// blobs.put(b"img/1", b"old")?;
/// let before = db.snapshot();
/// blobs.delete_prefix(b"img/")?;
/// assert_eq!(blobs.at(&before).get(b"img/1")?.unwrap(), b"old");
/// assert_eq!(blobs.at(&before).prefix(b"img/").count(), 1);
/// assert_eq!(blobs.get(b"img/1")?, None);
/// # drop(before);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BytesStoreAt<'a> {
    store: &'a BytesStore,
    snapshot: &'a Snapshot,
}

impl<'a> BytesStoreAt<'a> {
    /// The value under `key`, in place.
    ///
    /// # Errors
    /// As [`BytesStore::get`]; `InvalidInput` where the snapshot is another database's.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<PinnedBytes>> {
        self.store.get_at(self.snapshot, key)
    }

    /// The values under `keys`, in their order.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_many<Q: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<PinnedBytes>>> {
        keys.into_iter().map(|key| self.get(key)).collect()
    }

    /// True where there is a value under `key`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn contains(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        let raw = self.store.raw();
        self.store
            .with_key(key.as_ref(), |key| raw.contains(self.snapshot, key))
    }

    /// The lifetime that the value under `key` has left, at the snapshot's time.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn ttl(&self, key: impl AsRef<[u8]>) -> Result<Expiry> {
        let raw = self.store.raw();
        self.store
            .with_key(key.as_ref(), |key| raw.ttl(Some(self.snapshot), key))
    }

    /// All pairs, keys rising.
    pub fn iter(&self) -> BytesPairs<'a> {
        self.pairs(ByteRange::all())
    }

    /// The pairs whose keys lie in `range`.
    pub fn range<R: KeyRange<RawBytes>>(&self, range: R) -> BytesPairs<'a> {
        self.pairs(ByteRange::keys::<RawBytes, R>(&range))
    }

    /// The pairs whose keys begin with `prefix`.
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> BytesPairs<'a> {
        self.pairs(ByteRange::starting_with(prefix.as_ref().to_vec()))
    }

    /// How many pairs there are.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self) -> Result<u64> {
        self.count_prefix(b"")
    }

    /// How many keys begin with `prefix`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count_prefix(&self, prefix: impl AsRef<[u8]>) -> Result<u64> {
        let range = ByteRange::starting_with(prefix.as_ref().to_vec());
        self.store.raw().count(Some(self.snapshot), &range)
    }

    fn pairs(&self, range: ByteRange) -> BytesPairs<'a> {
        BytesPairs::new(self.store.raw(), Some(self.snapshot), range)
    }
}
