//! The files of a database's directory, and the ones that nothing needs any more.
//!
//! A crash between the making of a file and the manifest record that names it, or between the
//! record that drops it and its removal, leaves an orphan. Open sweeps them away; a removal that
//! fails is tried again at the next.

use crate::error::{Error, Result};
use crate::format::file_name::FileName;
use crate::fs::file_system::FileSystem;
use crate::manifest::edit_log::Manifest;
use std::collections::BTreeSet;
use std::path::Path;

/// The files of a directory by kind; foreign names are not among them, and never touched.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) logs: BTreeSet<u64>,
    pub(crate) spares: BTreeSet<u64>,
    pub(crate) tables: BTreeSet<u64>,
    pub(crate) manifests: BTreeSet<u64>,
}

/// Lists the directory.
pub(crate) fn list(file_system: &dyn FileSystem, dir: &Path) -> Result<Files> {
    let names = file_system
        .list_dir(dir)
        .map_err(|e| Error::io("list directory", dir, e))?;
    let mut files = Files::default();
    for name in names {
        match FileName::parse(&name) {
            Some(FileName::Wal(n)) => files.logs.insert(n),
            Some(FileName::SpareWal(n)) => files.spares.insert(n),
            Some(FileName::Table(n)) => files.tables.insert(n),
            Some(FileName::Manifest(n)) => files.manifests.insert(n),
            _ => false,
        };
    }
    Ok(files)
}

/// Removes the tables and manifests that nothing needs; answers the spare log segments there are.
pub(crate) fn sweep(
    file_system: &dyn FileSystem,
    dir: &Path,
    files: &Files,
    manifest: &Manifest,
    tables: &BTreeSet<u64>,
) -> Vec<u64> {
    let remove = |file: FileName| {
        let _ = file_system.remove_file(&file.in_dir(dir));
    };
    for &number in files.tables.difference(tables) {
        remove(FileName::Table(number));
    }
    for &number in files.manifests.iter().filter(|&&n| n != manifest.number()) {
        remove(FileName::Manifest(number));
    }
    remove(FileName::CurrentTemp);
    files.spares.iter().copied().collect()
}
