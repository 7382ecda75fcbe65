//! Opens a journal for appending: lock, header, and the repair of what a crash has torn.
//!
//! All of it happens before the first append, with whoever opens on one thread:
//!
//! - O1: what the open leaves in the file is durable when it returns, name included, so that the
//!   next line needs no mark. The last stretch is written once more, with the bytes it has: a sync
//!   that failed may have marked its pages clean though they never reached the device, and only
//!   bytes that are written anew are sure to be part of the next sync.
//! - O2: a file that is no journal is not written to.
//! - O3: torn bytes are cut off before the first append, so that no record is glued to them.

use super::header::{HEADER, START_BYTES, Start, judge};
use super::line_reader::PIECE_BYTES;
use super::options::Options;
use super::tail::{Body, Tail, read};
use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::{File, FileLock, OpenMode};
use crate::sync::Arc;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// How many of the removed bytes a report keeps.
const REMOVED_BYTES_KEPT: u64 = 64 << 10;

/// What an open mended at the end of the file, after a crash or an edit by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// Where in the file, in bytes.
    pub offset: u64,
    /// How many bytes were cut off there: the torn end, of which nothing was acknowledged.
    pub removed_bytes: u64,
    /// The first 64 KiB of them.
    pub removed: Vec<u8>,
    /// The last record was whole but for its newline, and got one.
    pub newline_added: bool,
}

/// A journal that may be appended to.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) lock: Box<dyn FileLock>,
    pub(super) file: Arc<dyn File>,
    /// The length of the file, all of it durable (O1).
    pub(super) end: u64,
    pub(super) repair: Option<Repair>,
}

/// Opens the journal, making it where there is none.
pub(super) fn open(options: &Options) -> Result<Opened> {
    let path = &*options.path;
    let lock = take_lock(options)?;
    let file = options.file_system.open(path, OpenMode::Write);
    let file = file.map_err(|e| Error::io("open", path, e))?;
    let (start, file_bytes) = look(&*file, path)?;
    let (end, repair) = match start {
        Start::Unmade => create(&*file, path, file_bytes)?,
        Start::Unended => {
            let tail = Tail {
                stretch: 0,
                end: file_bytes,
                is_unended: true,
            };
            mend(&*file, path, tail, file_bytes)?
        }
        Start::Records(records) => {
            let body = Body {
                file: &*file,
                path,
                records,
                file_bytes,
                line_bytes_max: options.line_bytes_max,
            };
            mend(&*file, path, body.tail()?, file_bytes)?
        }
    };
    file.sync_data().map_err(|e| Error::io("sync", path, e))?;
    let dir = match path.parent() {
        Some(dir) if dir != Path::new("") => dir,
        _ => Path::new("."),
    };
    let synced = options.file_system.sync_dir(dir);
    synced.map_err(|e| Error::io("sync directory", dir, e))?;
    Ok(Opened {
        lock,
        file,
        end,
        repair,
    })
}

/// What the start of a file says, and its length.
pub(super) fn look(file: &dyn File, path: &Path) -> Result<(Start, u64)> {
    let file_bytes = file.len().map_err(|e| Error::io("measure", path, e))?;
    let start = read(file, path, 0, file_bytes.min(START_BYTES as u64))?;
    Ok((judge(&start, file_bytes, path)?, file_bytes))
}

/// The journal itself holds the lock; on Windows, where a lock shuts out readers, a file beside it.
fn lock_path(path: &Path) -> PathBuf {
    if cfg!(windows) {
        let mut name: OsString = path.as_os_str().to_owned();
        name.push(".lock");
        name.into()
    } else {
        path.to_owned()
    }
}

fn take_lock(options: &Options) -> Result<Box<dyn FileLock>> {
    let path = lock_path(&options.path);
    options.file_system.lock(&path).map_err(|e| {
        if e.kind() != io::ErrorKind::WouldBlock {
            return Error::io("lock", &path, e);
        }
        let text = format!(
            "the journal {} is open for appending already, in another process or through another \
             handle of this one; close it there first, or share that handle (it is cheap to \
             clone); reading needs no open",
            options.path.display()
        );
        Error::new(ErrorKind::Locked, text)
    })
}

fn create(file: &dyn File, path: &Path, file_bytes: u64) -> Result<(u64, Option<Repair>)> {
    let repair = cut(file, path, 0, file_bytes)?;
    let header = [HEADER, b"\n"].concat();
    write(file, path, &header, 0)?;
    Ok((header.len() as u64, repair))
}

/// Cuts off what is torn, writes the last stretch anew (O1), and ends its last line.
fn mend(
    file: &dyn File,
    path: &Path,
    tail: Tail,
    file_bytes: u64,
) -> Result<(u64, Option<Repair>)> {
    let mut repair = cut(file, path, tail.end, file_bytes)?;
    let mut low = tail.stretch;
    while low < tail.end {
        let high = tail.end.min(low + PIECE_BYTES as u64);
        let bytes = read(file, path, low, high)?;
        write(file, path, &bytes, low)?;
        low = high;
    }
    if !tail.is_unended {
        return Ok((tail.end, repair));
    }
    write(file, path, b"\n", tail.end)?;
    repair.get_or_insert(Repair {
        offset: tail.end,
        removed_bytes: 0,
        removed: Vec::new(),
        newline_added: true,
    });
    Ok((tail.end + 1, repair))
}

/// Cuts the file at `end`; a report where there was more.
fn cut(file: &dyn File, path: &Path, end: u64, file_bytes: u64) -> Result<Option<Repair>> {
    let removed_bytes = file_bytes.saturating_sub(end);
    if removed_bytes == 0 {
        return Ok(None);
    }
    let kept_to = file_bytes.min(end + REMOVED_BYTES_KEPT);
    let removed = read(file, path, end, kept_to)?;
    let cut = file.set_len(end);
    cut.map_err(|e| Error::io("cut the torn end off", path, e))?;
    Ok(Some(Repair {
        offset: end,
        removed_bytes,
        removed,
        newline_added: false,
    }))
}

fn write(file: &dyn File, path: &Path, bytes: &[u8], offset: u64) -> Result<()> {
    let written = file.write_all_at(bytes, offset);
    written.map_err(|e| Error::io("write", path, e))
}
