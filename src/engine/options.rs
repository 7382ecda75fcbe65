//! What an engine can be told when it is opened: one struct, each field with its unit and cost.

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::FileSystem;
use crate::fs::real_disk::RealDisk;
use std::sync::Arc;
use std::time::Duration;

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// When it is on the device: no crash or power cut loses it. One device flush serves all the
    /// writers that wait at the same time. The default.
    #[default]
    Sync,
    /// When the operating system has it; a flush follows within the window. A power cut may lose
    /// the last window's writes, from the newest backwards and batches whole; a killed process
    /// loses nothing.
    Batch(Duration),
    /// When the operating system has it; flushed when the log is rolled, the database closed or
    /// [`sync`](crate::engine::Engine::sync) called. A killed process loses nothing.
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
    /// The memtable is written to a table when it holds this much. 4 KiB to 4 GiB, default
    /// 64 MiB. Memory use is up to this times [`memtables_max`](Self::memtables_max).
    pub memtable_bytes: usize,
    /// Memtables in memory, the active one included, before writers wait for a flush. 2 to 64,
    /// default 4.
    pub memtables_max: usize,
    /// Memory for blocks of tables. 0 keeps none. Default 64 MiB.
    pub cache_bytes: usize,
    /// Uncompressed size of a table's blocks. 64 B to 4 MiB, default 16 KiB.
    pub block_bytes: usize,
    /// Bits of the filter for each key; 0 for no filter, at most 64. Default 10: one false
    /// positive in about a hundred.
    pub filter_bits_per_key: u32,
    /// Hash indexes inside blocks: faster gets for about 1.3 bytes a record. Default true.
    pub block_hash_index: bool,
    /// Compression of blocks. Default none.
    pub compression: BlockCompression,
    /// The target size of one table file. 4 KiB to 4 GiB, default 64 MiB.
    pub table_bytes: u64,
    /// Tables of level 0 that make a compaction due. 1 to 64, default 4.
    pub level0_tables: usize,
    /// The size of level 1; each further level holds [`level_ratio`](Self::level_ratio) times as
    /// much. Default 256 MiB.
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
            block_bytes: 16 << 10,
            filter_bits_per_key: 10,
            block_hash_index: true,
            compression: BlockCompression::None,
            table_bytes: 64 << 20,
            level0_tables: 4,
            level1_bytes: 256 << 20,
            level_ratio: 10,
            wal_segment_bytes: 64 << 20,
            wal_spares_max: 2,
            close_flush_bytes: 1 << 20,
            background: Background::Thread,
            verify_new_tables: false,
            file_system: Arc::new(RealDisk),
            clock: Arc::new(SystemClock),
        }
    }
}

impl EngineOptions {
    /// Refuses options outside their bounds, naming the option and its bounds.
    pub(crate) fn validate(&self) -> Result<()> {
        let within = |name: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            let text = format!("option {name} is {value}; it must be {least} to {most}");
            Err(Error::new(ErrorKind::InvalidInput, text))
        };
        within(
            "memtable_bytes",
            self.memtable_bytes as u64,
            4 << 10,
            4 << 30,
        )?;
        within("memtables_max", self.memtables_max as u64, 2, 64)?;
        within("block_bytes", self.block_bytes as u64, 64, 4 << 20)?;
        within(
            "filter_bits_per_key",
            u64::from(self.filter_bits_per_key),
            0,
            64,
        )?;
        within("table_bytes", self.table_bytes, 4 << 10, 4 << 30)?;
        within("level0_tables", self.level0_tables as u64, 1, 64)?;
        within("level1_bytes", self.level1_bytes, 4 << 10, 1 << 50)?;
        within("level_ratio", self.level_ratio, 2, 100)?;
        within(
            "wal_segment_bytes",
            self.wal_segment_bytes,
            4 << 10,
            4 << 30,
        )?;
        within("wal_spares_max", self.wal_spares_max as u64, 0, 1 << 10)?;
        self.validate_compression()
    }

    fn validate_compression(&self) -> Result<()> {
        let missing = match self.compression {
            BlockCompression::Lz4 if cfg!(not(feature = "lz4")) => "lz4",
            BlockCompression::Zstd if cfg!(not(feature = "zstd")) => "zstd",
            _ => return Ok(()),
        };
        let text = format!(
            "this build cannot compress with {missing}: enable grainstore's feature `{missing}`"
        );
        Err(Error::new(ErrorKind::InvalidInput, text))
    }
}
