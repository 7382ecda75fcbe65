//! The options of a database.

use super::db::Db;
use super::db_core::DbCore;
use crate::clock::Clock;
use crate::engine::lsm::Engine;
use crate::engine::options::{Background, BlockCompression, Durability, EngineOptions};
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

    /// Memory for blocks of tables, in bytes. Default 64 MiB.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.options.cache_bytes = bytes;
        self
    }

    /// How much a memtable holds before it is written to a table, in bytes. Default 64 MiB.
    pub fn memtable_bytes(mut self, bytes: usize) -> Self {
        self.options.memtable_bytes = bytes;
        self
    }

    /// Compression of blocks. Default none; the others need the cargo feature of their name.
    pub fn compression(mut self, compression: BlockCompression) -> Self {
        self.options.compression = compression;
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
