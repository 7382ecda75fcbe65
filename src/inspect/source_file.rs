//! A file that is read whatever became of it.
//!
//! Where the disk refuses a read, it is tried again sector by sector, and sectors that cannot be
//! read count as zeros: the checksums over them tell. Nothing is ever written, and no more memory
//! is taken than the file has bytes. For one thread at a time.

use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::{File, FileSystem, OpenMode};
use crate::sync::Arc;
use std::path::{Path, PathBuf};

/// What a drive loses at once.
const SECTOR_BYTES: usize = 512;

/// How much is read at a time where the bytes are walked over.
pub(crate) const WINDOW_BYTES: u64 = 256 << 10;

/// A file to be read.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    file: Arc<dyn File>,
    path: PathBuf,
    bytes: u64,
}

impl SourceFile {
    /// Opens the file at `path`; its length is read once, here.
    pub(crate) fn open(fs: &dyn FileSystem, path: &Path) -> Result<Self> {
        let file = fs.open(path, OpenMode::Read);
        let file = file.map_err(|e| Error::io("open", path, e))?;
        let bytes = file.len().map_err(|e| Error::io("measure", path, e))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            bytes,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How long it is.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The `len` bytes at `offset`, or fewer where the file ends before; sectors that cannot be
    /// read are zeros.
    pub(crate) fn read(&self, offset: u64, len: u64) -> Result<Vec<u8>> {
        let len = len.min(self.bytes.saturating_sub(offset));
        let too_long = || {
            let text = format!(
                "{} holds {len} bytes in one piece, more than this machine has memory for",
                self.path.display()
            );
            Error::new(ErrorKind::TooLarge, text)
        };
        let len = usize::try_from(len).map_err(|_| too_long())?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(|_| too_long())?;
        bytes.resize(len, 0);
        if self.file.read_exact_at(&mut bytes, offset).is_err() {
            let mut done = 0;
            while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
                let at = offset + done as u64;
                let left = SECTOR_BYTES - (at % SECTOR_BYTES as u64) as usize;
                let step = left.min(rest.len());
                let sector = rest.get_mut(..step).unwrap_or_default();
                if self.file.read_exact_at(sector, at).is_err() {
                    sector.fill(0);
                }
                done += step;
            }
        }
        Ok(bytes)
    }
}

/// A moving window on a file, for walks over it.
#[derive(Debug)]
pub(crate) struct SourceWindow {
    source: SourceFile,
    buffer: Vec<u8>,
    start: u64,
}

impl SourceWindow {
    /// A window on `source`.
    pub(crate) fn new(source: SourceFile) -> Self {
        let (buffer, start) = (Vec::new(), 0);
        Self {
            source,
            buffer,
            start,
        }
    }

    /// What it looks at.
    pub(crate) fn source(&self) -> &SourceFile {
        &self.source
    }

    /// `len` bytes at `offset`; `None` where the file ends before them.
    pub(crate) fn bytes(&mut self, offset: u64, len: u64) -> Result<Option<&[u8]>> {
        if len > self.source.bytes.saturating_sub(offset) {
            return Ok(None);
        }
        let held = offset >= self.start && offset - self.start + len <= self.buffer.len() as u64;
        if !held {
            self.buffer = Vec::new();
            self.buffer = self.source.read(offset, len.max(WINDOW_BYTES))?;
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        Ok(self.buffer.get(from..from + len as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    /// Holds its offsets as bytes, and gives an error for reads that touch the second sector.
    #[derive(Debug)]
    struct BadSector;

    impl File for BadSector {
        fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
            if offset < 1_024 && offset + buf.len() as u64 > 512 {
                return Err(io::Error::from_raw_os_error(5));
            }
            for (i, byte) in buf.iter_mut().enumerate() {
                *byte = ((offset + i as u64) % 255) as u8 + 1;
            }
            Ok(buf.len())
        }

        fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }

        fn sync_all(&self) -> io::Result<()> {
            Ok(())
        }

        fn set_len(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn len(&self) -> io::Result<u64> {
            Ok(2_000)
        }
    }

    #[test]
    fn a_sector_that_cannot_be_read_is_zeros_and_those_beside_it_are_read() {
        let source = SourceFile {
            file: Arc::new(BadSector),
            path: PathBuf::new(),
            bytes: 2_000,
        };
        for from in [0, 100, 512, 700, 1_024] {
            let bytes = source.read(from, 5_000).unwrap();
            assert_eq!(bytes.len() as u64, 2_000 - from);
            for (at, &byte) in (from..).zip(&bytes) {
                let bad = (512..1_024).contains(&at);
                assert_eq!(byte, if bad { 0 } else { (at % 255) as u8 + 1 }, "at {at}");
            }
        }
        let mut window = SourceWindow::new(source);
        assert_eq!(window.bytes(1_990, 10).unwrap().unwrap().len(), 10);
        assert!(window.bytes(1_990, 11).unwrap().is_none());
        assert!(window.bytes(u64::MAX, 1).unwrap().is_none());
    }
}
