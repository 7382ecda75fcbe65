//! The log of a damaged database, read into tables that a merge can take.
//!
//! Operations up to the last sequence number in tables are passed over: they, or what came of them,
//! are there. What stands behind damage is used where nothing says that a recovery has dropped it:
//! a later segment that begins with its numbers again does. What stands behind a torn end is left
//! out unless asked for.
//!
//! Holds a memtable of the given size, which is written to a table of its own when it is full. For
//! one thread at a time.

use super::damage::Damage;
use super::log_survey::LogSurvey;
use super::log_walk::{Behind, LogStep, LogWalk, WalkedRecord};
use super::repair_options::{RepairOptions, RepairProgress};
use super::repair_output::{RepairOutput, Spill, ranges_of};
use super::repair_report::{Loss, RepairedLog};
use super::source_file::SourceFile;
use crate::engine::commit;
use crate::error::{Error, Result};
use crate::format::batch;
use crate::format::entry::key_hash;
use crate::format::file_name::FileName;
use crate::format::range_tombstones::RangeTombstone;
use crate::fs::file_system::FileSystem;
use crate::memtable::map::Memtable;
use crate::sync::Arc;
use std::collections::BTreeMap;
use std::path::Path;

/// A memtable that is kept smaller than this would be written too often.
const MEMORY_BYTES_MIN: usize = 64 << 10;

/// What was read from the log.
#[derive(Debug, Default)]
pub(crate) struct SalvagedLog {
    /// Tables with its entries.
    pub(crate) spills: Vec<Spill>,
    /// Its deletions of ranges.
    pub(crate) ranges: Vec<RangeTombstone>,
    pub(crate) logs: Vec<RepairedLog>,
    pub(crate) lost: Vec<Loss>,
    pub(crate) damage: Vec<Damage>,
    /// The last sequence number of all records, used or not.
    pub(crate) sequence_last: u64,
}

/// Where the log is read from, and from where on.
pub(crate) struct LogSource<'a> {
    pub(crate) fs: &'a dyn FileSystem,
    pub(crate) dir: &'a Path,
    pub(crate) surveys: &'a BTreeMap<u64, LogSurvey>,
    /// The oldest segment still needed.
    pub(crate) first: u64,
    /// Everything up to this number is in tables.
    pub(crate) in_tables: u64,
}

/// The reading of the log under way.
struct Reading<'r, 'o> {
    options: &'r RepairOptions,
    output: &'r mut RepairOutput<'o>,
    tell: &'r mut dyn FnMut(RepairProgress),
    found: SalvagedLog,
    memtable: Arc<Memtable>,
    in_tables: u64,
    /// The last sequence number that was taken in.
    taken: u64,
    operations: u64,
}

/// Reads the log of `source` into tables of `output`.
pub(crate) fn salvage(
    source: &LogSource<'_>,
    options: &RepairOptions,
    output: &mut RepairOutput<'_>,
    tell: &mut dyn FnMut(RepairProgress),
) -> Result<SalvagedLog> {
    let bytes_max = options.memory_bytes_max.max(MEMORY_BYTES_MIN);
    let mut reading = Reading {
        options,
        output,
        tell,
        found: SalvagedLog::default(),
        memtable: Arc::new(Memtable::new(bytes_max)),
        in_tables: source.in_tables,
        taken: 0,
        operations: 0,
    };
    for (&number, survey) in source.surveys {
        let path = FileName::Wal(number).in_dir(source.dir);
        let mut log = RepairedLog {
            file: path.clone(),
            used: number >= source.first,
            operations: 0,
            in_tables: 0,
            behind_damage: 0,
            left_out: 0,
            lost_bytes: 0,
        };
        if log.used {
            // A recovery that dropped a record gave its numbers to later ones.
            let later = source.surveys.range(number + 1..);
            let limit = later.filter_map(|(_, log)| log.sequence_first).min();
            let file = SourceFile::open(source.fs, &path)?;
            reading.segment(file, number, limit.unwrap_or(u64::MAX), &mut log)?;
        } else {
            log.in_tables = survey.operations;
        }
        reading.found.logs.push(log);
    }
    reading.spill()?;
    Ok(reading.found)
}

impl Reading<'_, '_> {
    fn segment(
        &mut self,
        file: SourceFile,
        number: u64,
        limit: u64,
        log: &mut RepairedLog,
    ) -> Result<()> {
        let mut walk = LogWalk::new(file, number);
        while let Some(step) = walk.next()? {
            match step {
                LogStep::Record(record) => self.record(&record, limit, log)?,
                LogStep::Seal { .. } | LogStep::Torn { .. } => {}
                LogStep::Damage { damage, .. } if damage.unsupported => {
                    return Err(Error::unsupported(&damage.file, damage.offset, damage.what));
                }
                LogStep::Damage {
                    damage,
                    bytes,
                    record,
                } => {
                    // The header of the file holds no record.
                    if damage.offset > 0 {
                        log.lost_bytes += bytes;
                        self.found.lost.push(loss(&damage, bytes, record));
                    }
                    self.found.damage.push(damage);
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, record: &WalkedRecord, limit: u64, log: &mut RepairedLog) -> Result<()> {
        let base = record.header.base_sequence;
        let count = u64::from(record.header.operations);
        if count == 0 {
            return Ok(());
        }
        let last = base.saturating_add(count - 1);
        let fits = base > self.taken && last < limit;
        let wanted = match record.behind {
            Behind::Nothing => base > self.taken,
            Behind::Damage => fits,
            Behind::Torn => fits && self.options.use_torn_ends,
        };
        // Not to be given out again, used or not.
        self.found.sequence_last = self.found.sequence_last.max(last);
        if !wanted {
            log.left_out += 1;
            return Ok(());
        }
        self.taken = last;
        log.behind_damage += u64::from(record.behind != Behind::Nothing);
        for (sequence, operation) in (base..).zip(batch::operations(&record.payload)) {
            let Ok(operation) = operation else {
                let what = "operations of a log record cannot be read";
                let damage = Damage::new(&log.file, record.offset, what);
                let bytes = record.header.record_bytes();
                log.lost_bytes += bytes;
                let header = Some((sequence, record.header.operations));
                self.found.lost.push(loss(&damage, bytes, header));
                self.found.damage.push(damage);
                break;
            };
            if sequence <= self.in_tables {
                log.in_tables += 1;
            } else {
                log.operations += 1;
                let hash = key_hash(operation.key());
                commit::insert(&mut self.memtable.writer(), operation, hash, sequence);
            }
        }
        self.operations += count;
        let operations = self.operations;
        (self.tell)(RepairProgress::Log { operations });
        if self.memtable.bytes() >= self.options.memory_bytes_max.max(MEMORY_BYTES_MIN) {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> Result<()> {
        let bytes_max = self.options.memory_bytes_max.max(MEMORY_BYTES_MIN);
        let full = std::mem::replace(&mut self.memtable, Arc::new(Memtable::new(bytes_max)));
        self.found.ranges.extend(ranges_of(&full).ranges());
        self.found.spills.extend(self.output.spill(&full)?);
        Ok(())
    }
}

fn loss(damage: &Damage, bytes: u64, record: Option<(u64, u32)>) -> Loss {
    let what = match record {
        Some((base, count)) => format!(
            "{}; it held {count} operations from sequence number {base}",
            damage.what
        ),
        None => damage.what.clone(),
    };
    Loss {
        file: damage.file.clone(),
        offset: damage.offset,
        bytes,
        key_from: None,
        key_to: None,
        sequence_max: match record {
            Some((base, count)) => base.saturating_add(u64::from(count)),
            None => u64::MAX,
        },
        what,
    }
}
