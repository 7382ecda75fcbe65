//! A disk whose pages count as clean after a failed sync, as those of today's systems do.
//!
//! Reads see the cache. A sync carries what was written since the last one to the platter; one
//! that fails forgets it, so that no later sync, by nobody, brings it there: only bytes that are
//! written anew are. Names go to the platter with their directory's sync. (Rebello et al., "Can
//! Applications Recover from fsync Failures?", ATC 2020.)

#![allow(clippy::disallowed_types)] // a disk of its own has locks of its own

use grainstore::fs::{CrashDisk, CrashImage, File, FileLock, FileSystem, OpenMode};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The disk. A clone is the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct CleanPagesDisk {
    cache: CrashDisk,
    platter: CrashDisk,
    nodes: Arc<Mutex<HashMap<PathBuf, Arc<Node>>>>,
    syncs: Arc<Syncs>,
}

#[derive(Debug, Default)]
struct Syncs {
    seen: AtomicU64,
    /// The number of the sync that fails, counted from 1; 0 for none.
    failing: AtomicU64,
}

/// One file, whatever its name.
#[derive(Debug)]
struct Node {
    cache: Arc<dyn File>,
    platter: Arc<dyn File>,
    dirty: Mutex<Vec<(u64, Vec<u8>)>>,
    syncs: Arc<Syncs>,
}

impl CleanPagesDisk {
    /// Lets the `number`-th sync of a file fail, counted from 1.
    pub(crate) fn fail_sync(&self, number: u64) {
        self.syncs.failing.store(number, Ordering::SeqCst);
    }

    /// Syncs of files so far.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.seen.load(Ordering::SeqCst)
    }

    /// What is there after a power cut now.
    pub(crate) fn after_power_cut(&self) -> CrashDisk {
        self.platter
            .image(self.platter.calls(), CrashImage::DropUnsynced)
    }
}

impl File for Node {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.cache.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.dirty.lock().unwrap().push((offset, buf.to_vec()));
        self.cache.write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        let number = self.syncs.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let dirty = std::mem::take(&mut *self.dirty.lock().unwrap());
        if number == self.syncs.failing.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(5));
        }
        for (offset, bytes) in dirty {
            self.platter.write_all_at(&bytes, offset)?;
        }
        self.platter.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn len(&self) -> io::Result<u64> {
        self.cache.len()
    }
}

#[derive(Debug)]
struct Handle(Arc<Node>);

impl File for Handle {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
}

impl FileSystem for CleanPagesDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let cache = self.cache.open(path, mode)?;
        let mut nodes = self.nodes.lock().unwrap();
        if mode == OpenMode::CreateNew {
            let node = Node {
                cache,
                platter: self.platter.open(path, mode)?,
                dirty: Mutex::default(),
                syncs: Arc::clone(&self.syncs),
            };
            nodes.insert(path.to_owned(), Arc::new(node));
        }
        let node = nodes.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(Handle(Arc::clone(node))))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.platter.create_dir_all(path)?;
        self.cache.create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.cache.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.platter.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.cache.rename(from, to)?;
        let mut nodes = self.nodes.lock().unwrap();
        if let Some(node) = nodes.remove(from) {
            nodes.insert(to.to_owned(), node);
        }
        self.platter.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.cache.remove_file(path)?;
        self.nodes.lock().unwrap().remove(path);
        self.platter.remove_file(path)
    }

    fn hard_link(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.cache.file_len(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        self.cache.lock(path)
    }
}
