//! What a store has to do to be measured.
//!
//! A new store is one file in `peers/` that implements [`Peer`], and a line in `stores.rs`.

use crate::records::Key;
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

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first key.
    Forward,
    /// From the last key.
    Backward,
}

/// A store that is measured, shared by the threads that write to it.
pub trait Peer: Sized + Send + Sync {
    /// Opens the store in `dir`, creating it where there is none.
    fn open(dir: &Path, writes: Writes) -> Outcome<Self>;

    /// Writes one record.
    fn put(&self, key: &Key, value: &[u8]) -> Outcome<()>;

    /// Writes records atomically.
    fn put_batch<'a>(&self, records: impl Iterator<Item = (Key, &'a [u8])>) -> Outcome<()>;

    /// Removes one record.
    fn delete(&self, key: &Key) -> Outcome<()>;

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
    fn get(&self, key: &Key) -> Outcome<Option<u64>>;

    /// Walks all records; answers how many there were.
    fn scan(&self, direction: Direction) -> Outcome<u64>;

    /// Walks up to `count` records from `key` on; answers how many there were.
    fn seek(&self, key: &Key, count: usize) -> Outcome<u64>;
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
