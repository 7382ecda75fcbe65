//! What a log segment holds, counted without keeping it.
//!
//! Reads the segment once, holding one record. Nothing is written. For one thread at a time.

use super::damage::Damage;
use super::log_walk::{Behind, LogStep, LogWalk};
use super::source_file::SourceFile;
use crate::error::Result;
use crate::format::batch;
use crate::format::file_name::FileName;
use crate::format::log_record::{CloseMark, RECORD_HEADER_BYTES, Seal};
use crate::fs::file_system::FileSystem;
use std::path::Path;

/// How a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LogEnd {
    /// With a seal that leads to the next segment.
    Rolled,
    /// With the seal of a clean close.
    Closed(CloseMark),
    /// With the seal of a recovery.
    Recovered,
    /// Without a seal.
    #[default]
    Open,
}

/// What a segment holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogSurvey {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    /// Records that an open would read.
    pub(crate) records: u64,
    /// Their operations.
    pub(crate) operations: u64,
    /// Records behind damage.
    pub(crate) behind_damage: u64,
    /// Records behind a torn end.
    pub(crate) behind_torn_end: u64,
    /// The first sequence number of a record that an open would read, or that is behind damage.
    pub(crate) sequence_first: Option<u64>,
    /// The last such one.
    pub(crate) sequence_last: Option<u64>,
    /// The latest time, in ms since the epoch.
    pub(crate) time_ms: u64,
    pub(crate) end: LogEnd,
    /// Where the seal is, or the torn end.
    pub(crate) end_offset: u64,
    pub(crate) damage: Vec<Damage>,
}

impl LogSurvey {
    /// Reads segment `number` of the database in `dir`.
    pub(crate) fn take(fs: &dyn FileSystem, dir: &Path, number: u64) -> Result<Self> {
        let path = FileName::Wal(number).in_dir(dir);
        let source = SourceFile::open(fs, &path)?;
        let mut it = Self {
            number,
            bytes: source.bytes(),
            end_offset: source.bytes(),
            ..Self::default()
        };
        let mut walk = LogWalk::new(source, number);
        while let Some(step) = walk.next()? {
            match step {
                LogStep::Record(record) => {
                    let count = match record.behind {
                        Behind::Nothing => &mut it.records,
                        Behind::Damage => &mut it.behind_damage,
                        Behind::Torn => &mut it.behind_torn_end,
                    };
                    *count += 1;
                    if record.behind == Behind::Torn {
                        continue;
                    }
                    let header = &record.header;
                    it.time_ms = it.time_ms.max(header.time_ms);
                    if header.operations > 0 {
                        let last = header.base_sequence + u64::from(header.operations) - 1;
                        it.sequence_first = it.sequence_first.or(Some(header.base_sequence));
                        it.sequence_last = it.sequence_last.max(Some(last));
                    }
                    it.operations += u64::from(header.operations);
                    if let Some(fault) = operations_fault(&record.payload, header.operations) {
                        let at = record.offset + RECORD_HEADER_BYTES as u64;
                        it.damage.push(Damage::new(&path, at, fault));
                    }
                }
                LogStep::Seal { offset, seal } => {
                    it.end_offset = offset;
                    it.end = match seal {
                        Seal::Rolled => LogEnd::Rolled,
                        Seal::Closed(mark) => {
                            it.time_ms = it.time_ms.max(mark.time_ms);
                            LogEnd::Closed(mark)
                        }
                        Seal::Recovered => LogEnd::Recovered,
                    };
                }
                LogStep::Torn { offset, .. } => it.end_offset = offset,
                LogStep::Damage { damage, .. } => it.damage.push(damage),
            }
        }
        Ok(it)
    }

    /// The close mark, where the segment ends with one.
    pub(crate) fn mark(&self) -> Option<CloseMark> {
        match self.end {
            LogEnd::Closed(mark) => Some(mark),
            LogEnd::Rolled | LogEnd::Recovered | LogEnd::Open => None,
        }
    }
}

/// What is wrong with the operations of a record whose checksum is right.
fn operations_fault(payload: &[u8], count: u32) -> Option<&'static str> {
    let mut walked = 0u64;
    for operation in batch::operations(payload) {
        match operation {
            Ok(_) => walked += 1,
            Err(fault) => return Some(fault.what),
        }
    }
    let same = walked == u64::from(count);
    (!same).then_some("a log record holds another number of operations than it says")
}
