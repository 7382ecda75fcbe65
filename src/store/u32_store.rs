//! Numbers under numbers.

use super::lifetime::{Expiry, Ttl};
use super::raw_pairs::RawPairs;
use super::raw_store::RawStore;
use super::version::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::key::byte_range::ByteRange;
use crate::key::key_part::KeyRef;
use crate::key::key_range::KeyRange;
use std::borrow::Borrow;
use std::iter::FusedIterator;

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
#[derive(Debug, Clone)]
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
        self.with_key(key, |key| self.raw.get_with(key, decode)?.transpose())
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
            self.raw.retrying(0, |batch| {
                let look = |value: &[u8], expiry_ms| decode(value).map(|v| (v, expiry_ms));
                let (found, sequence) = self.raw.look_up(None, key, look)?;
                let found = found.transpose()?;
                let old = found.map(|(value, _)| value);
                let (new, ttl) = match change(old) {
                    Change::Nothing => return Ok(old),
                    Change::Delete if old.is_none() => return Ok(None),
                    Change::Delete => {
                        batch.guard(key, sequence);
                        return batch.delete(key).map(|()| None);
                    }
                    Change::Put(new) => (new, Ttl::Keep),
                    Change::PutWith(new, ttl) => (new, ttl),
                };
                batch.guard(key, sequence);
                let (value, kept_ms) = (new.to_le_bytes(), found.map(|(_, ms)| ms));
                self.raw.put_into(batch, key, &value, ttl, kept_ms)?;
                Ok(Some(new))
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

    /// All pairs, keys rising.
    pub fn iter(&self) -> U32Pairs {
        self.range(..)
    }

    /// The pairs whose keys lie in `range`, keys rising.
    pub fn range<R: KeyRange<u32>>(&self, range: R) -> U32Pairs {
        U32Pairs(RawPairs::new(&self.raw, ByteRange::keys::<u32, R>(&range)))
    }

    /// How many pairs there are.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self) -> Result<u64> {
        self.raw.count(None, &ByteRange::all())
    }

    fn with_key<R>(&self, key: impl KeyRef<u32>, act: impl FnOnce(&[u8]) -> R) -> R {
        self.raw.with_key::<u32, _, R>(&key, act)
    }
}

fn decode(value: &[u8]) -> Result<u32> {
    value.try_into().map(u32::from_le_bytes).map_err(|_| {
        let text = format!("a value of a u32 store has {} bytes, not 4", value.len());
        Error::new(ErrorKind::Codec, text)
    })
}

/// Pairs of a [`U32Store`], as of the commit point of the first step.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct U32Pairs(RawPairs);

impl U32Pairs {
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

impl Iterator for U32Pairs {
    type Item = Result<(u32, u32)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.step(|key, cursor| {
            let key = key.try_into().map(u32::from_be_bytes).map_err(|_| {
                let text = format!("a key of a u32 store has {} bytes, not 4", key.len());
                Error::new(ErrorKind::Codec, text)
            })?;
            Ok((key, decode(cursor.value())?))
        })
    }
}

impl FusedIterator for U32Pairs {}
