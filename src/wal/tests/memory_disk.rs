//! A disk in memory that notes every call and can let one fail.
//!
//! Knows no crash: what was written is there. A failing call does nothing, but for a write, which
//! gets half of its bytes down first. A choppy disk moves a few bytes at a time and is interrupted
//! between them. A full one refuses a single write or creation. A path can be denied, to look up
//! and to open, and reads can fail.

use crate::fs::file_system::{File, FileLock, FileSystem, OpenMode};
use crate::sync::{Arc, Mutex};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

type Bytes = Arc<Mutex<Vec<u8>>>;

#[derive(Debug, Default, Clone)]
pub(super) struct MemoryDisk {
    files: Arc<Mutex<BTreeMap<PathBuf, Bytes>>>,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Debug, Default)]
struct Calls {
    log: Vec<String>,
    /// How many calls that change something still succeed.
    left: Option<usize>,
    /// What the failing call fails with.
    failure: Option<io::ErrorKind>,
    denied: Option<PathBuf>,
    unreadable: bool,
    choppy: bool,
    interrupted: bool,
}

#[derive(Debug)]
struct MemoryFile {
    name: String,
    bytes: Bytes,
    calls: Arc<Mutex<Calls>>,
}

impl Calls {
    /// How many of `len` bytes the disk moves at once; an error where it is interrupted.
    fn chop(&mut self, len: usize) -> io::Result<usize> {
        if !self.choppy {
            return Ok(len);
        }
        self.interrupted = !self.interrupted;
        if self.interrupted {
            Err(io::ErrorKind::Interrupted.into())
        } else {
            Ok(len.min(7))
        }
    }

    /// Notes a call that changes something; an error where it is its turn to fail, once.
    fn note(&mut self, call: String) -> io::Result<()> {
        let failed = self.left == Some(0);
        self.left = self.left.and_then(|left| left.checked_sub(1));
        self.log.push(call);
        match (failed, self.failure) {
            (false, _) => Ok(()),
            (true, None) => Err(io::Error::other("the disk of the test fails here")),
            (true, Some(kind)) => Err(kind.into()),
        }
    }
}

impl Calls {
    /// An error for a path that is denied.
    fn check(&self, path: &Path) -> io::Result<()> {
        match &self.denied {
            Some(denied) if denied == path => Err(io::ErrorKind::PermissionDenied.into()),
            _ => Ok(()),
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

impl MemoryDisk {
    /// The calls since the last time somebody asked.
    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().log)
    }

    /// Lets the call after `successes` further ones fail.
    pub(super) fn fail_after(&self, successes: usize) {
        self.calls.lock().left = Some(successes);
    }

    /// Lets the call after `successes` further ones fail for want of space.
    pub(super) fn full_after(&self, successes: usize) {
        let mut calls = self.calls.lock();
        calls.left = Some(successes);
        calls.failure = Some(io::ErrorKind::StorageFull);
    }

    /// Lets every call succeed again; true where the failure has happened.
    pub(super) fn heal(&self) -> bool {
        self.calls.lock().left.take().is_none()
    }

    /// Lets every read fail from here on.
    pub(super) fn fail_reads(&self) {
        self.calls.lock().unreadable = true;
    }

    /// Lets every look at `path` fail from here on.
    pub(super) fn deny(&self, path: &Path) {
        self.calls.lock().denied = Some(path.to_owned());
    }

    /// Moves a few bytes at a time from here on.
    pub(super) fn chop(&self) {
        self.calls.lock().choppy = true;
    }

    /// True where the failure has happened, or was never wanted.
    pub(super) fn has_failed(&self) -> bool {
        self.calls.lock().left.is_none()
    }

    pub(super) fn bytes(&self, path: &Path) -> Vec<u8> {
        self.files.lock()[path].lock().clone()
    }

    pub(super) fn put(&self, path: &Path, bytes: Vec<u8>) {
        let file = Arc::new(Mutex::new(bytes));
        self.files.lock().insert(path.to_owned(), file);
    }
}

impl File for MemoryFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.calls.lock().unreadable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let len = self.calls.lock().chop(buf.len())?;
        let bytes = self.bytes.lock();
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let len = rest.len().min(len);
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let len = self.calls.lock().chop(buf.len())?;
        let buf = &buf[..len];
        let call = format!("write {} {offset}+{}", self.name, buf.len());
        let noted = self.calls.lock().note(call);
        let len = if noted.is_ok() {
            buf.len()
        } else {
            buf.len() / 2
        };
        let mut bytes = self.bytes.lock();
        let (start, end) = (offset as usize, offset as usize + len);
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(&buf[..len]);
        noted.map(|()| len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.calls.lock().note(format!("sync {}", self.name))
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let call = format!("cut {} to {bytes}", self.name);
        self.calls.lock().note(call)?;
        self.bytes.lock().resize(bytes as usize, 0);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().len() as u64)
    }
}

impl FileSystem for MemoryDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut files = self.files.lock();
        self.calls.lock().check(path)?;
        let (there, new) = (files.contains_key(path), mode == OpenMode::CreateNew);
        match (there, new) {
            (true, true) => return Err(io::ErrorKind::AlreadyExists.into()),
            (false, false) => return Err(io::ErrorKind::NotFound.into()),
            _ => {}
        }
        if new {
            let call = format!("create {}", name(path));
            self.calls.lock().note(call)?;
        }
        Ok(Arc::new(MemoryFile {
            name: name(path),
            bytes: Arc::clone(files.entry(path.to_owned()).or_default()),
            calls: Arc::clone(&self.calls),
        }))
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list_dir(&self, _: &Path) -> io::Result<Vec<OsString>> {
        let files = self.files.lock();
        Ok(files.keys().map(|path| name(path).into()).collect())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        self.calls.lock().note("sync directory".to_owned())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let call = format!("rename {} {}", name(from), name(to));
        self.calls.lock().note(call)?;
        let mut files = self.files.lock();
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let removed = self.files.lock().remove(path);
        removed
            .map(|_| ())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn hard_link(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.calls.lock().check(path)?;
        let files = self.files.lock();
        let file = files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(file.lock().len() as u64)
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn FileLock>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
