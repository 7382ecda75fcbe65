//! The disk of the operating system.
//!
//! Thin: each call is one call of `std::fs`. Locks are advisory locks of the operating system,
//! which die with the process that holds them, and its forks. Any thread may call.

use super::file_system::{File, FileLock, FileSystem, OpenMode};
#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
use super::mapped_window::MappedWindow;
use crate::planted::{Mistake, planted};
#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
use crate::sync::Mutex;
use std::ffi::OsString;
use std::io;
#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The disk of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

#[derive(Debug)]
#[allow(clippy::disallowed_types)]
struct RealFile {
    file: std::fs::File,
    /// Where small writes are expected.
    #[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
    window: Mutex<Window>,
}

/// Longer writes are cheaper by a system call, which fills pages without a fault for each.
#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
const SMALL_BYTES_MAX: usize = 8 << 10;

/// A stretch of a file where small writes are expected.
#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
#[derive(Debug)]
enum Window {
    None,
    /// Not mapped before the first small write comes.
    Announced(Range<u64>),
    Mapped(MappedWindow),
}

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

#[allow(clippy::disallowed_types)]
impl From<std::fs::File> for RealFile {
    fn from(file: std::fs::File) -> Self {
        Self {
            file,
            #[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
            window: Mutex::new(Window::None),
        }
    }
}

#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
impl RealFile {
    /// Writes by way of the window, where there is one that takes all of `buf`.
    fn write_in_window(&self, buf: &[u8], offset: u64) -> bool {
        let mut window = self.window.lock();
        if let Window::Announced(range) = &*window
            && range.contains(&offset)
        {
            let mapped = MappedWindow::map(&self.file, range.clone());
            *window = mapped.map_or(Window::None, Window::Mapped);
        }
        let Window::Mapped(mapped) = &mut *window else {
            return false;
        };
        mapped.write(buf, offset).unwrap_or_else(|_| {
            // The system call that is made instead tells what is wrong.
            *window = Window::None;
            false
        })
    }
}

impl File for RealFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(&self.file, buf, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset);
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        #[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
        if buf.len() <= SMALL_BYTES_MAX && self.write_in_window(buf, offset) {
            return Ok(buf.len());
        }
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_at(&self.file, buf, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_write(&self.file, buf, offset);
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        #[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
        {
            *self.window.lock() = Window::None; // M3 of windows
        }
        self.file.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    #[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
    fn will_write(&self, range: Range<u64>) {
        *self.window.lock() = Window::Announced(range);
    }

    #[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
    fn will_need(&self, range: Range<u64>) {
        let len = std::num::NonZeroU64::new(range.end.saturating_sub(range.start));
        // A hint that is not taken is none.
        let _ = rustix::fs::fadvise(&self.file, range.start, len, rustix::fs::Advice::WillNeed);
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
        Ok(Arc::new(RealFile::from(options.open(path)?)))
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
