//! What a store has to do to be measured.
//!
//! A new store is one file in `peers/` that implements [`Peer`], and a line in `stores.rs`.

use std::path::Path;

/// Errors are told and end the run; nobody looks into them.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Memory for cached data, of every store that has a cache of its own.
pub const CACHE_BYTES: usize = 256 << 20;

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// When the operating system has it: a killed process loses nothing, a power cut may.
    Buffered,
    /// When it is on the device.
    Durable,
}

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// When its writes count as done.
    pub writes: Writes,
    /// One of very many in the process: the least memory it can be told to take.
    pub small: bool,
    /// All of its data is to fit its cache.
    pub roomy: bool,
}

impl Setup {
    /// Writes that the operating system has.
    pub const BUFFERED: Self = Self {
        writes: Writes::Buffered,
        small: false,
        roomy: false,
    };
    /// Writes that the device has.
    pub const DURABLE: Self = Self {
        writes: Writes::Durable,
        small: false,
        roomy: false,
    };
    /// One of very many.
    pub const SMALL: Self = Self {
        writes: Writes::Buffered,
        small: true,
        roomy: false,
    };
    /// Writes that the operating system has, and a cache for more data than any group has.
    pub const ROOMY: Self = Self {
        writes: Writes::Buffered,
        small: false,
        roomy: true,
    };

    /// Memory for cached data.
    pub fn cache_bytes(self) -> usize {
        match (self.small, self.roomy) {
            (true, _) => 1 << 20,
            (_, true) => 4 << 30,
            _ => CACHE_BYTES,
        }
    }

    /// Memory for data that is not in tables yet, where a store has such.
    pub fn memtable_bytes(self) -> usize {
        if self.small { 1 << 20 } else { 64 << 20 }
    }
}

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first key.
    Forward,
    /// From the last key.
    Backward,
}

/// Records of one batch of a bulk load, for stores that do not take all in one transaction.
const BULK_BATCH: usize = 10_000;

/// A store that is measured, shared by the threads that write to it.
pub trait Peer: Sized + Send + Sync {
    /// False where nothing it offers makes a write durable: it has no figures in such rows.
    const IS_DURABLE: bool = true;
    /// False where [`compact`](Self::compact) has nothing to call.
    const HAS_COMPACTION: bool = true;

    /// Opens the store in `dir`, creating it where there is none.
    fn open(dir: &Path, setup: Setup) -> Outcome<Self>;

    /// Writes one record.
    fn put(&self, key: &[u8], value: &[u8]) -> Outcome<()>;

    /// Writes records atomically.
    fn put_batch<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()>;

    /// Removes one record.
    fn delete(&self, key: &[u8]) -> Outcome<()>;

    /// Removes records atomically.
    fn delete_batch<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()>;

    /// Writes many records: in one transaction where that is how the store is loaded, and else in
    /// batches of 10,000.
    fn bulk_put<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        let mut records = records.peekable();
        while records.peek().is_some() {
            self.put_batch(records.by_ref().take(BULK_BATCH))?;
        }
        Ok(())
    }

    /// Removes many records in the same way.
    fn bulk_delete<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        let mut keys = keys.peekable();
        while keys.peek().is_some() {
            self.delete_batch(keys.by_ref().take(BULK_BATCH))?;
        }
        Ok(())
    }

    /// Writes through descriptors that are opened to be synchronous, since the store was opened:
    /// they reach the device without a call that could be counted.
    fn synchronous_writes(&self) -> u64 {
        0
    }

    /// What reads are done with, made once for many of them.
    fn reader(&self) -> Outcome<impl Reader + '_>;

    /// Waits until flushes and compactions have nothing left to do.
    fn settle(&self) -> Outcome<()>;

    /// Gives the space of what was deleted back, as far as the store has a way to.
    fn compact(&mut self) -> Outcome<()>;

    /// Closes the store cleanly.
    fn close(self) -> Outcome<()>;
}

/// Reads. Every answer depends on bytes of the value, so that no store can leave it unread.
pub trait Reader {
    /// The [`taste`] of the value under `key`.
    fn get(&self, key: &[u8]) -> Outcome<Option<u64>>;

    /// Walks all records; answers how many there were.
    fn scan(&self, direction: Direction) -> Outcome<u64>;

    /// Walks up to `count` records from `key` on; answers how many there were.
    fn seek(&self, key: &[u8], count: usize) -> Outcome<u64>;

    /// Walks the records whose keys begin with `prefix`; answers how many there were.
    fn prefix(&self, prefix: &[u8]) -> Outcome<u64>;
}

/// Touches a value at both ends.
pub fn taste(value: &[u8]) -> u64 {
    let ends = [value.first(), value.last()];
    ends.iter()
        .flatten()
        .fold(1, |sum, byte| sum + u64::from(**byte))
}

/// Touches every pair of a walk.
#[derive(Debug, Default)]
pub struct Walk {
    count: u64,
    sum: u64,
}

impl Walk {
    /// Takes one record in.
    #[inline]
    pub fn see(&mut self, key: &[u8], value: &[u8]) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(taste(key) ^ taste(value));
    }

    /// How many records were seen.
    pub fn count(&self) -> u64 {
        std::hint::black_box(self.sum);
        self.count
    }
}
