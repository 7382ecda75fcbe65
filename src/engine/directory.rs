//! Making the directory of a database, and its name durable.
//!
//! A new name is durable once the directory above it is synced, and so is that one's name in turn:
//! a database whose directory is lost with the power is lost whole, whatever was synced within.
//! Callers hold no lock of the engine.

use super::core::sync_dir;
use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::FileSystem;
use crate::planted::{Mistake, planted};
use std::io;
use std::path::{Path, PathBuf};

/// Directories above the one of a database that were not there before it.
#[derive(Debug)]
#[must_use = "names that are not synced are lost with the power"]
pub(crate) struct NewNames {
    dir: PathBuf,
    /// How many names at the end of `dir` are new.
    new: usize,
}

/// Makes `dir` and what is missing above it.
pub(crate) fn make(file_system: &dyn FileSystem, dir: &Path) -> Result<NewNames> {
    if dir.as_os_str().is_empty() {
        let text = "the path of the database is empty; the current directory is \".\"";
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    let is_missing = |path: &&Path| {
        let length = file_system.file_len(path);
        length.is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
    };
    let new = dir.ancestors().take_while(is_missing).count();
    file_system.create_dir_all(dir).map_err(|e| {
        let e = match e.kind() {
            io::ErrorKind::AlreadyExists => {
                io::Error::new(e.kind(), "a file is there, and a database is a directory")
            }
            _ => e,
        };
        Error::io("create directory", dir, e)
    })?;
    let dir = dir.to_owned();
    Ok(NewNames { dir, new })
}

impl NewNames {
    /// Takes back what [`make`] made, as far as it is empty and the disk can.
    pub(crate) fn remove(&self, file_system: &dyn FileSystem) {
        for made in self.dir.ancestors().take(self.new) {
            let _ = file_system.remove_dir(made);
        }
    }

    /// Makes the name of the directory durable, and the names of those above it.
    ///
    /// Those that were there already may be left from an attempt that was killed before this, so
    /// they are synced too; but not every directory can be, and these need not be ours.
    pub(crate) fn sync(&self, file_system: &dyn FileSystem) -> Result<()> {
        if planted(Mistake::NewFolderUnsynced) {
            return Ok(());
        }
        for (depth, above) in self.dir.ancestors().skip(1).enumerate() {
            let here = Path::new(".");
            let synced = sync_dir(
                file_system,
                if above == Path::new("") { here } else { above },
            );
            if depth < self.new.max(1) {
                synced?;
            }
        }
        Ok(())
    }
}
