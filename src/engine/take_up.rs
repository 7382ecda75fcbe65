//! The part of opening that writes.
//!
//! An open only reads. What it has left to do is to make durable what it read, to begin a log
//! segment, to say so in the manifest and to start the threads: six syncs, and more the more a
//! crash has left in the log. When that is done:
//!
//! - T1: where all is as a clean close left it, nothing expires and nothing is due, with the first
//!   write, or the first work on tables that is asked for. Nothing in the directory changes before,
//!   and what nobody writes to is closed as it was found.
//! - T2: else at once, by the thread behind the writers, while the open returns. Reads go on
//!   meanwhile; whoever writes, or asks for a sync or a close, does it before or waits for it. So
//!   nothing is acknowledged on top of what may still be lost, and what is in no table yet is
//!   flushed only after it.
//! - T3: before the open returns, where there is no such thread, where the database is new, and
//!   where records expire.
//!
//! Any thread may take up; the lock of the log makes one of them do it, and others wait. It may be
//! tried again after a failure only where the disk was full and it is certain what is on it; every
//! other failure closes the latch.

use super::background;
use super::core::{Core, Log};
use super::hardening::Hardening;
use super::old_logs;
use super::options::Background;
use super::pending::Pending;
use super::sweep::{self, Files};
use crate::error::{Error, Result};
use crate::format::file_name::FileName;
use crate::format::version_edit::VersionEdit;
use crate::fs::file_system::FileSystem;
use crate::sync::{Arc, Ordering};
use crate::wal::writer::WalWriter;
use std::io;
use std::path::Path;

/// Takes the database up, where nobody has yet. At the cost of a load afterwards.
#[inline]
pub(crate) fn take_up(core: &Core) -> Result<()> {
    if core.is_taken_up.load(Ordering::Acquire) {
        return Ok(());
    }
    begin(core)
}

#[cold]
fn begin(core: &Core) -> Result<()> {
    core.hold.check_process()?; // before any lock: a fork has them as they were
    begin_log(core)?;
    start_threads(core)?;
    core.is_taken_up.store(true, Ordering::Release);
    core.signal_work();
    Ok(())
}

/// The end of an open that has not taken up: where there is something to do, it is done behind it
/// from now on (T2).
pub(crate) fn follow_open(core: &Core) -> Result<()> {
    let log = core.log.lock();
    let is_begun = log.pending.is_none();
    let is_quiet = log.pending.as_ref().is_some_and(|it| it.is_quiet);
    drop(log);
    if is_begun {
        return take_up(core);
    }
    let has_thread = core.options.background == Background::Thread;
    if has_thread && (!is_quiet || background::is_due(core)) {
        start_threads(core)?;
        core.signal_work();
    }
    Ok(())
}

/// Makes durable what the open read, where it may not be. Writes nothing in a quiet database.
pub(crate) fn settle(core: &Core) -> Result<()> {
    core.hold.check_process()?; // before any lock: a fork has them as they were
    let pending = core.log.lock().pending.as_ref().map(|it| it.is_quiet);
    match pending {
        Some(false) => begin_log(core),
        Some(true) | None => Ok(()),
    }
}

/// Does all that writes, and starts no thread.
pub(crate) fn begin_log(core: &Core) -> Result<()> {
    let mut log = core.log.lock();
    core.check_open()?;
    if log.pending.is_some() {
        core.latch.check()?;
        core.hold.check()?;
    }
    let Some(mut pending) = log.pending.take() else {
        return Ok(());
    };
    let begun = match harden(core, &mut pending) {
        Ok(()) => begin_segment(core, &mut log, &mut pending)
            .map_err(|error| (error, is_whole(core, &pending))),
        Err(error) => Err((error, true)), // the same again later
    };
    if let Err((error, is_whole)) = begun {
        let is_certain = is_whole && !core.manifest.lock().has_failed();
        log.pending = Some(pending);
        return match error.is_storage_full() && is_certain {
            true => Err(error), // with space for it the next one has more luck
            false => core.latch.guard(Err(error)),
        };
    }
    drop(log);
    // Kept for use again rather than removed: to remove a long file takes milliseconds.
    let oldest = pending.files.logs.first().copied();
    let log_first = pending.log_first;
    old_logs::retire_range(core, oldest.unwrap_or(log_first), log_first);
    Ok(())
}

/// True where the new segment is either there, synced and all, or not there at all.
fn is_whole(core: &Core, pending: &Pending) -> bool {
    let named = core
        .file_system
        .file_len(&core.path(FileName::Wal(pending.number)));
    let is_apart = named.is_err_and(|e| e.kind() == io::ErrorKind::NotFound);
    is_apart || pending.wal.is_some()
}

/// Makes durable what was read: what the manifest says, and then what the log holds beyond it.
fn harden(core: &Core, pending: &mut Pending) -> Result<()> {
    core.manifest.lock().harden()?;
    // Of a clean close the manifest was told once the log was durable.
    if !pending.is_quiet {
        pending.hardening.run(&*core.file_system, &core.dir)?;
        pending.hardening = Hardening::default(); // once is enough
    }
    Ok(())
}

fn begin_segment(core: &Core, log: &mut Log, pending: &mut Pending) -> Result<()> {
    let mut manifest = core.manifest.lock();
    let (fs, dir, files) = (&core.file_system, &*core.dir, &pending.files);
    let spare = files.spares.first().copied();
    let wal = match pending.wal.take() {
        Some(wal) => wal,
        None => {
            remove_unused_segments(&**fs, dir, files, pending.number);
            let options = core.options.wal_options();
            WalWriter::create(Arc::clone(fs), dir, pending.number, spare, options)?
        }
    };
    let edit = VersionEdit {
        log_first: Some(pending.log_first),
        log_last: Some(pending.number),
        clock_ms: Some(core.clock.now_ms()),
        ..VersionEdit::default()
    };
    if let Err(error) = manifest.append(&edit) {
        pending.wal = Some(wal);
        return Err(error);
    }
    let tables = manifest.state().version.tables().map(|t| t.number);
    let tables = tables.collect();
    log.spares = sweep::sweep(&**fs, dir, files, &manifest, &tables);
    log.spares.retain(|&n| Some(n) != spare);
    log.wal = Some(wal);
    Ok(())
}

/// Removes what carries the number of a segment still to be made.
fn remove_unused_segments(file_system: &dyn FileSystem, dir: &Path, files: &Files, from: u64) {
    for &number in files.logs.iter().filter(|&&n| n >= from) {
        let _ = file_system.remove_file(&FileName::Wal(number).in_dir(dir));
    }
}

/// Starts what threads the options call for and are not there.
fn start_threads(core: &Core) -> Result<()> {
    let Some(own) = core.own.get().and_then(|own| own.upgrade()) else {
        return Ok(()); // it is being dropped
    };
    let failed = |e| Error::io("start a thread for", &core.dir, e);
    let mut threads = core.threads.lock();
    let workers = usize::from(core.options.background == Background::Thread);
    if threads.len() < workers {
        threads.push(background::start_worker(&own, begin_log).map_err(failed)?);
    }
    if let Some(window) = background::sync_window(&core.options)
        && threads.len() == workers
    {
        threads.push(background::start_syncer(&own, window).map_err(failed)?);
    }
    Ok(())
}
