//! Carrying out a compaction plan.
//!
//! As a flush, in the same order: new tables whole and durable, then the manifest record, then the
//! inputs lose their place; their files go when the last reader has let go of them.

use super::compaction_plan::{Plan, Planner, span};
use super::core::Core;
use super::flush::{fill, flush_oldest, tell};
use super::live_table::LiveTable;
use super::merge_cursor::MergeCursor;
use super::options::Compaction;
use super::read_view::{Levels, ReadView};
use super::retention::Retention;
use super::source::{RunCursor, Source};
use super::stats::add;
use super::table_output::{Place, TableOutput, abandon_on_error, keep_only_installed};
use super::tiered_plan::{self, Limits};
use super::trace;
use super::trouble::Work;
use crate::error::Result;
use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, Ordering};

/// Entries of a merge between two looks at what waits for a flush.
const ENTRIES_BETWEEN_LOOKS: u32 = 4_096;

/// Runs the most urgent compaction; `false` where none is due. The caller holds `work`.
pub(crate) fn compact_next(core: &Core) -> Result<bool> {
    run_planned(core, most_urgent)
}

/// True where a compaction is due.
pub(crate) fn is_due(core: &Core) -> bool {
    plan(core, &core.view.load(), most_urgent).is_some()
}

/// What `choose` would do about the tables of `view` now.
fn plan(
    core: &Core,
    view: &ReadView,
    choose: impl FnOnce(&Planner<'_>) -> Option<Plan>,
) -> Option<Plan> {
    let (now_ms, points) = core.snapshots.now_and_points(&core.clock);
    choose(&Planner {
        options: &core.options,
        levels: &view.levels,
        points: &points,
        now_ms,
    })
}

fn most_urgent(planner: &Planner<'_>) -> Option<Plan> {
    match planner.options.compaction {
        Compaction::Leveled => planner.next(),
        Compaction::SizeTiered {
            runs_merged_min,
            runs_max,
            space_percent_max,
        } => {
            let limits = Limits {
                runs_merged_min,
                runs_max,
                space_percent_max,
            };
            tiered_plan::next(planner, limits)
        }
    }
}

/// Merges everything there is into one level. The caller holds `work`.
pub(crate) fn compact_everything(core: &Core) -> Result<bool> {
    run_planned(core, |planner| planner.everything())
}

fn run_planned(core: &Core, choose: impl FnOnce(&Planner<'_>) -> Option<Plan>) -> Result<bool> {
    core.latch.check()?;
    let view = core.view.load_full();
    let Some(plan) = plan(core, &view, choose) else {
        return core.trouble.note(Work::Compaction, Ok(false));
    };
    let done = carry_out(core, &view, plan);
    core.trouble.note(Work::Compaction, done)?;
    add(&core.counters.compactions, 1);
    core.signal_progress();
    Ok(true)
}

fn carry_out(core: &Core, view: &ReadView, plan: Plan) -> Result<()> {
    match plan {
        Plan::Move { table, level } => relocate(core, &table, level),
        Plan::Drop { tables } => {
            let sequences = tables.iter().map(|t| t.meta().properties.sequence_max);
            let forgotten = sequences.max().unwrap_or(0);
            core.forgotten.fetch_max(forgotten, Ordering::AcqRel);
            replace(core, &tables, Vec::new())
        }
        Plan::Merge { inputs, place } => {
            let bytes_in = inputs.iter().map(|t| t.meta().bytes).sum();
            let traced = trace::compaction(inputs.len(), bytes_in, place.level);
            let tables = merge(core, &view.levels, &inputs, place)?;
            traced.record("tables", tables.len() as u64);
            tell(&traced, &tables);
            replace(core, &inputs, tables)
        }
    }
}

fn merge(
    core: &Core,
    levels: &Levels,
    inputs: &[Arc<LiveTable>],
    place: Place,
) -> Result<Vec<TableMeta>> {
    let Some((first, last)) = span(inputs) else {
        return Ok(Vec::new());
    };
    let run_oldest = inputs.iter().map(|t| t.meta().run).min().unwrap_or(0);
    // What lies below the new tables is older, and on level 0 the runs before theirs.
    let older_in = |first: &[u8], last: &[u8]| {
        let is_older = |t: &Arc<LiveTable>| t.meta().run < run_oldest && t.overlaps(first, last);
        levels.overlaps_below(place.level.into(), first, last)
            || (place.level == 0 && levels.level(0).iter().any(is_older))
    };
    let at_bottom = !older_in(&first, &last);
    let older = |key: &[u8]| older_in(key, key);
    let (now_ms, mut points) = core.snapshots.now_and_points(&core.clock);
    if planted(Mistake::SnapshotNotAsked) {
        points.clear();
    }
    let tombstones = merged_tombstones(inputs)?;
    let mut retention = Retention::new(points, now_ms, tombstones, older, at_bottom);
    let kept = retention.tombstones_kept(older_in);
    let mut cursor = MergeCursor::new(sources(inputs)?);
    cursor.seek_to_first()?;
    let output = TableOutput::new(core, place, core.options.table_bytes, kept);
    let mut entries = 0u32;
    let (tables, dropped) = abandon_on_error(output, |output| {
        fill(output, &mut cursor, &mut |key, meta| {
            entries = entries.wrapping_add(1);
            if entries.is_multiple_of(ENTRIES_BETWEEN_LOOKS) {
                flush_waiting(core);
            }
            retention.decide(key, meta)
        })
    })?;
    core.forgotten
        .fetch_max(retention.forgotten(), Ordering::AcqRel);
    add(&core.counters.records_dropped, dropped);
    add(
        &core.counters.compacted_bytes,
        tables.iter().map(|t| t.bytes).sum(),
    );
    Ok(tables)
}

/// Flushes what writers have filled meanwhile, so that they need not wait for a long merge.
///
/// Its table is newer than all that is merged, which stays so. A flush that fails is told in
/// `trouble`, as any; it comes again, and the merge goes on.
fn flush_waiting(core: &Core) {
    while !core.view.load().frozen.is_empty() && !core.trouble.rests(Work::Flush) {
        if !flush_oldest(core).unwrap_or(false) {
            return;
        }
    }
}

fn merged_tombstones(inputs: &[Arc<LiveTable>]) -> Result<RangeTombstones> {
    let mut ranges: Vec<RangeTombstone> = Vec::new();
    for live in inputs
        .iter()
        .filter(|t| t.meta().properties.range_tombstones > 0)
    {
        if let Some(set) = live.table()?.range_tombstones() {
            ranges.extend(set.ranges());
        }
    }
    Ok(RangeTombstones::from_ranges(ranges))
}

/// One source for each table of level 0 and for each run of a deeper level.
fn sources(inputs: &[Arc<LiveTable>]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut runs: std::collections::BTreeMap<u8, Vec<Arc<LiveTable>>> = Default::default();
    for live in inputs {
        if live.meta().level == 0 {
            sources.push(Source::Table(live.table()?.cursor_past_cache()));
        } else {
            runs.entry(live.meta().level)
                .or_default()
                .push(Arc::clone(live));
        }
    }
    for mut run in runs.into_values() {
        run.sort_by(|a, b| a.key_first().cmp(b.key_first()));
        sources.push(Source::Run(RunCursor::new(run, false)));
    }
    Ok(sources)
}

/// Puts `tables` in the place of `inputs`.
fn replace(core: &Core, inputs: &[Arc<LiveTable>], tables: Vec<TableMeta>) -> Result<()> {
    let live: Vec<_> = tables
        .iter()
        .map(|meta| core.live_table(Arc::new(meta.clone())))
        .collect();
    let edit = VersionEdit {
        added: tables,
        removed: inputs.iter().map(|t| t.meta().number).collect(),
        ..VersionEdit::default()
    };
    let numbers: Vec<_> = edit.added.iter().map(|t| t.number).collect();
    let give_up = || {
        for input in inputs {
            input.mark_obsolete(&core.hold);
        }
    };
    if planted(Mistake::InputsGivenUpFirst) {
        give_up();
    }
    let checked = check_bounds(inputs, &edit.added);
    let installed = checked.and_then(|()| swap_tables(core, edit, inputs, live));
    keep_only_installed(core, &numbers, installed)?;
    give_up();
    Ok(())
}

/// What is merged lies within what the inputs say they hold, and rises from table to table. Where
/// it does not, an input is damaged behind its checksums, and reading them whole finds where.
fn check_bounds(inputs: &[Arc<LiveTable>], tables: &[TableMeta]) -> Result<()> {
    let Some((first, last)) = span(inputs) else {
        return Ok(());
    };
    let is_within = |table: &TableMeta| {
        first <= table.properties.key_first && table.properties.key_last <= last
    };
    let rises = tables
        .windows(2)
        .all(|pair| matches!(pair, [a, b] if a.properties.key_last <= b.properties.key_first));
    if rises && tables.iter().all(is_within) {
        return Ok(());
    }
    inputs.iter().try_for_each(|input| input.table()?.verify())
}

/// Gives a table another level, file and all.
fn relocate(core: &Core, table: &Arc<LiveTable>, level: u8) -> Result<()> {
    let meta = TableMeta {
        level,
        run: 0,
        ..(**table.meta()).clone()
    };
    let moved = Arc::new(table.moved(Arc::new(meta.clone())));
    let edit = VersionEdit {
        added: vec![meta],
        removed: vec![table.meta().number],
        ..VersionEdit::default()
    };
    swap_tables(core, edit, std::slice::from_ref(table), vec![moved])
}

fn swap_tables(
    core: &Core,
    edit: VersionEdit,
    gone: &[Arc<LiveTable>],
    new: Vec<Arc<LiveTable>>,
) -> Result<()> {
    core.install(edit, |view: &ReadView| {
        let stays = |t: &&Arc<LiveTable>| !gone.iter().any(|g| Arc::ptr_eq(g, t));
        let levels = Levels::new(view.levels.tables().filter(stays).cloned().chain(new));
        ReadView::new(Arc::clone(&view.active), view.frozen.clone(), levels)
    })
}
