//! What an engine has done and what it holds, in figures.

use crate::sync::{AtomicU64, Ordering};

/// Counters that rise while the engine runs.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) written_bytes: AtomicU64,
    pub(crate) group_sizes: [AtomicU64; GROUP_SIZES],
    pub(crate) wal_bytes: AtomicU64,
    pub(crate) wal_syncs: AtomicU64,
    pub(crate) flushes: AtomicU64,
    pub(crate) flushed_bytes: AtomicU64,
    pub(crate) compactions: AtomicU64,
    pub(crate) compacted_bytes: AtomicU64,
    pub(crate) records_dropped: AtomicU64,
    pub(crate) writer_waits: AtomicU64,
    pub(crate) writer_wait_us: AtomicU64,
}

/// How many sizes of commit groups are told apart: up to 1, 2, 4 … 64 batches, and more.
pub(crate) const GROUP_SIZES: usize = 8;

impl Counters {
    /// Counts a commit group of so many batches and bytes of operations.
    pub(crate) fn note_group(&self, batches: usize, bytes: usize) {
        add(&self.commits, batches as u64);
        add(&self.groups, 1);
        add(&self.written_bytes, bytes as u64);
        let size = batches.next_power_of_two().trailing_zeros() as usize;
        if let Some(count) = self.group_sizes.get(size.min(GROUP_SIZES - 1)) {
            add(count, 1);
        }
    }
}

/// Adds to a counter; statistics need no order.
pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

/// What one level of tables holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LevelStats {
    /// Table files.
    pub tables: usize,
    /// Their bytes on disk.
    pub bytes: u64,
    /// Their entries: all versions and tombstones.
    pub entries: u64,
    /// Point and range tombstones among them.
    pub tombstones: u64,
}

/// Figures of an engine, since it was opened where they count events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EngineStats {
    /// Write batches committed.
    pub commits: u64,
    /// Groups of batches that were written and synced together.
    pub commit_groups: u64,
    /// Those groups by how many batches they had: up to 1, 2, 4, 8, 16, 32, 64, and more.
    pub commit_group_sizes: [u64; 8],
    /// Bytes of keys and values in those batches: what writers gave. All else that is written
    /// stands in proportion to it.
    pub written_bytes: u64,
    /// Gets that found a record. Counted with the feature `metrics`, else 0.
    pub gets_found: u64,
    /// Gets that found none. Counted with the feature `metrics`, else 0.
    pub gets_missed: u64,
    /// Bytes written to the log.
    pub wal_bytes: u64,
    /// Syncs of the log.
    pub wal_syncs: u64,
    /// Memtables written to tables.
    pub flushes: u64,
    /// Bytes those flushes wrote.
    pub flushed_bytes: u64,
    /// Compactions run.
    pub compactions: u64,
    /// Bytes that compactions wrote.
    pub compacted_bytes: u64,
    /// Entries that flushes and compactions dropped: shadowed, deleted or expired.
    pub records_dropped: u64,
    /// Times a writer was slowed down or waited because background work was behind.
    pub writer_waits: u64,
    /// How long writers waited in total, in microseconds.
    pub writer_wait_us: u64,
    /// Bytes in memtables.
    pub memtable_bytes: usize,
    /// Bytes in memtables that have been written to tables, and that only open scans, cursors and
    /// values read from them keep.
    pub pinned_memtable_bytes: usize,
    /// Memtables, the active one included.
    pub memtables: usize,
    /// Bytes of table blocks in the cache.
    pub cache_bytes: usize,
    /// Bytes of table blocks that are not in the cache, and that only open scans, cursors and
    /// values read from them keep.
    pub pinned_block_bytes: usize,
    /// Blocks that were in the cache. Counted with the feature `metrics`, else 0.
    pub cache_hits: u64,
    /// Blocks that were read from disk because the cache had them not.
    pub cache_misses: u64,
    /// Bytes of the indexes and filters of the tables that are open.
    pub table_index_bytes: usize,
    /// Bytes of table files that compactions have replaced, and that only open scans and cursors
    /// keep on disk.
    pub obsolete_table_bytes: u64,
    /// Table files kept open.
    pub open_files: usize,
    /// Snapshots held.
    pub snapshots: usize,
    /// Watches open.
    pub watches: usize,
    /// The last committed sequence number.
    pub sequence_last: u64,
    /// Flushes and compactions that failed. They leave everything as it was, and are tried again.
    pub work_failures: u64,
    /// Writes are refused since a failure that left in doubt what is on disk; a reopen finds out.
    pub is_latched: bool,
    /// What stands in the way: of writes, where they are refused, or else of the last flush or
    /// compaction. `None` once that has gone well.
    pub last_error: Option<String>,
    /// Levels 0 to 6.
    pub levels: Vec<LevelStats>,
}

impl EngineStats {
    /// Bytes of all table files.
    #[must_use]
    pub fn table_bytes(&self) -> u64 {
        self.levels.iter().map(|l| l.bytes).sum()
    }

    /// Table files.
    #[must_use]
    pub fn tables(&self) -> usize {
        self.levels.iter().map(|l| l.tables).sum()
    }
}
