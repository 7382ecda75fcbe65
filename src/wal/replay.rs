//! Reading a segment back, record by record.
//!
//! The walk goes on until a seal or a record that does not hold. In the second case the rest of
//! the file is searched for a record that calls the bad one durable: where one does, the bad one
//! was written whole and has been damaged since; where none does, it is a torn tail (W1). The
//! header of such a witness is enough, whatever became of its payload: it was written after the
//! sync it speaks of.
//!
//! Any thread may replay a segment that no writer has open. Writes nothing; the caller decides
//! what a torn tail means for a segment with or without successors.

use super::window::{WINDOW_BYTES, Window};
use crate::error::{Error, Result};
use crate::format::log_record::{
    CloseMark, LOG_FORMAT_VERSION, RECORD_ALIGNMENT, RECORD_HEADER_BYTES, RecordHeader, RecordKind,
    SEGMENT_HEADER_BYTES, Seal, check_segment_header, may_be_record,
};
use crate::fs::file_system::{FileSystem, OpenMode};
use crate::planted::{Mistake, planted};
use std::path::Path;

/// How a segment ends: where its seal is, or where one belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplayEnd {
    /// Sealed because the log goes on in the next segment.
    Rolled { offset: u64 },
    /// Sealed by a clean close.
    Closed { offset: u64, mark: CloseMark },
    /// Sealed by an earlier recovery.
    Recovered { offset: u64 },
    /// Not sealed: nothing usable from here on, and nothing that was ever known to be durable.
    Torn { offset: u64 },
}

/// One commit as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplayedRecord<'a> {
    /// The sequence number of the first operation.
    pub(crate) base_sequence: u64,
    /// When the commit was made, in ms since the epoch.
    pub(crate) time_ms: u64,
    /// How many operations the payload holds.
    pub(crate) operations: u32,
    /// The operations, as `format::batch` writes them.
    pub(crate) payload: &'a [u8],
    /// Where the record stands in its segment.
    pub(crate) offset: u64,
}

/// Shows every record of segment `number` at `path` to `visit`, in order, up to its end.
///
/// Damage to what was durable is an error that names the file and the offset; the records before
/// it may have been shown already.
pub(crate) fn replay(
    fs: &dyn FileSystem,
    path: &Path,
    number: u64,
    visit: &mut dyn FnMut(ReplayedRecord<'_>) -> Result<()>,
) -> Result<ReplayEnd> {
    let opened = fs.open(path, OpenMode::Read);
    let file = opened.map_err(|e| Error::io("open", path, e))?;
    let mut window = Window::new(file, path)?;
    check_header(&mut window, path, number)?;
    let mut offset = SEGMENT_HEADER_BYTES as u64;
    loop {
        let Some(header) = header_at(&mut window, number, offset)? else {
            return torn(&mut window, path, number, offset);
        };
        if let RecordKind::Unknown(kind) = header.kind {
            let what = format!("a record of kind {kind}");
            return Err(unsupported(path, offset, &what));
        }
        let at = offset + RECORD_HEADER_BYTES as u64;
        let padded = window.bytes(at, header.padded_payload_bytes())?;
        let Some(payload) = padded.and_then(|padded| header.check_payload(padded).ok()) else {
            return torn(&mut window, path, number, offset);
        };
        if header.kind == RecordKind::Seal {
            return sealed(path, payload, header.time_ms, offset);
        }
        visit(ReplayedRecord {
            base_sequence: header.base_sequence,
            time_ms: header.time_ms,
            operations: header.operations,
            payload,
            offset,
        })?;
        offset += header.record_bytes();
    }
}

/// The record header at `offset`, where a sound one stands there.
pub(super) fn header_at(
    window: &mut Window<'_>,
    number: u64,
    offset: u64,
) -> Result<Option<RecordHeader>> {
    let bytes = window.bytes(offset, RECORD_HEADER_BYTES as u64)?;
    Ok(bytes.and_then(|bytes| RecordHeader::decode(bytes, number, offset).ok()))
}

fn check_header(window: &mut Window<'_>, path: &Path, number: u64) -> Result<()> {
    let bytes = window.bytes(0, SEGMENT_HEADER_BYTES as u64)?;
    let bytes = bytes.ok_or_else(|| Error::corruption(path, 0, "file ends within its header"))?;
    match check_segment_header(bytes, number) {
        Ok(LOG_FORMAT_VERSION) => Ok(()),
        Ok(version) => Err(unsupported(path, 0, &format!("format version {version}"))),
        Err(damage) => Err(Error::corruption(path, 0, damage.what)),
    }
}

fn sealed(path: &Path, payload: &[u8], time_ms: u64, offset: u64) -> Result<ReplayEnd> {
    match Seal::decode(payload, time_ms) {
        Some(Seal::Rolled) => Ok(ReplayEnd::Rolled { offset }),
        Some(Seal::Closed(mark)) => Ok(ReplayEnd::Closed { offset, mark }),
        Some(Seal::Recovered) => Ok(ReplayEnd::Recovered { offset }),
        None => Err(unsupported(path, offset, "a seal of another kind")),
    }
}

fn unsupported(path: &Path, offset: u64, what: &str) -> Error {
    let text = format!("has {what}, which a newer build wrote: open it with that one");
    Error::unsupported(path, offset, text)
}

/// What the bad record at `bad` means.
fn torn(window: &mut Window<'_>, path: &Path, number: u64, bad: u64) -> Result<ReplayEnd> {
    match find_witness(window, number, bad)? {
        Some(witness) if !planted(Mistake::RotTakenForTornEnd) => {
            let what = format!(
                "log record fails its checks, and the one at offset {witness} says that it was \
                 durable"
            );
            Err(Error::corruption(path, bad, what))
        }
        _ => Ok(ReplayEnd::Torn { offset: bad }),
    }
}

/// The offset of a record behind `bad` that calls it durable.
///
/// One pass over the rest of the file, at a few instructions for each eight bytes.
fn find_witness(window: &mut Window<'_>, number: u64, bad: u64) -> Result<Option<u64>> {
    let file_bytes = window.file_bytes();
    let (step, header_bytes) = (RECORD_ALIGNMENT as u64, RECORD_HEADER_BYTES as u64);
    let mut start = bad + step;
    while start + header_bytes <= file_bytes
        && let Some(bytes) = window.bytes(start, WINDOW_BYTES.min(file_bytes - start))?
    {
        // As many records can start in the piece as have their header within it.
        let places = (bytes.len() as u64 - header_bytes) / step + 1;
        let second_words = bytes.chunks_exact(RECORD_ALIGNMENT).skip(1);
        for (place, word) in (0..places).zip(second_words) {
            let word = word.try_into().map_or(0, u64::from_le_bytes);
            if !may_be_record(word, number) {
                continue;
            }
            let offset = start + place * step;
            let header = bytes.get((place * step) as usize..).unwrap_or_default();
            let header = RecordHeader::decode(header, number, offset);
            if header.is_ok_and(|header| header.synced_up_to > bad) {
                return Ok(Some(offset));
            }
        }
        start += places * step;
    }
    Ok(None)
}
