//! The hold of a process on the directory of a database.
//!
//! It is the lock that keeps other openers out, and what can be asked of it later: whether the
//! directory that was locked is still where it was, and whether this process is the one that locked
//! it. A directory that was removed, renamed or replaced under an open database must neither take
//! writes, which would be lost, nor lose files to it, which may be those of another database by
//! now. A fork of the process shares its files and has none of its threads, so it must write
//! nothing and let go of nothing.
//!
//! - H1: nothing is removed by its name unless the hold lasts.
//!
//! Any thread may ask; no lock is taken, so that a fork may ask, too.

use super::file_system::{FileLock, FileSystem};
use super::fork_mark::process;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Arc, ArcSwapOption};
use std::io;
use std::path::{Path, PathBuf};

/// A held directory.
#[derive(Debug)]
pub(crate) struct Hold {
    dir: PathBuf,
    process: u32,
    lock: ArcSwapOption<Lock>,
}

#[derive(Debug)]
struct Lock(Box<dyn FileLock>);

impl Hold {
    /// Takes the lock at `path` of the database in `dir`, or fails at once with `Locked` where
    /// somebody has it.
    pub(crate) fn take(file_system: &dyn FileSystem, dir: &Path, path: &Path) -> Result<Arc<Self>> {
        let lock = file_system.lock(path).map_err(|e| {
            if e.kind() != io::ErrorKind::WouldBlock {
                return Error::io("lock", path, e);
            }
            let text = format!(
                "the database {} is open already, in another process or through another handle of \
                 this one; close it there first, or share that handle (it is cheap to clone)",
                dir.display()
            );
            Error::new(ErrorKind::Locked, text)
        })?;
        Ok(Arc::new(Self {
            dir: dir.to_owned(),
            process: process(),
            lock: ArcSwapOption::from_pointee(Lock(lock)),
        }))
    }

    /// True in a fork of the process that took the hold.
    pub(crate) fn is_forked(&self) -> bool {
        process() != self.process
    }

    /// An error in a fork of the process that took the hold. The cost of a load.
    pub(crate) fn check_process(&self) -> Result<()> {
        if !self.is_forked() {
            return Ok(());
        }
        let text = format!(
            "the database {} belongs to process {}, of which this one is a fork: write there, or \
             close the database before forking and open it after",
            self.dir.display(),
            self.process
        );
        Err(Error::new(ErrorKind::Latched, text))
    }

    /// An error where the hold does not last: in a fork, and where the directory is no longer where
    /// it was. The cost of a look at one file.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_process()?;
        let Some(lock) = self.lock.load_full() else {
            return Ok(()); // let go of on purpose; who writes then is told so elsewhere
        };
        lock.0.check().map_err(|e| {
            let text = format!(
                "writes to the database {} are refused, since its directory was removed, renamed \
                 or replaced while it was open ({e}); put it back, or close the database and open \
                 it where it is",
                self.dir.display()
            );
            Error::new(ErrorKind::Latched, text)
        })
    }

    /// True while files of the directory may be removed by their names (H1).
    pub(crate) fn lasts(&self) -> bool {
        let lock = self.lock.load_full();
        !self.is_forked() && lock.is_some_and(|lock| lock.0.check().is_ok())
    }

    /// Lets go of the directory; in a fork, of its part in the lock, which the other keeps.
    pub(crate) fn release(&self) {
        self.lock.store(None);
    }
}
