//! A disk in memory on which chosen calls fail.

use crate::fs::file_system::{File, FileLock, FileSystem, OpenMode};
use crate::sync::{Arc, Mutex};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Default, Clone)]
pub(super) struct MemoryDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// How many writes and syncs still succeed.
    changes_left: Option<usize>,
    unreadable: Range<u64>,
    reads: usize,
}

#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    path: PathBuf,
}

impl MemoryDisk {
    /// The bytes of a file.
    pub(super) fn bytes(&self, path: &Path) -> Vec<u8> {
        self.0.lock().files[path].clone()
    }

    /// Gives a file these bytes.
    pub(super) fn put(&self, path: &Path, bytes: Vec<u8>) {
        self.0.lock().files.insert(path.to_owned(), bytes);
    }

    /// Lets all writes and syncs fail after so many more.
    pub(super) fn fail_after(&self, changes: usize) {
        self.0.lock().changes_left = Some(changes);
    }

    /// Lets reads fail that touch these offsets.
    pub(super) fn make_unreadable(&self, offsets: Range<u64>) {
        self.0.lock().unreadable = offsets;
    }

    /// How many reads there were.
    pub(super) fn reads(&self) -> usize {
        self.0.lock().reads
    }

    fn change(&self) -> io::Result<()> {
        match &mut self.0.lock().changes_left {
            Some(0) => return Err(io::Error::other("no more of this")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }
}

impl File for MemoryFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.0.lock();
        state.reads += 1;
        let end = offset + buf.len() as u64;
        if offset < state.unreadable.end && state.unreadable.start < end {
            return Err(io::Error::other("unreadable"));
        }
        let bytes = &state.files[&self.path];
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.disk.change()?;
        let mut state = self.disk.0.lock();
        let bytes = state.files.entry(self.path.clone()).or_default();
        let (start, end) = (offset as usize, offset as usize + buf.len());
        bytes.resize(bytes.len().max(end), 0);
        bytes[start..end].copy_from_slice(buf);
        Ok(buf.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.change()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.disk.change()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.0.lock().files[&self.path].len() as u64)
    }
}

impl FileSystem for MemoryDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut state = self.0.lock();
        let exists = state.files.contains_key(path);
        match mode {
            OpenMode::CreateNew if exists => return Err(io::ErrorKind::AlreadyExists.into()),
            OpenMode::CreateNew => drop(state.files.insert(path.to_owned(), vec![])),
            _ if !exists => return Err(io::ErrorKind::NotFound.into()),
            _ => {}
        }
        Ok(Arc::new(MemoryFile {
            disk: self.clone(),
            path: path.to_owned(),
        }))
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list_dir(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.0.lock().files.remove(path);
        Ok(())
    }

    fn hard_link(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        Ok(self.0.lock().files[path].len() as u64)
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn FileLock>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
