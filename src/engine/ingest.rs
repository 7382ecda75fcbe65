//! Loading much at once: a sorted stream, or a finished table file, straight into tables.
//!
//! Neither log nor memtable sees any of it. All of an ingest gets one sequence number and becomes
//! visible at one commit point, in one edit of the manifest (I1), so that a crash leaves all of it
//! or nothing. Memtables are flushed first and writers wait, so that whatever is older lies below
//! (I2). A failure removes what was written.
//!
//! A table file is not taken over but read: its checksums hold the number under which it was
//! written, and its sequence numbers are those of another history. Of each key the newest version
//! counts, a put or a tombstone, unless a range tombstone of the file deletes it; what is left gets
//! the sequence number of the ingest, and so do the range tombstones. Those then delete what was in
//! the database before, and nothing that came out of the file with them (I3).

use super::core::{Core, Log};
use super::flush;
use super::lsm::Engine;
use super::old_logs;
use super::options::Compaction;
use super::read_view::{Levels, ReadView};
use super::rotate;
use super::table_output::{Place, TableOutput, abandon_on_error, keep_only_installed};
use super::take_up::take_up;
use super::watch_hub::{IngestOffer, Wakes};
use crate::error::{Error, ErrorKind, Result};
use crate::format::batch::Operation;
use crate::format::entry::{EntryMeta, KEY_BYTES_MAX, Kind, SEQUENCE_MAX, VALUE_BYTES_MAX};
use crate::format::file_name::FileName;
use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::manifest::version::LEVELS;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use crate::table::cache::BlockCache;
use crate::table::reader::Table;
use std::path::Path;

impl Engine {
    /// Puts a sorted stream of records straight into tables, without log and memtable: the way to
    /// load much. All of it becomes visible at one commit point. Writers wait while it runs.
    ///
    /// `records` gives key, value and expiry (ms since the epoch, 0 for never), keys rising.
    ///
    /// # Errors
    /// `InvalidInput` where keys do not rise; `TooLarge`; an error of the stream; `StorageFull`,
    /// `Io`, `Latched`, `Closed`. Nothing has changed then.
    pub fn ingest<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl IntoIterator<Item = Result<(K, V, u64)>>,
    ) -> Result<u64> {
        let none = RangeTombstones::default();
        ingest(self.core(), none, |into| {
            let (mut last, mut count) = (None::<Box<[u8]>>, 0);
            for record in records {
                let (key, value, expiry_ms) = record?;
                let (key, value) = (key.as_ref(), value.as_ref());
                check_ingested(last.as_deref(), key, value)?;
                into.add(key, (Kind::Put, expiry_ms), value)?;
                last = Some(key.into());
                count += 1;
            }
            Ok(count)
        })
    }

    /// Puts what a finished table file holds into the database, in the way of
    /// [`ingest`](Self::ingest): a table of another database or of a checkpoint, or one that a
    /// [`TableFileWriter`](super::table_file::TableFileWriter) made. The file is read and checked
    /// whole before anything is written, and stays as it is. Answers how many keys it set or
    /// deleted, range deletes aside.
    ///
    /// A table belongs to the number in its name, `NNNNNN.table`; under another name the file is
    /// read as one of number 0, as the writer makes them.
    ///
    /// # Errors
    /// `Corruption` where the file is damaged or was given another number, `UnsupportedFormat`
    /// where a newer release or one with more compressions wrote it; `StorageFull`, `Io`,
    /// `Latched`, `Closed`. Nothing has changed then.
    pub fn ingest_table_file(&self, path: impl AsRef<Path>) -> Result<u64> {
        let (core, path) = (self.core(), path.as_ref());
        core.check_open()?;
        let named = path.file_name().and_then(FileName::parse);
        let number = match named {
            Some(FileName::Table(number)) => number,
            _ => 0,
        };
        let table = Table::open(&core.file_system, path, number, BlockCache::new(0))?;
        table.verify()?;
        let none = RangeTombstones::default();
        let deleted = table.range_tombstones().map_or(&none, |set| set);
        ingest_table(core, &table, deleted)
    }
}

fn ingest_table(core: &Core, table: &Arc<Table>, deleted: &RangeTombstones) -> Result<u64> {
    ingest(core, deleted.clone(), |into| {
        let (mut key, mut count) = (None::<Vec<u8>>, 0);
        let mut cursor = table.cursor_past_cache();
        cursor.seek_to_first()?;
        while cursor.valid() {
            let meta = cursor.meta();
            let is_first = key.as_deref() != Some(cursor.key());
            let newer = deleted.covering(cursor.key(), SEQUENCE_MAX);
            if is_first && newer.is_none_or(|at| at <= meta.sequence) {
                into.add(cursor.key(), (meta.kind, meta.expiry_ms), cursor.value())?; // I3
                count += 1;
            }
            if is_first {
                let key = key.get_or_insert_default();
                key.clear();
                key.extend_from_slice(cursor.key());
            }
            cursor.next()?;
        }
        Ok(count)
    })
}

/// Where the records of an ingest go: to its tables, and to whoever watches.
struct Ingested<'o, 'c> {
    output: &'o mut TableOutput<'c>,
    offer: &'o mut Option<IngestOffer>,
    sequence: u64,
}

impl Ingested<'_, '_> {
    fn add(&mut self, key: &[u8], (kind, expiry_ms): (Kind, u64), value: &[u8]) -> Result<()> {
        let meta = EntryMeta {
            sequence: self.sequence,
            kind,
            expiry_ms,
        };
        self.output.add(key, meta, value)?;
        if let Some(offer) = self.offer {
            offer.add(match kind {
                Kind::Put => Operation::Put {
                    key,
                    value,
                    expiry_ms,
                },
                Kind::Delete => Operation::Delete { key },
            });
        }
        Ok(())
    }
}

/// Writes what `fill` gives, and `deleted`, into new tables with the next sequence number, and
/// shows them (I1).
fn ingest(
    core: &Core,
    deleted: RangeTombstones,
    fill: impl FnOnce(&mut Ingested<'_, '_>) -> Result<u64>,
) -> Result<u64> {
    take_up(core)?;
    let work = core.begin_work()?;
    let mut log = core.log.lock();
    core.latch.check()?;
    if !planted(Mistake::IngestUnderMemtable) {
        rotate::freeze(core, &mut log)?; // I2
    }
    let mut retired = None;
    while let Some(log_first) = flush::flush_keeping_logs(core)? {
        retired = Some(log_first);
    }
    let done = write_and_install(core, &mut log, deleted, fill);
    drop(log);
    if let Some(log_first) = retired {
        old_logs::retire(core, log_first);
    }
    drop(work);
    let (count, wakes) = done?;
    wakes.wake();
    Ok(count)
}

fn write_and_install(
    core: &Core,
    log: &mut Log,
    deleted: RangeTombstones,
    fill: impl FnOnce(&mut Ingested<'_, '_>) -> Result<u64>,
) -> Result<(u64, Wakes)> {
    let sequence = log.sequence_last + 1;
    if sequence > SEQUENCE_MAX {
        let text = "all 2^56 sequence numbers are used";
        return Err(Error::new(ErrorKind::TooLarge, text));
    }
    let mut offer = core.watchers.collect_ingest();
    if let Some(offer) = &mut offer {
        for RangeTombstone { start, end, .. } in deleted.ranges() {
            let (start, end) = (&*start, &*end);
            offer.add(Operation::DeleteRange { start, end });
        }
    }
    let ranges = deleted
        .ranges()
        .map(|range| RangeTombstone { sequence, ..range });
    let ranges = RangeTombstones::from_ranges(ranges.collect());
    let output = TableOutput::new(core, Place::on(1), core.options.table_bytes, ranges);
    let (tables, count) = abandon_on_error(output, |output| {
        fill(&mut Ingested {
            output,
            offer: &mut offer,
            sequence,
        })
    })?;
    let mut wakes = Wakes::default();
    if !tables.is_empty() {
        wakes = install_ingested(core, log, tables, offer)?;
    }
    Ok((count, wakes))
}

/// What every ingested record must be, and how it must follow the key before.
pub(super) fn check_ingested(last: Option<&[u8]>, key: &[u8], value: &[u8]) -> Result<()> {
    if last.is_some_and(|last| last >= key) {
        let text = "the keys of an ingest must rise, and none may come twice; sort them first";
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
        let text = format!(
            "an ingested record has a key of {} and a value of {} bytes; the limits are \
             {KEY_BYTES_MAX} and {VALUE_BYTES_MAX}",
            key.len(),
            value.len()
        );
        return Err(Error::new(ErrorKind::TooLarge, text));
    }
    Ok(())
}

/// Puts the tables in, as deep as nothing above or beside them overlaps, and shows them.
fn install_ingested(
    core: &Core,
    log: &mut Log,
    mut tables: Vec<TableMeta>,
    offer: Option<IngestOffer>,
) -> Result<Wakes> {
    let sequence = log.sequence_last + 1;
    let level = level_for(core, &core.view.load().levels, &tables);
    for meta in &mut tables {
        meta.level = level;
        meta.run = if level == 0 {
            core.next_file_number()?
        } else {
            0
        };
    }
    let live: Vec<_> = tables
        .iter()
        .map(|meta| core.live_table(Arc::new(meta.clone())))
        .collect();
    let edit = VersionEdit {
        added: tables,
        sequence_last: Some(sequence),
        ..Default::default()
    };
    let numbers: Vec<_> = edit.added.iter().map(|t| t.number).collect();
    let installed = core.install(edit, |view| {
        let levels = Levels::new(view.levels.tables().cloned().chain(live));
        ReadView::new(Arc::clone(&view.active), view.frozen.clone(), levels)
    });
    keep_only_installed(core, &numbers, installed)?;
    log.sequence_last = sequence;
    let shown = (&core.visible, sequence);
    let wakes = core.watchers.show_ingested(shown, &core.clock, offer);
    core.signal_work();
    Ok(wakes)
}

/// The deepest level in use that the tables may join without meeting a table there or above; with
/// size-tiered compaction, of all levels.
fn level_for(core: &Core, levels: &Levels, tables: &[TableMeta]) -> u8 {
    let first = tables
        .iter()
        .map(|t| &*t.properties.key_first)
        .min()
        .unwrap_or_default();
    let last = tables
        .iter()
        .map(|t| &*t.properties.key_last)
        .max()
        .unwrap_or_default();
    if levels.level(0).iter().any(|t| t.overlaps(first, last)) {
        return 0;
    }
    let deepest = match core.options.compaction {
        Compaction::Leveled => levels.deepest(),
        Compaction::SizeTiered { .. } => LEVELS - 1,
    };
    let free = |&level: &usize| levels.overlapping(level, first, last).is_empty();
    (1..=deepest).take_while(free).last().unwrap_or(0) as u8
}
