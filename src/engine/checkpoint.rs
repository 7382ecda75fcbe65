//! A copy of an open database: the tables as they are now, under a manifest of their own.
//!
//! Tables never change, so a second name for each is enough; where the file system refuses that
//! (another device, no links at all) they are copied, and each copy is held against the checksum
//! that the manifest has of the original. Table work waits meanwhile, writes do not. After a
//! failure nothing of the copy is left.

use super::core::{Core, sync_dir};
use super::directory::{self, NewNames};
use super::lsm::Engine;
use super::maintenance::flush_all;
use super::take_up::take_up;
use super::trace::{self, Traced};
use crate::error::{Error, ErrorKind, Result};
use crate::format::file_name::FileName;
use crate::format::version_edit::TableMeta;
use crate::fs::file_system::{FileSystem, OpenMode};
use crate::manifest::edit_log::Manifest;
use crate::manifest::state::ManifestState;
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, Ordering};
use std::io;
use std::path::Path;

/// How much is copied at a time.
const COPIED_BYTES: u64 = 1 << 20;

impl Engine {
    /// Makes a database of its own in `dir`, with all that is committed now. Tables are linked
    /// where that is possible, which takes little time and space; where `dir` is on another file
    /// system they are copied and checked.
    ///
    /// # Errors
    /// `InvalidInput` where `dir` is not empty; `StorageFull`, `Io`; `Corruption` where a table
    /// that is copied is damaged; `Latched`, `Closed`. Nothing is left in `dir` then.
    pub fn checkpoint(&self, dir: impl AsRef<Path>) -> Result<()> {
        let (core, dir) = (self.core(), dir.as_ref());
        take_up(core)?;
        let _work = core.begin_work()?;
        let new_names = prepare_target(core, dir)?;
        let traced = trace::checkpoint(dir);
        let made = flush_all(core).and_then(|()| fill(core, dir, &new_names, &traced));
        made.inspect_err(|_| remove_all(core, dir, &new_names))
    }
}

/// Makes `dir`, which has to be empty.
fn prepare_target(core: &Core, dir: &Path) -> Result<NewNames> {
    let fs = &core.file_system;
    let new_names = directory::make(&**fs, dir)?;
    let names = fs
        .list_dir(dir)
        .map_err(|e| Error::io("list directory", dir, e))?;
    if names.is_empty() {
        return Ok(new_names);
    }
    let text = format!(
        "{} is not empty; a checkpoint needs a directory of its own",
        dir.display()
    );
    Err(Error::new(ErrorKind::InvalidInput, text))
}

fn fill(core: &Core, dir: &Path, new_names: &NewNames, traced: &Traced) -> Result<()> {
    new_names.sync(&*core.file_system)?;
    // Only holders of `work` change the tables.
    let manifest = core.manifest.lock();
    let (format, state) = (manifest.format(), checkpoint_state(core, manifest.state()));
    drop(manifest);
    for table in state.version.tables() {
        link_or_copy(core, dir, table)?;
    }
    traced.record("tables", state.version.table_count() as u64);
    traced.record("bytes", state.version.tables().map(|t| t.bytes).sum());
    sync_dir(&*core.file_system, dir)?;
    let number = state.file_number_next - 1;
    Manifest::create(Arc::clone(&core.file_system), dir, number, &state, format).map(|_| ())
}

/// The state of a copy: the same tables, and no log yet.
fn checkpoint_state(core: &Core, state: &ManifestState) -> ManifestState {
    ManifestState {
        version: state.version.clone(),
        log_first: 1,
        log_last: 0,
        closed: None,
        sequence_last: state.sequence_last,
        file_number_next: core.file_number_next.load(Ordering::Relaxed) + 1,
        clock_ms: core.clock.now_ms(),
    }
}

fn link_or_copy(core: &Core, dir: &Path, table: &TableMeta) -> Result<()> {
    let name = FileName::Table(table.number);
    let (from, to) = (core.path(name), name.in_dir(dir));
    match core.file_system.hard_link(&from, &to) {
        Ok(()) => Ok(()),
        Err(e) if is_refusal(e.kind()) => copy(&*core.file_system, &from, &to, table),
        Err(e) => Err(Error::io("link a table as", &to, e)),
    }
}

/// True where links are not possible there, and not something wrong with this one.
fn is_refusal(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::CrossesDevices
            | io::ErrorKind::Unsupported
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::TooManyLinks
    )
}

fn copy(fs: &dyn FileSystem, from: &Path, to: &Path, table: &TableMeta) -> Result<()> {
    let opened = fs.open(from, OpenMode::Read);
    let source = opened.map_err(|e| Error::io("open", from, e))?;
    let created = fs.open(to, OpenMode::CreateNew);
    let target = created.map_err(|e| Error::io("create", to, e))?;
    let mut buffer = vec![0; COPIED_BYTES.min(table.bytes) as usize];
    let (mut at, mut checksum) = (0, crc32fast::Hasher::new());
    while at < table.bytes {
        let len = COPIED_BYTES.min(table.bytes - at) as usize;
        let piece = buffer.get_mut(..len).unwrap_or_default();
        let read = source.read_exact_at(piece, at);
        read.map_err(|e| Error::io("read", from, e))?;
        checksum.update(piece);
        let written = target.write_all_at(piece, at);
        written.map_err(|e| Error::io("write", to, e))?;
        at += len as u64;
    }
    if checksum.finalize() != table.checksum {
        let what = "the checksum of the whole table does not match; `verify` finds the place";
        return Err(Error::corruption(from, 0, what));
    }
    if planted(Mistake::CopyUnsynced) {
        return Ok(());
    }
    target.sync_all().map_err(|e| Error::io("sync", to, e))
}

/// Removes what a failed checkpoint has made; there was nothing before it.
fn remove_all(core: &Core, dir: &Path, new_names: &NewNames) {
    let fs = &core.file_system;
    for name in fs.list_dir(dir).unwrap_or_default() {
        if FileName::parse(&name).is_some() {
            let _ = fs.remove_file(&dir.join(name));
        }
    }
    new_names.remove(&**fs);
}
