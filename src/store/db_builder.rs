//! The options of a database.

use super::db::Db;
use super::db_core::DbCore;
use crate::clock::Clock;
use crate::engine::lsm::Engine;
use crate::engine::options::{
    Background, BlockCompression, Compaction, Durability, EngineOptions, OpenTables,
};
use crate::error::Result;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The options of a database, and then the database.
///
/// ```
/// use grainstore::{Db, Durability};
/// use std::time::Duration;
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-build-{}", std::process::id()));
/// let db = Db::builder(&dir)
///     .durability(Durability::Batch(Duration::from_millis(10)))
///     .default_ttl(Duration::from_secs(3600))
///     .cache_bytes(256 << 20)
///     .open()?;
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is opened"]
pub struct DbBuilder {
    dir: PathBuf,
    options: EngineOptions,
    default_ttl: Option<Duration>,
}

impl Db {
    /// Opens the database in `dir` with safe defaults, creating it where there is none: a write is
    /// on disk when it returns.
    ///
    /// Other files may lie in `dir`: what has not a name that a database gives its files is never
    /// read, changed or removed. A folder that has such names and is no database of grainstore,
    /// that of another engine say, is taken for a damaged one and left as it is but for the file
    /// `LOCK`.
    ///
    /// # Errors
    /// `Locked` where it is open already, `Corruption` where its files are damaged,
    /// `UnsupportedFormat` where a newer release wrote them, `Io`.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::builder(dir).open()
    }

    /// The options of a database to open in `dir`.
    pub fn builder(dir: impl AsRef<Path>) -> DbBuilder {
        DbBuilder::new(dir.as_ref())
    }
}

impl DbBuilder {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            options: EngineOptions::default(),
            default_ttl: None,
        }
    }

    /// When a write counts as done. Default [`Durability::Sync`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.options.durability = durability;
        self
    }

    /// The lifetime of records that get none of their own. Default: for ever.
    pub fn default_ttl(mut self, ttl: Duration) -> Self {
        self.default_ttl = Some(ttl);
        self
    }

    /// Memory for blocks of tables, in bytes; 0 keeps none. Default 64 MiB. Indexes and filters
    /// come on top (see [`open_tables`](Self::open_tables)).
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.options.cache_bytes = bytes;
        self
    }

    /// Table files kept open. 1 to 1,000,000, default 500. A table whose file was closed opens it
    /// again for a block that is not in the cache.
    pub fn open_files_max(mut self, files: usize) -> Self {
        self.options.open_files_max = files;
        self
    }

    /// How much a memtable holds before it is written to a table, in bytes. 4 KiB to 4 GiB, default
    /// 64 MiB. Larger ones make fewer and larger tables, and a longer replay after a crash.
    pub fn memtable_bytes(mut self, bytes: usize) -> Self {
        self.options.memtable_bytes = bytes;
        self
    }

    /// Memtables in memory before writers wait for one to be written out. 2 to 64, default 4.
    pub fn memtables_max(mut self, memtables: usize) -> Self {
        self.options.memtables_max = memtables;
        self
    }

    /// The size of a table's blocks before compression, in bytes: what one read from disk brings.
    /// 64 B to 4 MiB, default 16 KiB. Smaller ones suit single records, larger ones scans and
    /// compression.
    pub fn block_bytes(mut self, bytes: usize) -> Self {
        self.options.block_bytes = bytes;
        self
    }

    /// Bits of filter for each key: gets of keys that are not there skip tables. 0 (none) to 64,
    /// default 10, which is one needless look in about a hundred.
    pub fn filter_bits_per_key(mut self, bits: u32) -> Self {
        self.options.filter_bits_per_key = bits;
        self
    }

    /// Compression of blocks from level 1 down. Default none; the others need the cargo feature of
    /// their name.
    pub fn compression(mut self, compression: BlockCompression) -> Self {
        self.options.compression = compression;
        self
    }

    /// Compression level by level, level 0 first; the last counts for all deeper ones too. At most
    /// 7, in the place of [`compression`](Self::compression).
    pub fn compression_per_level(mut self, levels: impl Into<Vec<BlockCompression>>) -> Self {
        self.options.compression_per_level = levels.into();
        self
    }

    /// How tables are merged. Default [`Compaction::Leveled`]; may differ from open to open.
    pub fn compaction(mut self, compaction: Compaction) -> Self {
        self.options.compaction = compaction;
        self
    }

    /// The size of a table file at which a merge begins the next, in bytes. 4 KiB to 4 GiB, default
    /// 64 MiB.
    pub fn table_bytes(mut self, bytes: u64) -> Self {
        self.options.table_bytes = bytes;
        self
    }

    /// Of leveled compaction: tables of level 0 that make a merge due (1 to 64, default 4), the
    /// size of level 1 in bytes (4 KiB to 1 PiB, default 256 MiB), and how many times larger each
    /// further level is (2 to 100, default 10).
    pub fn levels(mut self, level0_tables: usize, level1_bytes: u64, level_ratio: u64) -> Self {
        self.options.level0_tables = level0_tables;
        self.options.level1_bytes = level1_bytes;
        self.options.level_ratio = level_ratio;
        self
    }

    /// When tables are opened; their indexes and filters stay in memory from then on. Default
    /// [`OpenTables::Lazy`].
    pub fn open_tables(mut self, open_tables: OpenTables) -> Self {
        self.options.open_tables = open_tables;
        self
    }

    /// The size of a segment of the log, in bytes. 4 KiB to 4 GiB, default 64 MiB.
    pub fn wal_segment_bytes(mut self, bytes: u64) -> Self {
        self.options.wal_segment_bytes = bytes;
        self
    }

    /// Whether new tables are read back whole before they count. Default false.
    pub fn verify_new_tables(mut self, verify: bool) -> Self {
        self.options.verify_new_tables = verify;
        self
    }

    /// Raises a database of an older format to the newest that this build knows, at the open;
    /// earlier builds cannot open it any more then. Default false: a database keeps its format. See
    /// [`Db::upgrade`].
    pub fn upgrade_format(mut self, upgrade: bool) -> Self {
        self.options.upgrade_format = upgrade;
        self
    }

    /// Where flushes and compactions run. Default [`Background::Thread`].
    pub fn background(mut self, background: Background) -> Self {
        self.options.background = background;
        self
    }

    /// The door to the disk. Default: the operating system's.
    pub fn file_system(mut self, file_system: impl FileSystem) -> Self {
        self.options.file_system = Arc::new(file_system);
        self
    }

    /// The door to time. Default: the operating system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.options.clock = Arc::new(clock);
        self
    }

    /// All the options of the engine below, to set the rarer ones.
    pub fn engine_options(mut self, set: impl FnOnce(&mut EngineOptions)) -> Self {
        set(&mut self.options);
        self
    }

    /// Opens the database, creating it where there is none.
    ///
    /// # Errors
    /// As [`Db::open`]; `InvalidInput` where an option is out of its bounds.
    pub fn open(self) -> Result<Db> {
        let engine = Engine::open(&self.dir, self.options)?;
        Ok(Db {
            core: Arc::new(DbCore::new(engine, self.default_ttl)),
        })
    }
}
