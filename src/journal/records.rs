//! Reads a journal back, record by record, in the order in which they were appended.
//!
//! Needs no lock and no open journal: what it gives is what was in the file when it began, up to
//! the last whole record, whoever appends meanwhile. One piece of the file and one line are in
//! memory. For one reader; several may read at once.

use super::header::Start;
use super::line_reader::{Line, LineReader};
use super::opening::look;
use super::options::Options;
use super::record_line::{Place, decode};
use super::tail::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::OpenMode;
use crate::sync::Arc;
use serde::de::DeserializeOwned;
use std::iter::FusedIterator;
use std::marker::PhantomData;

/// The records of a journal as an iterator, oldest first.
///
/// A line that cannot be read is an error in its place, with its number and offset, and the next
/// ones follow it. After an error of the disk there is nothing more.
#[derive(Debug)]
#[must_use = "records are read as they are asked for"]
pub struct Records<R> {
    /// `None` at the end, and where there is no journal yet.
    lines: Option<LineReader>,
    line_bytes_max: usize,
    skip_damaged: bool,
    skipped: u64,
    /// How many bytes of lines have been given out.
    read_bytes: u64,
    record: PhantomData<fn() -> R>,
}

impl<R> Records<R> {
    /// The records that are in the file now.
    pub(super) fn open(options: &Options) -> Result<Self> {
        options.check()?;
        let path = &*options.path;
        let file = options.file_system.open(path, OpenMode::Read);
        let file = file.map_err(|e| Error::io("open", path, e))?;
        let (start, file_bytes) = look(&*file, path)?;
        let lines = match start {
            Start::Unmade | Start::Unended => None,
            Start::Records(records) => {
                let body = Body {
                    file: &*file,
                    path,
                    records,
                    file_bytes,
                    line_bytes_max: options.line_bytes_max,
                };
                let end = body.tail()?.end;
                let path = Arc::clone(&options.path);
                let limit = options.line_bytes_max;
                Some(LineReader::new(file, path, records, end, limit))
            }
        };
        Ok(Self {
            lines,
            line_bytes_max: options.line_bytes_max,
            skip_damaged: options.skip_damaged,
            skipped: 0,
            read_bytes: 0,
            record: PhantomData,
        })
    }

    /// How many lines were passed over so far, because they are no JSON or too long and the
    /// journal is read with [`skip_damaged`](super::JournalBuilder::skip_damaged).
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// How many bytes of lines have been given out.
    #[cfg(feature = "tokio")]
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// How many records there are, without decoding any.
    pub(super) fn count_lines(mut self) -> Result<u64> {
        let mut count = 0;
        while let Some(lines) = &mut self.lines {
            match lines.next_line()? {
                Some(line) => count += u64::from(!is_blank(&line)),
                None => self.lines = None,
            }
        }
        Ok(count)
    }
}

impl<R: DeserializeOwned> Iterator for Records<R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Result<R>> {
        loop {
            let lines = self.lines.as_mut()?;
            let path = Arc::clone(lines.path());
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => {
                    self.lines = None;
                    return None;
                }
                Err(error) => {
                    self.lines = None;
                    return Some(Err(error));
                }
            };
            self.read_bytes += line.bytes.map_or(0, <[u8]>::len) as u64;
            if is_blank(&line) {
                continue;
            }
            let place = Place {
                path: &path,
                number: line.number,
                offset: line.offset,
            };
            let read = match line.bytes {
                Some(bytes) => decode(bytes, place),
                None => Err(too_long(place, self.line_bytes_max)),
            };
            match read {
                Err(e) if self.skip_damaged && e.kind() != ErrorKind::Codec => self.skipped += 1,
                read => return Some(read),
            }
        }
    }
}

impl<R: DeserializeOwned> FusedIterator for Records<R> {}

/// Editors leave empty lines; they are no records.
fn is_blank(line: &Line<'_>) -> bool {
    line.bytes
        .is_some_and(|bytes| bytes.trim_ascii().is_empty())
}

#[cold]
fn too_long(place: Place<'_>, line_bytes_max: usize) -> Error {
    let text = format!(
        "line {} of the journal {} (at offset {}) is longer than the limit of {line_bytes_max} \
         bytes; read it with a larger line_bytes_max, or with skip_damaged",
        place.number,
        place.path.display(),
        place.offset
    );
    Error::new(ErrorKind::TooLarge, text)
}
