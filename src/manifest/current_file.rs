//! `CURRENT`, the file that names the manifest in force.
//!
//! It is only ever replaced as a whole, by a rename, so a crash leaves the old one or the new one.
//! One thread at a time points it elsewhere. What it names is not looked at here.

use crate::error::{Error, Result};
use crate::format::current_pointer::{CurrentPointer, POINTER_BYTES};
use crate::format::database_format::FormatWindow;
use crate::format::file_name::FileName;
use crate::fs::file_system::{FileSystem, OpenMode};
use crate::manifest::replay;
use crate::planted::{Mistake, planted};
use std::io;
use std::path::Path;

/// The manifest in force, and the format of the database, which is within `window`.
pub(crate) fn read(
    fs: &dyn FileSystem,
    dir: &Path,
    window: FormatWindow,
) -> Result<CurrentPointer> {
    let path = FileName::Current.in_dir(dir);
    let file = fs.open(&path, OpenMode::Read);
    let file = file.map_err(|e| Error::io("open", &path, e))?;
    // One byte more than it has, so that a longer file is seen without being read.
    let mut bytes = [0; POINTER_BYTES + 1];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::io("read", &path, e)),
        }
    }
    let pointer = CurrentPointer::decode(bytes.get(..filled).unwrap_or_default());
    let pointer = pointer.map_err(|d| {
        let what = format!(
            "{}; restore CURRENT, or the whole directory, from a backup",
            d.what
        );
        Error::corruption(&path, d.offset as u64, what)
    })?;
    replay::check_format(&path, 8, pointer.format_version, window)?;
    Ok(pointer)
}

/// Writes beside `CURRENT` what will let it name manifest `number` of a database of `format`. After
/// an error nothing has changed.
pub(crate) fn prepare(fs: &dyn FileSystem, dir: &Path, number: u64, format: u32) -> Result<()> {
    let temp = FileName::CurrentTemp.in_dir(dir);
    discard(fs, &temp)?;
    let pointer = CurrentPointer {
        format_version: format,
        manifest: number,
    };
    let file = fs.open(&temp, OpenMode::CreateNew);
    let file = file.map_err(|e| Error::io("create", &temp, e))?;
    let written = file.write_all_at(&pointer.encode(), 0);
    written.map_err(|e| Error::io("write", &temp, e))?;
    file.sync_data().map_err(|e| Error::io("sync", &temp, e))
}

/// Lets `CURRENT` name what was prepared, a manifest that must be durable, its name too.
///
/// After an error either manifest may be in force.
pub(crate) fn switch(fs: &dyn FileSystem, dir: &Path) -> Result<()> {
    let (path, temp) = (
        FileName::Current.in_dir(dir),
        FileName::CurrentTemp.in_dir(dir),
    );
    fs.rename(&temp, &path)
        .map_err(|e| Error::io("rename", &temp, e))?;
    if planted(Mistake::CurrentNameUnsynced) {
        return Ok(());
    }
    fs.sync_dir(dir)
        .map_err(|e| Error::io("sync the directory", dir, e))
}

/// Removes what an attempt cut short may have left at `path`.
pub(crate) fn discard(fs: &dyn FileSystem, path: &Path) -> Result<()> {
    match fs.remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, e)),
        _ => Ok(()),
    }
}
