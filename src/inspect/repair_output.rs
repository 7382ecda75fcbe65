//! The tables that a repair writes, and the manifest that makes them a database.
//!
//! Entries come in order; a table that has reached its size ends before the next key. Until the
//! manifest is made, which is the last step, the directory is no database and does not open as one.
//! For one thread at a time.

use super::repair_options::RepairOptions;
use crate::engine::table_output::compression;
use crate::error::Result;
use crate::format::database_format::FormatWindow;
use crate::format::entry::EntryMeta;
use crate::format::file_name::FileName;
use crate::format::range_tombstones::RangeTombstones;
use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::fs::file_system::FileSystem;
use crate::manifest::edit_log::Manifest;
use crate::manifest::state::ManifestState;
use crate::manifest::version::LEVELS;
use crate::memtable::map::Memtable;
use crate::sync::Arc;
use crate::table::cache::BlockCache;
use crate::table::options::TableOptions;
use crate::table::reader::Table;
use crate::table::writer::TableWriter;
use std::path::{Path, PathBuf};

/// Writes the tables of a new database.
pub(crate) struct RepairOutput<'a> {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    options: &'a RepairOptions,
    number_next: u64,
    writer: Option<(u64, TableWriter)>,
    key: Vec<u8>,
    finished: Vec<TableMeta>,
    /// Tables that are needed for a while only.
    spilled: Vec<u64>,
}

/// A table that holds a part of the log while the repair runs.
#[derive(Debug)]
pub(crate) struct Spill {
    pub(crate) path: PathBuf,
    pub(crate) number: u64,
}

impl<'a> RepairOutput<'a> {
    /// Writes into `dir`, which is there and empty.
    pub(crate) fn new(fs: Arc<dyn FileSystem>, dir: &Path, options: &'a RepairOptions) -> Self {
        Self {
            fs,
            dir: dir.to_owned(),
            options,
            number_next: 1,
            writer: None,
            key: Vec::new(),
            finished: Vec::new(),
            spilled: Vec::new(),
        }
    }

    fn number(&mut self) -> u64 {
        let number = self.number_next;
        self.number_next += 1;
        number
    }

    fn path(&self, number: u64) -> PathBuf {
        FileName::Table(number).in_dir(&self.dir)
    }

    /// Writes the entries of `memtable` to a table of their own; its range tombstones are left to
    /// the caller.
    pub(crate) fn spill(&mut self, memtable: &Arc<Memtable>) -> Result<Option<Spill>> {
        let mut cursor = memtable.cursor();
        cursor.seek_to_first();
        if !cursor.valid() {
            return Ok(None);
        }
        let number = self.number();
        let path = self.path(number);
        let options = TableOptions {
            filter_bits_per_key: 0,
            hash_index: false,
            ..TableOptions::default()
        };
        self.spilled.push(number);
        let mut writer = TableWriter::create(&self.fs, &path, number, options)?;
        while let Some((key, meta, value)) = cursor.entry() {
            writer.add(key, meta, value)?;
            cursor.next();
        }
        writer.finish()?;
        Ok(Some(Spill { path, number }))
    }

    /// Appends a record, whose key is behind all before it.
    pub(crate) fn add(&mut self, key: &[u8], meta: EntryMeta, value: &[u8]) -> Result<()> {
        let bytes_max = self.options.engine.table_bytes;
        let is_full = |(_, w): &(u64, TableWriter)| w.estimated_bytes() >= bytes_max;
        if self.writer.as_ref().is_some_and(is_full) && self.key != key {
            self.finish_table()?;
        }
        self.key.clear();
        self.key.extend_from_slice(key);
        if self.writer.is_none() {
            let number = self.number();
            let engine = &self.options.engine;
            let options = TableOptions {
                block_bytes: engine.block_bytes,
                filter_bits_per_key: engine.filter_bits_per_key,
                hash_index: engine.block_hash_index,
                compression: compression(engine.compression_of(1)),
            };
            let path = self.path(number);
            let writer = TableWriter::create(&self.fs, &path, number, options)?;
            self.writer = Some((number, writer));
        }
        match &mut self.writer {
            Some((_, writer)) => writer.add(key, meta, value),
            None => Ok(()),
        }
    }

    fn finish_table(&mut self) -> Result<()> {
        let Some((number, writer)) = self.writer.take() else {
            return Ok(());
        };
        // Named before it is whole, so that a failure removes it.
        let mut meta = TableMeta {
            number,
            level: 1,
            ..TableMeta::default()
        };
        self.finished.push(meta.clone());
        let summary = writer.finish()?;
        meta.bytes = summary.bytes;
        meta.checksum = summary.checksum;
        meta.properties = summary.properties;
        if let Some(last) = self.finished.last_mut() {
            *last = meta;
        }
        if self.options.verify_new_tables {
            let cache = BlockCache::new(0);
            Table::open(&self.fs, &self.path(number), number, cache)?.verify()?;
        }
        Ok(())
    }

    /// Makes the database of the tables, with `sequence_last` and `clock_ms` to go on from;
    /// answers how many tables it has.
    pub(crate) fn finish(&mut self, sequence_last: u64, clock_ms: u64) -> Result<u64> {
        self.finish_table()?;
        self.remove_spilled();
        let level = self.level();
        for table in &mut self.finished {
            table.level = level;
        }
        let sync = |dir: &Path| crate::engine::core::sync_dir(&*self.fs, dir);
        sync(&self.dir)?;
        let count = self.finished.len() as u64;
        let number = self.number();
        let tables = VersionEdit {
            added: std::mem::take(&mut self.finished),
            ..VersionEdit::default()
        };
        let state = ManifestState {
            log_first: 1,
            sequence_last,
            file_number_next: self.number_next,
            clock_ms,
            ..ManifestState::default()
        };
        let state = state.apply(&tables).map_err(|what| {
            let path = FileName::Manifest(number).in_dir(&self.dir);
            crate::error::Error::corruption(&path, 0, what)
        })?;
        let (fs, newest) = (Arc::clone(&self.fs), FormatWindow::BUILT.newest);
        Manifest::create(fs, &self.dir, number, &state, newest)?;
        Ok(count)
    }

    /// The first level that is large enough for all, as if they had sunk there.
    fn level(&self) -> u8 {
        let engine = &self.options.engine;
        let bytes: u64 = self.finished.iter().map(|table| table.bytes).sum();
        let (mut level, mut target) = (1, engine.level1_bytes);
        while bytes > target && level + 1 < LEVELS as u8 {
            level += 1;
            target = target.saturating_mul(engine.level_ratio);
        }
        level
    }

    fn remove_spilled(&mut self) {
        for number in std::mem::take(&mut self.spilled) {
            // One that stays is an orphan, which the first open removes.
            let _ = self.fs.remove_file(&self.path(number));
        }
    }

    /// Removes everything that was written.
    pub(crate) fn abandon(&mut self) {
        let writing = self.writer.take().map(|(number, writer)| {
            writer.abandon();
            number
        });
        let finished = std::mem::take(&mut self.finished);
        for number in finished.iter().map(|table| table.number).chain(writing) {
            let _ = self.fs.remove_file(&self.path(number));
        }
        self.remove_spilled();
    }
}

/// The range tombstones of a memtable.
pub(crate) fn ranges_of(memtable: &Memtable) -> RangeTombstones {
    let set = memtable.range_tombstones();
    set.map_or_else(RangeTombstones::default, |set| (*set).clone())
}
