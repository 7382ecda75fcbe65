//! For the tests of this room: files in memory, a log of the calls that change something, and one
//! call that fails by script.
//!
//! It models no page cache: what was written is there, synced or not. A path can be denied, to look
//! up and to open, and one made unreadable. Every other read is interrupted.

use crate::fs::file_system::{File, FileLock, FileSystem, OpenMode};
use crate::sync::{Arc, Mutex};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Names and bytes of all files.
pub(crate) type Image = BTreeMap<PathBuf, Vec<u8>>;

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<PathBuf, Arc<Mutex<Vec<u8>>>>,
    calls: Vec<String>,
    /// The number of the call that fails, counted over `calls` from 0, and for want of what.
    fails: Option<(usize, io::ErrorKind)>,
    /// How many calls fail from there on.
    failures: usize,
    denied: Option<PathBuf>,
    unreadable: Option<PathBuf>,
    interrupted: bool,
}

impl Inner {
    fn call(&mut self, text: String) -> io::Result<()> {
        self.calls.push(text);
        match self.fails {
            Some((nth, kind)) if (nth..nth + self.failures).contains(&(self.calls.len() - 1)) => {
                Err(kind.into())
            }
            _ => Ok(()),
        }
    }

    fn check(&self, path: &Path) -> io::Result<()> {
        match &self.denied {
            Some(denied) if denied == path => Err(io::ErrorKind::PermissionDenied.into()),
            _ => Ok(()),
        }
    }
}

/// The disk; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScriptedDisk(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct ScriptedFile {
    disk: ScriptedDisk,
    name: String,
    path: PathBuf,
    writable: bool,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl ScriptedDisk {
    /// A disk that holds `image`.
    pub(crate) fn of(image: &Image) -> Self {
        let disk = Self::default();
        for (path, bytes) in image {
            let bytes = Arc::new(Mutex::new(bytes.clone()));
            disk.0.lock().files.insert(path.clone(), bytes);
        }
        disk
    }

    /// What is on the disk.
    pub(crate) fn image(&self) -> Image {
        let files = &self.0.lock().files;
        let copy = files.iter().map(|(p, b)| (p.clone(), b.lock().clone()));
        copy.collect()
    }

    /// The calls since the last time this was asked.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().calls)
    }

    /// Forgets the calls so far and lets the `nth` from here (from 0) fail.
    pub(crate) fn fail(&self, nth: usize) {
        self.fail_with(nth, 1, io::ErrorKind::Other);
    }

    /// As [`fail`](Self::fail), so many calls, with errors of this kind.
    pub(crate) fn fail_with(&self, nth: usize, failures: usize, kind: io::ErrorKind) {
        let mut inner = self.0.lock();
        inner.calls.clear();
        inner.fails = Some((nth, kind));
        inner.failures = failures;
    }

    /// Lets every read of `path` fail.
    pub(crate) fn fail_reads(&self, path: &Path) {
        self.0.lock().unreadable = Some(path.to_owned());
    }

    /// Lets every look at `path` fail.
    pub(crate) fn deny(&self, path: &Path) {
        self.0.lock().denied = Some(path.to_owned());
    }

    /// Lets all calls succeed again; true where the scripted one has failed.
    pub(crate) fn heal(&self) -> bool {
        let mut inner = self.0.lock();
        let count = inner.calls.len();
        inner.fails.take().is_some_and(|(nth, _)| nth < count)
    }

    pub(crate) fn shared(&self) -> Arc<dyn FileSystem> {
        Arc::new(self.clone())
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

impl File for ScriptedFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut inner = self.disk.0.lock();
        if inner.unreadable.as_ref() == Some(&self.path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        inner.interrupted = !inner.interrupted;
        if inner.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        drop(inner);
        let bytes = self.bytes.lock();
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        // Short reads, as disks may do them.
        let n = rest.len().min(buf.len()).min(100);
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        assert!(self.writable, "{} is open to read", self.name);
        let called = self.disk.0.lock().call(format!("write {}", self.name));
        // A write that fails leaves the first half behind.
        let taken = if called.is_ok() {
            buf.len()
        } else {
            buf.len() / 2
        };
        let (start, end) = (offset as usize, offset as usize + taken);
        let mut bytes = self.bytes.lock();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(&buf[..taken]);
        called.map(|()| taken)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.0.lock().call(format!("sync {}", self.name))
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.disk.0.lock().call(format!("cut {}", self.name))?;
        self.bytes.lock().resize(bytes as usize, 0);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().len() as u64)
    }
}

impl FileSystem for ScriptedDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut inner = self.0.lock();
        inner.check(path)?;
        if mode == OpenMode::CreateNew {
            if inner.files.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            inner.call(format!("create {}", name(path)))?;
            inner.files.insert(path.to_owned(), Arc::default());
        }
        let bytes = inner.files.get(path).cloned();
        Ok(Arc::new(ScriptedFile {
            disk: self.clone(),
            name: name(path),
            path: path.to_owned(),
            writable: mode != OpenMode::Read,
            bytes: bytes.ok_or(io::ErrorKind::NotFound)?,
        }))
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let inner = self.0.lock();
        let inside = inner.files.keys().filter(|p| p.parent() == Some(path));
        Ok(inside.map(|p| p.file_name().unwrap().to_owned()).collect())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        self.0.lock().call("sync the directory".to_owned())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.0.lock();
        inner.call(format!("rename {} {}", name(from), name(to)))?;
        let file = inner.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        inner.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.0.lock();
        if !inner.files.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        inner.call(format!("remove {}", name(path)))?;
        inner.files.remove(path);
        Ok(())
    }

    fn hard_link(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        let inner = self.0.lock();
        inner.check(path)?;
        let file = inner.files.get(path).cloned();
        Ok(file.ok_or(io::ErrorKind::NotFound)?.lock().len() as u64)
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn FileLock>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
