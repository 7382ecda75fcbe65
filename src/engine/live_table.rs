//! A table that the engine may read, opened when it is first touched.
//!
//! Views, cursors and compactions share it by reference count. Once a compaction has replaced it,
//! the last of them to let go removes its file (T1), where an older view may know the table on
//! another level and not have opened it yet: the tables of one file share the hold on it (T2). A
//! removal that fails leaves an orphan that the next open sweeps away.

use crate::error::{Error, Result};
use crate::format::version_edit::TableMeta;
use crate::fs::file_system::FileSystem;
use crate::sync::{Arc, AtomicBool, Mutex, OnceLock, Ordering};
use crate::table::cache::BlockCache;
use crate::table::reader::Table;
use std::path::{Path, PathBuf};

/// A table of the current or an older view.
#[derive(Debug)]
pub(crate) struct LiveTable {
    meta: Arc<TableMeta>,
    file: Arc<TableFile>,
    cache: Arc<BlockCache>,
    table: OnceLock<Arc<Table>>,
    opening: Mutex<()>,
}

/// The hold on a table's file (T2).
#[derive(Debug)]
struct TableFile {
    path: PathBuf,
    file_system: Arc<dyn FileSystem>,
    obsolete: AtomicBool,
}

impl LiveTable {
    /// The table that `meta` describes, at `path`; not touched yet.
    pub(crate) fn new(
        meta: Arc<TableMeta>,
        path: PathBuf,
        file_system: Arc<dyn FileSystem>,
        cache: Arc<BlockCache>,
    ) -> Self {
        let file = TableFile {
            path,
            file_system,
            obsolete: AtomicBool::new(false),
        };
        Self {
            meta,
            file: Arc::new(file),
            cache,
            table: OnceLock::new(),
            opening: Mutex::new(()),
        }
    }

    /// The same table with another `meta`: on another level, file and all (T2).
    pub(crate) fn moved(&self, meta: Arc<TableMeta>) -> Self {
        let (file, cache) = (Arc::clone(&self.file), Arc::clone(&self.cache));
        Self {
            meta,
            file,
            cache,
            table: self.table.clone(),
            opening: Mutex::new(()),
        }
    }

    /// What the manifest knows of it.
    pub(crate) fn meta(&self) -> &Arc<TableMeta> {
        &self.meta
    }

    /// Where its file is.
    pub(crate) fn path(&self) -> &Path {
        &self.file.path
    }

    /// The smallest key in it.
    pub(crate) fn key_first(&self) -> &[u8] {
        &self.meta.properties.key_first
    }

    /// The largest key in it, or the excluded end of a range tombstone.
    pub(crate) fn key_last(&self) -> &[u8] {
        &self.meta.properties.key_last
    }

    /// True where `key` may be in it.
    pub(crate) fn spans(&self, key: &[u8]) -> bool {
        self.key_first() <= key && key <= self.key_last()
    }

    /// True where it shares a key with the inclusive range.
    pub(crate) fn overlaps(&self, first: &[u8], last: &[u8]) -> bool {
        self.key_first() <= last && first <= self.key_last()
    }

    /// The open table; the first call opens it.
    pub(crate) fn table(&self) -> Result<&Arc<Table>> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let _one_opener = self.opening.lock();
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let cache = Arc::clone(&self.cache);
        let TableFile {
            path, file_system, ..
        } = &*self.file;
        let table = Table::open(file_system, path, self.meta.number, cache)?;
        if *table.properties() != self.meta.properties {
            let what = "the table's properties differ from what the manifest says of it";
            return Err(Error::corruption(path, 0, what));
        }
        Ok(self.table.get_or_init(|| table))
    }

    /// The open table where it has been touched already.
    pub(crate) fn table_if_open(&self) -> Option<&Arc<Table>> {
        self.table.get()
    }

    /// The file goes when the last user does (T1).
    pub(crate) fn mark_obsolete(&self) {
        self.file.obsolete.store(true, Ordering::Release);
    }
}

impl Drop for TableFile {
    fn drop(&mut self) {
        if self.obsolete.load(Ordering::Acquire) {
            // T1: nobody can reach the file any more. An orphan left behind is swept at open.
            let _ = self.file_system.remove_file(&self.path);
        }
    }
}
