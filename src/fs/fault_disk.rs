//! A disk of which one chosen call, or every call from it on, fails.
//!
//! It wraps any [`FileSystem`], counts the calls by what they do and lets the n-th of a kind fail
//! as a real disk would. Any thread may call, arm and disarm; the count is one for all
//! threads. What it does not do: delays, damaged reads (see the helpers of `CrashDisk`).
//!
//! - F1: a write that fails with an error leaves its first half behind, for no system promises that
//!   it left nothing.
//! - F2: a sync that fails does not sync, and no later sync through the same open file does, though
//!   it reports success: the systems of today mark the pages clean when a sync fails (Rebello et
//!   al., "Can Applications Recover from fsync Failures?", ATC 2020), so a retry lies. Over a
//!   `CrashDisk` this shows in what survives. An interrupted sync fails but does not lie later.

use super::file_system::{File, FileLock, FileSystem, OpenMode};
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// An error of the device (os error 5).
    Eio,
    /// No space is left (os error 28).
    Enospc,
    /// The call was interrupted and may be tried again (`ErrorKind::Interrupted`). Armed from a
    /// call on, it strikes every second call, so that trying again ends.
    Eintr,
    /// A write takes only the first half of its bytes, rounded up, and says so. Counts and strikes
    /// `write_at` alone.
    ShortWrite,
}

/// Whether a fault goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultMode {
    /// The one call fails.
    Once,
    /// That call and all after it fail.
    FromThenOn,
}

/// The calls which a fault counts and strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCalls {
    /// All of them.
    All,
    /// `read_at`, `len`, `file_len`, `list_dir`.
    Reads,
    /// `write_at`, `set_len`.
    Writes,
    /// `sync_data`, `sync_all`, `sync_dir`.
    Syncs,
    /// `open`, `create_dir_all`, `rename`, `remove_file`, `remove_dir`, `hard_link`, `lock`.
    Names,
}

/// A failure to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fault {
    /// How the call fails.
    pub kind: FaultKind,
    /// How many calls of `calls` go well first, counted from arming.
    pub at: u64,
    /// Whether it goes away.
    pub mode: FaultMode,
    /// The calls it counts and strikes.
    pub calls: FaultCalls,
}

impl Fault {
    fn counts(&self, call: CallKind) -> bool {
        let chosen = self.calls == FaultCalls::All || self.calls == call.class();
        chosen && (self.kind != FaultKind::ShortWrite || call == CallKind::Write)
    }

    fn strikes(&self, index: u64) -> bool {
        let Some(after) = index.checked_sub(self.at) else {
            return false;
        };
        match (self.mode, self.kind) {
            (FaultMode::Once, _) => after == 0,
            (FaultMode::FromThenOn, FaultKind::Eintr) => after % 2 == 0,
            (FaultMode::FromThenOn, _) => true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallKind {
    Read,
    Write,
    SetLen,
    Sync,
    Name,
}

impl CallKind {
    fn class(self) -> FaultCalls {
        match self {
            Self::Read => FaultCalls::Reads,
            Self::Write | Self::SetLen => FaultCalls::Writes,
            Self::Sync => FaultCalls::Syncs,
            Self::Name => FaultCalls::Names,
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    reads: u64,
    writes: u64,
    syncs: u64,
    names: u64,
    armed: Option<Fault>,
    seen: u64,
    fired: u64,
}

impl Counts {
    fn of(&mut self, class: FaultCalls) -> Option<&mut u64> {
        match class {
            FaultCalls::All => None,
            FaultCalls::Reads => Some(&mut self.reads),
            FaultCalls::Writes => Some(&mut self.writes),
            FaultCalls::Syncs => Some(&mut self.syncs),
            FaultCalls::Names => Some(&mut self.names),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Faults(Arc<Mutex<Counts>>);

impl Faults {
    /// Counts `call`; the fault that strikes it, if any.
    fn strike(&self, call: CallKind) -> Option<FaultKind> {
        let mut counts = self.0.lock();
        if let Some(count) = counts.of(call.class()) {
            *count += 1;
        }
        let fault = counts.armed.filter(|fault| fault.counts(call))?;
        let index = counts.seen;
        counts.seen += 1;
        if !fault.strikes(index) {
            return None;
        }
        counts.fired += 1;
        Some(fault.kind)
    }

    /// Counts `call` and fails where a fault strikes it.
    fn check(&self, call: CallKind) -> io::Result<()> {
        self.strike(call).map_or(Ok(()), |kind| Err(error_of(kind)))
    }
}

fn error_of(kind: FaultKind) -> io::Error {
    match kind {
        FaultKind::Eio | FaultKind::ShortWrite => io::Error::from_raw_os_error(5),
        FaultKind::Enospc => io::Error::from_raw_os_error(28),
        FaultKind::Eintr => io::ErrorKind::Interrupted.into(),
    }
}

/// A disk of which one chosen call, or every call from it on, fails. A clone is the same disk.
///
/// ```
/// use grainstore::fs::{CrashDisk, File, FileSystem, OpenMode};
/// use grainstore::fs::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
/// use std::path::Path;
/// use std::sync::Arc;
///
/// let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
/// let file = disk.open(Path::new("/a"), OpenMode::CreateNew)?;
/// disk.arm(Fault {
///     kind: FaultKind::Enospc,
///     at: 1,
///     mode: FaultMode::Once,
///     calls: FaultCalls::Writes,
/// });
/// assert!(file.write_all_at(b"first", 0).is_ok());
/// assert_eq!(file.write_all_at(b"second", 5).unwrap_err().raw_os_error(), Some(28));
/// assert!(file.write_all_at(b"second", 5).is_ok());
/// assert_eq!((disk.fired(), disk.calls(FaultCalls::Writes)), (1, 3));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct FaultDisk {
    inner: Arc<dyn FileSystem>,
    faults: Faults,
}

impl fmt::Debug for FaultDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let armed = self.faults.0.lock().armed;
        f.debug_struct("FaultDisk")
            .field("inner", &self.inner)
            .field("armed", &armed)
            .finish_non_exhaustive()
    }
}

impl FaultDisk {
    /// A disk that answers as `inner` does until a fault is armed.
    #[must_use]
    pub fn new(inner: Arc<dyn FileSystem>) -> Self {
        Self {
            inner,
            faults: Faults::default(),
        }
    }

    /// Lets `fault` come, in place of any armed before; counting for it starts now.
    pub fn arm(&self, fault: Fault) {
        let mut counts = self.faults.0.lock();
        (counts.armed, counts.seen, counts.fired) = (Some(fault), 0, 0);
    }

    /// Lets no more calls fail.
    pub fn disarm(&self) {
        self.faults.0.lock().armed = None;
    }

    /// How many `calls` there were since the disk was made, failed ones included.
    #[must_use]
    pub fn calls(&self, calls: FaultCalls) -> u64 {
        let mut counts = self.faults.0.lock();
        match counts.of(calls) {
            Some(count) => *count,
            None => counts.reads + counts.writes + counts.syncs + counts.names,
        }
    }

    /// How many calls the fault armed last has struck; 0 means that its call never came.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.faults.0.lock().fired
    }
}

#[derive(Debug)]
struct FaultFile {
    inner: Arc<dyn File>,
    faults: Faults,
    sync_failed: AtomicBool,
}

impl FaultFile {
    fn sync(&self, sync: impl FnOnce(&dyn File) -> io::Result<()>) -> io::Result<()> {
        if let Some(kind) = self.faults.strike(CallKind::Sync) {
            if kind != FaultKind::Eintr {
                self.sync_failed.store(true, Ordering::SeqCst);
            }
            return Err(error_of(kind));
        }
        if self.sync_failed.load(Ordering::SeqCst) {
            return Ok(()); // F2
        }
        sync(&*self.inner)
    }
}

impl File for FaultFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.faults.check(CallKind::Read)?;
        self.inner.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let fault = self.faults.strike(CallKind::Write);
        let half = buf.get(..buf.len().div_ceil(2)).unwrap_or_default();
        match fault {
            None => self.inner.write_at(buf, offset),
            Some(FaultKind::ShortWrite) => self.inner.write_at(half, offset),
            Some(FaultKind::Eintr) => Err(error_of(FaultKind::Eintr)),
            Some(kind) => {
                self.inner.write_at(half, offset)?; // F1
                Err(error_of(kind))
            }
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync(|file| file.sync_data())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync(|file| file.sync_all())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.faults.check(CallKind::SetLen)?;
        self.inner.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.faults.check(CallKind::Read)?;
        self.inner.len()
    }
}

impl FileSystem for FaultDisk {
    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        self.inner.absolute(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        self.faults.check(CallKind::Name)?;
        Ok(Arc::new(FaultFile {
            inner: self.inner.open(path, mode)?,
            faults: self.faults.clone(),
            sync_failed: AtomicBool::new(false),
        }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.faults.check(CallKind::Name)?;
        self.inner.create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.faults.check(CallKind::Read)?;
        self.inner.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.faults.check(CallKind::Sync)?;
        self.inner.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.faults.check(CallKind::Name)?;
        self.inner.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.faults.check(CallKind::Name)?;
        self.inner.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.faults.check(CallKind::Name)?;
        self.inner.remove_dir(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.faults.check(CallKind::Name)?;
        self.inner.hard_link(from, to)
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.faults.check(CallKind::Read)?;
        self.inner.file_len(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        self.faults.check(CallKind::Name)?;
        self.inner.lock(path)
    }
}
