//! A disk that holds so many bytes and no more, until it is given more.
//!
//! It wraps any [`FileSystem`] and counts the bytes of the files that were made, opened, linked or
//! renamed through it. Any thread may call.
//!
//! - Q1: a write that would make a file longer than there is space for writes as much as fits, and
//!   says so; where nothing fits it fails with `StorageFull` (os error 28). Bytes within a file's
//!   length cost nothing: no file has holes here.
//! - Q2: a file gives its bytes back when its last name goes, whoever still has it open.
//! - Q3: names, directories and syncs cost nothing and never fail for want of space.

use super::file_system::{File, FileLock, FileSystem, OpenMode};
use crate::sync::{Arc, Mutex};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, Default)]
struct Ledger {
    quota: u64,
    used: u64,
    /// By name; the names of one file share its number.
    files: HashMap<PathBuf, usize>,
    lengths: Vec<Length>,
    refusals: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Length {
    bytes: u64,
    names: usize,
}

impl Ledger {
    /// The number of the file at `path`, which has `bytes` where it was not known before.
    fn number(&mut self, path: &Path, bytes: u64) -> usize {
        if let Some(&number) = self.files.get(path) {
            return number;
        }
        let number = self.lengths.len();
        self.lengths.push(Length { bytes, names: 1 });
        self.files.insert(path.to_owned(), number);
        self.used += bytes;
        number
    }

    fn forget(&mut self, path: &Path) {
        let Some(number) = self.files.remove(path) else {
            return;
        };
        if let Some(length) = self.lengths.get_mut(number) {
            length.names -= 1;
            if length.names == 0 {
                self.used -= std::mem::take(&mut length.bytes);
            }
        }
    }

    /// The length that file `number` may have on the way to `wanted` (Q1).
    fn allowed(&mut self, number: usize, wanted: u64) -> u64 {
        let free = self.quota.saturating_sub(self.used);
        let length = self.lengths.get(number).copied().unwrap_or_default();
        let allowed = wanted.min(length.bytes + free).max(length.bytes);
        self.refusals += u64::from(allowed < wanted);
        allowed
    }

    fn set_length(&mut self, number: usize, bytes: u64) {
        // Without a name it has given its bytes back already (Q2).
        if let Some(length) = self.lengths.get_mut(number).filter(|l| l.names > 0) {
            self.used = self.used - length.bytes + bytes;
            length.bytes = bytes;
        }
    }

    fn length(&self, number: usize) -> u64 {
        self.lengths.get(number).map_or(0, |length| length.bytes)
    }
}

fn full() -> io::Error {
    io::Error::from_raw_os_error(28)
}

/// A disk that holds so many bytes and no more, until it is given more. A clone is the same disk.
///
/// ```
/// use grainstore::fs::{CrashDisk, File, FileSystem, OpenMode, QuotaDisk};
/// use std::path::Path;
/// use std::sync::Arc;
///
/// let disk = QuotaDisk::new(Arc::new(CrashDisk::new()), 10);
/// let file = disk.open(Path::new("/a"), OpenMode::CreateNew)?;
/// assert_eq!(file.write_at(b"twelve bytes", 0)?, 10);
/// let full = file.write_at(b"es", 10).unwrap_err();
/// assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
/// disk.set_quota(12);
/// file.write_all_at(b"es", 10)?;
/// disk.remove_file(Path::new("/a"))?;
/// assert_eq!(disk.used(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct QuotaDisk {
    inner: Arc<dyn FileSystem>,
    ledger: Arc<Mutex<Ledger>>,
}

impl QuotaDisk {
    /// A disk that answers as `inner` does and holds `quota` bytes.
    #[must_use]
    pub fn new(inner: Arc<dyn FileSystem>, quota: u64) -> Self {
        let ledger = Ledger {
            quota,
            ..Ledger::default()
        };
        Self {
            inner,
            ledger: Arc::new(Mutex::new(ledger)),
        }
    }

    /// Lets the disk hold `quota` bytes from now on; fewer than it has means that nothing grows.
    pub fn set_quota(&self, quota: u64) {
        self.ledger.lock().quota = quota;
    }

    /// The bytes of all files.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.ledger.lock().used
    }

    /// How often a call got less space than it wanted.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.ledger.lock().refusals
    }

    /// Takes the file at `path` into the ledger.
    fn learn(&self, path: &Path) -> io::Result<usize> {
        let bytes = self.inner.file_len(path)?;
        Ok(self.ledger.lock().number(path, bytes))
    }
}

#[derive(Debug)]
struct QuotaFile {
    inner: Arc<dyn File>,
    ledger: Arc<Mutex<Ledger>>,
    number: usize,
}

impl File for QuotaFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.inner.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        // Held over the write, so that two writes do not take the same space.
        let mut ledger = self.ledger.lock();
        let end = offset + buf.len() as u64;
        let fits = ledger.allowed(self.number, end).saturating_sub(offset);
        let part = buf.get(..buf.len().min(fits as usize)).unwrap_or(buf);
        if part.is_empty() && !buf.is_empty() {
            return Err(full());
        }
        let written = self.inner.write_at(part, offset)?;
        let length = ledger.length(self.number).max(offset + written as u64);
        ledger.set_length(self.number, length);
        Ok(written)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.inner.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.inner.sync_all()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut ledger = self.ledger.lock();
        if bytes > ledger.length(self.number) && ledger.allowed(self.number, bytes) < bytes {
            return Err(full());
        }
        self.inner.set_len(bytes)?;
        ledger.set_length(self.number, bytes);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
}

impl FileSystem for QuotaDisk {
    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        self.inner.absolute(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let inner = self.inner.open(path, mode)?;
        let number = self.learn(path)?;
        Ok(Arc::new(QuotaFile {
            inner,
            ledger: Arc::clone(&self.ledger),
            number,
        }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.inner.create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.inner.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let number = self.learn(from)?;
        self.inner.rename(from, to)?;
        let mut ledger = self.ledger.lock();
        ledger.forget(to);
        ledger.files.remove(from);
        ledger.files.insert(to.to_owned(), number);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_file(path)?;
        self.ledger.lock().forget(path);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_dir(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let number = self.learn(from)?;
        self.inner.hard_link(from, to)?;
        let mut ledger = self.ledger.lock();
        ledger.files.insert(to.to_owned(), number);
        if let Some(length) = ledger.lengths.get_mut(number) {
            length.names += 1;
        }
        Ok(())
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        self.inner.file_len(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        self.inner.lock(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::crash_disk::CrashDisk;

    fn disk(quota: u64) -> QuotaDisk {
        QuotaDisk::new(Arc::new(CrashDisk::new()), quota)
    }

    #[test]
    fn write_takes_what_fits_and_the_next_is_refused() {
        let disk = disk(7);
        let file = disk.open(Path::new("/a"), OpenMode::CreateNew).unwrap();
        let refused = file.write_all_at(b"ten bytes!", 0).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        assert_eq!(
            (file.len().unwrap(), disk.used(), disk.refusals()),
            (7, 7, 2)
        );
        file.write_all_at(b"over it", 0).unwrap();
        assert!(file.set_len(8).is_err());
        file.set_len(2).unwrap();
        file.write_all_at(b"12345", 2).unwrap();
        assert_eq!(disk.used(), 7);
    }

    #[test]
    fn bytes_come_back_with_the_last_name() {
        let disk = disk(10);
        let [a, b, c] = ["/a", "/b", "/c"].map(Path::new);
        let file = disk.open(a, OpenMode::CreateNew).unwrap();
        file.write_all_at(b"12345", 0).unwrap();
        disk.hard_link(a, b).unwrap();
        disk.rename(a, c).unwrap();
        disk.remove_file(b).unwrap();
        assert_eq!(disk.used(), 5);
        let other = disk.open(a, OpenMode::CreateNew).unwrap();
        other.write_all_at(b"123", 0).unwrap();
        disk.rename(a, c).unwrap();
        assert_eq!(disk.used(), 3, "what was replaced gave its bytes back");
        disk.remove_file(c).unwrap();
        assert_eq!(disk.used(), 0);
        file.write_all_at(b"123456789", 0).unwrap();
        assert_eq!(
            disk.used(),
            0,
            "a file without a name costs nothing any more"
        );
    }

    #[test]
    fn raised_quota_lets_files_grow_again_and_a_lowered_one_stops_them() {
        let disk = disk(4);
        let file = disk.open(Path::new("/a"), OpenMode::CreateNew).unwrap();
        assert!(file.write_all_at(b"12345", 0).is_err());
        disk.set_quota(5);
        file.write_all_at(b"12345", 0).unwrap();
        disk.set_quota(1);
        assert!(file.write_all_at(b"6", 5).is_err());
        file.write_all_at(b"54321", 0).unwrap();
    }
}
