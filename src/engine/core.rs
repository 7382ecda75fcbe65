//! What the parts of an engine share: options, files, clock, the current view, and the locks.
//!
//! Locks are taken in this order, outermost first, and never the other way (E1): `work` (one
//! flush, compaction or ingest at a time) → `log` (one commit at a time) → `manifest` → the view
//! swap, which itself takes no lock but is only done by a holder of `manifest` (E2). Readers take
//! none of them. The locks of watches and snapshots come after `log` and are held for no I/O. Only
//! a failure that leaves in doubt what is on disk closes the latch (E3).

use super::latch::Latch;
use super::live_table::LiveTable;
use super::options::{EngineOptions, OpenTables};
use super::pending::Pending;
use super::read_view::ReadView;
use super::snapshots::SnapshotList;
use super::stats::Counters;
use super::trouble::Trouble;
use super::watch_hub::WatchHub;
use crate::clock::MonotonicClock;
use crate::error::{Error, ErrorKind, Result};
use crate::format::file_name::{FILE_NUMBER_END, FileName};
use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::fs::file_system::FileSystem;
use crate::fs::hold::Hold;
use crate::manifest::edit_log::Manifest;
use crate::memtable::map::Memtable;
use crate::planted::{Mistake, planted};
use crate::sync::{
    Arc, ArcSwap, AtomicBool, AtomicU64, Condvar, JoinHandle, Mutex, MutexGuard, OnceLock,
    Ordering, Weak,
};
use crate::table::cache::BlockCache;
use crate::table::file::TableFile;
use crate::table::hit_tally::HitTally;
use crate::table::open_files::OpenFiles;
use crate::wal::writer::WalWriter;
use std::path::{Path, PathBuf};

/// What the holder of the log lock may change.
#[derive(Debug)]
pub(crate) struct Log {
    /// None until the database is taken up.
    pub(crate) wal: Option<WalWriter>,
    /// What is to be done for that; none from then on.
    pub(crate) pending: Option<Pending>,
    /// The last sequence number given out.
    pub(crate) sequence_last: u64,
    /// Old segments that may be used again, by number.
    pub(crate) spares: Vec<u64>,
}

impl Log {
    /// The log to write to, once the database has been taken up.
    pub(crate) fn wal(&mut self) -> Result<&mut WalWriter> {
        self.wal.as_mut().ok_or_else(|| {
            let text = "the log was not begun, though something is to be written to it";
            Error::new(ErrorKind::Latched, text)
        })
    }
}

/// The shared middle of an engine.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) options: EngineOptions,
    pub(crate) file_system: Arc<dyn FileSystem>,
    pub(crate) dir: PathBuf,
    pub(crate) clock: MonotonicClock,
    pub(crate) cache: Arc<BlockCache>,
    pub(crate) open_files: Arc<OpenFiles>,
    pub(crate) view: ArcSwap<ReadView>,
    /// The last sequence number that readers may see.
    pub(crate) visible: AtomicU64,
    pub(crate) snapshots: SnapshotList,
    /// Who is told of commits.
    pub(crate) watchers: WatchHub,
    pub(crate) work: Mutex<()>,
    pub(crate) log: Mutex<Log>,
    pub(crate) manifest: Mutex<Manifest>,
    pub(crate) file_number_next: AtomicU64,
    pub(crate) latch: Latch,
    /// What flushes and compactions failed of.
    pub(crate) trouble: Trouble,
    pub(crate) closed: AtomicBool,
    pub(crate) counters: Counters,
    /// Memtables that were put aside, as long as somebody has them.
    pub(crate) memtables_aside: Mutex<Vec<Weak<Memtable>>>,
    pub(crate) gets: HitTally,
    pub(crate) signal: Signal,
    /// The last expiry in the active memtable, so that it is written out when all of it is over.
    pub(crate) active_expiry_max_ms: AtomicU64,
    /// The oldest log segment that may still be there.
    pub(crate) log_oldest: AtomicU64,
    /// A sync of the log has been asked for and not begun.
    pub(crate) sync_requested: AtomicBool,
    /// No write after this number has lost its number to a merge: what a condition saw at an
    /// earlier one cannot be checked any more.
    pub(crate) forgotten: AtomicU64,
    /// Sleep that writers owe background work, in nanoseconds.
    pub(crate) pace_debt_ns: AtomicU64,
    /// Held until close; the death of the process lets go too.
    pub(crate) hold: Arc<Hold>,
    /// The log was begun, and the threads run.
    pub(crate) is_taken_up: AtomicBool,
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
    /// The core itself, for the threads that it starts.
    pub(crate) own: OnceLock<Weak<Self>>,
}

/// How writers and the background thread wake each other.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    pub(crate) state: Mutex<SignalState>,
    /// There may be work to do.
    pub(crate) work: Condvar,
    /// Work was done: memtables or tables have gone.
    pub(crate) progress: Condvar,
    /// There are log records to sync.
    pub(crate) unsynced: Condvar,
}

/// What has been signalled.
#[derive(Debug, Default)]
pub(crate) struct SignalState {
    pub(crate) work_pending: bool,
    pub(crate) sync_pending: bool,
    pub(crate) stopping: bool,
    pub(crate) rounds_done: u64,
}

impl Core {
    /// An error where the engine was closed through another handle.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            let text = format!(
                "the database {} was closed; open it again",
                self.dir.display()
            );
            return Err(Error::new(ErrorKind::Closed, text));
        }
        Ok(())
    }

    /// Takes the lock of table work; an error where the engine was closed, be it while this
    /// waited, or the directory is no longer its: it may be somebody else's by now.
    pub(crate) fn begin_work(&self) -> Result<MutexGuard<'_, ()>> {
        self.hold.check_process()?; // before any lock: a fork has them as they were
        let work = self.work.lock();
        if !planted(Mistake::WorkAfterClose) {
            self.check_open()?;
        }
        self.hold.check()?;
        Ok(work)
    }

    /// The next free file number.
    pub(crate) fn next_file_number(&self) -> Result<u64> {
        let number = self.file_number_next.fetch_add(1, Ordering::Relaxed);
        if number < FILE_NUMBER_END {
            return Ok(number);
        }
        self.file_number_next
            .store(FILE_NUMBER_END, Ordering::Relaxed);
        let text = "all 2^62 numbers of files are used; copy the records to a new database";
        Err(Error::new(ErrorKind::TooLarge, text))
    }

    /// The path of a file of this database.
    pub(crate) fn path(&self, file: FileName) -> PathBuf {
        file.in_dir(&self.dir)
    }

    /// A table as views hold it.
    pub(crate) fn live_table(&self, meta: Arc<TableMeta>) -> Arc<LiveTable> {
        let path = self.path(FileName::Table(meta.number));
        let (file_system, files) = (Arc::clone(&self.file_system), Arc::clone(&self.open_files));
        let file = TableFile::new(file_system, path, meta.number, files);
        let live = Arc::new(LiveTable::new(meta, file, Arc::clone(&self.cache)));
        if self.options.open_tables != OpenTables::Lazy {
            // One that cannot be opened now tells so to its first reader.
            let _ = live.table();
        }
        live
    }

    /// Makes the directory's names durable. A failure closes the latch: the names of log segments
    /// may be among those that a later sync no longer tells of.
    pub(crate) fn sync_dir(&self) -> Result<()> {
        self.latch.guard(sync_dir(&*self.file_system, &self.dir))
    }

    /// Appends `edit` to the manifest, with the engine's clock and counters, and then swaps in the
    /// view that `change` makes of the current one (E2). An error means that the edit is not in
    /// force; where nobody knows whether it is on disk, the latch is closed, too (E3).
    pub(crate) fn install(
        &self,
        mut edit: VersionEdit,
        change: impl FnOnce(&ReadView) -> ReadView,
    ) -> Result<()> {
        let mut manifest = self.manifest.lock();
        self.latch.check()?;
        if let Some(log_first) = edit.log_first {
            edit.log_last = Some(log_first.max(manifest.state().log_last));
        }
        edit.clock_ms = Some(self.clock.now_ms());
        edit.file_number_next = Some(self.file_number_next.load(Ordering::Relaxed));
        let appended = manifest.append(&edit);
        if manifest.has_failed() {
            self.latch.guard(appended)?; // E3
        } else {
            appended?;
        }
        let next = change(&self.view.load());
        self.view.store(Arc::new(next));
        if manifest.rewrite_due() {
            // The edit itself is in force. A rewrite that fails is tried again after the next one.
            let number = self.next_file_number();
            let rewritten = number.and_then(|number| manifest.rewrite(number));
            if manifest.has_failed() {
                let _ = self.latch.guard(rewritten);
            }
        }
        Ok(())
    }

    /// Wakes the background thread.
    pub(crate) fn signal_work(&self) {
        self.signal.state.lock().work_pending = true;
        self.signal.work.notify_one();
    }

    /// Asks for a sync of the log within the window of [`Durability::Batch`].
    ///
    /// [`Durability::Batch`]: super::options::Durability::Batch
    pub(crate) fn signal_unsynced(&self) {
        if !self.sync_requested.swap(true, Ordering::AcqRel) {
            self.signal.state.lock().sync_pending = true;
            self.signal.unsynced.notify_one();
        }
    }

    /// Wakes everybody who waits for background work to get on.
    pub(crate) fn signal_progress(&self) {
        self.signal.state.lock().rounds_done += 1;
        self.signal.progress.notify_all();
    }
}

/// Makes the names in `dir` durable.
pub(crate) fn sync_dir(file_system: &dyn FileSystem, dir: &Path) -> Result<()> {
    file_system
        .sync_dir(dir)
        .map_err(|e| Error::io("sync directory", dir, e))
}
