//! Opening databases: only those that are there, unless a command makes one.

use crate::failure::{Failure, Result};
use grainstore::{Db, DbBuilder};
use std::path::Path;

/// The file that every database has.
const CURRENT: &str = "CURRENT";

/// Blocks kept in memory: a command reads most of them once.
const CACHE_BYTES: usize = 16 << 20;

/// Opens the database in `dir`; one that is not there is not made.
pub(crate) fn open(dir: &Path) -> Result<Db> {
    open_with(dir, |builder| builder)
}

/// As [`open`], with settings.
pub(crate) fn open_with(dir: &Path, set: impl FnOnce(DbBuilder) -> DbBuilder) -> Result<Db> {
    check_is_database(dir)?;
    Ok(set(Db::builder(dir).cache_bytes(CACHE_BYTES)).open()?)
}

/// Refuses a folder that holds no database.
pub(crate) fn check_is_database(dir: &Path) -> Result<()> {
    let shown = dir.display();
    let found = dir.join(CURRENT).try_exists();
    if found.map_err(|e| Failure::io(format_args!("cannot look into {shown}"), &e))? {
        return Ok(());
    }
    let failure = match dir.try_exists() {
        Ok(true) => Failure::absent(format!("{shown} is no database: it has no file {CURRENT}")),
        _ => Failure::absent(format!("there is no folder {shown}")),
    };
    Err(failure.hint("give the folder of a database, or make one with `grain init`"))
}
