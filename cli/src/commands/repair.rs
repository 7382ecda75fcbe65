//! `grain repair`: saves what can be read of a damaged database into a new one.

use crate::dumped::{self, BytesForm, check_is_folder, damage_document};
use crate::failure::{DAMAGED, Failure, Result};
use crate::hex;
use crate::output::{BAD, GOOD, Output};
use crate::progress::Progress;
use clap::Args;
use grainstore::inspect::{
    self, DoubtReason, Loss, RepairOptions, RepairProgress, RepairReport, TablePart,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// So many losses and doubts are shown; the report has more.
const SHOWN_MAX: usize = 20;

/// Saves what can be read of a damaged database into a new one
///
/// DIR is only read. Of every record the newest version that can be read is saved, with its
/// expiry; what was deleted stays deleted where its deletion can be read. The exit code is 0 where
/// everything was saved, and 4 where something was lost or is in doubt; the new database is there
/// in both cases.
#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// The folder of the damaged database
    dir: PathBuf,
    /// The folder of the new database; it must not be there, or be empty
    new: PathBuf,
    /// Writes all that was saved, lost and is in doubt to a file of JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Lists so many records in doubt in the report
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    doubts_max: usize,
    /// Uses tables that compactions have left behind, too: brings back what was deleted since
    #[arg(long)]
    use_obsolete_tables: bool,
    /// Uses commits behind the torn end of a log, too: writes that were never acknowledged
    #[arg(long)]
    use_torn_ends: bool,
}

impl Repair {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        check_is_folder(&self.dir)?;
        let mut options = RepairOptions::default();
        options.use_obsolete_tables = self.use_obsolete_tables;
        options.use_torn_ends = self.use_torn_ends;
        options.doubts_listed_max = self.doubts_max;
        let progress = Progress::new(output, "saving", None);
        let report = inspect::repair_telling(&self.dir, &self.new, &options, |at| match at {
            RepairProgress::Writing { records, .. } => progress.reached(records),
            RepairProgress::Comparing { entries } => progress.reached(entries),
            RepairProgress::Log { operations } => progress.reached(operations),
            _ => {}
        });
        drop(progress);
        let report = report?;
        let document = document(&report);
        if let Some(path) = &self.report {
            write_report(path, &document)?;
        }
        if output.is_json() {
            output.document(&document)?;
        } else {
            show(output, &report, &self.new)?;
        }
        if report.is_complete() {
            return Ok(());
        }
        let what = "something was lost, or is in doubt; what could be read is saved";
        let mut failure = Failure::new(DAMAGED, "damaged", what);
        if self.report.is_none() && !output.is_json() {
            failure = failure.hint("`--report FILE` lists all of it");
        }
        Err(failure)
    }
}

fn write_report(path: &Path, document: &Value) -> Result<()> {
    let text = format!("{document:#}\n");
    std::fs::write(path, text)
        .map_err(|e| Failure::io(format_args!("cannot write {}", path.display()), &e))
}

fn show(output: &mut Output, it: &RepairReport, new: &Path) -> Result<()> {
    let used = it
        .tables
        .iter()
        .filter(|table| table.part == TablePart::Used);
    let operations: u64 = it.logs.iter().map(|log| log.operations).sum();
    let blocks: u64 = it.tables.iter().map(|table| table.blocks_lost).sum();
    output.line(format_args!(
        "saved {} records of {} bytes to {}, from {} tables and {operations} operations of the log",
        it.records,
        it.record_bytes,
        new.display(),
        used.count()
    ))?;
    if !it.manifest_complete {
        output.line("the manifest is not complete: the tables were found by what they hold")?;
    }
    for table in &it.tables {
        let what = match (table.part, &table.doubt) {
            (TablePart::Used, None) => continue,
            (TablePart::Used, Some(doubt)) => format!("used, in doubt: {doubt}"),
            (TablePart::Missing, _) => "missing".to_owned(),
            (_, None) => "obsolete, not used".to_owned(),
            (_, Some(doubt)) => format!("obsolete, not used: {doubt}"),
        };
        output.line(format_args!("{}  {what}", table.file.display()))?;
    }
    if blocks > 0 {
        output.line(format_args!("{blocks} blocks could not be read"))?;
    }
    for loss in it.lost.iter().take(SHOWN_MAX) {
        let text = output.paint(BAD, format_args!("lost  {}", describe(loss)));
        output.line(text)?;
    }
    for loss in it.deletions_lost.iter().take(SHOWN_MAX) {
        let text = output.paint(BAD, format_args!("deletions lost  {}", describe(loss)));
        output.line(text)?;
    }
    for doubt in it.doubts.iter().take(SHOWN_MAX) {
        output.line(format_args!(
            "in doubt  {}  {}: {}",
            dumped::form(BytesForm::Text, &doubt.key),
            reason(doubt.reason),
            doubt.file.display()
        ))?;
    }
    if it.doubts_total > SHOWN_MAX as u64 {
        output.line(format_args!("{} records are in doubt", it.doubts_total))?;
    }
    if it.is_complete() {
        let text = output.paint(GOOD, "nothing was lost");
        output.line(text)?;
    }
    Ok(())
}

fn describe(loss: &Loss) -> String {
    let key = |key: &Option<Vec<u8>>| {
        let key = key.as_deref();
        key.map_or("?".to_owned(), |key| dumped::form(BytesForm::Text, key))
    };
    format!(
        "{} at {}, {} bytes, keys {} to {}: {}",
        loss.file.display(),
        loss.offset,
        loss.bytes,
        key(&loss.key_from),
        key(&loss.key_to),
        loss.what
    )
}

fn document(it: &RepairReport) -> Value {
    let tables = it.tables.iter().map(|table| {
        json!({
            "file": table.file.display().to_string(),
            "part": match table.part {
                TablePart::Used => "used",
                TablePart::Obsolete => "obsolete",
                TablePart::Missing => "missing",
                _ => "other",
            },
            "doubt": table.doubt, "blocks": table.blocks, "blocks_lost": table.blocks_lost,
            "entries": table.entries,
        })
    });
    let logs = it.logs.iter().map(|log| {
        json!({
            "file": log.file.display().to_string(), "used": log.used,
            "operations": log.operations, "in_tables": log.in_tables,
            "behind_damage": log.behind_damage, "left_out": log.left_out,
            "lost_bytes": log.lost_bytes,
        })
    });
    let doubts = it.doubts.iter().map(|doubt| {
        json!({
            "key_hex": hex::encode(&doubt.key), "reason": reason(doubt.reason),
            "file": doubt.file.display().to_string(), "offset": doubt.offset,
        })
    });
    json!({
        "complete": it.is_complete(), "manifest_complete": it.manifest_complete,
        "records": it.records, "record_bytes": it.record_bytes, "new_tables": it.new_tables,
        "sequence_last": it.sequence_last, "clock_ms": it.clock_ms,
        "tables": tables.collect::<Vec<_>>(), "logs": logs.collect::<Vec<_>>(),
        "lost": it.lost.iter().map(loss_document).collect::<Vec<_>>(),
        "deletions_lost": it.deletions_lost.iter().map(loss_document).collect::<Vec<_>>(),
        "doubts_total": it.doubts_total, "doubts": doubts.collect::<Vec<_>>(),
        "damage": it.damage.iter().map(damage_document).collect::<Vec<_>>(),
    })
}

fn loss_document(loss: &Loss) -> Value {
    json!({
        "file": loss.file.display().to_string(), "offset": loss.offset, "bytes": loss.bytes,
        "key_from_hex": loss.key_from.as_deref().map(hex::encode),
        "key_to_hex": loss.key_to.as_deref().map(hex::encode),
        "sequence_max": loss.sequence_max, "what": loss.what,
    })
}

fn reason(reason: DoubtReason) -> &'static str {
    match reason {
        DoubtReason::NewerMayBeLost => "a newer version may be lost",
        DoubtReason::DeletionMayBeLost => "its deletion may be lost",
        DoubtReason::MayBeLeftover => "it may be left over from before a compaction",
        _ => "for another reason",
    }
}
