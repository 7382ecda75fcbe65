//! A walk over a log segment that goes on behind damage.
//!
//! As a replay of [`crate::wal::replay`] it ends at a seal, and tells a bad record that was once
//! good from a torn tail by what the records behind it call durable. But it stops at neither:
//! records start at multiples of eight, and each says where it belongs, so the ones behind are
//! found and told, with what stands before them.
//!
//! Holds a window and one record. Nothing is written. For one thread at a time.

use super::damage::Damage;
use super::source_file::{SourceFile, SourceWindow, WINDOW_BYTES};
use crate::error::Result;
use crate::format::log_record::{
    LOG_FORMAT_VERSION, RECORD_ALIGNMENT, RECORD_HEADER_BYTES, RecordHeader, RecordKind,
    SEGMENT_HEADER_BYTES, Seal, check_segment_header, may_be_record,
};

/// What a record comes after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Behind {
    /// Records without a gap, from the start of the segment.
    Nothing,
    /// Damage, and what was there before it was durable.
    Damage,
    /// The end that a recovery would find: nothing says that what comes now was ever durable.
    Torn,
}

/// One step of the walk.
#[derive(Debug)]
pub(crate) enum LogStep {
    /// A record; its operations are the payload.
    Record(WalkedRecord),
    /// The seal that ends the segment; nothing comes after it.
    Seal { offset: u64, seal: Seal },
    /// The segment is not sealed; its last record ends here, where the `bytes` behind it may be
    /// nothing or a write that never ended.
    Torn { offset: u64, bytes: u64 },
    /// Something that was once good, or that this build does not know.
    Damage {
        damage: Damage,
        /// How many bytes are skipped.
        bytes: u64,
        /// What the header of the bad record says, where it can be read: first sequence number
        /// and operations.
        record: Option<(u64, u32)>,
    },
}

/// A record of the log.
#[derive(Debug)]
pub(crate) struct WalkedRecord {
    pub(crate) offset: u64,
    pub(crate) header: RecordHeader,
    pub(crate) payload: Vec<u8>,
    pub(crate) behind: Behind,
}

/// The walk over one segment.
#[derive(Debug)]
pub(crate) struct LogWalk {
    window: SourceWindow,
    number: u64,
    offset: u64,
    behind: Behind,
    /// The largest offset that a record behind the first bad one calls durable.
    proof: Option<u64>,
    started: bool,
    ended: bool,
}

impl LogWalk {
    /// Walks over segment `number` in `source`.
    pub(crate) fn new(source: SourceFile, number: u64) -> Self {
        Self {
            window: SourceWindow::new(source),
            number,
            offset: SEGMENT_HEADER_BYTES as u64,
            behind: Behind::Nothing,
            proof: None,
            started: false,
            ended: false,
        }
    }

    /// Goes on at `offset`, or behind the header where that is within it.
    pub(crate) fn skip_to(&mut self, offset: u64) {
        // Records begin at multiples of eight; an offset of the caller's own may not.
        let offset = offset.next_multiple_of(RECORD_ALIGNMENT as u64);
        self.offset = offset.max(SEGMENT_HEADER_BYTES as u64);
        (self.behind, self.proof, self.ended) = (Behind::Nothing, None, false);
    }

    /// The next step; `None` at the end.
    ///
    /// # Errors
    /// `TooLarge` where a record is beyond this machine's memory; damage is no error.
    pub(crate) fn next(&mut self) -> Result<Option<LogStep>> {
        if !self.started {
            self.started = true;
            if let Some(damage) = self.header_damage()? {
                let bytes = SEGMENT_HEADER_BYTES as u64;
                return Ok(Some(damaged(damage, bytes)));
            }
        }
        while !self.ended {
            let Some(header) = self.header_at(self.offset)? else {
                match self.bad_place(None)? {
                    None => continue,
                    told => return Ok(told),
                }
            };
            match self.payload(&header)? {
                Some(payload) => return Ok(Some(self.whole(header, payload))),
                None => match self.bad_place(Some(header))? {
                    None => {}
                    told => return Ok(told),
                },
            }
        }
        Ok(None)
    }

    fn payload(&mut self, header: &RecordHeader) -> Result<Option<Vec<u8>>> {
        let at = self.offset + RECORD_HEADER_BYTES as u64;
        let padded = self.window.bytes(at, header.padded_payload_bytes())?;
        let payload = padded.and_then(|padded| header.check_payload(padded).ok());
        Ok(payload.map(<[u8]>::to_vec))
    }

    /// The step over a record that is whole.
    fn whole(&mut self, header: RecordHeader, payload: Vec<u8>) -> LogStep {
        let offset = self.offset;
        self.offset += header.record_bytes();
        match header.kind {
            RecordKind::Batch => LogStep::Record(WalkedRecord {
                offset,
                header,
                payload,
                behind: self.behind,
            }),
            RecordKind::Seal => match Seal::decode(&payload, header.time_ms) {
                Some(seal) => {
                    self.ended = true;
                    LogStep::Seal { offset, seal }
                }
                None => self.unknown(offset, "has a seal of another kind", &header),
            },
            RecordKind::Unknown(kind) => {
                self.unknown(offset, &format!("has a record of kind {kind}"), &header)
            }
        }
    }

    fn unknown(&self, offset: u64, what: &str, header: &RecordHeader) -> LogStep {
        let what = format!("{what}, which a newer build wrote");
        damaged(
            Damage::unsupported(self.window.source().path(), offset, what),
            header.record_bytes(),
        )
    }

    fn header_damage(&mut self) -> Result<Option<Damage>> {
        let path = self.window.source().path().to_owned();
        let bytes = self.window.bytes(0, SEGMENT_HEADER_BYTES as u64)?;
        let Some(bytes) = bytes else {
            self.ended = true;
            let what = "file ends within its header";
            return Ok(Some(Damage::new(&path, 0, what)));
        };
        Ok(match check_segment_header(bytes, self.number) {
            Ok(LOG_FORMAT_VERSION) => None,
            Ok(version) => {
                self.ended = true;
                let what = format!("has format version {version}, which a newer build wrote");
                Some(Damage::unsupported(&path, 0, what))
            }
            Err(fault) => Some(Damage::new(&path, 0, fault.what)),
        })
    }

    /// Goes on behind the bad record at the present offset; `None` where that was told already.
    fn bad_place(&mut self, header: Option<RecordHeader>) -> Result<Option<LogStep>> {
        let bad = self.offset;
        let proof = match self.proof {
            Some(proof) => proof,
            None => self.durable_behind(bad)?,
        };
        self.proof = Some(proof);
        let behind = header.map(|header| bad.saturating_add(header.record_bytes()));
        let next = match behind {
            Some(next) if self.header_at(next)?.is_some() => Some(next),
            _ => self.next_record(bad + RECORD_ALIGNMENT as u64)?,
        };
        let end = self.window.source().bytes();
        self.offset = next.unwrap_or(end);
        self.ended = next.is_none();
        let bytes = self.offset - bad;
        if proof > bad {
            self.behind = self.behind.max(Behind::Damage);
            let what = "log record fails its checks, and a later one says that it was durable";
            return Ok(Some(LogStep::Damage {
                damage: Damage::new(self.window.source().path(), bad, what),
                bytes,
                record: header.map(|header| (header.base_sequence, header.operations)),
            }));
        }
        if self.behind == Behind::Torn {
            return Ok(None);
        }
        self.behind = Behind::Torn;
        let bytes = end - bad;
        Ok(Some(LogStep::Torn { offset: bad, bytes }))
    }

    fn header_at(&mut self, offset: u64) -> Result<Option<RecordHeader>> {
        let number = self.number;
        let bytes = self.window.bytes(offset, RECORD_HEADER_BYTES as u64)?;
        Ok(bytes.and_then(|bytes| RecordHeader::decode(bytes, number, offset).ok()))
    }

    /// Where the first record at `from` or behind it begins.
    fn next_record(&mut self, from: u64) -> Result<Option<u64>> {
        let mut found = None;
        self.each_header(from, |offset, _| {
            found = Some(offset);
            false
        })?;
        Ok(found)
    }

    /// The largest offset that a record behind `bad` calls durable.
    fn durable_behind(&mut self, bad: u64) -> Result<u64> {
        let mut durable = 0;
        self.each_header(bad + RECORD_ALIGNMENT as u64, |_, header| {
            durable = durable.max(header.synced_up_to);
            true
        })?;
        Ok(durable)
    }

    /// Shows every sound header from `from` on, until `visit` has seen enough.
    fn each_header(
        &mut self,
        from: u64,
        mut visit: impl FnMut(u64, &RecordHeader) -> bool,
    ) -> Result<()> {
        let (step, header_bytes) = (RECORD_ALIGNMENT as u64, RECORD_HEADER_BYTES as u64);
        let (number, file_bytes) = (self.number, self.window.source().bytes());
        let mut start = from;
        while start + header_bytes <= file_bytes {
            let len = WINDOW_BYTES.min(file_bytes - start);
            let Some(bytes) = self.window.bytes(start, len)? else {
                return Ok(());
            };
            // As many records can start in the piece as have their header within it.
            let places = (len - header_bytes) / step + 1;
            let second_words = bytes.chunks_exact(RECORD_ALIGNMENT).skip(1);
            for (place, word) in (0..places).zip(second_words) {
                let word = word.try_into().map_or(0, u64::from_le_bytes);
                if !may_be_record(word, number) {
                    continue;
                }
                let offset = start + place * step;
                let header = bytes.get((place * step) as usize..).unwrap_or_default();
                if let Ok(header) = RecordHeader::decode(header, number, offset)
                    && !visit(offset, &header)
                {
                    return Ok(());
                }
            }
            start += places * step;
        }
        Ok(())
    }
}

fn damaged(damage: Damage, bytes: u64) -> LogStep {
    LogStep::Damage {
        damage,
        bytes,
        record: None,
    }
}
