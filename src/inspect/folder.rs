//! The files in the directory of a database, by their names and lengths.
//!
//! Nothing is opened and nothing changed. Plain data.

use crate::error::{Error, Result};
use crate::format::file_name::FileName;
use crate::fs::file_system::FileSystem;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a look into the directory found.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) dir: PathBuf,
    /// Lengths of the database's own files, by their kinds and numbers.
    pub(crate) files: BTreeMap<FileName, u64>,
    /// Names and lengths of all others.
    pub(crate) foreign: Vec<(OsString, u64)>,
}

impl Folder {
    /// Looks into `dir`. A file that goes meanwhile is left out.
    pub(crate) fn look(fs: &dyn FileSystem, dir: &Path) -> Result<Self> {
        let names = fs.list_dir(dir).map_err(|e| Error::io("list", dir, e))?;
        let mut it = Self {
            dir: dir.to_owned(),
            ..Self::default()
        };
        for name in names {
            let Ok(bytes) = fs.file_len(&dir.join(&name)) else {
                continue;
            };
            match FileName::parse(&name) {
                Some(file) => {
                    it.files.insert(file, bytes);
                }
                None => it.foreign.push((name, bytes)),
            }
        }
        it.foreign.sort();
        Ok(it)
    }

    /// True where `file` is there.
    pub(crate) fn has(&self, file: FileName) -> bool {
        self.files.contains_key(&file)
    }

    /// The numbers of the tables, rising.
    pub(crate) fn tables(&self) -> impl Iterator<Item = u64> + '_ {
        self.files.keys().filter_map(|file| match file {
            FileName::Table(number) => Some(*number),
            _ => None,
        })
    }

    /// The numbers of the log segments, rising.
    pub(crate) fn logs(&self) -> impl Iterator<Item = u64> + '_ {
        self.files.keys().filter_map(|file| match file {
            FileName::Wal(number) => Some(*number),
            _ => None,
        })
    }

    /// The numbers of the manifests, rising.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = u64> + '_ {
        self.files.keys().filter_map(|file| match file {
            FileName::Manifest(number) => Some(*number),
            _ => None,
        })
    }
}
