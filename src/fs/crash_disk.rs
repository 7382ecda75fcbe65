//! A disk in memory that can lose its power at any call.
//!
//! Every call that changes something is logged in one order under one lock; from the log follows
//! what a real disk could hold after a power cut at any of its points. Reads are answered from what
//! was issued, as by a page cache. Any thread may call; calls on one disk take turns. Failed calls
//! and calls that change nothing (a rename of a file to itself, a write of no bytes) are not
//! logged; syncs always are.
//!
//! What it does not do: file times, permissions, symbolic links, renames of directories. Paths are
//! taken lexically from one root, so `x` and `/x` are one file and `..` is refused.

use super::disk_state::{Call, ContentChange, DiskState};
use super::file_system::{File, FileLock, FileSystem, OpenMode};
use super::name_tree::{NameChange, Node, Slot, names_of};
use super::pages::Bytes;
use crate::sync::{Arc, Mutex};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The greatest length of a file, as on the disks of today's systems.
const FILE_BYTES_MAX: u64 = i64::MAX as u64;

/// A disk in memory that keeps the log of all calls that changed it, and builds what may be left of
/// it after power is lost at any of them. A clone is the same disk.
///
/// ```
/// use grainstore::fs::{CrashDisk, CrashImage, File, FileSystem, OpenMode};
/// use std::path::Path;
///
/// let disk = CrashDisk::new();
/// let file = disk.open(Path::new("/a"), OpenMode::CreateNew)?;
/// file.write_all_at(b"kept", 0)?;
/// file.sync_data()?;
/// disk.sync_dir(Path::new("/"))?;
/// let acknowledged = disk.calls();
/// file.write_all_at(b", lost", 4)?;
///
/// for call in acknowledged..=disk.calls() {
///     let after = disk.image(call, CrashImage::DropUnsynced);
///     assert_eq!(after.read_file(Path::new("/a"))?, b"kept");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct CrashDisk {
    recording: Arc<Mutex<Recording>>,
}

struct Recording {
    base: Arc<DiskState>,
    live: Arc<DiskState>,
    log: Vec<Call>,
    locked: HashSet<u64>,
}

impl Recording {
    fn issue(&mut self, call: Call) {
        Arc::make_mut(&mut self.live).apply(&call);
        self.log.push(call);
    }

    fn name(&mut self, slot: Slot, node: Node) {
        self.issue(Call::Name(NameChange {
            gone: None,
            made: Some((slot, node)),
        }));
    }

    fn create(&mut self, slot: Slot) -> u64 {
        let inode = self.live.number_next;
        self.name(slot, Node::File(inode));
        inode
    }
}

impl Default for CrashDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CrashDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls();
        f.debug_struct("CrashDisk")
            .field("calls", &calls)
            .finish_non_exhaustive()
    }
}

impl CrashDisk {
    /// An empty disk: nothing but the root directory `/`.
    #[must_use]
    pub fn new() -> Self {
        Self::holding(DiskState::default())
    }

    /// A disk that holds `state`, all of it durable, without a history.
    pub(crate) fn holding(state: DiskState) -> Self {
        let state = Arc::new(state);
        let recording = Recording {
            base: Arc::clone(&state),
            live: state,
            log: Vec::new(),
            locked: HashSet::new(),
        };
        Self {
            recording: Arc::new(Mutex::new(recording)),
        }
    }

    /// How many calls have been logged. A write that was acknowledged when this read `n` must be on
    /// every [`image`](Self::image) at `n` or later.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.recording.lock().log.len()
    }

    /// What the disk held before the first logged call.
    pub(super) fn base(&self) -> Arc<DiskState> {
        Arc::clone(&self.recording.lock().base)
    }

    /// A new disk that holds all that this one holds now, as if synced, without a history and
    /// without locks. Content is shared until one of the two writes it.
    #[must_use]
    pub fn fork(&self) -> Self {
        let live = Arc::clone(&self.recording.lock().live);
        let content = |inode| live.content(inode);
        Self::holding(DiskState::reachable(&live.names, live.number_next, content))
    }

    /// What the `call`-th logged call was, counted from 1: the last that `image(call, _)` has seen.
    /// For the messages of failing tests.
    #[must_use]
    pub fn describe_call(&self, call: usize) -> String {
        let recording = self.recording.lock();
        let (before, last) = match call
            .checked_sub(1)
            .and_then(|n| recording.log.split_at_checked(n))
        {
            Some((before, [last, ..])) => (before, last),
            _ => return "no call".to_owned(),
        };
        last.describe(&recording.base.names, before)
    }

    /// Lends the log to `read`, while no call goes on.
    pub(crate) fn with_log<R>(&self, read: impl FnOnce(&[Call]) -> R) -> R {
        read(&self.recording.lock().log)
    }

    fn issue(&self, inode: u64, change: ContentChange) {
        self.recording.lock().issue(Call::Content(inode, change));
    }

    fn handle(&self, inode: u64, writable: bool) -> Arc<dyn File> {
        Arc::new(CrashFile {
            disk: self.clone(),
            inode,
            writable,
        })
    }
}

/// For tests of damage: what a failing drive or a careless hand does to a disk. The changes are
/// logged and synced like any others.
impl CrashDisk {
    /// The paths of all files, ascending.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        let files = self.recording.lock().live.names.files();
        files.into_iter().map(|(path, _)| path).collect()
    }

    /// The sum of the lengths of all files; one with several names counts once.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        let live = Arc::clone(&self.recording.lock().live);
        let inodes: HashSet<u64> = live.names.reachable().inodes().collect();
        inodes.iter().map(|inode| live.content(*inode).len()).sum()
    }

    /// All bytes of the file at `path`.
    pub fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open(path, OpenMode::Read)?;
        let len = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Makes `bytes` the whole content of the file at `path`, which is created where it is missing,
    /// in a directory that exists.
    pub fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mode = match self.file_len(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => OpenMode::CreateNew,
            _ => OpenMode::Write,
        };
        let file = self.open(path, mode)?;
        file.set_len(0)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        self.sync_dir(path.parent().unwrap_or(Path::new("/")))
    }

    /// Turns over bit `bit` (0 to 7) of the byte at `offset`, which the file must have.
    pub fn flip_bit(&self, path: &Path, offset: u64, bit: u8) -> io::Result<()> {
        let file = self.open(path, OpenMode::Write)?;
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset)?;
        file.write_all_at(&[byte[0] ^ (1 << (bit % 8))], offset)?;
        file.sync_data()
    }

    /// Cuts the file at `path` to `bytes`, or grows it with zeros.
    pub fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let file = self.open(path, OpenMode::Write)?;
        file.set_len(bytes)?;
        file.sync_all()
    }

    /// Removes the file at `path` for good.
    pub fn lose_file(&self, path: &Path) -> io::Result<()> {
        self.remove_file(path)?;
        self.sync_dir(path.parent().unwrap_or(Path::new("/")))
    }
}

#[derive(Debug)]
struct CrashFile {
    disk: CrashDisk,
    inode: u64,
    writable: bool,
}

impl CrashFile {
    fn check_write(&self, end: Option<u64>) -> io::Result<()> {
        if !self.writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        match end {
            Some(end) if end <= FILE_BYTES_MAX => Ok(()),
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

impl File for CrashFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let recording = self.disk.recording.lock();
        let content = recording.live.files.get(&self.inode);
        Ok(content.map_or(0, |content| content.read_at(buf, offset)))
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.check_write(offset.checked_add(buf.len() as u64))?;
        if !buf.is_empty() {
            let bytes = Bytes::copy_of(buf);
            self.disk
                .issue(self.inode, ContentChange::Write { offset, bytes });
        }
        Ok(buf.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.recording.lock().issue(Call::Sync(self.inode));
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.check_write(Some(bytes))?;
        self.disk.issue(self.inode, ContentChange::SetLen(bytes));
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        let recording = self.disk.recording.lock();
        let content = recording.live.files.get(&self.inode);
        Ok(content.map_or(0, |content| content.len()))
    }
}

#[derive(Debug)]
struct CrashLock {
    disk: CrashDisk,
    inode: u64,
}

impl FileLock for CrashLock {}

impl Drop for CrashLock {
    fn drop(&mut self) {
        self.disk.recording.lock().locked.remove(&self.inode);
    }
}

impl FileSystem for CrashDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut recording = self.recording.lock();
        if mode != OpenMode::CreateNew {
            let (_, inode) = recording.live.names.file(path)?;
            return Ok(self.handle(inode, mode == OpenMode::Write));
        }
        let slot = recording.live.names.free_slot(path)?;
        let inode = recording.create(slot);
        Ok(self.handle(inode, true))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut recording = self.recording.lock();
        let names = names_of(path)?;
        for depth in 1..=names.len() {
            let path: PathBuf = names.iter().take(depth).collect();
            let slot = recording.live.names.slot(&path)?;
            match recording.live.names.get(&slot) {
                Some(Node::Dir(_)) => {}
                Some(Node::File(_)) if depth == names.len() => {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                None => {
                    let dir = recording.live.number_next;
                    recording.name(slot, Node::Dir(dir));
                }
            }
        }
        Ok(())
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let recording = self.recording.lock();
        let names = &recording.live.names;
        Ok(names.list(names.dir(path)?))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut recording = self.recording.lock();
        let dir = recording.live.names.dir(path)?;
        recording.issue(Call::SyncDir(dir));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut recording = self.recording.lock();
        let (from, inode) = recording.live.names.file(from)?;
        let to = recording.live.names.slot(to)?;
        match recording.live.names.get(&to) {
            Some(Node::Dir(_)) => return Err(io::ErrorKind::IsADirectory.into()),
            // Two names of one file: the call succeeds and does nothing, as POSIX has it.
            Some(Node::File(there)) if there == inode => return Ok(()),
            Some(Node::File(_)) | None => {}
        }
        recording.issue(Call::Name(NameChange {
            gone: Some(from),
            made: Some((to, Node::File(inode))),
        }));
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut recording = self.recording.lock();
        let (slot, _) = recording.live.names.file(path)?;
        recording.issue(Call::Name(NameChange {
            gone: Some(slot),
            made: None,
        }));
        Ok(())
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut recording = self.recording.lock();
        let (_, inode) = recording.live.names.file(from)?;
        let slot = recording.live.names.free_slot(to)?;
        recording.name(slot, Node::File(inode));
        Ok(())
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        let recording = self.recording.lock();
        let (_, inode) = recording.live.names.file(path)?;
        Ok(recording.live.content(inode).len())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        let mut recording = self.recording.lock();
        let slot = recording.live.names.slot(path)?;
        let inode = match recording.live.names.get(&slot) {
            Some(Node::File(inode)) => inode,
            Some(Node::Dir(_)) => return Err(io::ErrorKind::IsADirectory.into()),
            None => recording.create(slot),
        };
        if !recording.locked.insert(inode) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(CrashLock {
            disk: self.clone(),
            inode,
        }))
    }
}
