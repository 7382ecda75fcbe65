//! `grain dump-manifest`: the edits of a manifest, in order.

use crate::dumped::{self, BytesForm};
use crate::failure::Result;
use crate::output::{BAD, FAINT, NAME, Output};
use clap::Args;
use grainstore::inspect::{self, ManifestEdit, ManifestItem, ManifestTable};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Shows what stands in a manifest, whole or damaged: which tables came and went
///
/// Reading goes on behind damage; then the exit code is 4.
#[derive(Debug, Args)]
pub(crate) struct DumpManifest {
    /// The file, with the name the database gave it, such as manifest-000001
    file: PathBuf,
    /// How keys are shown
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    keys: BytesForm,
    /// Shows so many edits and ends
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
}

impl DumpManifest {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let (mut edits, mut damaged) = (0, 0);
        for item in inspect::manifest(&self.file)? {
            match &item {
                ManifestItem::Edit(_) if self.limit == Some(edits) => break,
                ManifestItem::Edit(_) => edits += 1,
                ManifestItem::Damage(_) => damaged += 1,
                _ => {}
            }
            if output.is_json() {
                output.document(&self.document(&item))?;
            } else {
                self.lines(output, &item)?;
            }
        }
        match damaged {
            0 => Ok(()),
            places => Err(dumped::damaged(places)),
        }
    }

    fn lines(&self, output: &mut Output, item: &ManifestItem) -> Result<()> {
        match item {
            ManifestItem::Edit(edit) => self.edit(output, edit),
            ManifestItem::Torn { offset } => {
                let name = output.paint(NAME, "end");
                output.line(format_args!(
                    "{name}  at {offset}: behind it is a write that never ended"
                ))
            }
            ManifestItem::Damage(it) => {
                let text = output.paint(BAD, format_args!("damage  {it}"));
                output.line(text)
            }
            _ => Ok(()),
        }
    }

    fn edit(&self, output: &mut Output, edit: &ManifestEdit) -> Result<()> {
        let name = if edit.snapshot { "snapshot" } else { "edit" };
        let mut text = format!(
            "{}  {} bytes at {}",
            output.paint(NAME, name),
            edit.bytes,
            edit.offset
        );
        for (name, said) in [
            ("first log", edit.log_first),
            ("last log", edit.log_last),
            ("last sequence number", edit.sequence_last),
            ("next file", edit.file_number_next),
        ] {
            if let Some(number) = said {
                text.push_str(&format!(", {name} {number}"));
            }
        }
        if let Some(clock_ms) = edit.clock_ms.filter(|&ms| ms > 0) {
            text.push_str(&format!(", clock {}", dumped::time(clock_ms)));
        }
        if let Some((log, offset)) = edit.closed {
            text.push_str(&format!(", closed: log {log} ends at {offset}"));
        }
        output.line(text)?;
        for number in &edit.removed {
            output.line(format_args!("  - table {number}"))?;
        }
        for table in &edit.added {
            let it = &table.properties;
            let (first, last) = (self.key(&it.key_first), self.key(&it.key_last));
            let figures = output.paint(
                FAINT,
                format_args!(
                    "{} bytes, {} entries, {} tombstones, sequence numbers {} to {}",
                    table.bytes,
                    it.entries,
                    it.tombstones + it.range_tombstones,
                    it.sequence_min,
                    it.sequence_max
                ),
            );
            output.line(format_args!(
                "  + table {} on level {}, keys {first} to {last}  {figures}",
                table.number, table.level
            ))?;
        }
        Ok(())
    }

    fn key(&self, key: &[u8]) -> String {
        dumped::form(self.keys, key)
    }

    fn document(&self, item: &ManifestItem) -> Value {
        match item {
            ManifestItem::Edit(it) => {
                let added: Vec<_> = it.added.iter().map(|table| self.table(table)).collect();
                json!({
                    "item": if it.snapshot { "snapshot" } else { "edit" },
                    "offset": it.offset, "bytes": it.bytes, "synced_up_to": it.synced_up_to,
                    "added": added, "removed": it.removed,
                    "log_first": it.log_first, "log_last": it.log_last,
                    "closed": it.closed.map(|(log, offset)| json!({
                        "log": log, "offset": offset,
                    })),
                    "sequence_last": it.sequence_last, "file_number_next": it.file_number_next,
                    "clock_ms": it.clock_ms,
                })
            }
            ManifestItem::Torn { offset } => json!({ "item": "torn", "offset": offset }),
            ManifestItem::Damage(it) => {
                json!({ "item": "damage", "damage": dumped::damage_document(it) })
            }
            _ => json!({ "item": "other" }),
        }
    }

    fn table(&self, table: &ManifestTable) -> Value {
        let it = &table.properties;
        json!({
            "number": table.number, "level": table.level, "run": table.run,
            "bytes": table.bytes, "checksum": table.checksum,
            "entries": it.entries, "tombstones": it.tombstones,
            "range_tombstones": it.range_tombstones,
            "sequence_min": it.sequence_min, "sequence_max": it.sequence_max,
            "key_first": self.key(&it.key_first), "key_last": self.key(&it.key_last),
        })
    }
}
