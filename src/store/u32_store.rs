//! Numbers under numbers.

use super::lifetime::{Expiry, Ttl};
use super::raw_pairs::RawPairs;
use super::raw_store::RawStore;
use super::version::{Change, If};
use crate::engine::snapshot::Snapshot;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::key::byte_range::ByteRange;
use crate::key::key_part::KeyRef;
use crate::key::key_range::KeyRange;
use std::borrow::Borrow;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::ControlFlow;

/// A store of `u32` under `u32`: four bytes of key, big-endian so that they sort, and four bytes
/// of value, with nothing between. Keys and values are taken as numbers or as references to them.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-u32-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let scores = db.u32_store("scores")?;
/// scores.put(7, 99)?;
/// assert_eq!(scores.get(7)?, Some(99));
/// assert_eq!(scores.add(7, 1)?, 100);
/// scores.delete(7)?;
/// assert_eq!(scores.get(7)?, None);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Clone)]
pub struct U32Store {
    raw: RawStore,
}

impl U32Store {
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

    /// The number under `key`.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`; `Codec` where the value has not four bytes.
    pub fn get(&self, key: impl KeyRef<u32>) -> Result<Option<u32>> {
        self.with_key(key, |key| {
            let found = self
                .raw
                .get_with(key, |value| decode(&self.raw, key, value))?;
            found.transpose()
        })
    }

    /// The numbers under `keys` at one commit point, in their order, a key given twice answered
    /// twice.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_many<Q: KeyRef<u32>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<u32>>> {
        self.at(&self.raw.db.engine.snapshot()).get_many(keys)
    }

    /// True where there is a number under `key`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn contains(&self, key: impl KeyRef<u32>) -> Result<bool> {
        self.with_key(key, |key| Ok(self.raw.get_with(key, |_| ())?.is_some()))
    }

    /// Puts `value` under `key` with the default lifetime.
    ///
    /// # Errors
    /// `Io`, `Latched`, `Closed`.
    pub fn put(&self, key: impl KeyRef<u32>, value: impl Borrow<u32>) -> Result<()> {
        self.put_with(key, value, Ttl::Default)
    }

    /// Puts `value` under `key` with this lifetime.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with(&self, key: impl KeyRef<u32>, value: impl Borrow<u32>, ttl: Ttl) -> Result<()> {
        self.with_key(key, |key| {
            self.raw.put(key, &value.borrow().to_le_bytes(), ttl)
        })
    }

    /// Adds `amount` to the number under `key`, 0 where there is none, as one step; stops at the
    /// largest number there is. Keeps its lifetime. Answers the sum.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub fn add(&self, key: impl KeyRef<u32>, amount: u32) -> Result<u32> {
        let mut sum = 0;
        self.update(key, |old| {
            sum = old.unwrap_or(0).saturating_add(amount);
            Change::Put(sum)
        })?;
        Ok(sum)
    }

    /// Reads the number under `key`, lets `change` decide, and writes what it says, as one step;
    /// answers the number that is there then. A put keeps the lifetime. Where somebody else writes
    /// the key meanwhile, `change` is called again.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub fn update(
        &self,
        key: impl KeyRef<u32>,
        mut change: impl FnMut(Option<u32>) -> Change<u32>,
    ) -> Result<Option<u32>> {
        self.with_key(key, |key| {
            let read = |value: &[u8]| decode(&self.raw, key, value);
            self.raw.step(key, read, |batch, found| {
                let (old, kept_ms) = (found.map(|(old, _)| old), found.map(|(_, ms)| ms));
                let put = |batch: &mut WriteBatch, new: u32, ttl| -> Result<_> {
                    let value = new.to_le_bytes();
                    self.raw.put_into(batch, key, &value, ttl, kept_ms)?;
                    Ok(ControlFlow::Continue(Some(new)))
                };
                Ok(match change(old) {
                    Change::Nothing => ControlFlow::Break(old),
                    Change::Delete if old.is_none() => ControlFlow::Break(None),
                    Change::Delete => {
                        batch.delete(key)?;
                        ControlFlow::Continue(None)
                    }
                    Change::Put(new) => put(batch, new, Ttl::Keep)?,
                    Change::PutWith(new, ttl) => put(batch, new, ttl)?,
                })
            })
        })
    }

    /// Removes the number under `key`, durably, whether or not it is there.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete(&self, key: impl KeyRef<u32>) -> Result<()> {
        self.with_key(key, |key| self.raw.delete(key))
    }

    /// Removes the number under `key` and answers it, as one step: of several callers one gets it.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub fn take(&self, key: impl KeyRef<u32>) -> Result<Option<u32>> {
        self.with_key(key, |key| {
            self.raw.take(key, |value| decode(&self.raw, key, value))
        })
    }

    /// Puts `value` under `key` only where there is no number ([`If::Absent`]) or one
    /// ([`If::Present`]), as one step. One that is replaced passes its lifetime on; a new one gets
    /// the default.
    ///
    /// # Errors
    /// `Conflict` ([`is_conflict`](Error::is_conflict)) where the condition does not hold;
    /// `InvalidInput` for [`If::Version`], since these records have no versions; else as
    /// [`put`](Self::put).
    pub fn put_if(
        &self,
        key: impl KeyRef<u32>,
        value: impl Borrow<u32>,
        condition: If,
    ) -> Result<()> {
        let value = value.borrow().to_le_bytes();
        self.with_key(key, |key| self.raw.put_if(key, &value, condition))
    }

    /// Removes the number under `key` only where `condition` holds, as one step; answers whether
    /// there was one.
    ///
    /// # Errors
    /// As [`put_if`](Self::put_if).
    pub fn delete_if(&self, key: impl KeyRef<u32>, condition: If) -> Result<bool> {
        self.with_key(key, |key| self.raw.delete_if(key, condition))
    }

    /// The lifetime that the number under `key` has left.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn ttl(&self, key: impl KeyRef<u32>) -> Result<Expiry> {
        self.with_key(key, |key| self.raw.ttl(None, key))
    }

    /// Gives the number under `key` another lifetime; `false` where there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn touch(&self, key: impl KeyRef<u32>, ttl: Ttl) -> Result<bool> {
        self.with_key(key, |key| self.raw.touch(key, ttl))
    }

    /// Lets the number under `key` live for ever; `false` where there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn persist(&self, key: impl KeyRef<u32>) -> Result<bool> {
        self.touch(key, Ttl::Never)
    }

    /// All pairs, keys rising.
    pub fn iter(&self) -> U32Pairs<'static> {
        self.range(..)
    }

    /// The pairs whose keys lie in `range`, keys rising.
    pub fn range<R: KeyRange<u32>>(&self, range: R) -> U32Pairs<'static> {
        U32Pairs::new(&self.raw, None, ByteRange::keys::<u32, R>(&range))
    }

    /// How many pairs there are.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self) -> Result<u64> {
        self.raw.count(None, &ByteRange::all())
    }

    pub(crate) fn with_key<R>(&self, key: impl KeyRef<u32>, act: impl FnOnce(&[u8]) -> R) -> R {
        self.raw.with_key::<u32, _, R>(&key, act)
    }
}

impl fmt::Debug for U32Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("U32Store")
            .field("name", &self.raw.name)
            .finish_non_exhaustive()
    }
}

/// The number that the value under an engine key is.
pub(crate) fn decode(raw: &RawStore, key: &[u8], value: &[u8]) -> Result<u32> {
    value.try_into().map(u32::from_le_bytes).map_err(|_| {
        let (place, bytes) = (raw.place(key), value.len());
        let text = format!("{place}: its value is no u32: it has {bytes} bytes, not 4");
        Error::new(ErrorKind::Codec, text)
    })
}

/// Pairs of a [`U32Store`], as of a snapshot or else the commit point of the first step.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct U32Pairs<'a>(RawPairs<'a>);

impl<'a> U32Pairs<'a> {
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

    /// The keys alone.
    pub fn keys(self) -> impl FusedIterator<Item = Result<u32>> {
        self.map(|pair| pair.map(|(key, _)| key))
    }

    /// The values alone.
    pub fn values(self) -> impl FusedIterator<Item = Result<u32>> {
        self.map(|pair| pair.map(|(_, value)| value))
    }
}

impl Iterator for U32Pairs<'_> {
    type Item = Result<(u32, u32)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.step(|raw, cursor| {
            let key = raw.keyspace.strip(cursor.key());
            let key = key.try_into().map(u32::from_be_bytes).map_err(|_| {
                let (place, bytes) = (raw.place(cursor.key()), key.len());
                let text = format!("{place}: its key is no u32: it has {bytes} bytes, not 4");
                Error::new(ErrorKind::Codec, text)
            })?;
            Ok((key, decode(raw, cursor.key(), cursor.value())?))
        })
    }
}

impl FusedIterator for U32Pairs<'_> {}
