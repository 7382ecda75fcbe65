//! A table that the engine may read, opened when it is first touched.
//!
//! Views, cursors and compactions share it by reference count. Once a compaction has replaced it,
//! the last of them to let go removes its file (T1), where an older view may know the table on
//! another level and not have opened it yet: the tables of one file share the hold on it (T2).

use crate::error::{Error, Result};
use crate::format::version_edit::TableMeta;
use crate::fs::hold::Hold;
use crate::sync::{Arc, Mutex, OnceLock};
use crate::table::cache::BlockCache;
use crate::table::file::TableFile;
use crate::table::reader::Table;
use std::path::Path;

/// A table of the current or an older view.
#[derive(Debug)]
pub(crate) struct LiveTable {
    meta: Arc<TableMeta>,
    /// Shared by all tables of one file (T2).
    file: Arc<TableFile>,
    cache: Arc<BlockCache>,
    table: OnceLock<Arc<Table>>,
    opening: Mutex<()>,
}

impl LiveTable {
    /// The table that `meta` describes, in `file`; not touched yet.
    pub(crate) fn new(meta: Arc<TableMeta>, file: Arc<TableFile>, cache: Arc<BlockCache>) -> Self {
        Self {
            meta,
            file,
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
        self.file.path()
    }

    /// The smallest key in it.
    pub(crate) fn key_first(&self) -> &[u8] {
        &self.meta.properties.key_first
    }

    /// The largest key in it, or the excluded end of a range tombstone.
    pub(crate) fn key_last(&self) -> &[u8] {
        &self.meta.properties.key_last
    }

    /// [`key_first`](Self::key_first) and [`key_last`](Self::key_last).
    pub(crate) fn bounds(&self) -> (&[u8], &[u8]) {
        (self.key_first(), self.key_last())
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
        let table = Table::open_file(Arc::clone(&self.file), Arc::clone(&self.cache))?;
        if *table.properties() != self.meta.properties {
            let what = "the table's properties differ from what the manifest says of it";
            return Err(Error::corruption(self.path(), 0, what));
        }
        Ok(self.table.get_or_init(|| table))
    }

    /// The open table where it has been touched already.
    pub(crate) fn table_if_open(&self) -> Option<&Arc<Table>> {
        self.table.get()
    }

    /// The file goes when the last user does (T1).
    pub(crate) fn mark_obsolete(&self, hold: &Arc<Hold>) {
        self.file.mark_obsolete(hold, self.meta.bytes);
    }
}
