//! The engine as its users hold it: opening, reading, writing, closing.

use super::background;
use super::commit::{self, CommitQueue};
use super::core::Core;
use super::old_logs;
use super::options::{Background, EngineOptions, OpenTables};
use super::prefetch;
use super::recovery;
use super::rotate;
use super::snapshot::Snapshot;
use super::snapshots::CommitPoint;
use super::take_up;
use super::trace;
use super::trouble::Work;
use super::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::format::log_record::CloseMark;
use crate::format::version_edit::VersionEdit;
use crate::sync::{Arc, Ordering};
use std::fmt;
use std::path::Path;

/// A byte-level LSM engine in one directory: ordered keys, values, atomic batches, snapshots, TTL.
///
/// Cheap to clone; all clones are one engine, and any thread may use them. It closes cleanly when
/// the last clone is dropped, or at [`close`](Self::close). Keys have up to 64 KiB, values up to
/// 1 GiB.
///
/// It belongs to the process that opened it. A fork of that process is refused writes and table
/// work, and its drop of the engine neither writes nor lets go of the lock; what a fork may not do
/// is wait for the other threads' locks, so it should read nothing either and run another program,
/// or end. As long as a fork has the lock's file open, the lock outlives the process that took it.
/// The directory may not be removed, renamed or replaced while it is open: writes are refused then,
/// durable ones at once and others from the next sync or flush on, and nothing is removed by name.
/// Where the process goes (`chdir`) does not matter.
///
/// ```
/// use grainstore::engine::{Engine, EngineOptions};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-engine-{}", std::process::id()));
/// let engine = Engine::open(&dir, EngineOptions::default())?;
/// engine.put(b"hp", b"100")?;
/// assert_eq!(engine.get(b"hp")?.unwrap(), b"100");
/// engine.delete(b"hp")?;
/// assert!(engine.get(b"hp")?.is_none());
/// engine.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    core: Arc<Core>,
    queue: CommitQueue,
}

impl Engine {
    /// Opens the engine in `dir`, creating the directory and an empty database where there is none.
    ///
    /// Recovery after a crash is part of opening; it replays what the log holds and is not in
    /// tables yet. Opening only reads. Where the last close was clean, no record expires and
    /// nothing is due, the log is begun, and threads are started, by the first write, flush or
    /// compaction, which then takes the few syncs that this costs. Else the background thread makes
    /// durable what was read and begins the log while this returns; the first write, flush, sync or
    /// watch waits for it, and reads do not. Without such a thread, in a new database and where
    /// records expire all of it is done before this returns.
    ///
    /// So a read soon after an open may show a write that nobody was told of as durable: a durable
    /// write that a kill or a failed sync cut short, or one that was not durable yet. A power cut
    /// in the moment after the open can take it back, as it could before the kill; what was
    /// acknowledged as durable, and what is written after the open, it cannot. Who must rely on
    /// all that can be read calls [`sync`](Self::sync) first. Where making it durable fails, writes
    /// are refused as after any failed sync, and the statistics tell why.
    ///
    /// # Errors
    /// `Locked` where the database is open already, `InvalidInput` where an option is out of its
    /// bounds, `Corruption` where files are damaged or missing, `UnsupportedFormat` where a newer
    /// release wrote them, `Io`.
    pub fn open(dir: impl AsRef<Path>, options: EngineOptions) -> Result<Self> {
        let (open_tables, upgrades) = (options.open_tables, options.upgrade_format);
        let traced = trace::open(dir.as_ref());
        let core = recovery::open(dir.as_ref(), options)?;
        let inner = Inner {
            core,
            queue: CommitQueue::default(),
        };
        let engine = Self {
            inner: Arc::new(inner),
        };
        let newest = engine.core().options.formats.newest;
        if upgrades && engine.format_version() != newest {
            engine.upgrade(newest)?;
        }
        if let OpenTables::Prefetch { threads } = open_tables {
            prefetch::open_tables(engine.core(), threads)?;
        }
        traced.record(
            "tables",
            engine.core().view.load().levels.tables().count() as u64,
        );
        let replayed: usize = engine
            .core()
            .view
            .load()
            .memtables()
            .map(|m| m.bytes())
            .sum();
        traced.record("replayed_bytes", replayed as u64);
        take_up::follow_open(engine.core())?;
        engine.do_due_work();
        Ok(engine)
    }

    /// An error where the engine was closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        self.core().check_open()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.inner.core
    }

    /// A way to the engine that does not hold it open.
    #[cfg(feature = "metrics")]
    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.inner))
    }

    /// Gives `key` a value that stays until it is overwritten or deleted.
    ///
    /// # Errors
    /// `TooLarge`; `StorageFull`, of which nothing is left and which ends with the space for it;
    /// `Io` (its outcome is then unknown until the next open), `Latched`, `Closed`.
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        self.put_with_expiry(key, value, 0)
    }

    /// Gives `key` a value that exists until `expiry_ms`, in ms since the epoch; 0 for ever.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> Result<()> {
        let mut batch = WriteBatch::with_capacity(key.len() + value.len() + 16);
        batch.put_with_expiry(key, value, expiry_ms)?;
        self.write(batch)
    }

    /// Removes `key`, whether or not it is there.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete(&self, key: &[u8]) -> Result<()> {
        let mut batch = WriteBatch::with_capacity(key.len() + 8);
        batch.delete(key)?;
        self.write(batch)
    }

    /// Removes every key from `start` up to and without `end`, at the cost of one write however
    /// many there are; nothing where `start >= end`.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete_range(&self, start: &[u8], end: &[u8]) -> Result<()> {
        let mut batch = WriteBatch::new();
        batch.delete_range(start, end)?;
        self.write(batch)
    }

    /// Commits `batch`: all of it or nothing, also after a crash.
    ///
    /// # Errors
    /// As [`put`](Self::put); `Conflict` where a guard of a typed batch fails.
    pub fn write(&self, batch: WriteBatch) -> Result<()> {
        self.core().hold.check_process()?; // before any lock: a fork has them as they were
        if batch.is_empty() {
            self.core().check_open()?;
            return commit::check_alone(self.core(), batch.guards());
        }
        self.retry_failed_flush();
        self.inner.queue.commit(self.core(), batch.into_request())?;
        self.do_due_work();
        Ok(())
    }

    /// In inline mode a flush that failed is tried again by every writer that comes, so that writes
    /// go on as soon as it can.
    fn retry_failed_flush(&self) {
        let core = self.core();
        if core.options.background == Background::Inline && core.trouble.fails(Work::Flush) {
            // Where it fails again, the commit says so as soon as there is no room.
            let _ = background::run_until_idle(core);
        }
    }

    /// In inline mode the writer does the work that its write made due.
    fn do_due_work(&self) {
        let core = self.core();
        if core.options.background == Background::Inline
            && std::mem::take(&mut core.signal.state.lock().work_pending)
        {
            // The write itself is committed. A failure is told in `trouble`, and to the next writer
            // where it is in its way.
            let _ = background::run_until_idle(core);
        }
    }

    /// One moment of the database, for as many reads as wanted.
    ///
    /// It keeps no memtable, no block and no file: what it costs is the versions of records that it
    /// sees, which compactions keep for it, on disk, one for each key and moment that is held.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::take(self.core())
    }

    /// The engine's time in ms since the epoch: what expiry is compared with. Never runs backwards.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.core().clock.now_ms()
    }

    /// What is committed now. A caller that reads a view must have loaded that view before.
    pub(crate) fn point_now(&self) -> CommitPoint {
        let core = self.core();
        let sequence = core.visible.load(Ordering::Acquire);
        CommitPoint {
            sequence,
            time_ms: core.clock.now_ms(),
        }
    }

    pub(crate) fn checked_point(&self, snapshot: &Snapshot) -> Result<CommitPoint> {
        if snapshot.is_of(self.core()) {
            return Ok(snapshot.point());
        }
        let text = "the snapshot was taken from another database; take one from this";
        Err(Error::new(ErrorKind::InvalidInput, text))
    }

    /// Closes the engine: waits for running work, seals the log and syncs it. Other clones get
    /// `Closed` from then on. Dropping the last clone does the same, without a way to report.
    ///
    /// # Errors
    /// `Io` where the seal cannot be written; everything acknowledged is safe nevertheless.
    /// `Latched` in a fork of the process that opened it, where nothing has happened, and where the
    /// directory was removed, renamed or replaced meanwhile.
    pub fn close(&self) -> Result<()> {
        self.inner.close()
    }
}

impl Inner {
    fn close(&self) -> Result<()> {
        let core = &self.core;
        if core.hold.is_forked() {
            self.abandon();
            return core.hold.check_process();
        }
        let threads = std::mem::take(&mut *core.threads.lock());
        background::stop(core);
        for thread in threads {
            // A thread that panicked has nothing left to say here.
            let _ = thread.join();
        }
        let work = core.work.lock();
        let flushed = self.flush_for_close();
        let mut log = core.log.lock();
        if core.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let wakes = core.watchers.close();
        // Where the directory was moved, what is open in it is sealed all the same.
        let sealed = self.seal(&mut log);
        let held = core.hold.check();
        old_logs::remove_spares(core, &mut log);
        core.hold.release();
        drop((log, work));
        wakes.wake();
        flushed.and(sealed).and(held)
    }

    /// Lets go in a fork: nothing is written, removed or waited for, and the other process keeps
    /// the lock. Threads and what they shared are left as they are, since a fork has none of them.
    fn abandon(&self) {
        std::mem::forget(std::mem::take(&mut *self.core.threads.lock()));
        std::mem::forget(Arc::clone(&self.core));
        self.core.hold.release();
    }

    /// Does what the open left to do, so that the log can be sealed; and a large memtable goes to a
    /// table, so that the next open need not replay it.
    fn flush_for_close(&self) -> Result<()> {
        let core = &self.core;
        if core.closed.load(Ordering::Acquire) || core.latch.is_closed() {
            return Ok(());
        }
        take_up::settle(core)?;
        if core.view.load().active.bytes() <= core.options.close_flush_bytes {
            return Ok(());
        }
        rotate::freeze(core, &mut core.log.lock())?;
        while super::flush::flush_oldest(core)? {}
        Ok(())
    }

    fn seal(&self, log: &mut super::core::Log) -> Result<()> {
        let core = &self.core;
        if core.latch.is_closed() {
            return Ok(()); // the next open recovers; what is in doubt must not be sealed
        }
        let Some(wal) = &mut log.wal else {
            return Ok(()); // it is as it was found
        };
        let mut manifest = core.manifest.lock();
        // Log and manifest bear witness to each other's end.
        let mark = CloseMark {
            manifest: manifest.number(),
            manifest_bytes: manifest.bytes(),
            time_ms: core.clock.now_ms(),
        };
        let offset = core.latch.guard(wal.seal_closed(mark))?;
        let edit = VersionEdit {
            closed: Some((wal.number(), offset)),
            log_last: Some(wal.number()),
            clock_ms: Some(mark.time_ms),
            ..VersionEdit::default()
        };
        core.latch.guard(manifest.append(&edit))
    }
}

/// A way to an engine that does not hold it open.
#[cfg(feature = "metrics")]
#[derive(Clone)]
pub(crate) struct WeakEngine(crate::sync::Weak<Inner>);

#[cfg(feature = "metrics")]
impl WeakEngine {
    /// The engine, where somebody still has it.
    pub(crate) fn engine(&self) -> Option<Engine> {
        let inner = self.0.upgrade()?;
        Some(Engine { inner })
    }
}

impl AsRef<Self> for Engine {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// Names the place and shows nothing of what is in it: records may be secrets, and are many.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("dir", &self.core().dir)
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nobody is left to report to; what was acknowledged is on disk already.
        let _ = self.close();
    }
}
