//! Which sorted runs to merge next where compaction is size-tiered.
//!
//! A run is a table of level 0, or all of a deeper level. By age they are level 0 newest first and
//! then level after level, and only neighbours by age ever merge, so that what is newer stays above
//! what is older (G1). A merged run goes as deep as the next older one allows (G2): the oldest lies
//! on the last level, and on level 0 between its neighbours, as one table with the run number of
//! the newest of its inputs. In order of urgency:
//!
//! 1. so many neighbours of about the same size as the options say merge;
//! 2. more runs than the options allow: the cheapest neighbours merge, whatever their sizes;
//! 3. the newer runs are too large against the oldest: everything merges;
//! 4. a table with many expired records is rewritten where it is, or dropped unread;
//! 5. a run with many tombstones merges with the next older one where that is not much larger;
//!    the rest of what is deleted leaves with the merges above.
//!
//! A plan reads only the tables' metas, so making one costs no I/O.

use super::compaction_plan::{Plan, Planner, in_place};
use super::live_table::LiveTable;
use super::read_view::Levels;
use super::table_output::Place;
use crate::manifest::version::LEVELS;
use crate::sync::Arc;

/// The bounds that the options set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) runs_merged_min: usize,
    pub(crate) runs_max: usize,
    pub(crate) space_percent_max: u32,
}

/// An older run belongs to the size of the newer ones while it has at most this many percent of
/// what they have together.
const ALIKE_PERCENT: u64 = 150;

/// A run with range tombstones merges with the next older one up to this many times its size.
const RANGE_TOMBSTONE_REACH: u64 = 8;

/// Tables that lie in key order without overlap, and are of one age.
struct Run<'a> {
    tables: &'a [Arc<LiveTable>],
    level: usize,
    bytes: u64,
}

impl Run<'_> {
    fn entries(&self) -> u64 {
        let entries = self.tables.iter().map(|t| t.meta().properties.entries);
        entries.sum()
    }

    fn tombstones(&self) -> u64 {
        let tombstones = self.tables.iter().map(|t| t.meta().properties.tombstones);
        tombstones.sum()
    }
}

/// The most urgent plan, or `None` where all is well.
pub(crate) fn next(planner: &Planner<'_>, limits: Limits) -> Option<Plan> {
    let runs = runs(planner.levels);
    alike(&runs, limits)
        .or_else(|| too_many(&runs, limits))
        .or_else(|| too_large(&runs, limits))
        .or_else(|| expired(planner))
        .or_else(|| tombstones(planner, &runs))
}

/// All runs, newest first.
fn runs(levels: &Levels) -> Vec<Run<'_>> {
    let run = |level, tables: &'_ [Arc<LiveTable>]| -> u64 {
        debug_assert!(
            level > 0 || tables.len() == 1,
            "a run of level 0 is one table"
        );
        tables.iter().map(|t| t.meta().bytes).sum()
    };
    let level0 = levels.level(0).chunks(1).map(|tables| (0, tables));
    let deeper = (1..LEVELS).map(|level| (level, levels.level(level)));
    let deeper = deeper.filter(|(_, tables)| !tables.is_empty());
    level0
        .chain(deeper)
        .map(|(level, tables)| Run {
            tables,
            level,
            bytes: run(level, tables),
        })
        .collect()
}

fn alike(runs: &[Run<'_>], limits: Limits) -> Option<Plan> {
    (0..runs.len()).find_map(|start| {
        let (mut bytes, mut end) = (0u64, start);
        while let Some(run) = runs.get(end) {
            if end > start && run.bytes > bytes.saturating_mul(ALIKE_PERCENT) / 100 {
                break;
            }
            bytes += run.bytes;
            end += 1;
        }
        let enough = end - start >= limits.runs_merged_min;
        enough.then(|| merge(runs, start, end))?
    })
}

fn too_many(runs: &[Run<'_>], limits: Limits) -> Option<Plan> {
    // As many as bring the number down to the limit.
    let width = runs.len().checked_sub(limits.runs_max)? + 1;
    if width < 2 {
        return None;
    }
    let bytes = |window: &[Run<'_>]| -> u64 { window.iter().map(|run| run.bytes).sum() };
    let windows = runs.windows(width).enumerate();
    let (start, _) = windows.min_by_key(|(_, window)| bytes(window))?;
    merge(runs, start, start + width)
}

fn too_large(runs: &[Run<'_>], limits: Limits) -> Option<Plan> {
    let (oldest, newer) = runs.split_last()?;
    let beside: u64 = newer.iter().map(|run| run.bytes).sum();
    let most = oldest.bytes.saturating_mul(limits.space_percent_max.into()) / 100;
    let due = newer.len() + 1 >= limits.runs_merged_min && beside > most;
    due.then(|| merge(runs, 0, runs.len()))?
}

fn expired(planner: &Planner<'_>) -> Option<Plan> {
    let table = planner.expired()?;
    Some(planner.drop_whole(table).unwrap_or_else(|| in_place(table)))
}

fn tombstones(planner: &Planner<'_>, runs: &[Run<'_>]) -> Option<Plan> {
    runs.iter().enumerate().find_map(|(at, run)| {
        let deletes = |table: &&Arc<LiveTable>| planner.has_many_tombstones(table);
        let table = run.tables.iter().find(deletes)?;
        let older = runs.get(at + 1..).unwrap_or_default();
        let (first, last) = (table.key_first(), table.key_last());
        let meets = |run: &Run<'_>| run.tables.iter().any(|t| t.overlaps(first, last));
        let Some(next) = older.first().filter(|_| older.iter().any(meets)) else {
            return Some(in_place(table)); // nothing older to delete is left
        };
        let ranges = table.meta().properties.range_tombstones > 0;
        let worthwhile = run.tombstones() * 4 >= next.entries()
            || (ranges && next.bytes <= run.bytes.saturating_mul(RANGE_TOMBSTONE_REACH));
        worthwhile.then(|| merge(runs, at, at + 2))?
    })
}

/// Merges the runs from `start` on up to and without `end` (G1).
fn merge(runs: &[Run<'_>], start: usize, end: usize) -> Option<Plan> {
    let merged = runs.get(start..end)?;
    let newest = merged.first()?.tables.first()?.meta();
    let level = match runs.get(end) {
        None => LEVELS - 1,
        Some(older) => older.level.saturating_sub(1),
    };
    let run = if level == 0 { newest.run } else { 0 };
    let tables = merged.iter().flat_map(|run| run.tables);
    Some(Plan::Merge {
        inputs: tables.cloned().collect(),
        place: Place {
            level: level as u8, // G2
            run,
        },
    })
}
