//! Reads the lines of a file one after the other, in memory that does not grow with the file.
//!
//! Holds one piece of the file and one line at a time; a line beyond the limit is passed over
//! without being held. Reads up to an end that is given, so that what others append meanwhile is
//! never seen by halves. For one reader; it knows nothing of JSON.

use crate::error::{Error, Result};
use crate::fs::file_system::File;
use crate::sync::Arc;
use std::io;
use std::path::Path;

/// How much is read at a time.
pub(super) const PIECE_BYTES: usize = 64 << 10;
/// What may stand behind the JSON of a line: a mark and a carriage return.
const AROUND_BYTES: usize = 2;

/// A line without its newline.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Counted from 1; the header is the first.
    pub(super) number: u64,
    /// Where it begins in the file, in bytes.
    pub(super) offset: u64,
    /// What it holds; `None` where that is more than the limit.
    pub(super) bytes: Option<&'a [u8]>,
}

/// The lines of a file.
#[derive(Debug)]
pub(super) struct LineReader {
    file: Arc<dyn File>,
    path: Arc<Path>,
    line_bytes_max: usize,
    /// The offset behind what has been read.
    read_to: u64,
    end: u64,
    buffer: Vec<u8>,
    /// How much of the buffer has been given out.
    given: usize,
    /// The number of the next line.
    number: u64,
}

impl LineReader {
    /// The lines of `file` between the offsets `start`, where line 2 begins, and `end`.
    pub(super) fn new(
        file: Arc<dyn File>,
        path: Arc<Path>,
        start: u64,
        end: u64,
        line_bytes_max: usize,
    ) -> Self {
        Self {
            file,
            path,
            line_bytes_max: line_bytes_max.saturating_add(AROUND_BYTES),
            read_to: start,
            end,
            buffer: Vec::new(),
            given: 0,
            number: 2,
        }
    }

    /// The file that is read.
    pub(super) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// The next line; `None` at the end. The last one may lack its newline.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        let offset = self.read_to - (self.buffer.len() - self.given) as u64;
        let mut searched = 0;
        let mut passed_over = false;
        let length = loop {
            let held = self.buffer.get(self.given..).unwrap_or_default();
            let unsearched = held.get(searched..).unwrap_or_default();
            if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
                break searched + at;
            }
            searched = held.len();
            if searched > self.line_bytes_max {
                passed_over = true;
                self.given = self.buffer.len();
                searched = 0;
            }
            if !self.fill()? {
                if searched == 0 && !passed_over {
                    return Ok(None);
                }
                break searched;
            }
        };
        let number = self.number;
        self.number += 1;
        let from = self.given;
        self.given = (from + length + 1).min(self.buffer.len());
        let line = self.buffer.get(from..from + length).unwrap_or_default();
        let fits = !passed_over && length <= self.line_bytes_max;
        Ok(Some(Line {
            number,
            offset,
            bytes: fits.then_some(line),
        }))
    }

    /// Reads the next piece behind what is held; false at the end.
    fn fill(&mut self) -> Result<bool> {
        let left = self.end.saturating_sub(self.read_to);
        if left == 0 {
            return Ok(false);
        }
        self.buffer.drain(..self.given);
        self.given = 0;
        let held = self.buffer.len();
        let piece = left.min(PIECE_BYTES as u64) as usize;
        self.buffer.resize(held + piece, 0);
        let unread = self.buffer.get_mut(held..).unwrap_or_default();
        if let Err(error) = self.file.read_exact_at(unread, self.read_to) {
            self.buffer.truncate(held);
            let error = match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    io::Error::new(error.kind(), "the file became shorter while it was read")
                }
                _ => error,
            };
            return Err(Error::io("read", &self.path, error));
        }
        self.read_to += piece as u64;
        Ok(true)
    }
}
