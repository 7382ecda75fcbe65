//! The tables that a flush, compaction or ingest writes.
//!
//! Entries arrive in order; a table that has reached its size ends before the next new key, so
//! that the versions of a key never part (O1). Range tombstones are cut at the same keys, so that
//! neighbours share no more than the excluded end of the one and the first key of the other (O2).
//! Until the manifest names them the files belong to nobody; whoever fails removes them.

use super::core::Core;
use crate::error::{Error, Result};
use crate::format::compression::Compression;
use crate::format::entry::EntryMeta;
use crate::format::file_name::FileName;
use crate::format::range_tombstones::RangeTombstones;
use crate::format::version_edit::TableMeta;
use crate::planted::{Mistake, planted};
use crate::table::options::TableOptions;
use crate::table::reader::Table;
use crate::table::writer::TableWriter;
use std::sync::Arc;

use super::options::BlockCompression;

/// Where among the tables new ones belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) level: u8,
    /// On level 0 the age of the table: higher is newer. Of no meaning below.
    pub(crate) run: u64,
}

impl Place {
    /// Somewhere on a level below 0.
    pub(crate) fn on(level: u8) -> Self {
        Self { level, run: 0 }
    }
}

/// Writes entries into as many tables as they need.
pub(crate) struct TableOutput<'a> {
    core: &'a Core,
    place: Place,
    bytes_max: u64,
    tombstones: RangeTombstones,
    writer: Option<(u64, TableWriter)>,
    /// Where the current table began, once one before it has ended.
    cut: Option<Box<[u8]>>,
    key: Vec<u8>,
    finished: Vec<TableMeta>,
}

impl<'a> TableOutput<'a> {
    /// Tables for `place`, each ended at about `bytes_max`, with `tombstones` cut to fit them. A
    /// run of level 0 is one table.
    pub(crate) fn new(
        core: &'a Core,
        place: Place,
        bytes_max: u64,
        tombstones: RangeTombstones,
    ) -> Self {
        let (key, finished) = (Vec::new(), Vec::new());
        let bytes_max = if place.level == 0 {
            u64::MAX
        } else {
            bytes_max
        };
        Self {
            core,
            place,
            bytes_max,
            tombstones,
            writer: None,
            cut: None,
            key,
            finished,
        }
    }

    /// Appends an entry.
    pub(crate) fn add(&mut self, key: &[u8], meta: EntryMeta, value: &[u8]) -> Result<()> {
        let is_full = |(_, w): &(u64, TableWriter)| w.estimated_bytes() >= self.bytes_max;
        if self.writer.as_ref().is_some_and(is_full) && self.key != key {
            self.finish_table(Some(key))?; // O1
        }
        self.key.clear();
        self.key.extend_from_slice(key);
        let (_, writer) = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(create(self.core, self.place.level)?),
        };
        writer.add(key, meta, value)
    }

    /// Ends the last table and makes the names of all durable. Nothing to write is no table.
    pub(crate) fn finish(mut self) -> Result<Vec<TableMeta>> {
        let done = self.finish_table(None).and_then(|()| {
            if self.finished.is_empty() || planted(Mistake::TableNameUnsynced) {
                Ok(())
            } else {
                self.core.sync_dir()
            }
        });
        match done {
            Ok(()) => Ok(std::mem::take(&mut self.finished)),
            Err(error) => {
                self.abandon();
                Err(error)
            }
        }
    }

    /// Removes everything written.
    pub(crate) fn abandon(mut self) {
        if let Some((number, writer)) = self.writer.take() {
            writer.abandon();
            self.remove(number);
        }
        for meta in &self.finished {
            self.remove(meta.number);
        }
    }

    fn remove(&self, number: u64) {
        let path = self.core.path(FileName::Table(number));
        // An orphan that cannot be removed is swept at the next open.
        let _ = self.core.file_system.remove_file(&path);
    }

    /// Ends the current table before `next`, where there is anything in it (O2).
    fn finish_table(&mut self, next: Option<&[u8]>) -> Result<()> {
        let short = planted(Mistake::RangeDeleteCutShort);
        let end = next.map(|next| if short { &*self.key } else { next });
        let tombstones = self.tombstones.clip(self.cut.as_deref(), end);
        self.cut = next.map(Into::into);
        let (number, mut writer) = match self.writer.take() {
            Some(writer) => writer,
            None if tombstones.is_empty() => return Ok(()),
            None => create(self.core, self.place.level)?,
        };
        if !tombstones.is_empty() {
            writer.add_range_tombstones(&tombstones);
        }
        let summary = match writer.finish() {
            Ok(summary) => summary,
            Err(error) => {
                self.remove(number);
                return Err(error);
            }
        };
        let meta = TableMeta {
            number,
            level: self.place.level,
            run: self.place.run,
            bytes: summary.bytes,
            checksum: summary.checksum,
            properties: summary.properties,
        };
        self.finished.push(meta);
        if self.core.options.verify_new_tables {
            self.verify(number)
        } else {
            Ok(())
        }
    }

    fn verify(&self, number: u64) -> Result<()> {
        let path = self.core.path(FileName::Table(number));
        let cache = Arc::clone(&self.core.cache);
        Table::open(&self.core.file_system, &path, number, cache)?.verify()
    }
}

fn create(core: &Core, level: u8) -> Result<(u64, TableWriter)> {
    let number = core.next_file_number()?;
    let path = core.path(FileName::Table(number));
    let options = TableOptions {
        block_bytes: core.options.block_bytes,
        filter_bits_per_key: core.options.filter_bits_per_key,
        hash_index: core.options.block_hash_index,
        compression: compression(core.options.compression_of(level)),
    };
    let writer = TableWriter::create(&core.file_system, &path, number, options)?;
    Ok((number, writer))
}

/// The method of that name.
pub(crate) fn compression(chosen: BlockCompression) -> Compression {
    match chosen {
        BlockCompression::None => Compression::None,
        #[cfg(feature = "lz4")]
        BlockCompression::Lz4 => Compression::Lz4,
        #[cfg(feature = "zstd")]
        BlockCompression::Zstd => Compression::Zstd,
        // Without their features the others are refused when the engine is opened.
        #[allow(unreachable_patterns)]
        _ => Compression::None,
    }
}

/// Removes the tables of an edit that is certainly not in force. Where that is in doubt they stay,
/// for the next open to find out.
pub(crate) fn keep_only_installed(
    core: &Core,
    numbers: &[u64],
    installed: Result<()>,
) -> Result<()> {
    installed.inspect_err(|_| {
        if core.latch.is_closed() {
            return;
        }
        for &number in numbers {
            let _ = core
                .file_system
                .remove_file(&core.path(FileName::Table(number)));
        }
    })
}

/// Cleans up after a failure on the way to [`TableOutput::finish`].
pub(crate) fn abandon_on_error<T>(
    mut output: TableOutput<'_>,
    fill: impl FnOnce(&mut TableOutput<'_>) -> Result<T, Error>,
) -> Result<(Vec<TableMeta>, T)> {
    match fill(&mut output) {
        Ok(filled) => Ok((output.finish()?, filled)),
        Err(error) => {
            output.abandon();
            Err(error)
        }
    }
}
