//! The figures of an engine, gathered from where they are kept.
//!
//! Takes no lock that a writer holds for long and costs what a look at every table's meta does; any
//! thread may ask at any time. What the figures mean is told in `stats`.

use super::core::Core;
use super::lsm::Engine;
use super::read_view::{Levels, ReadView};
use super::stats::{EngineStats, LevelStats};
use crate::error::{Error, Result};
use crate::format::file_name::FileName;
use crate::manifest::version::LEVELS;
use crate::sync::{Arc, AtomicU64, Ordering, Weak};

impl Engine {
    /// What the engine has done and what it holds.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let core = self.core();
        let view = core.view.load();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &core.counters;
        let (gets_found, gets_missed) = core.gets.sums();
        let open = view.levels.tables().filter_map(|t| t.table_if_open());
        EngineStats {
            commits: get(&counters.commits),
            commit_groups: get(&counters.groups),
            commit_group_sizes: counters.group_sizes.each_ref().map(get),
            written_bytes: get(&counters.written_bytes),
            gets_found,
            gets_missed,
            wal_bytes: get(&counters.wal_bytes),
            wal_syncs: get(&counters.wal_syncs),
            flushes: get(&counters.flushes),
            flushed_bytes: get(&counters.flushed_bytes),
            compactions: get(&counters.compactions),
            compacted_bytes: get(&counters.compacted_bytes),
            records_dropped: get(&counters.records_dropped),
            writer_waits: get(&counters.writer_waits),
            writer_wait_us: get(&counters.writer_wait_us),
            memtable_bytes: view.memtables().map(|m| m.bytes()).sum(),
            memtables: view.memtables().count(),
            cache_bytes: core.cache.bytes(),
            pinned_memtable_bytes: pinned_memtable_bytes(core, &view),
            pinned_block_bytes: core.cache.pinned_bytes(),
            obsolete_table_bytes: core.open_files.obsolete_bytes(),
            cache_hits: core.cache.found.sums().0,
            cache_misses: core.cache.misses(),
            table_index_bytes: open.map(|t| t.memory_bytes()).sum(),
            open_files: core.open_files.count(),
            snapshots: core.snapshots.count(),
            watches: core.watchers.count(),
            sequence_last: core.visible.load(Ordering::Acquire),
            work_failures: core.trouble.count(),
            is_latched: core.latch.is_closed(),
            last_error: last_error(core),
            levels: (0..LEVELS)
                .map(|level| level_stats(&view.levels, level))
                .collect(),
        }
    }
}

impl Engine {
    /// The bytes of all files in the directory, log segments kept for use again included. Asks the
    /// file system for each.
    ///
    /// # Errors
    /// `Io`, `Closed`.
    pub fn disk_bytes(&self) -> Result<u64> {
        let core = self.core();
        core.check_open()?;
        let names = core.file_system.list_dir(&core.dir);
        let names = names.map_err(|e| Error::io("list directory", &core.dir, e))?;
        let ours = names.into_iter().filter(|n| FileName::parse(n).is_some());
        // One that is removed meanwhile has no bytes any more.
        let bytes = ours.filter_map(|n| core.file_system.file_len(&core.dir.join(n)).ok());
        Ok(bytes.sum())
    }
}

/// The bytes of memtables that are alive and not in `view`.
fn pinned_memtable_bytes(core: &Core, view: &ReadView) -> usize {
    let aside = core.memtables_aside.lock();
    let alive = aside.iter().filter_map(Weak::upgrade);
    let pinned = alive.filter(|it| !view.memtables().any(|current| Arc::ptr_eq(current, it)));
    pinned.map(|memtable| memtable.bytes()).sum()
}

/// What stands in the way of writes, or of work behind them.
fn last_error(core: &Core) -> Option<String> {
    let latched = core.latch.cause();
    let latched = latched.or_else(|| core.hold.check().err().map(|error| error.to_string()));
    latched.or_else(|| core.trouble.shown().map(|error| error.to_string()))
}

fn level_stats(levels: &Levels, level: usize) -> LevelStats {
    let mut stats = LevelStats::default();
    for table in levels.level(level) {
        let properties = &table.meta().properties;
        stats.tables += 1;
        stats.bytes += table.meta().bytes;
        stats.entries += properties.entries;
        stats.tombstones += properties.tombstones + properties.range_tombstones;
    }
    stats
}
