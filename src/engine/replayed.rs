//! What an open reads from the log into memtables.

use super::commit;
use super::options::EngineOptions;
use super::read_view::FrozenMemtable;
use crate::format::batch;
use crate::manifest::edit_log::Manifest;
use crate::memtable::map::Memtable;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use crate::wal::replay::ReplayedRecord;

/// What the log held that is in no table yet.
pub(crate) struct Replayed {
    pub(crate) active: Arc<Memtable>,
    /// Newest first.
    pub(crate) frozen: Vec<FrozenMemtable>,
    memtable_bytes: usize,
    /// Everything up to this number is in tables.
    sequence_in_tables: u64,
    /// The last number in the log; 0 before its first record.
    sequence_logged: u64,
    pub(crate) time_ms: u64,
    pub(crate) expiry_max_ms: u64,
    /// A record of the log expires.
    pub(crate) expires: bool,
}

impl Replayed {
    pub(crate) fn new(options: &EngineOptions, manifest: &Manifest) -> Self {
        Self::after(options, manifest.state().sequence_last)
    }

    fn after(options: &EngineOptions, sequence_in_tables: u64) -> Self {
        let memtable_bytes = options.memtable_bytes;
        let active = Arc::new(Memtable::for_replay(memtable_bytes));
        let frozen = Vec::new();
        Self {
            active,
            frozen,
            memtable_bytes,
            sequence_in_tables,
            sequence_logged: 0,
            time_ms: 0,
            expiry_max_ms: 0,
            expires: false,
        }
    }

    /// True where there is no more than a clean close leaves in the log.
    pub(crate) fn is_small(&self, close_flush_bytes: usize) -> bool {
        self.frozen.is_empty() && self.active.bytes() <= close_flush_bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty() && self.frozen.is_empty()
    }

    /// The last sequence number of all.
    pub(crate) fn sequence_last(&self) -> u64 {
        self.sequence_in_tables.max(self.sequence_logged)
    }

    /// Applies a record of segment `log`; what is wrong with it is the error.
    ///
    /// A memtable may end within a segment, where the last open replayed more than fits into one.
    /// Once it is in a table, the records before its end come again at the next open; they are
    /// passed over (V3).
    pub(crate) fn apply(
        &mut self,
        log: u64,
        record: &ReplayedRecord<'_>,
    ) -> Result<(), &'static str> {
        const OTHER_COUNT: &str = "a log record holds another number of operations than it says";
        let operations = u64::from(record.operations);
        self.time_ms = self.time_ms.max(record.time_ms);
        if operations == 0 {
            return record.payload.is_empty().then_some(()).ok_or(OTHER_COUNT);
        }
        if record.base_sequence <= self.sequence_logged {
            return Err("sequence numbers of the log do not rise");
        }
        self.sequence_logged = record.base_sequence + (operations - 1);
        let short = u64::from(planted(Mistake::ReplayOneShort));
        if self.sequence_logged <= self.sequence_in_tables + short {
            return Ok(()); // V3
        }
        if record.base_sequence <= self.sequence_in_tables {
            return Err("a log record is in tables in part");
        }
        if self.active.bytes() >= self.memtable_bytes {
            self.freeze(log, record.base_sequence - 1);
        }
        let mut memtable = self.active.writer();
        let (expiry_max_ms, expires) = (&mut self.expiry_max_ms, &mut self.expires);
        let read = batch::operations(record.payload);
        let count = commit::insert_all(&mut memtable, read, record.base_sequence, |operation| {
            if let batch::Operation::Put { expiry_ms, .. } = *operation {
                let kept = if expiry_ms == 0 { u64::MAX } else { expiry_ms };
                *expiry_max_ms = (*expiry_max_ms).max(kept);
                *expires |= expiry_ms != 0;
            }
        });
        let count = count.map_err(|damage| damage.what)?;
        (count == operations).then_some(()).ok_or(OTHER_COUNT)
    }

    /// Puts the active memtable, which ends with `sequence_last`, aside for a flush; segment
    /// `log_next` is still needed after it.
    pub(crate) fn freeze(&mut self, log_next: u64, sequence_last: u64) {
        let memtable = std::mem::replace(
            &mut self.active,
            Arc::new(Memtable::for_replay(self.memtable_bytes)),
        );
        self.frozen.insert(
            0,
            FrozenMemtable {
                memtable,
                log_next,
                sequence_last,
            },
        );
        self.expiry_max_ms = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::batch::{Operation, append};

    /// Applies a record of `operations`, from `base_sequence` on, whose payload deletes `keys`.
    fn apply(
        replayed: &mut Replayed,
        (base_sequence, operations): (u64, u32),
        keys: &[&[u8]],
    ) -> Result<(), &'static str> {
        let mut payload = Vec::new();
        for key in keys {
            append(&mut payload, Operation::Delete { key });
        }
        let record = ReplayedRecord {
            base_sequence,
            time_ms: 0,
            operations,
            payload: &payload,
            offset: 24,
        };
        replayed.apply(1, &record)
    }

    fn replayed(sequence_in_tables: u64) -> Replayed {
        let options = EngineOptions {
            memtable_bytes: 4 << 10,
            ..EngineOptions::default()
        };
        Replayed::after(&options, sequence_in_tables)
    }

    #[test]
    fn records_with_other_operations_than_they_say_are_refused() {
        let refused = Err("a log record holds another number of operations than it says");
        assert_eq!(apply(&mut replayed(0), (1, 0), &[]), Ok(()));
        assert_eq!(apply(&mut replayed(0), (1, 0), &[b"a"]), refused);
        assert_eq!(apply(&mut replayed(0), (1, 2), &[b"a"]), refused);
        assert_eq!(apply(&mut replayed(0), (1, 1), &[b"a", b"b"]), refused);
        let record = ReplayedRecord {
            base_sequence: 1,
            time_ms: 0,
            operations: 1,
            payload: &[9, 0],
            offset: 24,
        };
        let unknown = replayed(0).apply(1, &record);
        assert_eq!(unknown, Err("unknown operation of a batch"));
    }

    #[test]
    fn sequence_numbers_that_do_not_rise_are_refused() {
        let mut it = replayed(0);
        assert_eq!(apply(&mut it, (5, 2), &[b"a", b"b"]), Ok(()));
        let refused = Err("sequence numbers of the log do not rise");
        assert_eq!(apply(&mut it, (6, 1), &[b"c"]), refused);
        assert_eq!(apply(&mut it, (7, 1), &[b"c"]), Ok(()));
        assert_eq!(it.sequence_last(), 7);
    }

    #[test]
    fn records_in_tables_are_passed_over_and_none_is_there_in_part() {
        let mut it = replayed(9);
        assert_eq!(apply(&mut it, (8, 2), &[b"a", b"b"]), Ok(()));
        assert!(it.is_empty());
        assert_eq!(it.sequence_last(), 9);
        assert_eq!(apply(&mut it, (10, 1), &[b"c"]), Ok(()));
        assert!(!it.is_empty());
        let in_part = apply(&mut replayed(9), (9, 2), &[b"a", b"b"]);
        assert_eq!(in_part, Err("a log record is in tables in part"));
    }
}
