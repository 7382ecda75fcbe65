//! What an engine can be told when it is opened: one struct, each field with its unit and cost.

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::format::database_format::FormatWindow;
use crate::fs::file_system::FileSystem;
use crate::fs::real_disk::RealDisk;
use crate::manifest::version::LEVELS;
use crate::wal::segment::WalOptions;
use std::sync::Arc;
use std::time::Duration;

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// When it is on the device: no crash or power cut loses it. One device flush serves all the
    /// writers that wait at the same time. A read sees only such writes, but for what
    /// [`Engine::open`](crate::engine::Engine::open) says of the moment after a kill. The default.
    #[default]
    Sync,
    /// When the operating system has it; a flush follows within the window. A power cut may lose
    /// the last window's writes, from the newest backwards and batches whole; a killed process
    /// loses nothing.
    Batch(Duration),
    /// When the operating system has it; flushed when the log is rolled, the database closed or
    /// [`sync`](crate::engine::Engine::sync) called, and where log segments have 8 MiB or more
    /// every few MiB by a thread of its own. A killed process loses nothing.
    Buffered,
}

/// How blocks of tables are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BlockCompression {
    /// Not at all. The default.
    #[default]
    None,
    /// LZ4, from level 1 down; needs the feature `lz4`.
    Lz4,
    /// zstd at its level 1, from level 1 down; needs the feature `zstd`.
    Zstd,
}

/// How tables are merged: what a write costs later, against what a read and the space cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compaction {
    /// Each level below 0 is one sorted run, [`level_ratio`](EngineOptions::level_ratio) times as
    /// large as the one above. The fewest places to look in and the least space; each byte is
    /// written again some ten times for each level. The default.
    #[default]
    Leveled,
    /// Sorted runs of about the same size merge into one. Each byte is written again once for each
    /// tier, and there are tens in the place of millions of them; a read has more runs to ask, and
    /// up to `space_percent_max` of the data is there twice. For much writing and few reads of
    /// keys that are not there.
    SizeTiered {
        /// Neighbouring runs of about the same size that make a merge due. 2 to 32.
        runs_merged_min: usize,
        /// More runs than this merge whatever their sizes: the bound on what a read asks. 2 to
        /// 256, not less than `runs_merged_min`.
        runs_max: usize,
        /// When all newer runs together are larger than the oldest by so much, everything merges.
        /// In percent, 10 to 10,000.
        space_percent_max: u32,
    },
}

impl Compaction {
    /// Size-tiered: four runs of a size merge, 24 runs at most, and at most 300 % of the oldest run
    /// beside it.
    #[must_use]
    pub const fn size_tiered() -> Self {
        Self::SizeTiered {
            runs_merged_min: 4,
            runs_max: 24,
            space_percent_max: 300,
        }
    }
}

/// When tables are opened, which is to read their indexes and filters. From then on those stay in
/// memory, beside the cache, until a compaction has replaced the table; its file need not stay
/// open, see [`EngineOptions::open_files_max`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenTables {
    /// When a read first needs the table. A database with many tables opens at once, and its first
    /// reads are slower. The default.
    #[default]
    Lazy,
    /// Before the open of the database returns, on so many threads, 1 to 64; new tables when they
    /// are made. A damaged index or filter then makes the open fail.
    Prefetch {
        /// Threads that open tables side by side.
        threads: usize,
    },
}

/// Where flushes and compactions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Background {
    /// On a thread of the engine's own. The default.
    #[default]
    Thread,
    /// On the thread of the writer that makes them due, before its write returns. Nothing then
    /// depends on thread timing: the same calls make the same files.
    Inline,
}

/// The options of an engine. All have defaults that are safe; sizes are bytes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EngineOptions {
    /// When a write counts as done. Default [`Durability::Sync`].
    pub durability: Durability,
    /// The memtable is written to a table when it holds this much, what it takes beside keys and
    /// values included. 4 KiB to 4 GiB, default 64 MiB. Memory use is up to this times
    /// [`memtables_max`](Self::memtables_max), and for each of them the one commit that filled it
    /// up: a batch, however large, or up to 4 MiB of batches that were committed together. A batch
    /// is in memory of its own beside that until it is committed. Memtables that open scans keep
    /// come on top (see `pinned_memtable_bytes` of the statistics).
    pub memtable_bytes: usize,
    /// Memtables in memory, the active one included, before writers wait for a flush. 2 to 64,
    /// default 4.
    pub memtables_max: usize,
    /// Memory for blocks of tables. 0 keeps none. Default 64 MiB. From 32 MiB on the blocks lie in
    /// huge pages where the system has them, and up to an eighth more may be free for the next.
    pub cache_bytes: usize,
    /// Table files kept open, 1 to 1,000,000. A read of a block that is not in the cache, from a
    /// table whose file is closed, opens it again, which costs some microseconds; reads of cached
    /// blocks need no file. Each thread that reads at that moment may hold one more. Beside them an
    /// engine has some ten files open: lock, manifest, log, and what flushes and compactions write.
    /// Default 500: half of what a process on Linux commonly gets.
    pub open_files_max: usize,
    /// Uncompressed size of a table's blocks. 64 B to 4 MiB, default 16 KiB.
    pub block_bytes: usize,
    /// Bits of the filter for each key; 0 for no filter, at most 64. Default 10: one false
    /// positive in about a hundred.
    pub filter_bits_per_key: u32,
    /// Hash indexes inside blocks: faster gets for about 1.3 bytes a record. Default true.
    pub block_hash_index: bool,
    /// Compression of blocks from level 1 down. Default none.
    pub compression: BlockCompression,
    /// Compression of blocks level by level: the first for level 0, the last for all levels below
    /// as well. Empty, the default, is none for level 0 and `compression` for the others. A table
    /// that moves down whole keeps the compression it was written with. At most 7.
    pub compression_per_level: Vec<BlockCompression>,
    /// How tables are merged; may be another one at every open. Default [`Compaction::Leveled`].
    pub compaction: Compaction,
    /// When tables are opened. Default [`OpenTables::Lazy`].
    pub open_tables: OpenTables,
    /// The target size of one table file. 4 KiB to 4 GiB, default 64 MiB.
    pub table_bytes: u64,
    /// Tables of level 0 that make a leveled compaction due. 1 to 64, default 4.
    pub level0_tables: usize,
    /// The size of level 1 of [`Compaction::Leveled`], 4 KiB to 1 PiB; each further level holds
    /// [`level_ratio`](Self::level_ratio) times as much. Default 256 MiB.
    pub level1_bytes: u64,
    /// How much larger a level is than the one above. 2 to 100, default 10.
    pub level_ratio: u64,
    /// The size of a log segment; 4 KiB to 4 GiB, default 64 MiB.
    pub wal_segment_bytes: u64,
    /// Log segments kept for use again. Default 2.
    pub wal_spares_max: usize,
    /// A close writes a memtable larger than this to a table, so that the next open has less to
    /// replay. Default 1 MiB.
    pub close_flush_bytes: usize,
    /// Where flushes and compactions run. Default [`Background::Thread`].
    pub background: Background,
    /// New tables are read back whole before they count. Doubles the reading of compactions.
    /// Default false.
    pub verify_new_tables: bool,
    /// A database of an older format is raised to the newest that this build knows when it is
    /// opened, as [`Engine::upgrade`](crate::engine::Engine::upgrade) does. Earlier builds cannot
    /// open it any more then. Default false: it keeps its format.
    pub upgrade_format: bool,
    /// The formats of databases that are read; another window than the build's only in tests.
    pub(crate) formats: FormatWindow,
    /// The door to the disk.
    pub file_system: Arc<dyn FileSystem>,
    /// The door to time.
    pub clock: Arc<dyn Clock>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Sync,
            memtable_bytes: 64 << 20,
            memtables_max: 4,
            cache_bytes: 64 << 20,
            open_files_max: 500,
            block_bytes: 16 << 10,
            filter_bits_per_key: 10,
            block_hash_index: true,
            compression: BlockCompression::None,
            compression_per_level: Vec::new(),
            compaction: Compaction::Leveled,
            open_tables: OpenTables::Lazy,
            table_bytes: 64 << 20,
            level0_tables: 4,
            level1_bytes: 256 << 20,
            level_ratio: 10,
            wal_segment_bytes: 64 << 20,
            wal_spares_max: 2,
            close_flush_bytes: 1 << 20,
            background: Background::Thread,
            verify_new_tables: false,
            upgrade_format: false,
            formats: FormatWindow::BUILT,
            file_system: Arc::new(RealDisk),
            clock: Arc::new(SystemClock),
        }
    }
}

impl EngineOptions {
    /// How the log is laid out.
    pub(crate) fn wal_options(&self) -> WalOptions {
        WalOptions {
            segment_bytes: self.wal_segment_bytes,
            prewrite: self.durability != Durability::Buffered,
            announce: self.durability != Durability::Sync,
        }
    }

    /// Refuses options outside their bounds, naming the option, its value and its bounds.
    pub(crate) fn validate(&self) -> Result<()> {
        let (kib, gib) = (1 << 10, 1 << 30);
        let (memtable_bytes, bits) = (self.memtable_bytes as u64, self.filter_bits_per_key);
        within("memtable_bytes", memtable_bytes, 4 * kib, 4 * gib)?;
        within("memtables_max", self.memtables_max as u64, 2, 64)?;
        within("open_files_max", self.open_files_max as u64, 1, 1_000_000)?;
        within("block_bytes", self.block_bytes as u64, 64, 4 << 20)?;
        within("filter_bits_per_key", bits.into(), 0, 64)?;
        within("table_bytes", self.table_bytes, 4 * kib, 4 * gib)?;
        within("level0_tables", self.level0_tables as u64, 1, 64)?;
        within("level1_bytes", self.level1_bytes, 4 * kib, 1 << 50)?;
        within("level_ratio", self.level_ratio, 2, 100)?;
        within(
            "wal_segment_bytes",
            self.wal_segment_bytes,
            4 * kib,
            4 * gib,
        )?;
        within("wal_spares_max", self.wal_spares_max as u64, 0, kib)?;
        if let OpenTables::Prefetch { threads } = self.open_tables {
            within("open_tables.threads", threads as u64, 1, 64)?;
        }
        self.validate_compaction()?;
        self.validate_compression()
    }

    fn validate_compaction(&self) -> Result<()> {
        let Compaction::SizeTiered {
            runs_merged_min,
            runs_max,
            space_percent_max,
        } = self.compaction
        else {
            return Ok(());
        };
        let least = runs_merged_min as u64;
        within("compaction.runs_merged_min", least, 2, 32)?;
        within("compaction.runs_max", runs_max as u64, least, 256)?;
        let percent = space_percent_max.into();
        within("compaction.space_percent_max", percent, 10, 10_000)
    }

    fn validate_compression(&self) -> Result<()> {
        let chosen = self.compression_per_level.len() as u64;
        within("compression_per_level", chosen, 0, LEVELS as u64)?;
        let mut all = std::iter::once(&self.compression).chain(&self.compression_per_level);
        let missing = |it: &BlockCompression| match it {
            BlockCompression::Lz4 if cfg!(not(feature = "lz4")) => Some("lz4"),
            BlockCompression::Zstd if cfg!(not(feature = "zstd")) => Some("zstd"),
            _ => None,
        };
        let Some(missing) = all.find_map(missing) else {
            return Ok(());
        };
        let text = format!(
            "this build cannot compress with {missing}: enable grainstore's feature `{missing}`"
        );
        Err(Error::new(ErrorKind::InvalidInput, text))
    }

    /// How blocks of a table of `level` are compressed.
    pub(crate) fn compression_of(&self, level: u8) -> BlockCompression {
        let chosen = &self.compression_per_level;
        match (chosen.get(usize::from(level)), chosen.last()) {
            (Some(&own), _) | (None, Some(&own)) => own,
            // Level 0 is read most and rewritten soonest: it costs more than it saves there.
            (None, None) if level == 0 => BlockCompression::None,
            (None, None) => self.compression,
        }
    }

    /// Tables of level 0 from which on writers are slowed down, and those at which they wait.
    pub(crate) fn level0_limits(&self) -> (usize, usize) {
        match self.compaction {
            Compaction::Leveled => (3 * self.level0_tables, 10 * self.level0_tables),
            Compaction::SizeTiered { runs_max, .. } => (runs_max + 4, 2 * runs_max + 16),
        }
    }
}

fn within(name: &str, value: u64, least: u64, most: u64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let text = format!("option {name} is {value}; it must be {least} to {most}");
    Err(Error::new(ErrorKind::InvalidInput, text))
}
