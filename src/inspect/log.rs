//! A log segment told record by record, whole or damaged.
//!
//! A stream: one record is in memory at a time. Reading goes on behind damage. For one thread at a
//! time; nothing is written.

use super::damage::Damage;
use super::log_item::{LogItem, LogOperation, LogPlace, LogRecord, LogSeal, LogTorn, SealReason};
use super::log_walk::{Behind, LogStep, LogWalk, WalkedRecord};
use super::source_file::SourceFile;
use crate::error::{Error, ErrorKind, Result};
use crate::format::batch::{self, Operation};
use crate::format::file_name::FileName;
use crate::format::log_record::{RECORD_HEADER_BYTES, Seal};
use crate::fs::file_system::FileSystem;
use std::path::{Path, PathBuf};

/// The records of a log segment, in order.
///
/// Made by [`Inspector::log`](super::Inspector::log). Holds one record in memory.
#[derive(Debug)]
pub struct LogInspection {
    path: PathBuf,
    number: u64,
    walk: LogWalk,
    record: Option<OpenRecord>,
}

/// The record whose operations are being told.
#[derive(Debug)]
struct OpenRecord {
    record: WalkedRecord,
    /// Where in the payload the next operation begins, and its number.
    next: usize,
    count: u32,
}

impl LogInspection {
    /// Opens the segment at `path`, whose name tells its number.
    pub(crate) fn open(fs: &dyn FileSystem, path: &Path) -> Result<Self> {
        let Some(FileName::Wal(number)) = path.file_name().and_then(FileName::parse) else {
            let text = format!(
                "{} has no name of a log segment such as 000012.wal; the checksums in a segment \
                 hold its number, so a copy has to keep the name",
                path.display()
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        };
        let source = SourceFile::open(fs, path)?;
        Ok(Self {
            path: path.to_owned(),
            number,
            walk: LogWalk::new(source, number),
            record: None,
        })
    }

    /// The number of the segment.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Goes on at `offset`, where a record of the segment was told to begin or to end; what stands
    /// before it is not told again. For following a log as it grows.
    #[must_use]
    pub fn starting_at(mut self, offset: u64) -> Self {
        self.walk.skip_to(offset);
        self.record = None;
        self
    }

    fn next_operation(&mut self) -> Option<LogItem> {
        let open = self.record.as_mut()?;
        let rest = open.record.payload.get(open.next..).unwrap_or_default();
        let header = &open.record.header;
        let what = match batch::first(rest) {
            None if open.count == header.operations => {
                self.record = None;
                return None;
            }
            None => "a log record holds fewer operations than it says",
            Some(Err(fault)) => fault.what,
            Some(Ok((operation, bytes))) => {
                let sequence = header.base_sequence + u64::from(open.count);
                open.next += bytes;
                open.count = open.count.saturating_add(1);
                return Some(LogItem::Operation(describe(operation, sequence)));
            }
        };
        let at = open.record.offset + (RECORD_HEADER_BYTES + open.next) as u64;
        self.record = None;
        Some(LogItem::Damage(Damage::new(&self.path, at, what)))
    }

    fn next_record(&mut self) -> Option<LogItem> {
        let step = match self.walk.next() {
            Ok(step) => step?,
            Err(error) => return Some(LogItem::Damage(Damage::of(&error, &self.path))),
        };
        Some(match step {
            LogStep::Record(record) => {
                let item = LogItem::Record(LogRecord {
                    offset: record.offset,
                    bytes: record.header.record_bytes(),
                    sequence: record.header.base_sequence,
                    operations: record.header.operations,
                    time_ms: record.header.time_ms,
                    synced_up_to: record.header.synced_up_to,
                    place: match record.behind {
                        Behind::Nothing => LogPlace::InOrder,
                        Behind::Damage => LogPlace::BehindDamage,
                        Behind::Torn => LogPlace::BehindTornEnd,
                    },
                });
                let (next, count) = (0, 0);
                self.record = Some(OpenRecord {
                    record,
                    next,
                    count,
                });
                item
            }
            LogStep::Seal { offset, seal } => LogItem::Seal(LogSeal {
                offset,
                reason: reason(seal),
            }),
            LogStep::Torn { offset, bytes } => LogItem::Torn(LogTorn { offset, bytes }),
            LogStep::Damage { damage, .. } => LogItem::Damage(damage),
        })
    }
}

impl Iterator for LogInspection {
    type Item = LogItem;

    fn next(&mut self) -> Option<LogItem> {
        self.next_operation().or_else(|| self.next_record())
    }
}

fn reason(seal: Seal) -> SealReason {
    match seal {
        Seal::Rolled => SealReason::Rolled,
        Seal::Closed(mark) => SealReason::Closed {
            manifest: mark.manifest,
            manifest_bytes: mark.manifest_bytes,
            time_ms: mark.time_ms,
        },
        Seal::Recovered => SealReason::Recovered,
    }
}

fn describe(operation: Operation<'_>, sequence: u64) -> LogOperation {
    match operation {
        Operation::Put {
            key,
            value,
            expiry_ms,
        } => LogOperation::Put {
            sequence,
            key: key.to_vec(),
            value: value.to_vec(),
            expiry_ms,
        },
        Operation::Delete { key } => LogOperation::Delete {
            sequence,
            key: key.to_vec(),
        },
        Operation::DeleteRange { start, end } => LogOperation::DeleteRange {
            sequence,
            start: start.to_vec(),
            end: end.to_vec(),
        },
    }
}
