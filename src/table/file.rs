//! The file of a table: opened when bytes of it are wanted, removed when nobody needs it.
//!
//! It may be closed and opened again at any time in between (see [`super::open_files`]). Whoever
//! can still read from the table shares the hold on its file, so what was marked as obsolete stays
//! in the directory until the last of them lets go (F1), be its file open at that moment or not.
//! A removal that fails leaves an orphan that the next open of the database sweeps away. Any thread
//! may read at any time.

use super::fault::unreadable;
use super::open_files::{FileRef, FileSlot, OpenFiles};
use crate::error::{Error, Result};
use crate::fs::file_system::{FileSystem, OpenMode};
use crate::fs::hold::Hold;
use crate::sync::{Arc, OnceLock, Ordering};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A table's file.
#[derive(Debug)]
pub(crate) struct TableFile {
    path: PathBuf,
    number: u64,
    file_system: Arc<dyn FileSystem>,
    files: Arc<OpenFiles>,
    slot: Arc<FileSlot>,
    /// The length, since it was first asked for.
    bytes: OnceLock<u64>,
    /// Set once nobody needs the table: whose word it is that the file may go, and its length.
    obsolete: OnceLock<(Arc<Hold>, u64)>,
}

impl TableFile {
    /// Table `number` at `path`, kept open as far as `files` allows; not touched yet.
    pub(crate) fn new(
        file_system: Arc<dyn FileSystem>,
        path: PathBuf,
        number: u64,
        files: Arc<OpenFiles>,
    ) -> Arc<Self> {
        Arc::new(Self {
            path,
            number,
            file_system,
            files,
            slot: Arc::default(),
            bytes: OnceLock::new(),
            obsolete: OnceLock::new(),
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the table.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The length in bytes.
    pub(crate) fn bytes(&self) -> Result<u64> {
        let file = self.file()?;
        let len = file.get().and_then(|file| file.len());
        let len = len.map_err(|e| Error::io("read the length of", &self.path, e))?;
        // What an opening anew is held against.
        let _ = self.bytes.set(len);
        Ok(len)
    }

    /// Fills `bytes` from `offset`.
    pub(crate) fn read(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        let file = self.file()?;
        let read = file.get().and_then(|f| f.read_exact_at(bytes, offset));
        read.map_err(|e| unreadable(&self.path, offset, e))
    }

    /// The bytes of `range` will be read soon.
    pub(crate) fn will_need(&self, range: Range<u64>) {
        // Without its file there is nothing to hint at; the read that follows tells why.
        if let Ok(file) = self.file()
            && let Ok(file) = file.get()
        {
            file.will_need(range);
        }
    }

    /// The file, of `bytes`, goes when the last user does (F1), where the `hold` on its directory
    /// lasts.
    pub(crate) fn mark_obsolete(&self, hold: &Arc<Hold>, bytes: u64) {
        if self.obsolete.set((Arc::clone(hold), bytes)).is_ok() {
            let obsolete_bytes = &self.files.obsolete_bytes;
            obsolete_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    fn file(&self) -> Result<FileRef> {
        let opened = self.files.get(&self.slot, || {
            let file = self.file_system.open(&self.path, OpenMode::Read)?;
            if let Some(bytes) = self.bytes.get()
                && file.len()? != *bytes
            {
                return Err(io::ErrorKind::InvalidData.into());
            }
            Ok(file)
        });
        opened.map_err(|e| {
            if e.kind() == io::ErrorKind::InvalidData {
                let what = "file is of another length than when it was first opened";
                return Error::corruption(&self.path, 0, what);
            }
            Error::io("open", &self.path, e)
        })
    }
}

impl Drop for TableFile {
    fn drop(&mut self) {
        self.files.forget(&self.slot);
        let Some((hold, bytes)) = self.obsolete.get() else {
            return;
        };
        let obsolete_bytes = &self.files.obsolete_bytes;
        obsolete_bytes.fetch_sub(*bytes, Ordering::Relaxed);
        if hold.lasts() {
            // F1: nobody can reach the file any more.
            let _ = self.file_system.remove_file(&self.path);
        }
    }
}
