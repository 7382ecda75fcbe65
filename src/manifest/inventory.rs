//! Which of the database's files a directory holds, by their names alone.
//!
//! Foreign files are left out. Nothing is opened and nothing changed.

use crate::error::{Error, Result};
use crate::format::file_name::FileName;
use crate::fs::file_system::FileSystem;
use std::path::Path;

/// What a look into the directory found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// `CURRENT` is there.
    pub(crate) current: bool,
    /// `CURRENT.tmp` is there.
    pub(crate) current_temp: bool,
    /// Tables or logs are there.
    pub(crate) data: bool,
    /// The manifests, from the lowest number.
    pub(crate) manifests: Vec<u64>,
    /// The lowest number above those of all tables and manifests.
    pub(crate) file_number_next: u64,
}

impl Inventory {
    /// Looks into `dir`.
    pub(crate) fn take(fs: &dyn FileSystem, dir: &Path) -> Result<Self> {
        let names = fs.list_dir(dir).map_err(|e| Error::io("list", dir, e))?;
        let mut found = Self::default();
        for file in names.iter().filter_map(|name| FileName::parse(name)) {
            match file {
                FileName::Current => found.current = true,
                FileName::CurrentTemp => found.current_temp = true,
                FileName::Manifest(number) => {
                    found.manifests.push(number);
                    found.see(number);
                }
                FileName::Table(number) => {
                    found.data = true;
                    found.see(number);
                }
                FileName::Wal(_) | FileName::SpareWal(_) => found.data = true,
                FileName::Lock => {}
            }
        }
        found.manifests.sort_unstable();
        Ok(found)
    }

    fn see(&mut self, number: u64) {
        self.file_number_next = self.file_number_next.max(number + 1);
    }
}
