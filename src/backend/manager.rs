//! Tables by name, over one backend or several.
//!
//! A table is the part of a backend whose keys begin with its name and a NUL, so that tables of one
//! database share its engines and its batches, and each is one range of keys:
//!
//! ```text
//! {table name} 00 {primary key}        75 73 65 72 73 00 61 64 61  =  users, ada
//! ```
//!
//! The manager itself never changes once it is made, so any thread may ask it for tables.

use super::config::StorageConfig;
use super::contract::KvBackend;
use super::hot_cache::{HotCache, HotCacheOptions};
use super::table::{Table, TableCore};
use super::table_batch::TableBatch;
use super::table_definition::TableDefinition;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::Arc;
use std::collections::BTreeMap;
use std::path::Path;

/// The tables of a program, by name.
///
/// ```
/// use grainstore::backend::{
///     BackendManager, KvBackend, MemoryBackend, TableBatch, TableDefinition,
/// };
/// let app = [TableDefinition::new("users"), TableDefinition::new("pages").expiration(3600)];
/// let extension = [TableDefinition::new("audit")];
/// let manager = BackendManager::new(MemoryBackend::new(), app)?.with_merged_tables(extension)?;
///
/// let (users, audit) = (manager.table("users")?, manager.table("audit")?);
/// users.put(b"ada", b"100")?;
/// let mut batch = TableBatch::new();
/// batch.delete(&users, b"ada").put(&audit, b"1", b"ada left");
/// batch.commit()?; // both or neither
/// assert_eq!((users.get(b"ada")?, audit.count_prefix(b"")?), (None, 1));
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BackendManager {
    backend: Arc<dyn KvBackend>,
    tables: BTreeMap<String, Table>,
}

impl BackendManager {
    /// Tables over `backend`.
    ///
    /// # Errors
    /// `InvalidInput` where a name is empty, too long or has a NUL, or a table is defined twice and
    /// not the same.
    pub fn new(
        backend: impl KvBackend + 'static,
        tables: impl IntoIterator<Item = TableDefinition>,
    ) -> Result<Self> {
        let empty = Self {
            backend: Arc::new(backend),
            tables: BTreeMap::new(),
        };
        empty.with_merged_tables(tables)
    }

    /// Tables over one sharded database in `dir`, which is made where there is none.
    ///
    /// # Errors
    /// As [`StorageConfig::open`] and [`new`](Self::new).
    pub fn open(
        dir: impl AsRef<Path>,
        config: &StorageConfig,
        tables: impl IntoIterator<Item = TableDefinition>,
    ) -> Result<Self> {
        let tables: Vec<_> = tables.into_iter().collect();
        tables.iter().try_for_each(TableDefinition::check)?;
        Self::new(config.open(dir)?, tables)
    }

    /// The same with more tables, as extensions of a program bring them. One that is there already
    /// has to be the same.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_merged_tables(
        mut self,
        tables: impl IntoIterator<Item = TableDefinition>,
    ) -> Result<Self> {
        for definition in tables {
            let backend = Arc::clone(&self.backend);
            self.add(definition, backend)?;
        }
        Ok(self)
    }

    /// The same with one more table, which lives in a backend of its own: batches do not reach
    /// over to the others.
    ///
    /// # Errors
    /// As [`new`](Self::new); `InvalidInput` where there is a table of that name.
    pub fn with_table_on(
        mut self,
        definition: TableDefinition,
        backend: impl KvBackend + 'static,
    ) -> Result<Self> {
        if self.tables.contains_key(&definition.name) {
            return Err(twice(&definition.name));
        }
        self.add(definition, Arc::new(backend))?;
        Ok(self)
    }

    fn add(&mut self, definition: TableDefinition, backend: Arc<dyn KvBackend>) -> Result<()> {
        definition.check()?;
        if let Some(table) = self.tables.get(&definition.name) {
            let same = table.definition() == &definition && table.is_on(&backend);
            return if same {
                Ok(())
            } else {
                Err(twice(&definition.name))
            };
        }
        let name = definition.name.clone();
        let cached = definition.hot_cache.unwrap_or(HotCacheOptions::off());
        let core = TableCore {
            prefix: [name.as_bytes(), &[0]].concat(),
            cache: HotCache::new(backend, cached),
            definition,
        };
        self.tables.insert(name, Table::new(core));
        Ok(())
    }

    /// The table `name`.
    ///
    /// # Errors
    /// `InvalidInput` where there is none; the text names those there are.
    pub fn table(&self, name: &str) -> Result<Table> {
        self.tables.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.names().collect();
            let text = format!(
                "there is no table {name:?}; there are: {}",
                known.join(", ")
            );
            Error::new(ErrorKind::InvalidInput, text)
        })
    }

    /// The names of all tables, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// An empty batch, for [`Table`]s of one backend.
    pub fn batch(&self) -> TableBatch {
        TableBatch::new()
    }

    /// The backend that tables live in unless they have their own.
    #[must_use]
    pub fn backend(&self) -> &dyn KvBackend {
        &*self.backend
    }

    /// Closes the backends of all tables. All are closed, whatever fails; the first failure is
    /// told.
    ///
    /// # Errors
    /// Those of the backends.
    pub fn close(&self) -> Result<()> {
        let mut outcome = self.backend.close();
        for table in self.tables.values() {
            let closed = table.close();
            outcome = outcome.and(closed);
        }
        outcome
    }
}

fn twice(name: &str) -> Error {
    let text = format!("the table {name:?} is defined twice, and not the same; rename one");
    Error::new(ErrorKind::InvalidInput, text)
}
