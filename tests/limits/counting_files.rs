//! A disk that knows how many table files are open, and how often they were opened.

use grainstore::fs::{CrashDisk, File, FileLock, FileSystem, OpenMode};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A simulated disk with counts; a clone is the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountingFiles {
    pub(crate) disk: CrashDisk,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    open_most: AtomicUsize,
    opened: AtomicUsize,
    read: AtomicUsize,
    no_tables: AtomicBool,
}

impl CountingFiles {
    /// Table files that are open to be read.
    pub(crate) fn open_now(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }

    /// The most that were at a time, since the last call.
    pub(crate) fn take_open_most(&self) -> usize {
        self.counts
            .open_most
            .swap(self.open_now(), Ordering::SeqCst)
    }

    /// How often a table file was opened.
    pub(crate) fn opened(&self) -> usize {
        self.counts.opened.load(Ordering::SeqCst)
    }

    /// Lets nobody make a table from now on, as if there were no space.
    pub(crate) fn refuse_tables(&self) {
        self.counts.no_tables.store(true, Ordering::SeqCst);
    }

    /// How many reads of table files there were.
    pub(crate) fn reads(&self) -> usize {
        self.counts.read.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct CountedFile {
    file: Arc<dyn File>,
    counts: Arc<Counts>,
}

impl CountedFile {
    fn new(file: Arc<dyn File>, counts: &Arc<Counts>) -> Self {
        counts.opened.fetch_add(1, Ordering::SeqCst);
        let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
        counts.open_most.fetch_max(open, Ordering::SeqCst);
        let counts = Arc::clone(counts);
        Self { file, counts }
    }
}

impl Drop for CountedFile {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl File for CountedFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.counts.read.fetch_add(1, Ordering::SeqCst);
        self.file.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

impl FileSystem for CountingFiles {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let is_table = path.extension().is_some_and(|it| it == "table");
        let refuses = self.counts.no_tables.load(Ordering::SeqCst);
        if is_table && mode == OpenMode::CreateNew && refuses {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = self.disk.open(path, mode)?;
        if mode != OpenMode::Read || !is_table {
            return Ok(file);
        }
        Ok(Arc::new(CountedFile::new(file, &self.counts)))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.disk.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
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
