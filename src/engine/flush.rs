//! Writing the oldest frozen memtable to a table of level 0.
//!
//! The order keeps every acknowledged write in a durable place at every moment (F1): table data,
//! table sync, directory sync, manifest record, and only then may the log segments go.

use super::core::Core;
use super::live_table::LiveTable;
use super::merge_cursor::MergeCursor;
use super::old_logs;
use super::read_view::{FrozenMemtable, Levels, ReadView};
use super::retention::{Fate, Retention};
use super::source::Source;
use super::stats::add;
use super::table_output::{Place, TableOutput, abandon_on_error, keep_only_installed};
use super::trace::{self, Traced};
use super::trouble::Work;
use crate::error::Result;
use crate::format::range_tombstones::RangeTombstones;
use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::manifest::version::LEVELS;
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, Ordering};

/// Flushes the oldest frozen memtable; `false` where there is none. The caller holds `work`.
///
/// A failure leaves the memtable where it is, and is told in `trouble`.
pub(crate) fn flush_oldest(core: &Core) -> Result<bool> {
    let flushed = flush_keeping_logs(core)?;
    if let Some(log_first) = flushed {
        let early = u64::from(planted(Mistake::LogGoneTooEarly));
        old_logs::retire(core, log_first + early);
    }
    Ok(flushed.is_some())
}

/// As [`flush_oldest`], for a holder of `log`: the segments below the answered number are of no
/// further use and wait to be retired.
pub(crate) fn flush_keeping_logs(core: &Core) -> Result<Option<u64>> {
    let view = core.view.load_full();
    let Some(frozen) = view.frozen.last() else {
        return core.trouble.note(Work::Flush, Ok(None));
    };
    core.latch.check()?;
    let traced = trace::flush(frozen.memtable.bytes());
    let flushed = write_tables(core, &view, frozen);
    let flushed = flushed.and_then(|tables| {
        tell(&traced, &tables);
        install(core, frozen, tables)
    });
    core.trouble.note(Work::Flush, flushed)?;
    add(&core.counters.flushes, 1);
    core.signal_progress();
    Ok(Some(frozen.log_next))
}

/// Records what became of a flush or compaction.
pub(crate) fn tell(traced: &Traced, tables: &[TableMeta]) {
    let entries = tables.iter().map(|t| t.properties.entries).sum();
    traced.record("bytes", tables.iter().map(|t| t.bytes).sum());
    traced.record("entries", entries);
}

fn write_tables(core: &Core, view: &ReadView, frozen: &FrozenMemtable) -> Result<Vec<TableMeta>> {
    let tombstones = frozen.memtable.range_tombstones();
    let tombstones = tombstones.map_or_else(RangeTombstones::default, |set| (*set).clone());
    let has_older = |first: &[u8], last: &[u8]| {
        view.levels.level(0).iter().any(|t| t.overlaps(first, last))
            || (1..LEVELS).any(|level| !view.levels.overlapping(level, first, last).is_empty())
    };
    let (now_ms, points) = core.snapshots.now_and_points(&core.clock);
    let older = |key: &[u8]| has_older(key, key);
    let mut retention = Retention::new(points, now_ms, tombstones, older, false);
    let kept = retention.tombstones_kept(has_older);
    let mut cursor = MergeCursor::new(vec![Source::Memtable(frozen.memtable.cursor())]);
    cursor.seek_to_first()?;
    let place = Place {
        level: 0,
        run: core.next_file_number()?,
    };
    let output = TableOutput::new(core, place, u64::MAX, kept);
    let (tables, dropped) = abandon_on_error(output, |output| {
        fill(output, &mut cursor, &mut |key, meta| {
            retention.decide(key, meta)
        })
    })?;
    core.forgotten
        .fetch_max(retention.forgotten(), Ordering::AcqRel);
    add(&core.counters.records_dropped, dropped);
    Ok(tables)
}

/// Writes what `decide` keeps of the merged entries; answers how many it dropped.
pub(crate) fn fill(
    output: &mut TableOutput<'_>,
    cursor: &mut MergeCursor,
    decide: &mut dyn FnMut(&[u8], crate::format::entry::EntryMeta) -> Fate,
) -> Result<u64> {
    let mut dropped = 0;
    while let Some((key, meta, value)) = cursor.entry() {
        match decide(key, meta) {
            Fate::Keep(meta) => output.add(key, meta, value)?,
            Fate::Bury(meta) => output.add(key, meta, &[])?,
            Fate::Drop => dropped += 1,
        }
        cursor.next()?;
    }
    Ok(dropped)
}

/// Puts the tables in the memtable's place and lets its log segments go (F1).
fn install(core: &Core, frozen: &FrozenMemtable, tables: Vec<TableMeta>) -> Result<()> {
    add(
        &core.counters.flushed_bytes,
        tables.iter().map(|t| t.bytes).sum(),
    );
    let live: Vec<Arc<LiveTable>> = tables
        .iter()
        .map(|meta| core.live_table(Arc::new(meta.clone())))
        .collect();
    let edit = VersionEdit {
        added: tables,
        log_first: Some(frozen.log_next),
        sequence_last: Some(frozen.sequence_last),
        ..VersionEdit::default()
    };
    let numbers: Vec<_> = edit.added.iter().map(|t| t.number).collect();
    let installed = core.install(edit, |view| {
        let mut remaining = view.frozen.clone();
        remaining.pop();
        let levels = Levels::new(view.levels.tables().cloned().chain(live));
        ReadView::new(Arc::clone(&view.active), remaining, levels)
    });
    keep_only_installed(core, &numbers, installed)
}
