//! The calls the engine makes on files, as two traits.
//!
//! Nothing is implied: a new, renamed or removed name is durable only after
//! [`sync_dir`](FileSystem::sync_dir) on its directory, bytes only after a sync of their file.
//! Any thread may call; the files themselves carry no position, so reads and writes name theirs.

use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How [`FileSystem::open`] opens a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenMode {
    /// An existing file, to read.
    Read,
    /// An existing file, to read and write in place.
    Write,
    /// A new file, to read and write; an error where the name is taken.
    CreateNew,
}

/// An open file, read and written at given offsets.
pub trait File: Debug + Send + Sync {
    /// Reads up to `buf.len()` bytes at `offset`; 0 at the end of the file.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes up to `buf.len()` bytes at `offset`, growing the file where it ends before their end.
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes the bytes written so far durable, and the length where they changed it.
    fn sync_data(&self) -> io::Result<()>;

    /// As [`sync_data`](File::sync_data), with all that the file system keeps of the file.
    fn sync_all(&self) -> io::Result<()>;

    /// Cuts or grows the file (with zeros) to `bytes`.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// The length of the file in bytes.
    fn len(&self) -> io::Result<u64>;

    /// The bytes of `range` will be read soon: a hint to fetch them meanwhile, which changes
    /// nothing. The default does nothing.
    fn will_need(&self, range: Range<u64>) {
        let _ = range;
    }

    /// Small writes will follow one another in `range`, from its start on: a hint to make them
    /// cheap, for which the file may grow (with zeros) to the end of the range and a little beyond.
    /// What a write means is the same. One range counts at a time, the last. The default does
    /// nothing.
    fn will_write(&self, range: Range<u64>) {
        let _ = range;
    }

    /// True where the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buf` from `offset`, going on after short and interrupted reads; `UnexpectedEof` where
    /// the file ends first.
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.read_at(buf, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    buf = buf.get_mut(n..).unwrap_or_default();
                    offset += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Writes all of `buf` at `offset`, going on after short and interrupted writes.
    fn write_all_at(&self, mut buf: &[u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.write_at(buf, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    buf = buf.get(n..).unwrap_or_default();
                    offset += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// A held lock on a path; dropping it, or the death of the process, lets go.
pub trait FileLock: Debug + Send + Sync {
    /// An error where the path no longer leads to what is locked, because the file or a directory
    /// above it was removed, renamed or replaced. The default, for disks that nobody else changes,
    /// is that it does.
    fn check(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The calls the engine makes on names.
pub trait FileSystem: Debug + Send + Sync + 'static {
    /// The path that leads to `path` wherever the process goes: whoever keeps paths asks for it
    /// once. The default is `path` as it is.
    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>>;

    /// Creates a directory and its parents; one that exists is fine. The name of each new one is
    /// durable after a [`sync_dir`](FileSystem::sync_dir) on the directory above it.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in any order.
    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>>;

    /// Makes the names of a directory durable: created, renamed and removed ones.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory. Only asked for to leave nothing behind after a failure, so a
    /// disk that cannot is fine: the default.
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let _ = path;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives a file a second name, which must be free.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// The length of the file at `path` in bytes; `NotFound` where there is none.
    fn file_len(&self, path: &Path) -> io::Result<u64>;

    /// Takes the exclusive lock on `path` (creating the file), or fails at once with `WouldBlock`
    /// where somebody, this process included, holds it. Never pretends: where locks are not
    /// supported the call is an error.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>>;
}
