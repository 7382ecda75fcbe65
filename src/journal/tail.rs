//! Where a journal ends: which of its last bytes are records, and which a crash has torn.
//!
//! Reads backwards to the last line without a mark and looks at nothing before it, so the cost
//! follows the last unsynced stretch, not the file. Used by readers and by the repair at an open,
//! so that both see the same records. Changes nothing.
//!
//! - T1: a crash leaves of an unsynced stretch any part: an end that is missing, and zeros where
//!   bytes never arrived. It leaves nothing else, so a line that ends in its newline and holds no
//!   zero is a record or damage, but never torn.
//! - T2: everything before the last line without a mark was durable (`record_line`, L2), so damage
//!   there is not the work of a crash and is left for the reader to tell.
//! - T3: from the first torn line on nothing counts, whole lines behind it included: records are
//!   kept in their order or not at all.

use super::line_reader::PIECE_BYTES;
use super::record_line::{is_unmarked, is_whole};
use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::File;
use std::path::Path;

/// The end of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    /// Where the last stretch begins: what is before it was durable when it was written.
    pub(super) stretch: u64,
    /// The end of the last record; what is behind it is torn.
    pub(super) end: u64,
    /// The last record is whole but for its newline.
    pub(super) is_unended: bool,
}

/// The records of a file, whose end is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) file: &'a dyn File,
    pub(super) path: &'a Path,
    /// Where the records begin, behind the newline of the header.
    pub(super) records: u64,
    pub(super) file_bytes: u64,
    pub(super) line_bytes_max: usize,
}

impl Body<'_> {
    /// The end of the journal.
    ///
    /// # Errors
    /// `TooLarge` where the last line has neither an end nor a length within the limit.
    pub(super) fn tail(&self) -> Result<Tail> {
        let unmarked = self.last_newline(self.file_bytes, is_unmarked)?;
        let (stretch, start) = match unmarked {
            None => (0, self.records),
            Some(end) => {
                let before = self.last_newline(end, |_| true)?;
                let start = before.map_or(self.records, |newline| newline + 1);
                (start, start)
            }
        };
        let (line, is_torn) = self.first_torn(start)?;
        let is_unended = !is_torn && line < self.file_bytes && self.is_whole_at(line)?;
        let end = if is_unended { self.file_bytes } else { line };
        Ok(Tail {
            stretch,
            end,
            is_unended,
        })
    }

    /// The last newline among the records before `to` that `accepts` for the byte before it.
    fn last_newline(&self, to: u64, accepts: impl Fn(u8) -> bool) -> Result<Option<u64>> {
        let mut high = to;
        while high > self.records {
            let low = high.saturating_sub(PIECE_BYTES as u64).max(self.records);
            // One byte more, so that each has the one before it; the header ends before the first.
            let piece = self.read(low.saturating_sub(1), high)?;
            let pairs = piece.windows(2);
            let is_it = |pair: &[u8]| matches!(pair, [before, b'\n'] if accepts(*before));
            if let Some(at) = pairs.clone().rposition(is_it) {
                return Ok(Some(low + at as u64));
            }
            high = low;
        }
        Ok(None)
    }

    /// The first line from `start` on with a zero in it, and `true`; where there is none, where the
    /// line without a newline begins, or the file ends, and `false`.
    fn first_torn(&self, start: u64) -> Result<(u64, bool)> {
        let (mut line, mut low) = (start, start);
        while low < self.file_bytes {
            let high = self.file_bytes.min(low + PIECE_BYTES as u64);
            for (at, byte) in (low..).zip(self.read(low, high)?) {
                match byte {
                    0 => return Ok((line, true)),
                    b'\n' => line = at + 1,
                    _ => {}
                }
            }
            low = high;
        }
        Ok((line, false))
    }

    fn is_whole_at(&self, line: u64) -> Result<bool> {
        let line_bytes = self.file_bytes - line;
        if line_bytes > self.line_bytes_max as u64 {
            let text = format!(
                "the last line of the journal {}, at offset {line}, has no end and {line_bytes} \
                 bytes, more than the limit of {}; open it with a larger line_bytes_max",
                self.path.display(),
                self.line_bytes_max
            );
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        Ok(is_whole(&self.read(line, self.file_bytes)?))
    }

    fn read(&self, from: u64, to: u64) -> Result<Vec<u8>> {
        read(self.file, self.path, from, to)
    }
}

/// The bytes of `file` between two offsets, which must be near each other.
pub(super) fn read(file: &dyn File, path: &Path, from: u64, to: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; to.saturating_sub(from) as usize];
    file.read_exact_at(&mut bytes, from)
        .map_err(|e| Error::io("read", path, e))?;
    Ok(bytes)
}
