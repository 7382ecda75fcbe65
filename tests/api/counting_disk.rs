//! A disk that counts its syncs, lets them take their time, and can refuse to link.

use grainstore::fs::{CrashDisk, File, FileLock, FileSystem, OpenMode};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A simulated disk with a count; a clone is the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountingDisk {
    pub(crate) disk: CrashDisk,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    syncs: AtomicU64,
    sync_us: AtomicU64,
    no_links: AtomicBool,
}

impl CountingDisk {
    /// How many syncs there were, of files and of directories.
    pub(crate) fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::SeqCst)
    }

    /// Lets every sync take this long.
    pub(crate) fn slow_down(&self, sync: Duration) {
        let us = sync.as_micros() as u64;
        self.shared.sync_us.store(us, Ordering::SeqCst);
    }

    /// Refuses hard links from now on, as between two file systems.
    pub(crate) fn refuse_links(&self) {
        self.shared.no_links.store(true, Ordering::SeqCst);
    }

    fn count_sync(&self) {
        self.shared.syncs.fetch_add(1, Ordering::SeqCst);
        let us = self.shared.sync_us.load(Ordering::SeqCst);
        if us > 0 {
            std::thread::sleep(Duration::from_micros(us));
        }
    }
}

#[derive(Debug)]
struct CountingFile(Arc<dyn File>, CountingDisk);

impl File for CountingFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.1.count_sync();
        self.0.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.1.count_sync();
        self.0.sync_all()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
}

impl FileSystem for CountingDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let file = self.disk.open(path, mode)?;
        Ok(Arc::new(CountingFile(file, self.clone())))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.disk.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.count_sync();
        self.disk.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.shared.no_links.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        self.disk.hard_link(from, to)
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.disk.file_len(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        self.disk.lock(path)
    }
}
