//! The work behind the writers: flushes first, then compactions; and the syncs of batched writes.
//!
//! One thread does both kinds of table work, so that a second core is enough; another syncs the
//! log where writes are batched, so that no compaction can make it late. Work that fails is tried
//! again after a rest; what it failed of is told in `trouble`, or closes the latch where it leaves
//! in doubt what is on disk.

use super::compaction;
use super::compaction_plan::expiry_due_ms;
use super::core::Core;
use super::flush;
use super::options::{Background, Durability, EngineOptions};
use super::rotate;
use super::stats::add;
use super::trouble::{RETRY_AFTER, Work};
use crate::error::{Error, Result};
use crate::sync::{Arc, JoinHandle, Ordering, sleep, spawn};
use std::time::Duration;

/// How often expiry is looked at while there are records that expire.
const EXPIRY_LOOK: Duration = Duration::from_secs(1);

/// How long to sleep where nothing will become due by itself.
const NO_LOOK: Duration = Duration::from_secs(3600);

/// Starts the thread that flushes and compacts, once `begin` has gone well: what has to come before
/// anything is written.
pub(crate) fn start_worker(
    core: &Arc<Core>,
    begin: fn(&Core) -> Result<()>,
) -> std::io::Result<JoinHandle<()>> {
    let core = Arc::clone(core);
    spawn("grainstore-tables", move || {
        let mut is_begun = false;
        while wait_for_work(&core) {
            // What failed is told in `trouble`, and comes again.
            is_begun = is_begun || begin_telling(&core, begin).is_ok();
            if is_begun {
                let _ = run(&core, Patience::Rests);
            }
            core.signal_progress();
        }
    })
}

/// Begins, and tells of a failure as of that of a flush, which cannot be without it.
fn begin_telling(core: &Core, begin: fn(&Core) -> Result<()>) -> Result<()> {
    core.latch.check()?; // told already
    core.hold.check()?;
    core.trouble.note(Work::Flush, begin(core))
}

/// Starts the thread that syncs the log within `window` after it was asked to.
pub(crate) fn start_syncer(core: &Arc<Core>, window: Duration) -> std::io::Result<JoinHandle<()>> {
    let core = Arc::clone(core);
    spawn("grainstore-sync", move || {
        while wait_for_unsynced(&core) {
            sleep(window);
            let _ = sync_log(&core);
        }
    })
}

/// How the log of an engine with these options is synced by a thread of its own: within how long
/// after it was asked to, or not at all.
///
/// A segment is synced before it is sealed. Where nobody has asked for syncs until then, the writer
/// would stand still while all of it goes to the device, so long segments are synced early.
pub(crate) fn sync_window(options: &EngineOptions) -> Option<Duration> {
    let is_long = options.wal_segment_bytes >= 2 * UNSYNCED_BYTES_MAX;
    match options.durability {
        Durability::Batch(window) => Some(window),
        Durability::Buffered if is_long && options.background == Background::Thread => {
            Some(Duration::ZERO)
        }
        Durability::Buffered | Durability::Sync => None,
    }
}

/// More of a log than this is not left for the seal to sync, where it can be synced before.
pub(crate) const UNSYNCED_BYTES_MAX: u64 = 4 << 20;

/// Tells both threads to end.
pub(crate) fn stop(core: &Core) {
    core.signal.state.lock().stopping = true;
    core.signal.work.notify_all();
    core.signal.unsynced.notify_all();
    core.signal.progress.notify_all();
}

/// True where there is table work to do.
pub(crate) fn is_due(core: &Core) -> bool {
    !core.view.load().frozen.is_empty() || compaction::is_due(core)
}

/// Does all the table work that is due; the error of what failed and is due still.
pub(crate) fn run_until_idle(core: &Core) -> Result<()> {
    run(core, Patience::None)
}

/// Whether work that failed lately is left alone for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    None,
    Rests,
}

fn run(core: &Core, patience: Patience) -> Result<()> {
    loop {
        let done = run_once(core, patience)?;
        // A memtable that is put aside makes a flush due, and its tombstones a compaction.
        let goes_on = done.did_some || freeze_expired_memtable(core)?;
        if !goes_on || core.signal.state.lock().stopping {
            return done.failure.map_or(Ok(()), Err);
        }
    }
}

/// What came of one round.
struct Round {
    did_some: bool,
    failure: Option<Error>,
}

/// One flush, or else one compaction: also where the flush failed, for it may make space.
fn run_once(core: &Core, patience: Patience) -> Result<Round> {
    let _work = core.begin_work()?;
    let rests = |work| patience == Patience::Rests && core.trouble.rests(work);
    let mut failure = None;
    let mut try_to = |work, run: fn(&Core) -> Result<bool>| {
        !rests(work)
            && run(core).unwrap_or_else(|error| {
                failure.get_or_insert(error);
                false
            })
    };
    let did_some = try_to(Work::Flush, flush::flush_oldest)
        || try_to(Work::Compaction, compaction::compact_next);
    Ok(Round { did_some, failure })
}

/// Syncs what the log holds now; writers go on meanwhile.
pub(crate) fn sync_log(core: &Core) -> Result<()> {
    core.hold.check()?;
    core.sync_requested.store(false, Ordering::Release);
    core.latch.check()?;
    let ticket = core.log.lock().wal.as_ref().map(|wal| wal.begin_sync());
    let Some(mut ticket) = ticket else {
        return Ok(()); // nothing was written
    };
    core.latch.guard(ticket.run())?;
    core.log.lock().wal()?.finish_sync(ticket);
    add(&core.counters.wal_syncs, 1);
    Ok(())
}

/// Puts the active memtable aside for a flush once every record in it has expired, so that expired
/// data leaves the disk without further writes; `false` where it has not.
fn freeze_expired_memtable(core: &Core) -> Result<bool> {
    let is_over = || {
        let last_ms = core.active_expiry_max_ms.load(Ordering::Relaxed);
        last_ms != 0 && last_ms <= core.clock.now_ms()
    };
    if !is_over() {
        return Ok(false);
    }
    let mut log = core.log.lock();
    let freezes = is_over() && !core.view.load().active.is_empty();
    if freezes {
        rotate::freeze(core, &mut log)?;
    }
    Ok(freezes)
}

/// Sleeps until there may be work (`true`) or the engine stops (`false`).
fn wait_for_work(core: &Core) -> bool {
    let look = if core.trouble.shown().is_some() {
        RETRY_AFTER
    } else if anything_expires(core) {
        EXPIRY_LOOK
    } else {
        NO_LOOK
    };
    let mut state = core.signal.state.lock();
    if !state.work_pending && !state.stopping {
        core.signal.work.wait_for(&mut state, look);
    }
    state.work_pending = false;
    !state.stopping
}

fn anything_expires(core: &Core) -> bool {
    let memtable_ms = core.active_expiry_max_ms.load(Ordering::Relaxed);
    let in_memtable = memtable_ms != 0 && memtable_ms != u64::MAX;
    let view = core.view.load();
    in_memtable
        || view
            .levels
            .tables()
            .any(|t| expiry_due_ms(&t.meta().properties).is_some())
}

fn wait_for_unsynced(core: &Core) -> bool {
    let mut state = core.signal.state.lock();
    while !state.sync_pending && !state.stopping {
        core.signal.unsynced.wait(&mut state);
    }
    state.sync_pending = false;
    !state.stopping
}
