//! For the tests of this room: a disk whose syncs wait until they are let go on, and that tells how
//! often its files were opened to be read.

use crate::fs::crash_disk::CrashDisk;
use crate::fs::file_system::{File, FileLock, FileSystem, OpenMode};
use crate::sync::{Arc, Condvar, Mutex};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The disk, over a simulated one. A clone is the same disk.
#[derive(Debug, Clone)]
pub(crate) struct HeldDisk {
    disk: CrashDisk,
    gate: Arc<Gate>,
    read: Arc<Mutex<Vec<PathBuf>>>,
}

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    is_shut: bool,
    waiting: usize,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock();
        state.waiting += 1;
        self.changed.notify_all();
        while state.is_shut {
            self.changed.wait(&mut state);
        }
        state.waiting -= 1;
    }
}

impl HeldDisk {
    pub(crate) fn new(disk: CrashDisk) -> Self {
        Self {
            disk,
            gate: Arc::default(),
            read: Arc::default(),
        }
    }

    /// Lets no sync return from now on.
    pub(crate) fn hold_syncs(&self) {
        self.gate.state.lock().is_shut = true;
    }

    /// Lets all syncs go on, those that wait among them.
    pub(crate) fn let_go(&self) {
        self.gate.state.lock().is_shut = false;
        self.gate.changed.notify_all();
    }

    /// Waits until a sync is held.
    pub(crate) fn wait_for_sync(&self) {
        let mut state = self.gate.state.lock();
        while state.waiting == 0 {
            self.gate.changed.wait(&mut state);
        }
    }

    /// How often the file at `path` was opened to be read.
    pub(crate) fn times_read(&self, path: &Path) -> usize {
        let read = self.read.lock();
        read.iter().filter(|opened| *opened == path).count()
    }
}

#[derive(Debug)]
struct HeldFile {
    file: Arc<dyn File>,
    gate: Arc<Gate>,
}

impl File for HeldFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.gate.pass();
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

impl FileSystem for HeldDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        if mode == OpenMode::Read {
            self.read.lock().push(path.to_owned());
        }
        Ok(Arc::new(HeldFile {
            file: self.disk.open(path, mode)?,
            gate: Arc::clone(&self.gate),
        }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.disk.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.gate.pass();
        self.disk.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.hard_link(from, to)
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.disk.file_len(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        self.disk.lock(path)
    }
}
