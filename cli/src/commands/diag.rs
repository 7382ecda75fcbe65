//! `grain diag`: what lies in the folder of a database and whether it would open.

use crate::dumped::{self, check_is_folder, damage_document};
use crate::failure::{DAMAGED, Failure, Result};
use crate::output::{BAD, FAINT, GOOD, NAME, Output};
use clap::Args;
use grainstore::inspect::{self, Diagnosis, FileRole};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Shows what lies in the folder of a database, and whether it would open
///
/// Changes nothing and does not open it, so it works on a damaged database and beside a program
/// that has it open; then all is a moving picture. Tables are not read: see `grain verify`. The
/// exit code is 4 where the database would not open.
#[derive(Debug, Args)]
pub(crate) struct Diag {
    /// The folder of the database
    dir: PathBuf,
}

impl Diag {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        check_is_folder(&self.dir)?;
        let diagnosis = inspect::directory(&self.dir)?;
        let is_own = |role| role != FileRole::Foreign;
        if !diagnosis.files.iter().any(|file| is_own(file.role)) {
            let text = format!("{} holds no database", self.dir.display());
            return Err(Failure::absent(text));
        }
        if output.is_json() {
            output.document(&document(&diagnosis))?;
        } else {
            show(output, &diagnosis)?;
        }
        match &diagnosis.refusal {
            None => Ok(()),
            Some(refusal) => Err(Failure::new(DAMAGED, "damaged", refusal.to_string())
                .hint("restore a checkpoint, or save what can be read with `grain repair`")),
        }
    }
}

fn show(output: &mut Output, it: &Diagnosis) -> Result<()> {
    let mut figure = |name: &str, text: String| {
        let name = output.paint(NAME, format_args!("{name:<22}"));
        output.line(format_args!("{name}{text}"))
    };
    figure(
        "in use",
        match it.in_use {
            Some(true) => "yes: what follows is a moving picture".to_owned(),
            Some(false) => "no".to_owned(),
            None => "that cannot be told here".to_owned(),
        },
    )?;
    let manifest = it.manifest.map_or("none".to_owned(), |n| n.to_string());
    let whole = if it.manifest_complete {
        ""
    } else {
        ", not complete"
    };
    figure("manifest", format!("{manifest}{whole}"))?;
    figure(
        "closed",
        match it.closed {
            Some(close) => format!(
                "cleanly, at {} (log {} ends at {})",
                dumped::time(close.time_ms),
                close.log,
                close.offset
            ),
            None => "not since the last write".to_owned(),
        },
    )?;
    let log = &it.log;
    let span = match (log.first <= log.last, log.sequences) {
        (false, _) => "no segment".to_owned(),
        (true, None) => format!("segments {} to {}, no commit", log.first, log.last),
        (true, Some((first, last))) => format!(
            "segments {} to {}, {} bytes; {} commits with {} operations, sequence numbers {first} \
             to {last}",
            log.first, log.last, log.bytes, log.records, log.operations
        ),
    };
    figure("log", span)?;
    figure("last sequence number", it.sequence_last.to_string())?;
    for (at, level) in it
        .levels
        .iter()
        .enumerate()
        .filter(|(_, level)| level.tables > 0)
    {
        figure(
            &format!("level {at}"),
            format!(
                "{} tables, {} bytes, {} entries, {} tombstones",
                level.tables, level.bytes, level.entries, level.tombstones
            ),
        )?;
    }
    show_files(output, it)
}

fn show_files(output: &mut Output, it: &Diagnosis) -> Result<()> {
    for file in &it.files {
        let bytes = file.bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        let role = role(file.role);
        let role = match file.role {
            FileRole::Missing => output.paint(BAD, role),
            FileRole::InUse => role.to_owned(),
            _ => output.paint(FAINT, role),
        };
        output.line(format_args!("{:<22}{bytes:>14}  {role}", file.name))?;
    }
    for damage in &it.damage {
        let text = output.paint(BAD, format_args!("damage  {damage}"));
        output.line(text)?;
    }
    let opens = match it.refusal {
        None => output.paint(GOOD, "it opens"),
        Some(_) => output.paint(BAD, "it does not open"),
    };
    output.line(opens)
}

fn document(it: &Diagnosis) -> Value {
    let files = it
        .files
        .iter()
        .map(|file| json!({ "name": file.name, "bytes": file.bytes, "role": role(file.role) }));
    let levels = it.levels.iter().map(|level| {
        json!({
            "tables": level.tables, "bytes": level.bytes, "entries": level.entries,
            "tombstones": level.tombstones,
        })
    });
    json!({
        "in_use": it.in_use, "manifest": it.manifest,
        "manifest_complete": it.manifest_complete,
        "closed": it.closed.map(|close| json!({
            "log": close.log, "offset": close.offset, "time_ms": close.time_ms,
        })),
        "log": {
            "first": it.log.first, "last": it.log.last, "bytes": it.log.bytes,
            "records": it.log.records, "operations": it.log.operations,
            "sequence_first": it.log.sequences.map(|(first, _)| first),
            "sequence_last": it.log.sequences.map(|(_, last)| last),
        },
        "sequence_last": it.sequence_last, "clock_ms": it.clock_ms,
        "levels": levels.collect::<Vec<_>>(), "files": files.collect::<Vec<_>>(),
        "damage": it.damage.iter().map(damage_document).collect::<Vec<_>>(),
        "opens": it.refusal.is_none(),
        "refusal": it.refusal.as_ref().map(damage_document),
    })
}

fn role(role: FileRole) -> &'static str {
    match role {
        FileRole::InUse => "in use",
        FileRole::Missing => "missing",
        FileRole::Obsolete => "obsolete",
        FileRole::Spare => "spare",
        FileRole::Temporary => "temporary",
        FileRole::Unknown => "unknown",
        FileRole::Foreign => "foreign",
        _ => "other",
    }
}
