//! What the files of a database say of each other.
//!
//! Checksums find damage within a file. They cannot miss what is gone whole: a table, a log
//! segment, or records off the end of the manifest, which then reads well and says less. Against
//! those the files bear witness for one another, so that a database that was closed cleanly never
//! opens with less than it was closed with:
//!
//! - N1: the manifest names the tables and the log segments that must be there;
//! - N2: the manifest says where a log that was closed cleanly ends;
//! - N3: the seal of that log says how long the manifest was, at least;
//! - N4: a segment that nothing names holds no record and no seal: it was being made when a crash
//!   came.
//!
//! Read only, by the thread that opens the database. Says nothing of a database that was not
//! closed: there the torn end of a file may be a write that never ended.

use super::sweep::Files;
use crate::error::{Error, Result};
use crate::format::file_name::FileName;
use crate::format::log_record::CloseMark;
use crate::fs::file_system::FileSystem;
use crate::manifest::state::ManifestState;
use crate::wal::replay::{ReplayEnd, replay};
use std::path::Path;

/// Every table that the manifest names is in the directory (N1).
pub(crate) fn check_tables(dir: &Path, state: &ManifestState, files: &Files) -> Result<()> {
    let mut named = state.version.tables();
    match named.find(|table| !files.tables.contains(&table.number)) {
        None => Ok(()),
        Some(lost) => {
            let what = "the table is missing, though the manifest names it; restore the database \
                        from a backup";
            let path = FileName::Table(lost.number).in_dir(dir);
            Err(Error::corruption(&path, 0, what))
        }
    }
}

/// After a clean close the log ends exactly where the manifest says (N2).
pub(crate) fn check_log_end(
    path: &Path,
    number: u64,
    state: &ManifestState,
    end: &ReplayEnd,
) -> Result<()> {
    let (ReplayEnd::Closed { offset, .. }
    | ReplayEnd::Torn { offset }
    | ReplayEnd::Rolled { offset }
    | ReplayEnd::Recovered { offset }) = *end;
    match state.closed {
        Some((log, sealed_at)) if log == number && offset != sealed_at => {
            let what = format!("the log was closed cleanly at {sealed_at} but ends here");
            Err(Error::corruption(path, offset, what))
        }
        _ => Ok(()),
    }
}

/// Manifest `number`, which ends at `end`, has all that it had at the close that left `mark` (N3).
pub(crate) fn check_mark(dir: &Path, mark: CloseMark, number: u64, end: u64) -> Result<()> {
    if mark.manifest == number && end < mark.manifest_bytes {
        let what = format!(
            "the manifest ends here, though it had {} bytes when the database was closed; restore \
             the database from a backup",
            mark.manifest_bytes
        );
        let path = FileName::Manifest(number).in_dir(dir);
        return Err(Error::corruption(&path, end, what));
    }
    if mark.manifest > number {
        let what = format!(
            "it names manifest {number}, though manifest {} was in force when the database was \
             closed; restore the database from a backup",
            mark.manifest
        );
        return Err(Error::corruption(&FileName::Current.in_dir(dir), 16, what));
    }
    Ok(())
}

/// Asks every log segment in `dir` for what it says of manifest `number`, which ends at `end` (N3).
///
/// Reads them all, so it is for where the manifest's end is in doubt. What is wrong with a segment
/// itself is not looked at here.
pub(crate) fn check_all_marks(
    file_system: &dyn FileSystem,
    dir: &Path,
    files: &Files,
    (number, end): (u64, u64),
) -> Result<()> {
    for &log in &files.logs {
        let path = FileName::Wal(log).in_dir(dir);
        let replayed = replay(file_system, &path, log, &mut |_| Ok(()));
        if let Ok(ReplayEnd::Closed { mark, .. }) = replayed {
            check_mark(dir, mark, number, end)?;
        }
    }
    Ok(())
}

/// A segment from `first` on, which nothing requires, was being made when the crash came, so it
/// holds nothing (N4). Where one does, whatever named it is damaged.
pub(crate) fn check_beyond(
    file_system: &dyn FileSystem,
    dir: &Path,
    files: &Files,
    first: u64,
) -> Result<()> {
    for &number in files.logs.range(first..) {
        let path = FileName::Wal(number).in_dir(dir);
        let unnamed = |offset| {
            let what = "the log segment was in use, but neither the manifest nor the log before it \
                        names it: one of them is damaged";
            Error::corruption(&path, offset, what)
        };
        let end = replay(file_system, &path, number, &mut |record| {
            Err(unnamed(record.offset))
        })?;
        match end {
            ReplayEnd::Torn { .. } => {}
            ReplayEnd::Closed { offset, .. }
            | ReplayEnd::Rolled { offset }
            | ReplayEnd::Recovered { offset } => return Err(unnamed(offset)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_that_is_shorter_or_older_than_at_the_close_is_told() {
        let (dir, time_ms) = (Path::new("/db"), 0);
        let mark = CloseMark {
            manifest: 7,
            manifest_bytes: 512,
            time_ms,
        };
        check_mark(dir, mark, 7, 512).unwrap();
        check_mark(dir, mark, 8, 64).unwrap(); // written anew since
        let shorter = check_mark(dir, mark, 7, 511).unwrap_err();
        assert_eq!(shorter.path(), Some(Path::new("/db/manifest-000007")));
        assert_eq!(shorter.offset(), Some(511));
        let text = "the manifest ends here, though it had 512 bytes when the database was closed";
        assert!(shorter.to_string().contains(text), "{shorter}");
        let older = check_mark(dir, mark, 6, 9_000).unwrap_err();
        assert_eq!(older.path(), Some(Path::new("/db/CURRENT")));
        assert_eq!(older.offset(), Some(16));
        let text = "it names manifest 6, though manifest 7 was in force when the database was";
        assert!(older.to_string().contains(text), "{older}");
    }
}
