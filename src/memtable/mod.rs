//! Recent writes in memory: what the log already holds and no table does yet.
//!
//! A memtable is a bump arena of entries, a hash index for look-ups and sorted runs for scans;
//! there is no tree and no skip list. One writer at a time appends; any number of threads read.
//!
//! - [`map`] is the memtable itself: `get` without a lock, the writer, the counts.
//! - [`cursor`] walks all versions of all entries in order, in both directions.
//! - [`range_deletes`] keeps the range tombstones.
//! - Inside: `chunk` (the only unsafe code), `arena`, `record`, `index`, `item`, `run`,
//!   `merge`, `runs`, `tail`.
//!
//! It knows nothing of logs, tables, snapshots or expiry: every version and every tombstone is
//! handed out, and who may see it is decided above.

mod arena;
mod chunk;
pub(crate) mod cursor;
mod index;
mod item;
pub(crate) mod map;
mod merge;
pub(crate) mod range_deletes;
mod record;
mod run;
mod runs;
mod tail;

#[cfg(test)]
mod concurrency_tests;
#[cfg(test)]
mod model_tests;
