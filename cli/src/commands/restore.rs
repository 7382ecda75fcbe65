//! `grain restore`: a checkpoint copied to a new place, checked on the way.

use crate::database;
use crate::failure::{DAMAGED, Failure, LOCKED, Result};
use crate::output::Output;
use crate::progress::Progress;
use clap::Args;
use grainstore::Db;
use serde_json::json;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The file that whoever has a database open holds a lock on.
const LOCK: &str = "LOCK";

/// Copies a checkpoint to a new place and checks it
///
/// FROM is not changed, nor opened: it is locked and copied, the copy is compared with it byte for
/// byte, then opened and read whole. Damage in FROM is found so, too, and nothing is left in TO.
/// It works for every database that no process has open, and across file systems.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The folder of the checkpoint
    from: PathBuf,
    /// The folder of the new database; it must not be there, or be empty
    to: PathBuf,
}

impl Restore {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        database::check_is_database(&self.from)?;
        check_free(&self.to)?;
        let _lock = lock(&self.from)?;
        let part = self.part()?;
        let done = self.copy_and_check(output, &part);
        if done.is_err() {
            let _ = fs::remove_dir_all(&part); // of no use
        }
        let (bytes, entries) = done?;
        let to = self.to.display().to_string();
        output.done(
            format_args!("restored {to}: {bytes} bytes, {entries} entries of tables verified"),
            &json!({ "restored": to, "bytes": bytes, "entries": entries }),
        )
    }

    /// Where the copy grows, beside its place.
    fn part(&self) -> Result<PathBuf> {
        let mut name = self.to.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        check_free(&part)?;
        Ok(part)
    }

    fn copy_and_check(&self, output: &Output, part: &Path) -> Result<(u64, u64)> {
        fs::create_dir_all(part).map_err(|error| cannot("make", part, &error))?;
        let names = files(&self.from)?;
        let bytes = names.iter().map(|(_, bytes)| bytes).sum();
        let progress = Progress::new(output, "copying", Some(2 * bytes));
        let mut done = 0;
        for (name, length) in &names {
            copy(&self.from.join(name), &part.join(name))?;
            done += length;
            progress.reached(done);
        }
        for (name, length) in &names {
            compare(&self.from.join(name), &part.join(name))?;
            done += length;
            progress.reached(done);
        }
        drop(progress);
        let copy = Db::open(part).and_then(|db| {
            let report = db.verify()?;
            db.close()?;
            Ok(report)
        });
        let report = copy.map_err(|error| {
            let failure = Failure::from(error);
            match failure.code {
                DAMAGED => failure.hint("FROM has the same damage; restore another checkpoint"),
                _ => failure,
            }
        })?;
        fs::rename(part, &self.to).map_err(|error| cannot("make", &self.to, &error))?;
        let above = self.to.parent().filter(|above| *above != Path::new(""));
        sync_dir(above.unwrap_or(Path::new(".")))?;
        Ok((bytes, report.entries))
    }
}

/// Refuses a folder with something in it.
fn check_free(dir: &Path) -> Result<()> {
    let is_free = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if is_free {
        return Ok(());
    }
    let failure = Failure::usage(format!("{} is there already", dir.display()));
    Err(failure.hint("give a new folder, or remove what is in it"))
}

/// Keeps everybody from opening the database while it is copied.
fn lock(dir: &Path) -> Result<Option<File>> {
    let path = dir.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None), // never opened
        Err(error) => return Err(cannot("open", &path, &error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            let text = format!("{} is open in another process", dir.display());
            let failure = Failure::new(LOCKED, "locked", text);
            Err(failure.hint("let that program make a checkpoint, and restore from there"))
        }
        Err(TryLockError::Error(error)) => Err(cannot("lock", &path, &error)),
    }
}

/// The files of a database with their lengths; it has no folders in it.
fn files(dir: &Path) -> Result<Vec<(std::ffi::OsString, u64)>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(dir).map_err(|error| cannot("list", dir, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| cannot("list", dir, &error))?;
        let path = entry.path();
        let metadata = entry
            .metadata()
            .map_err(|error| cannot("read", &path, &error))?;
        let name = entry.file_name();
        if metadata.is_file() && name != LOCK {
            files.push((name, metadata.len()));
        }
    }
    files.sort();
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(|error| cannot("read", from, &error))?;
    let mut target = File::create_new(to).map_err(|error| cannot("make", to, &error))?;
    let copied = io::copy(&mut source, &mut target);
    copied.map_err(|error| cannot("copy", from, &error))?;
    let synced = target.flush().and_then(|()| target.sync_all());
    synced.map_err(|error| cannot("sync", to, &error))
}

/// Reads both files again: what was written is what was read.
fn compare(from: &Path, to: &Path) -> Result<()> {
    let open = |path: &Path| File::open(path).map_err(|error| cannot("read", path, &error));
    let (mut source, mut target) = (open(from)?, open(to)?);
    let (mut one, mut other) = (vec![0; 256 << 10], vec![0; 256 << 10]);
    let mut offset = 0_u64;
    loop {
        let read = read_full(&mut source, &mut one).map_err(|e| cannot("read", from, &e))?;
        let again = read_full(&mut target, &mut other).map_err(|e| cannot("read", to, &e))?;
        let (one, other) = (one.get(..read), other.get(..again));
        if one != other {
            let (from, to) = (from.display(), to.display());
            let text = format!("{to} is not what {from} holds, from offset {offset} on");
            let failure = Failure::new(DAMAGED, "damaged", text);
            return Err(failure.hint("the disk did not keep what was written; try another"));
        }
        if read == 0 {
            return Ok(());
        }
        offset += read as u64;
    }
}

/// Fills the buffer as far as the file goes.
fn read_full(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Makes the names in a folder durable, where the system knows such a thing.
fn sync_dir(dir: &Path) -> Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(|error| cannot("sync", dir, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::io(format_args!("cannot {what} {}", path.display()), error)
}
