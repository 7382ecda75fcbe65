//! A simulated disk that writes down every call, in order, with what the call was given.
//!
//! Reads too: two runs that make the same files by other reads are not the same.

use grainstore::fs::{CrashDisk, CrashImage, File, FileLock, FileSystem, OpenMode};
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The calls so far, a line each; a clone is the same log, over as many disks as write into it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallLog(Arc<Mutex<Vec<String>>>);

impl CallLog {
    pub(crate) fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    /// All lines, which are gone from the log then.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A disk that writes its calls down; a clone is the same disk.
#[derive(Debug, Clone)]
pub(crate) struct LoggedDisk {
    disk: CrashDisk,
    log: CallLog,
}

impl LoggedDisk {
    pub(crate) fn new(log: CallLog) -> Self {
        let disk = CrashDisk::new();
        Self { disk, log }
    }

    /// What is left where power is lost now.
    pub(crate) fn after_power_loss(&self, kind: CrashImage) -> Self {
        let disk = self.disk.image(self.disk.calls(), kind);
        let log = self.log.clone();
        Self { disk, log }
    }

    /// Writes every file and its bytes into the log.
    pub(crate) fn note_files(&self) {
        for path in self.disk.paths() {
            let bytes = self.disk.read_file(&path).unwrap();
            let told = format!("holds {}: {}", path.display(), content(&bytes));
            self.log.note(told);
        }
    }

    fn name_call(&self, what: &str, path: &Path) {
        self.log.note(format!("{what} {}", path.display()));
    }
}

fn content(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{} bytes, hash {:016x}", bytes.len(), hasher.finish())
}

#[derive(Debug)]
struct LoggedFile {
    file: Arc<dyn File>,
    path: PathBuf,
    log: CallLog,
}

impl LoggedFile {
    fn note(&self, what: &str) {
        self.log.note(format!("{} {what}", self.path.display()));
    }
}

impl File for LoggedFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.note(&format!("read {} at {offset}", buf.len()));
        self.file.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.note(&format!("write at {offset}: {}", content(buf)));
        self.file.write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.note("sync data");
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.note("sync all");
        self.file.sync_all()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.note(&format!("set length {bytes}"));
        self.file.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.note("length");
        self.file.len()
    }
}

impl FileSystem for LoggedDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        self.name_call(&format!("open {mode:?}"), path);
        let (file, log) = (self.disk.open(path, mode)?, self.log.clone());
        let path = path.to_owned();
        Ok(Arc::new(LoggedFile { file, path, log }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.name_call("create directory", path);
        self.disk.create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.name_call("list", path);
        self.disk.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.name_call("sync directory", path);
        self.disk.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.name_call(&format!("rename {} to", from.display()), to);
        self.disk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.name_call("remove", path);
        self.disk.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.name_call("remove directory", path);
        self.disk.remove_dir(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.name_call(&format!("link {} to", from.display()), to);
        self.disk.hard_link(from, to)
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.name_call("length of", path);
        self.disk.file_len(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        self.name_call("lock", path);
        self.disk.lock(path)
    }
}
