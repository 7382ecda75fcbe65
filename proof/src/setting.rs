//! How the engine of a history is set.

use grainstore::engine::{Background, Compaction, Durability, EngineOptions, OpenTables};

/// How tables are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Leveled,
    SizeTiered,
    /// Now the one and now the other, as the reopens of the history have it.
    Switching,
}

/// How a history's engine is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// False: sizes as small as they go. True: the defaults.
    pub default_sizes: bool,
    /// A thread of the engine's own rather than the writers.
    pub thread: bool,
    pub durability: Durability,
    pub block_bytes: u16,
    pub level1_kib: u8,
    pub cache_kib: u16,
    pub filter: bool,
    pub hash_index: bool,
    pub wal_segment_kib: u8,
    pub close_flush: bool,
    pub verify_new_tables: bool,
    pub style: Style,
}

impl Setting {
    /// Everything small, every commit durable, work inline, leveled.
    pub const SMALL: Self = Self {
        default_sizes: false,
        thread: false,
        durability: Durability::Sync,
        block_bytes: 128,
        level1_kib: 8,
        cache_kib: 32,
        filter: true,
        hash_index: true,
        wal_segment_kib: 6,
        close_flush: false,
        verify_new_tables: false,
        style: Style::Leveled,
    };

    /// The engine's options, with a memtable of so many KiB.
    #[must_use]
    pub fn options(&self, memtable_kib: u8) -> EngineOptions {
        let mut options = EngineOptions::default();
        if self.thread {
            options.background = Background::Thread;
        } else {
            options.background = Background::Inline;
        }
        options.durability = self.durability;
        options.verify_new_tables = self.verify_new_tables;
        let tiered = match self.style {
            Style::Leveled => false,
            Style::SizeTiered => true,
            Style::Switching => memtable_kib % 2 == 1,
        };
        if self.default_sizes {
            if tiered {
                options.compaction = Compaction::size_tiered();
            }
            return options;
        }
        if tiered {
            options.compaction = Compaction::SizeTiered {
                runs_merged_min: 2 + usize::from(self.level1_kib % 3),
                runs_max: 6,
                space_percent_max: 200,
            };
            options.open_tables = OpenTables::Prefetch { threads: 2 };
        }
        options.memtable_bytes = usize::from(memtable_kib.max(4)) << 10;
        options.block_bytes = usize::from(self.block_bytes.max(64));
        options.table_bytes = 4 << 10;
        options.level0_tables = 2;
        options.level1_bytes = u64::from(self.level1_kib.max(4)) << 10;
        options.level_ratio = 2;
        options.cache_bytes = usize::from(self.cache_kib) << 10;
        options.filter_bits_per_key = if self.filter { 10 } else { 0 };
        options.block_hash_index = self.hash_index;
        options.wal_segment_bytes = u64::from(self.wal_segment_kib.max(4)) << 10;
        options.close_flush_bytes = if self.close_flush { 0 } else { 1 << 20 };
        options
    }
}
