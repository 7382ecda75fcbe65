//! `grain dump-wal`: what stands in a segment of the log.

use crate::dumped::{self, Shown};
use crate::failure::Result;
use crate::output::{BAD, FAINT, NAME, Output};
use clap::Args;
use grainstore::inspect::{self, LogItem, LogOperation, LogPlace, SealReason};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Shows what stands in a log segment, whole or damaged: commits, operations and the seal
///
/// A segment that a program is writing to is a moving picture. Reading goes on behind damage; then
/// the exit code is 4.
#[derive(Debug, Args)]
pub(crate) struct DumpWal {
    /// The file, with the name the database gave it, such as 000004.wal
    file: PathBuf,
    /// Shows commits alone
    #[arg(long)]
    no_operations: bool,
    #[command(flatten)]
    shown: Shown,
}

impl DumpWal {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let (mut operations, mut damaged) = (0, 0);
        for item in inspect::log(&self.file)? {
            if matches!(item, LogItem::Operation(_)) {
                if self.no_operations {
                    continue;
                }
                if self.shown.limit == Some(operations) {
                    break;
                }
                operations += 1;
            }
            damaged += u64::from(matches!(item, LogItem::Damage(_)));
            if output.is_json() {
                output.document(&self.document(&item))?;
            } else {
                self.line(output, &item)?;
            }
        }
        match damaged {
            0 => Ok(()),
            places => Err(dumped::damaged(places)),
        }
    }

    fn line(&self, output: &mut Output, item: &LogItem) -> Result<()> {
        let text = match item {
            LogItem::Record(it) => {
                let place = match it.place {
                    LogPlace::BehindDamage => ", behind damage",
                    LogPlace::BehindTornEnd => ", behind a torn end",
                    _ => "",
                };
                format!(
                    "{}  {} operations from {} on, {} bytes at {}, durable before up to {}, at \
                     {}{place}",
                    output.paint(NAME, "commit"),
                    it.operations,
                    it.sequence,
                    it.bytes,
                    it.offset,
                    it.synced_up_to,
                    dumped::time(it.time_ms)
                )
            }
            LogItem::Operation(operation) => self.operation(output, operation),
            LogItem::Seal(it) => {
                let reason = match it.reason {
                    SealReason::Rolled => "the log goes on in the next segment".to_owned(),
                    SealReason::Closed {
                        manifest,
                        manifest_bytes,
                        time_ms,
                    } => format!(
                        "closed cleanly at {} under manifest {manifest} of {manifest_bytes} bytes",
                        dumped::time(time_ms)
                    ),
                    SealReason::Recovered => "a recovery found nothing behind it".to_owned(),
                    _ => "for another reason".to_owned(),
                };
                let name = output.paint(NAME, "seal");
                format!("{name}  at {}: {reason}", it.offset)
            }
            LogItem::Torn(it) => format!(
                "{}  at {}: not sealed; {} bytes behind are zeros, or a write that never ended",
                output.paint(NAME, "end"),
                it.offset,
                it.bytes
            ),
            LogItem::Damage(it) => output.paint(BAD, format_args!("damage  {it}")),
            _ => return Ok(()),
        };
        output.line(text)
    }

    fn operation(&self, output: &Output, operation: &LogOperation) -> String {
        let at = |sequence: &u64| output.paint(FAINT, format_args!("at {sequence}"));
        match operation {
            LogOperation::Put {
                sequence,
                key,
                value,
                expiry_ms,
            } => {
                let (key, value) = (self.shown.key(key), self.shown.value(value));
                let until = dumped::expiry(*expiry_ms);
                format!("  put {key}  {value}{until}  {}", at(sequence))
            }
            LogOperation::Delete { sequence, key } => {
                format!("  delete {}  {}", self.shown.key(key), at(sequence))
            }
            LogOperation::DeleteRange {
                sequence,
                start,
                end,
            } => {
                let (start, end) = (self.shown.key(start), self.shown.key(end));
                format!("  delete {start} up to {end}  {}", at(sequence))
            }
            _ => String::new(),
        }
    }

    fn document(&self, item: &LogItem) -> Value {
        match item {
            LogItem::Record(it) => json!({
                "item": "record", "offset": it.offset, "bytes": it.bytes,
                "sequence": it.sequence, "operations": it.operations, "time_ms": it.time_ms,
                "synced_up_to": it.synced_up_to,
                "place": match it.place {
                    LogPlace::InOrder => "in_order",
                    LogPlace::BehindDamage => "behind_damage",
                    LogPlace::BehindTornEnd => "behind_torn_end",
                    _ => "other",
                },
            }),
            LogItem::Operation(operation) => self.operation_document(operation),
            LogItem::Seal(it) => match it.reason {
                SealReason::Closed {
                    manifest,
                    manifest_bytes,
                    time_ms,
                } => json!({
                    "item": "seal", "offset": it.offset, "reason": "closed",
                    "manifest": manifest, "manifest_bytes": manifest_bytes, "time_ms": time_ms,
                }),
                SealReason::Rolled => {
                    json!({ "item": "seal", "offset": it.offset, "reason": "rolled" })
                }
                SealReason::Recovered => {
                    json!({ "item": "seal", "offset": it.offset, "reason": "recovered" })
                }
                _ => json!({ "item": "seal", "offset": it.offset }),
            },
            LogItem::Torn(it) => {
                json!({ "item": "torn", "offset": it.offset, "bytes": it.bytes })
            }
            LogItem::Damage(it) => {
                json!({ "item": "damage", "damage": dumped::damage_document(it) })
            }
            _ => json!({ "item": "other" }),
        }
    }

    fn operation_document(&self, operation: &LogOperation) -> Value {
        match operation {
            LogOperation::Put {
                sequence,
                key,
                value,
                expiry_ms,
            } => {
                let mut document = json!({
                    "item": "operation", "kind": "put", "sequence": sequence,
                    "key": self.shown.key(key), "expiry_ms": expiry_ms,
                });
                self.shown.add_value(&mut document, value);
                document
            }
            LogOperation::Delete { sequence, key } => json!({
                "item": "operation", "kind": "delete", "sequence": sequence,
                "key": self.shown.key(key),
            }),
            LogOperation::DeleteRange {
                sequence,
                start,
                end,
            } => json!({
                "item": "operation", "kind": "delete_range", "sequence": sequence,
                "start": self.shown.key(start), "end": self.shown.key(end),
            }),
            _ => json!({ "item": "operation", "kind": "other" }),
        }
    }
}
