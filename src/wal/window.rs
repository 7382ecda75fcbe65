//! A moving window on a file: reads ahead in large pieces, lends slices of them.
//!
//! Holds one piece at a time, and never more bytes than the file has. For one reader.

use crate::error::{Error, Result};
use crate::fs::file_system::File;
use crate::sync::Arc;
use std::io;
use std::path::Path;

/// How much is read at a time by who reads all of a file.
pub(super) const WINDOW_BYTES: u64 = 256 << 10;
/// How much is read at a time by who looks at headers alone.
const HEADER_WINDOW_BYTES: u64 = 4 << 10;

/// Bytes of a file, by offset.
#[derive(Debug)]
pub(super) struct Window<'a> {
    file: Arc<dyn File>,
    path: &'a Path,
    file_bytes: u64,
    step_bytes: u64,
    buffer: Vec<u8>,
    /// The offset of the buffer in the file.
    start: u64,
}

impl<'a> Window<'a> {
    /// A window on `file`, whose length is read once, here.
    pub(super) fn new(file: Arc<dyn File>, path: &'a Path) -> Result<Self> {
        Self::in_steps(file, path, WINDOW_BYTES)
    }

    /// A window for who looks at the headers of records and passes over what is between them.
    pub(super) fn over_headers(file: Arc<dyn File>, path: &'a Path) -> Result<Self> {
        Self::in_steps(file, path, HEADER_WINDOW_BYTES)
    }

    fn in_steps(file: Arc<dyn File>, path: &'a Path, step_bytes: u64) -> Result<Self> {
        let file_bytes = file.len().map_err(|e| Error::io("measure", path, e))?;
        Ok(Self {
            file,
            path,
            file_bytes,
            step_bytes,
            buffer: Vec::new(),
            start: 0,
        })
    }

    /// The length of the file.
    pub(super) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// `len` bytes at `offset`; `None` where the file ends before them.
    pub(super) fn bytes(&mut self, offset: u64, len: u64) -> Result<Option<&[u8]>> {
        let left = self.file_bytes.saturating_sub(offset);
        if len > left {
            return Ok(None);
        }
        let held = offset >= self.start && offset - self.start + len <= self.buffer.len() as u64;
        if !held {
            self.fill(offset, len.max(self.step_bytes).min(left))?;
        }
        let from = (offset - self.start) as usize;
        Ok(self.buffer.get(from..from + len as usize))
    }

    fn fill(&mut self, offset: u64, len: u64) -> Result<()> {
        // On a machine that cannot address it, it is too long for its memory too.
        let too_long = |_| Error::io("read", self.path, io::ErrorKind::OutOfMemory.into());
        let len = usize::try_from(len).map_err(too_long)?;
        // What the buffer has of it already is kept. A new buffer rather than a resized one, so
        // that after a huge record the memory goes back.
        let within = offset.checked_sub(self.start).map(|at| at as usize);
        let mut held = within
            .and_then(|at| self.buffer.get(at..))
            .map_or(0, <[u8]>::len);
        if self.buffer.len() == len {
            self.buffer.copy_within(len - held.., 0);
        } else {
            held = 0;
            self.buffer = Vec::new();
            self.buffer = vec![0; len];
        }
        self.start = offset;
        let rest = self.buffer.get_mut(held..).unwrap_or_default();
        let read = self.file.read_exact_at(rest, offset + held as u64);
        read.map_err(|e| {
            self.buffer.clear();
            Error::io("read", self.path, e)
        })
    }
}
