//! Making room for a commit: a new log segment, a new memtable, and a pace that tables can keep.
//!
//! Writers are paced rather than stalled: as soon as level 0 grows past what compaction can keep
//! up with, each written byte owes a little sleep, more the further behind it is. They stop only
//! where memory would otherwise grow without bound.

use super::core::{Core, Log};
use super::options::Background;
use super::read_view::{FrozenMemtable, ReadView};
use super::stats::add;
use super::trouble::Work;
use crate::clock::Stopwatch;
use crate::error::Result;
use crate::memtable::map::Memtable;
use crate::sync::{Arc, AtomicU64, Guard, Ordering, sleep};
use crate::wal::writer::WalWriter;
use std::time::Duration;

/// Sleep owed for each written KiB and each step behind, in nanoseconds.
const PACE_NS_PER_KIB: u64 = 8_000;

/// Sleep shorter than this is not worth its wake-up; it is carried over.
const PACE_NS_MIN: u64 = 1_000_000;

/// One look at the state of things while waiting.
const WAIT_STEP: Duration = Duration::from_millis(50);

/// Slows a writer of `bytes` down by what background work is behind, or waits for it.
pub(crate) fn pace(core: &Core, bytes: usize) -> Result<()> {
    if core.options.background == Background::Inline {
        return refuse_without_room(core, &core.view.load());
    }
    let (steps, full) = {
        let view = core.view.load();
        (steps_behind(core, &view), must_wait(core, &view))
    };
    if steps > 0 {
        let owed = steps * (bytes as u64).div_ceil(64) * PACE_NS_PER_KIB / 16;
        let debt = core.pace_debt_ns.fetch_add(owed, Ordering::Relaxed) + owed;
        if debt >= PACE_NS_MIN {
            take_all(&core.pace_debt_ns);
            add(&core.counters.writer_waits, 1);
            add(&core.counters.writer_wait_us, debt / 1_000);
            sleep(Duration::from_nanos(debt.min(10 * PACE_NS_MIN)));
        }
    }
    if full { wait_for_room(core) } else { Ok(()) }
}

fn take_all(counter: &AtomicU64) -> u64 {
    counter.swap(0, Ordering::Relaxed)
}

/// How far level 0 is past what compaction keeps up with.
fn steps_behind(core: &Core, view: &ReadView) -> u64 {
    let (slow, _) = core.options.level0_limits();
    view.levels.level(0).len().saturating_sub(slow) as u64
}

fn must_wait(core: &Core, view: &ReadView) -> bool {
    let level0_full = view.levels.level(0).len() >= core.options.level0_limits().1;
    // Tables take no memory; where compaction fails, reads become slower and writes go on.
    memtables_full(core, view) || (level0_full && !core.trouble.fails(Work::Compaction))
}

fn memtables_full(core: &Core, view: &ReadView) -> bool {
    view.frozen.len() + 1 >= core.options.memtables_max && is_full(core, view)
}

/// The failure of the flush that alone could make room for another memtable.
fn refuse_without_room(core: &Core, view: &ReadView) -> Result<()> {
    if !core.trouble.fails(Work::Flush) || !memtables_full(core, view) {
        return Ok(());
    }
    core.trouble.error_of(Work::Flush).map_or(Ok(()), Err)
}

/// Waits while memtables or level 0 are at their limits.
fn wait_for_room(core: &Core) -> Result<()> {
    let waited = Stopwatch::start();
    add(&core.counters.writer_waits, 1);
    while must_wait(core, &core.view.load()) {
        core.check_open()?;
        core.latch.check()?;
        core.hold.check()?; // where it fails no flush will come
        core.signal_work();
        refuse_without_room(core, &core.view.load())?;
        let mut state = core.signal.state.lock();
        core.signal.progress.wait_for(&mut state, WAIT_STEP);
    }
    add(
        &core.counters.writer_wait_us,
        waited.elapsed().as_micros() as u64,
    );
    Ok(())
}

/// A memtable with this many range deletes is full: a read after each new one has to put all of
/// them in order again.
const RANGE_DELETES_MAX: usize = 1_000;

fn is_full(core: &Core, view: &ReadView) -> bool {
    let active = &view.active;
    active.bytes() >= core.options.memtable_bytes
        || active.range_delete_count() >= RANGE_DELETES_MAX
}

/// Rolls the log and freezes the memtable where they are full. Answers the view, whose active
/// memtable is the one to write to for as long as `log` is held.
pub(crate) fn make_room(core: &Core, log: &mut Log, bytes: usize) -> Result<Guard<Arc<ReadView>>> {
    let mut view = core.view.load();
    if is_full(core, &view) {
        freeze(core, log)?;
        view = core.view.load();
    }
    if log.wal()?.needs_roll(bytes as u64) {
        roll(core, log)?;
    }
    Ok(view)
}

fn roll(core: &Core, log: &mut Log) -> Result<()> {
    core.hold.check()?;
    let spare = log.spares.last().copied();
    let rolled = log.wal()?.roll(spare);
    if latch_if_in_doubt(core, log, rolled)? {
        log.spares.pop();
    }
    Ok(())
}

/// Passes `result` of the log on; closes the latch where the log is in doubt since.
pub(crate) fn latch_if_in_doubt<T>(core: &Core, log: &Log, result: Result<T>) -> Result<T> {
    if log.wal.as_ref().is_some_and(WalWriter::is_latched) {
        core.latch.guard(result)
    } else {
        result
    }
}

/// Freezes the active memtable for a flush and starts an empty one in a new log segment.
pub(crate) fn freeze(core: &Core, log: &mut Log) -> Result<()> {
    if core.view.load().active.is_empty() {
        return Ok(());
    }
    if !log.wal()?.is_empty() {
        roll(core, log)?;
    }
    let (log_next, sequence_last) = (log.wal()?.number(), log.sequence_last);
    let active = Arc::new(Memtable::new(core.options.memtable_bytes));
    let _swapping = core.manifest.lock();
    let view = core.view.load();
    let memtable = Arc::clone(&view.active);
    let mut aside = core.memtables_aside.lock();
    aside.retain(|memtable| memtable.strong_count() > 0);
    aside.push(Arc::downgrade(&memtable));
    drop(aside);
    let mut frozen = vec![FrozenMemtable {
        memtable,
        log_next,
        sequence_last,
    }];
    frozen.extend(view.frozen.iter().cloned());
    core.view
        .store(Arc::new(ReadView::new(active, frozen, view.levels.clone())));
    core.active_expiry_max_ms.store(0, Ordering::Relaxed);
    core.signal_work();
    Ok(())
}
