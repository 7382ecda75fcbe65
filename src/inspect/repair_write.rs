//! The merge of all that was read into the tables of the new database.
//!
//! Of every key the newest version decides: a value is written, a deletion is not, nor is a value
//! that a deletion of its range covers. The answer is in doubt where something newer may have stood
//! in what was lost. For tables that a compaction left behind see `repair_tables` (L1, L2).

use super::damage::Damage;
use super::repair_options::RepairProgress;
use super::repair_output::RepairOutput;
use super::repair_report::{Doubt, DoubtReason, Loss, RepairReport};
use super::repair_tables::{TableSurvey, TableUse};
use super::salvage_log::SalvagedLog;
use super::salvage_merge::{Counts, Head, MergeInput, SalvageMerge};
use super::salvage_table::Bounds;
use crate::error::Result;
use crate::format::entry::{EntryMeta, Kind, SEQUENCE_MAX};
use crate::format::range_tombstones::RangeTombstones;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use std::collections::BTreeMap;

/// What to merge.
pub(crate) struct Plan<'a> {
    /// The manifest told which tables there are.
    pub(crate) complete: bool,
    pub(crate) tables: &'a TableSurvey,
    pub(crate) log: &'a SalvagedLog,
    pub(crate) doubts_listed_max: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) report: RepairReport,
    pub(crate) damage: Vec<Damage>,
    /// What was counted of each table, by its place in the survey.
    pub(crate) counts: BTreeMap<usize, Counts>,
    pub(crate) sequence_max: u64,
}

/// Deletions of ranges: those that count against everything older, and those of tables left behind,
/// which do not count against what tables written from them hold under number zero (L2).
struct Deletions {
    of_all: RangeTombstones,
    left_behind: Vec<(RangeTombstones, u64)>,
}

/// The merge under way.
struct Writing<'w, 'o> {
    plan: &'w Plan<'w>,
    output: &'w mut RepairOutput<'o>,
    inputs: Vec<Input>,
    deletions: Deletions,
    /// Losses whose keys are not behind the walk yet.
    near: Vec<Loss>,
    written: Written,
}

/// What an input of the merge is.
#[derive(Debug, Clone, Copy)]
struct Input {
    /// Its number; none for a part of the log, which is newer than all.
    table: Option<u64>,
    using: TableUse,
}

/// The key that the walk stands on, and what is known of it so far.
#[derive(Debug, Default)]
struct Present {
    key: Vec<u8>,
    /// The decision has been made: written, or deleted.
    settled: bool,
    /// Sequence number and table of the version that decided, where it has a number.
    winner: Option<(u64, Option<u64>)>,
    /// The newest version in a table left behind: its number, and the table written from it.
    superseded: Option<(u64, u64)>,
    /// The doubt has been counted.
    told: bool,
}

/// Merges what `plan` tells into `output`.
pub(crate) fn write(
    fs: &Arc<dyn FileSystem>,
    plan: &Plan<'_>,
    output: &mut RepairOutput<'_>,
    tell: &mut dyn FnMut(RepairProgress),
) -> Result<Written> {
    let (mut merge_inputs, places) = plan.tables.inputs();
    let mut inputs: Vec<Input> = places.iter().map(|&at| table_input(plan, at)).collect();
    for spill in &plan.log.spills {
        let using = TableUse::Full;
        inputs.push(Input { table: None, using });
        merge_inputs.push(MergeInput {
            path: spill.path.clone(),
            number: spill.number,
            bounds: Bounds::default(),
        });
    }
    let mut writing = Writing {
        plan,
        output,
        inputs,
        deletions: deletions(plan),
        near: plan.tables.lost.clone(),
        written: Written::default(),
    };
    writing.written.report.lost.clone_from(&plan.tables.lost);
    writing
        .written
        .report
        .deletions_lost
        .clone_from(&plan.tables.deletions_lost);
    let mut merge = SalvageMerge::new(Arc::clone(fs), merge_inputs);
    let (mut present, mut told) = (Present::default(), 0);
    let mut first = true;
    while let Some(head) = merge.next()? {
        writing.take_losses(&mut merge);
        if first || head.key != present.key {
            first = false;
            present = Present {
                key: head.key.clone(),
                ..Present::default()
            };
            writing
                .near
                .retain(|loss| loss.key_to.as_ref().is_none_or(|to| *to >= head.key));
        }
        if let Some(meta) = merge.meta(&head) {
            writing.version(&mut present, &head, meta, &merge)?;
        }
        merge.advance(&head)?;
        let report = &writing.written.report;
        if report.records >= told + 4_096 {
            told = report.records;
            let (records, bytes) = (report.records, report.record_bytes);
            tell(RepairProgress::Writing { records, bytes });
        }
    }
    writing.take_losses(&mut merge);
    let counts = places.iter().zip(merge.counts);
    writing.written.counts = counts.map(|(&at, counts)| (at, counts)).collect();
    Ok(writing.written)
}

fn table_input(plan: &Plan<'_>, at: usize) -> Input {
    let table = plan.tables.tables.get(at);
    Input {
        table: table.map(|table| table.number),
        using: table.map_or(TableUse::Not, |table| table.using),
    }
}

fn deletions(plan: &Plan<'_>) -> Deletions {
    let mut of_all = plan.log.ranges.clone();
    let mut left_behind = Vec::new();
    for table in &plan.tables.tables {
        match table.using {
            TableUse::Full => of_all.extend(table.range_tombstones.ranges()),
            TableUse::LeftBehind { written_by } if !table.range_tombstones.is_empty() => {
                left_behind.push((table.range_tombstones.clone(), written_by));
            }
            TableUse::LeftBehind { .. } | TableUse::Not => {}
        }
    }
    Deletions {
        of_all: RangeTombstones::from_ranges(of_all),
        left_behind,
    }
}

/// True where a write at `newer`, in a table from which `written_by` was written, counts against a
/// version of `table` (none: the log): it does not where that was written from it, too.
fn counts_against(sequence: u64, table: Option<u64>, newer: u64, written_by: u64) -> bool {
    let accounted_for = sequence == 0 && table.is_none_or(|table| table >= written_by);
    newer >= sequence && !accounted_for
}

impl Deletions {
    /// Whether a range delete covers a version of `key` in `table`, which was written at
    /// `written_at` at least, whatever its number is now.
    fn cover(&self, key: &[u8], sequence: u64, written_at: u64, table: Option<u64>) -> bool {
        let newer = |set: &RangeTombstones| {
            let newest = set.covering(key, SEQUENCE_MAX);
            newest.filter(|&deleted| deleted > written_at)
        };
        newer(&self.of_all).is_some()
            || self.left_behind.iter().any(|(set, written_by)| {
                newer(set).is_some_and(|at| counts_against(sequence, table, at, *written_by))
            })
    }
}

impl Writing<'_, '_> {
    fn take_losses(&mut self, merge: &mut SalvageMerge) {
        if merge.lost.is_empty() && merge.damage.is_empty() {
            return;
        }
        self.near.extend(merge.lost.iter().cloned());
        self.written.report.lost.append(&mut merge.lost);
        self.written.damage.append(&mut merge.damage);
    }

    /// Looks at the next version of the present key, newest first.
    fn version(
        &mut self,
        present: &mut Present,
        head: &Head,
        meta: EntryMeta,
        merge: &SalvageMerge,
    ) -> Result<()> {
        let Some(&input) = self.inputs.get(head.input) else {
            return Ok(());
        };
        self.written.sequence_max = self.written.sequence_max.max(meta.sequence);
        if present.settled {
            self.doubt_leftover(present, input, meta);
            return Ok(());
        }
        if let TableUse::LeftBehind { written_by } = input.using {
            // What became of it stands in the table written from it, or was deleted.
            present.superseded = present.superseded.or(Some((meta.sequence, written_by)));
            return Ok(());
        }
        let superseded = present.superseded.is_some_and(|(newer, written_by)| {
            counts_against(meta.sequence, input.table, newer, written_by)
        });
        if superseded {
            return Ok(());
        }
        present.settled = true;
        present.winner = Some((meta.sequence, input.table));
        // What was written from a table left behind is at least as new as what that holds.
        let written_at = present.superseded.map_or(0, |(newer, _)| newer);
        let written_at = written_at.max(meta.sequence);
        let covered = self
            .deletions
            .cover(&head.key, meta.sequence, written_at, input.table);
        if meta.kind == Kind::Delete || covered {
            return Ok(());
        }
        let value = merge.value(head);
        let kept = EntryMeta {
            sequence: 0,
            ..meta
        };
        self.output.add(&head.key, kept, value)?;
        let report = &mut self.written.report;
        report.records += 1;
        report.record_bytes += (head.key.len() + value.len()) as u64;
        self.doubt_losses(present, meta.sequence);
        Ok(())
    }

    /// Something newer may have stood in what was lost.
    fn doubt_losses(&mut self, present: &mut Present, sequence: u64) {
        let newer = self
            .near
            .iter()
            .find(|loss| loss.may_hold(&present.key, sequence));
        let (loss, reason) = match newer {
            Some(loss) => (loss, DoubtReason::NewerMayBeLost),
            None => {
                let lost = &self.plan.tables.deletions_lost;
                match lost
                    .iter()
                    .find(|loss| loss.may_hold(&present.key, sequence))
                {
                    Some(loss) => (loss, DoubtReason::DeletionMayBeLost),
                    None => return,
                }
            }
        };
        let doubt = Doubt {
            key: present.key.clone(),
            reason,
            file: loss.file.clone(),
            offset: loss.offset,
        };
        self.doubt(present, doubt);
    }

    /// Without a manifest, a version with a number may come from a table left behind, where a
    /// table that was written later has one under number zero.
    fn doubt_leftover(&mut self, present: &mut Present, input: Input, meta: EntryMeta) {
        let Some((sequence, Some(table))) = present.winner else {
            return;
        };
        let later = input.table.filter(|&later| later > table);
        let may_be = sequence > 0 && meta.sequence == 0 && input.using == TableUse::Full;
        if self.plan.complete || !may_be || later.is_none() {
            return;
        }
        let of = |it: &&super::repair_tables::SurveyedTable| it.number == table;
        let file = self.plan.tables.tables.iter().find(of);
        let doubt = Doubt {
            key: present.key.clone(),
            reason: DoubtReason::MayBeLeftover,
            file: file.map(|it| it.path.clone()).unwrap_or_default(),
            offset: 0,
        };
        self.doubt(present, doubt);
    }

    fn doubt(&mut self, present: &mut Present, doubt: Doubt) {
        if std::mem::replace(&mut present.told, true) {
            return;
        }
        let report = &mut self.written.report;
        report.doubts_total += 1;
        if report.doubts.len() < self.plan.doubts_listed_max {
            report.doubts.push(doubt);
        }
    }
}
