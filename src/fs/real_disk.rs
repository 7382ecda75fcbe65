//! The disk of the operating system.
//!
//! Thin: each call is one call of `std::fs`. Locks are advisory locks of the operating system,
//! which die with the process that holds them, and its forks. Any thread may call.

use super::file_system::{File, FileLock, FileSystem, OpenMode};
use crate::planted::{Mistake, planted};
use std::ffi::OsString;
use std::io;
#[cfg(all(target_os = "linux", not(shuttle)))]
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The disk of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

#[derive(Debug)]
#[allow(clippy::disallowed_types)]
struct RealFile(std::fs::File);

#[derive(Debug)]
#[allow(clippy::disallowed_types)]
struct RealLock {
    file: std::fs::File,
    path: PathBuf,
    /// Who took it.
    process: u32,
}

impl FileLock for RealLock {
    fn check(&self) -> io::Result<()> {
        let (there, locked) = (std::fs::metadata(&self.path)?, self.file.metadata()?);
        if is_same_file(&there, &locked) {
            return Ok(());
        }
        let what = format!(
            "another file is at {} than the locked one",
            self.path.display()
        );
        Err(io::Error::new(io::ErrorKind::NotFound, what))
    }
}

#[cfg(unix)]
fn is_same_file(a: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Elsewhere a directory with an open file in it can neither be renamed nor removed.
#[cfg(not(unix))]
fn is_same_file(_: &std::fs::Metadata, _: &std::fs::Metadata) -> bool {
    true
}

impl Drop for RealLock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started elsewhere in this one has a copy
        // of the handle until it runs its own program, and would hold the lock that long. A fork
        // shares the lock and only closes its handle: the lock is the other's.
        if std::process::id() == self.process {
            let _ = self.file.unlock();
        }
    }
}

impl File for RealFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(&self.0, buf, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(&self.0, buf, offset);
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_at(&self.0, buf, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_write(&self.0, buf, offset);
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
        Ok(self.0.metadata()?.len())
    }

    #[cfg(all(target_os = "linux", not(shuttle)))]
    fn will_need(&self, range: Range<u64>) {
        let len = std::num::NonZeroU64::new(range.end.saturating_sub(range.start));
        // A hint that is not taken is none.
        let _ = rustix::fs::fadvise(&self.0, range.start, len, rustix::fs::Advice::WillNeed);
    }
}

#[allow(clippy::disallowed_methods, clippy::disallowed_types)]
impl FileSystem for RealDisk {
    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        std::path::absolute(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut options = std::fs::OpenOptions::new();
        options.read(true);
        match mode {
            OpenMode::Read => {}
            OpenMode::Write => {
                options.write(true);
            }
            OpenMode::CreateNew => {
                options.write(true).create_new(true);
            }
        }
        Ok(Arc::new(RealFile(options.open(path)?)))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(path)?
            .map(|entry| Ok(entry?.file_name()))
            .collect()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        // Windows keeps names durable by itself and cannot sync a directory.
        if cfg!(unix) {
            std::fs::File::open(path)?.sync_all()
        } else {
            Ok(())
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        Ok(std::fs::metadata(path)?.len())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(RealLock {
                file,
                path: path.to_owned(),
                process: std::process::id(),
            })),
            Err(_) if planted(Mistake::LockSkipped) => Ok(Box::new(RealLock {
                file,
                path: path.to_owned(),
                process: std::process::id(),
            })),
            Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(std::fs::TryLockError::Error(e)) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, clippy::disallowed_types)]
    fn lock_that_is_let_go_is_free_though_a_copy_of_its_handle_lives_in_a_starting_process() {
        let name = format!("grainstore-lock-copied-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let file = std::fs::File::create(&path).unwrap();
        file.try_lock().unwrap();
        let copy = file.try_clone().unwrap();
        drop(RealLock {
            file,
            path: path.clone(),
            process: std::process::id(),
        });
        RealDisk.lock(&path).unwrap();
        drop(copy);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn second_lock_is_refused_at_once_and_first_lets_go_on_drop() {
        let path = std::env::temp_dir().join(format!("grainstore-lock-{}", std::process::id()));
        let held = RealDisk.lock(&path).unwrap();
        let refused = RealDisk.lock(&path).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        drop(held);
        RealDisk.lock(&path).unwrap();
        RealDisk.remove_file(&path).unwrap();
    }
}
