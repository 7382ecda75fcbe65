//! The writing end of the log: appends groups of commits, syncs, rolls and seals.
//!
//! One writer at a time: the engine keeps it behind its commit lock. A sync may run outside that
//! lock, between [`WalWriter::begin_sync`] and [`WalWriter::finish_sync`]. A failed write or sync
//! leaves the outcome of its commits unknown and latches the writer (W2). A write for which the
//! disk has no space is taken back instead, durably, and the writer goes on (W5); where that fails,
//! too, it is latched.
//!
//! It never syncs by itself except for headers and seals, and never reads.

use super::segment::{Segment, WalOptions};
use super::sync_ticket::{SyncGate, SyncTicket};
use crate::error::{Error, ErrorKind, Result};
use crate::format::checksum::plain;
use crate::format::entry::SEQUENCE_MAX;
use crate::format::file_name::FileName;
use crate::format::log_record::{
    CloseMark, RECORD_ALIGNMENT, RECORD_HEADER_BYTES, RecordHeader, RecordKind, SEAL_BYTES_MAX,
    SEGMENT_HEADER_BYTES, Seal, encode_seal,
};
use crate::fs::file_system::FileSystem;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::io;
use std::path::{Path, PathBuf};

/// A payload from this length on is written from where it stands, with a write of its own.
const COPIED_PAYLOAD_BYTES_MAX: usize = 256 << 10;
/// What the scratch buffer keeps from one group to the next.
const SCRATCH_BYTES_KEPT: usize = 4 << 20;

/// One commit to append.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    /// The sequence number of the first operation.
    pub(crate) base_sequence: u64,
    /// When the commit was made, in ms since the epoch.
    pub(crate) time_ms: u64,
    /// How many operations the payload holds.
    pub(crate) operations: u32,
    /// The operations, as `format::batch` writes them.
    pub(crate) payload: &'a [u8],
    /// [`plain`] of the payload, computed before the commit lock was taken.
    pub(crate) payload_crc: u32,
}

/// Appends to the newest segment of the log.
#[derive(Debug)]
pub(crate) struct WalWriter {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    options: WalOptions,
    segment: Segment,
    /// The next segment, where it was made and there was no space for the seal of this one.
    next: Option<Segment>,
    gate: Arc<SyncGate>,
    scratch: Vec<u8>,
    closed: bool,
}

impl WalWriter {
    /// Starts segment `number` in `dir`, with header and name durable. `spare` is the number of a
    /// `.spare` file to use again; where that is gone, a new file is made.
    pub(crate) fn create(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        number: u64,
        spare: Option<u64>,
        options: WalOptions,
    ) -> Result<Self> {
        Ok(Self {
            segment: Segment::create(&*fs, dir, number, spare, options)?,
            fs,
            dir: dir.to_owned(),
            options,
            next: None,
            gate: Arc::default(),
            scratch: Vec::new(),
            closed: false,
        })
    }

    /// Appends `records` as one group: with one write, but for payloads too large to copy.
    ///
    /// Nothing is durable before a sync. A record beyond the limits of the format is refused
    /// before anything is written, and where the disk is full nothing stays written (W5); every
    /// other error latches the writer.
    pub(crate) fn append(&mut self, records: &[Record<'_>]) -> Result<()> {
        self.check_open()?;
        records.iter().try_for_each(check_limits)?;
        let before = self.segment.offset;
        let written = self.write_group(records);
        self.scratch.clear();
        self.scratch.shrink_to(SCRATCH_BYTES_KEPT);
        self.taking_back(before, written)
    }

    fn write_group(&mut self, records: &[Record<'_>]) -> Result<()> {
        let (segment, scratch) = (&mut self.segment, &mut self.scratch);
        // The scratch bytes belong at `at`; what is before `at` has been written.
        let mut at = segment.offset;
        for record in records {
            debug_assert_eq!(plain(record.payload), record.payload_crc);
            let header = RecordHeader {
                payload_len: record.payload.len() as u32,
                payload_crc: record.payload_crc,
                synced_up_to: segment.synced_up_to,
                operations: record.operations,
                kind: RecordKind::Batch,
                base_sequence: record.base_sequence,
                time_ms: record.time_ms,
            };
            let offset = at + scratch.len() as u64;
            scratch.extend_from_slice(&header.encode(segment.number, offset));
            if record.payload.len() > COPIED_PAYLOAD_BYTES_MAX {
                segment.write(scratch, at)?;
                at += scratch.len() as u64;
                scratch.clear();
                segment.write(record.payload, at)?;
                at += record.payload.len() as u64;
            } else {
                scratch.extend_from_slice(record.payload);
            }
            let padding = record.payload.len().next_multiple_of(RECORD_ALIGNMENT);
            scratch.resize(scratch.len() + padding - record.payload.len(), 0);
        }
        segment.write(scratch, at)?;
        segment.advance(at + scratch.len() as u64)
    }

    /// Makes everything appended durable.
    pub(crate) fn sync(&mut self) -> Result<()> {
        let mut ticket = self.begin_sync();
        ticket.run()?;
        self.finish_sync(ticket);
        Ok(())
    }

    /// A sync of everything appended so far, to be run without the lock of the writer.
    pub(crate) fn begin_sync(&self) -> SyncTicket {
        let segment = &self.segment;
        SyncTicket {
            gate: Arc::clone(&self.gate),
            file: Arc::clone(&segment.file),
            path: Arc::clone(&segment.path),
            number: segment.number,
            upto: segment.offset,
            done: segment.offset == segment.synced_up_to,
        }
    }

    /// Takes in what `ticket` made durable, so that the next records say so (W1). A ticket that
    /// failed, or of a segment that has been rolled since, changes nothing.
    pub(crate) fn finish_sync(&mut self, ticket: SyncTicket) {
        let segment = &mut self.segment;
        if let Some((number, upto)) = ticket.into_synced()
            && (number == segment.number || planted(Mistake::OldSyncCounts))
        {
            segment.synced_up_to = segment.synced_up_to.max(upto);
        }
    }

    /// True where a group with `payload_bytes` would pass the end of the segment. Never before
    /// the first record, so a huge one gets a segment of its own and makes the file grow.
    pub(crate) fn needs_roll(&self, payload_bytes: u64) -> bool {
        let around = (RECORD_HEADER_BYTES + RECORD_ALIGNMENT + SEAL_BYTES_MAX) as u64;
        let end = self.segment.offset.saturating_add(around);
        !self.is_empty() && end.saturating_add(payload_bytes) > self.options.segment_bytes
    }

    /// Goes on in the next segment: first that one is made durable, then the seal of this one
    /// and all before it (W3). `spare` is as in [`create`](Self::create).
    ///
    /// Answers whether the spare was used. Where the disk is full nothing has changed (W5).
    pub(crate) fn roll(&mut self, spare: Option<u64>) -> Result<bool> {
        self.check_open()?;
        let held = self.next.take();
        let uses_spare = held.is_none() && spare.is_some();
        let next = match held {
            Some(next) => next,
            None => self.make_next(spare)?,
        };
        let before = self.segment.offset;
        let sealed = self.seal(Seal::Rolled);
        match self.taking_back(before, sealed) {
            Ok(_) => {
                self.segment = next;
                Ok(uses_spare)
            }
            Err(error) => {
                self.next = Some(next);
                Err(error)
            }
        }
    }

    fn make_next(&mut self, spare: Option<u64>) -> Result<Segment> {
        let number = self.segment.number + 1;
        let made = Segment::create(&*self.fs, &self.dir, number, spare, self.options);
        made.inspect_err(|error| {
            let path = FileName::Wal(number).in_dir(&self.dir);
            let named = self.fs.file_len(&path);
            let is_unnamed = named.is_err_and(|e| e.kind() == io::ErrorKind::NotFound);
            if !(error.is_storage_full() && is_unnamed) {
                self.gate.latch();
            }
        })
    }

    /// Ends the log cleanly, leaving `mark` in it, and answers with the offset of the seal. Nothing
    /// can be appended after it.
    pub(crate) fn seal_closed(&mut self, mark: CloseMark) -> Result<u64> {
        self.check_open()?;
        let sealed = self.seal(Seal::Closed(mark));
        self.closed = sealed.is_ok();
        if self.closed {
            self.segment.give_back();
        }
        self.latching(sealed)
    }

    /// Syncs first: a seal that calls everything before it durable covers every bit of it.
    fn seal(&mut self, seal: Seal) -> Result<u64> {
        self.sync()?;
        let segment = &mut self.segment;
        let (number, offset) = (segment.number, segment.offset);
        let bytes = encode_seal(seal, number, offset, segment.synced_up_to);
        segment.write(&bytes, offset)?;
        segment.offset += bytes.len() as u64;
        self.sync()?;
        Ok(offset)
    }

    fn check_open(&self) -> Result<()> {
        if self.closed {
            return Err(Error::new(ErrorKind::Closed, "the log has been closed"));
        }
        self.gate.check(&self.segment.path)
    }

    /// Passes `written` on; where the disk was full, what was written from `before` on is taken
    /// back first (W5). A failed sync is not among that: it has latched the writer already.
    fn taking_back<T>(&mut self, before: u64, written: Result<T>) -> Result<T> {
        let is_in_doubt = |error: &Error| {
            !error.is_storage_full() || self.gate.check(&self.segment.path).is_err()
        };
        match written {
            Err(error) if !is_in_doubt(&error) && planted(Mistake::RefusedWriteStays) => Err(error),
            Err(error) if !is_in_doubt(&error) => {
                let cut = self
                    .segment
                    .cut_back(before)
                    .and_then(|()| self.sync_anew());
                self.latching(cut)?;
                Err(error)
            }
            written => self.latching(written),
        }
    }

    /// As [`sync`](Self::sync), also where nothing was appended since the last.
    fn sync_anew(&mut self) -> Result<()> {
        let mut ticket = self.begin_sync();
        ticket.done = false;
        ticket.run()?;
        self.finish_sync(ticket);
        Ok(())
    }

    /// True where an earlier failure left in doubt what the log holds.
    pub(crate) fn is_latched(&self) -> bool {
        self.gate.check(&self.segment.path).is_err()
    }

    fn latching<T>(&self, result: Result<T>) -> Result<T> {
        if planted(Mistake::FailedAppendGoesOn) {
            return result;
        }
        result.inspect_err(|_| self.gate.latch())
    }

    /// The number of the segment that records go to.
    pub(crate) fn number(&self) -> u64 {
        self.segment.number
    }

    /// Where in the segment the next record goes.
    pub(crate) fn offset(&self) -> u64 {
        self.segment.offset
    }

    /// How much of the open segment is not known to be durable.
    pub(crate) fn unsynced_bytes(&self) -> u64 {
        self.segment.offset - self.segment.synced_up_to
    }

    /// How far the segment is known to be durable.
    #[cfg(test)]
    pub(crate) fn synced_up_to(&self) -> u64 {
        self.segment.synced_up_to
    }

    /// True where the segment has no record yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.segment.offset == SEGMENT_HEADER_BYTES as u64
    }
}

fn check_limits(record: &Record<'_>) -> Result<()> {
    if u32::try_from(record.payload.len()).is_err() {
        let text = format!(
            "a batch of {} bytes does not fit a log record: write it in parts below 4 GiB",
            record.payload.len()
        );
        return Err(Error::new(ErrorKind::TooLarge, text));
    }
    if record.base_sequence > SEQUENCE_MAX {
        return Err(Error::new(
            ErrorKind::TooLarge,
            "sequence numbers are used up",
        ));
    }
    Ok(())
}
