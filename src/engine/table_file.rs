//! Making a table file without a database, for a database to ingest.
//!
//! The way to prepare a load elsewhere: on another machine, by another process, in parts. One
//! thread uses a writer; the file counts only once [`TableFileWriter::finish`] has come back.

use super::ingest::check_ingested;
use super::options::EngineOptions;
use super::table_output::compression;
use crate::error::{Error, ErrorKind, Result};
use crate::format::entry::{EntryMeta, KEY_BYTES_MAX, Kind};
use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use crate::table::options::TableOptions;
use crate::table::writer::TableWriter;
use std::fmt;
use std::path::{Path, PathBuf};

/// All of a file has one sequence number; which one is of no meaning, as an ingest gives its own.
const SEQUENCE: u64 = 1;

/// Writes a table file, keys rising, for [`Engine::ingest_table_file`].
///
/// Until it is finished the file is of no use; dropped before that, it is removed.
///
/// ```
/// use grainstore::engine::{Engine, EngineOptions, TableFileWriter};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-table-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir).unwrap();
/// let (part, options) = (dir.join("part-1"), EngineOptions::default());
/// let mut file = TableFileWriter::create(&part, &options)?;
/// for n in 0..1_000u32 {
///     file.put(&n.to_be_bytes(), b"loaded", 0)?;
/// }
/// file.finish()?;
///
/// let engine = Engine::open(dir.join("db"), options)?;
/// assert_eq!(engine.ingest_table_file(&part)?, 1_000);
/// assert_eq!(engine.get(&7u32.to_be_bytes())?.unwrap(), b"loaded");
/// # engine.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
///
/// [`Engine::ingest_table_file`]: super::lsm::Engine::ingest_table_file
pub struct TableFileWriter {
    file_system: Arc<dyn FileSystem>,
    path: PathBuf,
    writer: Option<TableWriter>,
    last: Option<Vec<u8>>,
    ranges: Vec<RangeTombstone>,
}

impl TableFileWriter {
    /// Creates the file at `path`, which must not exist and have no name of a database's own table
    /// (`NNNNNN.table`), with the block size, filter and compression of level 1 in `options`.
    ///
    /// # Errors
    /// `InvalidInput` where an option is out of its bounds or the name is taken for a table's of a
    /// database, `Io`.
    pub fn create(path: impl AsRef<Path>, options: &EngineOptions) -> Result<Self> {
        options.validate()?;
        let path = path.as_ref();
        if path.extension().is_some_and(|it| it == "table") {
            let text = format!(
                "{} ends as the tables of a database do; name the file otherwise",
                path.display()
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let table_options = TableOptions {
            block_bytes: options.block_bytes,
            filter_bits_per_key: options.filter_bits_per_key,
            hash_index: options.block_hash_index,
            compression: compression(options.compression_of(1)),
        };
        let file_system = Arc::clone(&options.file_system);
        let writer = TableWriter::create(&file_system, path, 0, table_options)?;
        Ok(Self {
            file_system,
            path: path.to_owned(),
            writer: Some(writer),
            last: None,
            ranges: Vec::new(),
        })
    }

    /// Sets `key`, which is above the last one, until `expiry_ms` (since the epoch; 0 for never).
    ///
    /// # Errors
    /// `InvalidInput` where keys do not rise, `TooLarge`, `StorageFull`, `Io`.
    pub fn put(&mut self, key: &[u8], value: &[u8], expiry_ms: u64) -> Result<()> {
        self.add(key, Kind::Put, expiry_ms, value)
    }

    /// Deletes `key`, which is above the last one, from the database that ingests the file.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.add(key, Kind::Delete, 0, &[])
    }

    /// Deletes all from `start` up to and without `end` from the database that ingests the file,
    /// but nothing that the file itself sets. Comes in any order.
    ///
    /// # Errors
    /// `InvalidInput` where `start` is not below `end`, `TooLarge`.
    pub fn delete_range(&mut self, start: &[u8], end: &[u8]) -> Result<()> {
        if start >= end {
            let text = "the start of a range delete must be below its end";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        if end.len() > KEY_BYTES_MAX || start.len() > KEY_BYTES_MAX {
            let text = format!("an end of a range delete is larger than {KEY_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        self.ranges.push(RangeTombstone {
            start: start.into(),
            end: end.into(),
            sequence: SEQUENCE,
        });
        Ok(())
    }

    /// Writes the rest and makes the file durable; its name is, once its directory is synced.
    /// Answers its length in bytes.
    ///
    /// # Errors
    /// `InvalidInput` where nothing was put into it, `StorageFull`, `Io`; the file is removed then.
    pub fn finish(mut self) -> Result<u64> {
        if self.last.is_none() && self.ranges.is_empty() {
            let text = "nothing was put into the table file; there is none without an entry";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let Some(mut writer) = self.writer.take() else {
            return Ok(0);
        };
        let ranges = std::mem::take(&mut self.ranges);
        if !ranges.is_empty() {
            writer.add_range_tombstones(&RangeTombstones::from_ranges(ranges));
        }
        let finished = writer.finish();
        finished
            .map(|summary| summary.bytes)
            .inspect_err(|_| self.remove())
    }

    fn add(&mut self, key: &[u8], kind: Kind, expiry_ms: u64, value: &[u8]) -> Result<()> {
        check_ingested(self.last.as_deref(), key, value)?;
        let meta = EntryMeta {
            sequence: SEQUENCE,
            kind,
            expiry_ms,
        };
        if let Some(writer) = &mut self.writer {
            writer.add(key, meta, value)?;
        }
        let last = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(key);
        Ok(())
    }

    fn remove(&self) {
        let _ = self.file_system.remove_file(&self.path);
    }
}

impl Drop for TableFileWriter {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.abandon();
            self.remove();
        }
    }
}

impl fmt::Debug for TableFileWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableFileWriter")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
