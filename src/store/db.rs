//! A database: one directory, one engine, many stores.

use super::batch::Batch;
use super::bytes_store::BytesStore;
use super::catalog::{self, StoreDefinition};
use super::db_core::DbCore;
use super::raw_store::RawStore;
use super::u32_store::U32Store;
use crate::engine::lsm::Engine;
use crate::engine::maintenance::VerifyReport;
use crate::engine::snapshot::Snapshot;
use crate::engine::stats::EngineStats;
use crate::error::Result;
use crate::key::key_part::Key;
use crate::key::raw_bytes::RawBytes;
use crate::key::shape::Shape;
use crate::sync::Arc;
use std::path::Path;
use std::time::Duration;

/// A database in one directory, with typed stores in it.
///
/// Cheap to clone; all clones, and all stores opened from them, are one database, and any thread
/// may use them. It closes cleanly when the last of them is dropped, or at [`close`](Self::close).
///
/// ```
/// use grainstore::Db;
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-db-{}", std::process::id()));
/// let db = Db::open(&dir)?;
/// let hp = db.store::<String, u32>("hp")?;
/// hp.put("ada", &100)?;
/// assert_eq!(hp.get("ada")?, Some(100));
/// db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Db {
    pub(crate) core: Arc<DbCore>,
}

impl AsRef<Engine> for Db {
    fn as_ref(&self) -> &Engine {
        self.engine()
    }
}

impl Db {
    /// The store `name` of numbers under numbers, four bytes each.
    ///
    /// # Errors
    /// As [`store`](Self::store).
    pub fn u32_store(&self, name: &str) -> Result<U32Store> {
        self.raw_store(name, "u32", u32::key_shape())
            .map(U32Store::new)
    }

    /// The store `name` of bytes under bytes, with no codec between.
    ///
    /// # Errors
    /// As [`store`](Self::store).
    pub fn bytes_store(&self, name: &str) -> Result<BytesStore> {
        self.raw_store(name, "bytes", RawBytes::key_shape())
            .map(BytesStore::new)
    }

    fn raw_store(&self, name: &str, kind: &str, key_shape: Shape) -> Result<RawStore> {
        let definition = StoreDefinition {
            kind: kind.to_owned(),
            key_schema: key_shape.schema(),
            codec: "raw/1".to_owned(),
            value_schema: String::new(),
            value_schema_version: 0,
        };
        let place = self.core.open_stores.place(name);
        let mut turn = place.turn(name);
        let raw = self.open_raw(name, &definition, key_shape, None)?;
        let open = Some(turn.share());
        Ok(RawStore { open, ..raw })
    }

    /// The store without types, not a live handle of it yet. The caller has the turn to open it.
    pub(crate) fn open_raw(
        &self,
        name: &str,
        definition: &StoreDefinition,
        key_shape: Shape,
        default_ttl: Option<Duration>,
    ) -> Result<RawStore> {
        let keyspace = catalog::open_store(&self.core.engine, name, definition)?;
        let default_ttl = default_ttl.or(self.core.default_ttl);
        Ok(RawStore {
            db: Arc::clone(&self.core),
            keyspace,
            name: name.into(),
            key_shape: Arc::new(key_shape),
            default_ttl,
            open: None,
        })
    }

    /// The names of all stores, in order.
    ///
    /// # Errors
    /// `Corruption` or `Io` where the catalog cannot be read.
    pub fn store_names(&self) -> Result<Vec<String>> {
        catalog::store_names(&self.core.engine)
    }

    /// An empty batch: writes to any stores of this database that commit together.
    pub fn batch(&self) -> Batch {
        Batch::new(Arc::clone(&self.core))
    }

    /// One commit point of every store, for as many reads as wanted.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.core.engine.snapshot()
    }

    /// The byte-level engine below. Its keys are the stores' own, so write through the stores.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.core.engine
    }

    /// Writes what is in memory to tables.
    ///
    /// # Errors
    /// `Io`, `Latched`, `Closed`.
    pub fn flush(&self) -> Result<()> {
        self.core.engine.flush()
    }

    /// Merges everything on disk: what was deleted, overwritten or has expired leaves it.
    ///
    /// # Errors
    /// As [`flush`](Self::flush); `Corruption`.
    pub fn compact(&self) -> Result<()> {
        self.core.engine.compact()
    }

    /// Makes every write so far durable, whatever the durability chosen, and all that can be read.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn sync(&self) -> Result<()> {
        self.core.engine.sync()
    }

    /// What the engine has done and what it holds.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        self.core.engine.stats()
    }

    /// Reads every byte of every table and of the manifest and checks it; the log is checked when
    /// it is replayed, at the next open. Stores that are open with indexes are checked against
    /// them, as [`GrainStore::verify`](crate::GrainStore::verify) does. Never writes.
    ///
    /// # Errors
    /// `Corruption` with file and offset of the first damage, or the store, index and key that do
    /// not agree; `Codec` where a record of an indexed store cannot be decoded; `Io`, `Closed`.
    pub fn verify(&self) -> Result<VerifyReport> {
        let report = self.core.engine.verify()?;
        for store in self.core.open_stores.live() {
            store.verify()?;
        }
        Ok(report)
    }

    /// Makes a database of its own in `dir`, as of now. Tables are linked where that is possible,
    /// which takes little time and space, and copied where `dir` is on another file system.
    ///
    /// # Errors
    /// `InvalidInput` where `dir` is not empty; `StorageFull`, `Io`, `Corruption` where a table
    /// that is copied is damaged; `Latched`, `Closed`. Nothing is left in `dir` then.
    pub fn checkpoint(&self, dir: impl AsRef<Path>) -> Result<()> {
        self.core.engine.checkpoint(dir)
    }

    /// The format of the database: its own, which may be older than what this build could write.
    #[must_use]
    pub fn format_version(&self) -> u32 {
        self.core.engine.format_version()
    }

    /// Raises the format of the database to `version`; `false` where it has that already. Earlier
    /// builds cannot open the database any more then, and there is no way back but a backup.
    ///
    /// # Errors
    /// `UnsupportedFormat` where this build does not know `version`, `InvalidInput` where it is
    /// older than what the database has; `StorageFull`, `Io`, `Latched`, `Closed`.
    pub fn upgrade(&self, version: u32) -> Result<bool> {
        self.core.engine.upgrade(version)
    }

    /// Closes the database. Stores opened from it give `Closed` from then on.
    ///
    /// # Errors
    /// `Io` where the log cannot be sealed; everything acknowledged is safe nevertheless.
    pub fn close(&self) -> Result<()> {
        self.core.engine.close()
    }
}
