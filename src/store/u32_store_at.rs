//! A store of numbers as a snapshot sees it.

use super::lifetime::Expiry;
use super::u32_store::{U32Pairs, U32Store, decode};
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::KeyRef;
use crate::key::key_range::KeyRange;

impl U32Store {
    /// The store as `snapshot` sees it.
    #[must_use]
    pub fn at<'a>(&'a self, snapshot: &'a Snapshot) -> U32StoreAt<'a> {
        let store = self;
        U32StoreAt { store, snapshot }
    }
}

/// A store of numbers at one commit point. Reads only.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-u32-at-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let scores = db.u32_store("scores")?;
/// scores.put(7, 99)?;
/// let before = db.snapshot();
/// scores.add(7, 1)?;
/// assert_eq!(scores.at(&before).get(7)?, Some(99));
/// assert_eq!(scores.get(7)?, Some(100));
/// # drop(before);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct U32StoreAt<'a> {
    store: &'a U32Store,
    snapshot: &'a Snapshot,
}

impl<'a> U32StoreAt<'a> {
    /// The number under `key`.
    ///
    /// # Errors
    /// As [`U32Store::get`]; `InvalidInput` where the snapshot is another database's.
    pub fn get(&self, key: impl KeyRef<u32>) -> Result<Option<u32>> {
        let raw = self.store.raw();
        self.store.with_key(key, |key| {
            let look = |value: &[u8], _| decode(raw, key, value);
            let (found, _) = raw.look_up(Some(self.snapshot), key, look)?;
            found.transpose()
        })
    }

    /// The numbers under `keys`, in their order.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_many<Q: KeyRef<u32>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<u32>>> {
        keys.into_iter().map(|key| self.get(key)).collect()
    }

    /// True where there is a number under `key`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn contains(&self, key: impl KeyRef<u32>) -> Result<bool> {
        let raw = self.store.raw();
        self.store
            .with_key(key, |key| raw.contains(self.snapshot, key))
    }

    /// The lifetime that the number under `key` has left, at the snapshot's time.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn ttl(&self, key: impl KeyRef<u32>) -> Result<Expiry> {
        let raw = self.store.raw();
        self.store
            .with_key(key, |key| raw.ttl(Some(self.snapshot), key))
    }

    /// All pairs, keys rising.
    pub fn iter(&self) -> U32Pairs<'a> {
        self.range(..)
    }

    /// The pairs whose keys lie in `range`, keys rising.
    pub fn range<R: KeyRange<u32>>(&self, range: R) -> U32Pairs<'a> {
        let range = ByteRange::keys::<u32, R>(&range);
        U32Pairs::new(self.store.raw(), Some(self.snapshot), range)
    }

    /// How many pairs there are.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self) -> Result<u64> {
        let all = ByteRange::all();
        self.store.raw().count(Some(self.snapshot), &all)
    }
}
