//! Group commit: one append and one sync serve all the writers that wait.
//!
//! The first writer to find nobody at work leads: it commits its own batch at once. Writers that
//! arrive meanwhile queue and sleep; when the leader is done, the first of them leads the whole
//! queue as one group, and the others wake to their results. (The scheme of LevelDB's writer
//! queue.)
//!
//! - C1: a batch has its sequence numbers, is in the log and, where asked, durable before any of it
//!   is in the memtable; it is in the memtable whole before any of it is visible.
//! - C2: a guarded batch leads its group, so that its guards are checked against everything
//!   committed before it.
//! - C3: a guard that looked before the last write which a merge has taken the number of fails,
//!   though its key may be untouched: nothing can tell. Who looks again succeeds.
//! - C4: after a failed append or sync nothing is applied and the latch is closed; what the log
//!   holds of that group is for the next open to find out. Only where the disk was full, and the
//!   log could take back what it had written, is the group gone for certain, and writes go on.
//! - C5: a durable write is acknowledged only where the directory is still in its place: what goes
//!   into a log that was removed is lost with the process. Other writes are refused from the next
//!   sync, segment or flush on.

use super::background::UNSYNCED_BYTES_MAX;
use super::core::{Core, Log};
use super::guards::{self, Guard};
use super::options::Durability;
use super::rotate;
use super::stats::add;
use super::take_up::take_up;
use super::trace;
use super::watch_hub::Wakes;
use super::write_batch::CommitRequest;
use crate::error::{Error, ErrorKind, Result};
use crate::format::batch::{self, Operation};
use crate::format::damage::Damage;
use crate::format::entry::{EntryMeta, Kind, SEQUENCE_MAX, key_hash};
use crate::format::range_tombstones::RangeTombstone;
use crate::memtable::map::{Memtable, MemtableWriter};
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, Condvar, Mutex, Ordering};
use crate::wal::writer::Record;

/// The most one group carries, in bytes, so that a small write does not wait for many large ones.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// The queue of writers.
#[derive(Debug, Default)]
pub(crate) struct CommitQueue {
    state: Mutex<QueueState>,
}

#[derive(Debug, Default)]
struct QueueState {
    leading: bool,
    waiting: Vec<Arc<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    request: CommitRequest,
    turn: Mutex<Turn>,
    changed: Condvar,
}

#[derive(Debug)]
enum Turn {
    Waiting,
    Lead,
    Done(Result<()>),
}

impl CommitQueue {
    /// Commits `request`, alone or in a group.
    pub(crate) fn commit(&self, core: &Core, request: CommitRequest) -> Result<()> {
        let mut queue = self.state.lock();
        if !queue.leading {
            queue.leading = true;
            drop(queue);
            let outcome = commit_group(core, &[&request]);
            self.hand_over();
            let Committed { conflict, wakes } = outcome?;
            wakes.wake();
            return conflict.map_or(Ok(()), Err);
        }
        let turn = Mutex::new(Turn::Waiting);
        let waiter = Arc::new(Waiter {
            request,
            turn,
            changed: Condvar::new(),
        });
        queue.waiting.push(Arc::clone(&waiter));
        drop(queue);
        match waiter.wait() {
            Some(result) => result,
            None => self.lead(core, &waiter),
        }
    }

    /// Commits the group that `own` leads, and tells its members.
    fn lead(&self, core: &Core, own: &Arc<Waiter>) -> Result<()> {
        let group = self.take_group();
        let requests: Vec<&CommitRequest> = group.iter().map(|w| &w.request).collect();
        let (committed, failure) = match commit_group(core, &requests) {
            Ok(committed) => (committed, None),
            Err(failure) => (Committed::default(), Some(failure)),
        };
        let mut conflict = committed.conflict;
        let mut answer = Err(no_answer());
        for member in &group {
            // The first alone can have met a conflict (C2).
            let failed = conflict
                .take()
                .or_else(|| failure.as_ref().map(Error::copied));
            let result = failed.map_or(Ok(()), Err);
            if Arc::ptr_eq(member, own) {
                answer = result;
            } else {
                member.finish(result);
            }
        }
        self.hand_over();
        committed.wakes.wake();
        answer
    }

    /// Takes the next group off the queue: from its head up to the size limit, and up to the next
    /// guarded batch, which has to lead a group of its own (C2).
    fn take_group(&self) -> Vec<Arc<Waiter>> {
        let mut queue = self.state.lock();
        let (mut bytes, mut members) = (0, 0);
        for (i, waiter) in queue.waiting.iter().enumerate() {
            bytes += waiter.request.payload.len();
            let leads = !waiter.request.guards.is_empty() && !planted(Mistake::GuardInMidGroup);
            if i > 0 && (bytes > GROUP_BYTES_MAX || leads) {
                break;
            }
            members = i + 1;
        }
        queue.waiting.drain(..members).collect()
    }

    /// Makes the first in the queue the next leader.
    fn hand_over(&self) {
        let mut queue = self.state.lock();
        match queue.waiting.first() {
            Some(next) => next.promote(),
            None => queue.leading = false,
        }
    }
}

impl Waiter {
    /// Sleeps until the group is committed (its result) or this writer leads (`None`).
    fn wait(&self) -> Option<Result<()>> {
        let mut turn = self.turn.lock();
        loop {
            match std::mem::replace(&mut *turn, Turn::Waiting) {
                Turn::Done(result) => return Some(result),
                Turn::Lead => return None,
                Turn::Waiting => self.changed.wait(&mut turn),
            }
        }
    }

    fn promote(&self) {
        *self.turn.lock() = Turn::Lead;
        self.changed.notify_one();
    }

    fn finish(&self, result: Result<()>) {
        *self.turn.lock() = Turn::Done(result);
        self.changed.notify_one();
    }
}

/// Checks the guards of a batch that writes nothing, at one moment.
pub(crate) fn check_alone(core: &Core, guards: &[Guard]) -> Result<()> {
    if guards.is_empty() {
        return Ok(());
    }
    let _nobody_commits = core.log.lock();
    guards::check(core, guards)
}

fn no_answer() -> Error {
    Error::new(
        ErrorKind::Latched,
        "the commit group ended without an answer for this write",
    )
}

/// What a group of commits leaves to do.
#[derive(Debug, Default)]
struct Committed {
    /// What the first of the group met; the others are committed without it.
    conflict: Option<Error>,
    wakes: Wakes,
}

/// Commits `requests` as one group (C1).
fn commit_group(core: &Core, requests: &[&CommitRequest]) -> Result<Committed> {
    let bytes: usize = requests.iter().map(|r| r.payload.len()).sum();
    take_up(core)?; // before any wait for table work, which begins with it
    rotate::pace(core, bytes)?;
    let traced = trace::commit(requests.len(), bytes);
    let mut log = core.log.lock();
    core.check_open()?;
    core.latch.check()?;
    if core.options.durability == Durability::Sync {
        core.hold.check()?; // C5
    }
    let view = rotate::make_room(core, &mut log, bytes)?;
    let (mut accepted, mut conflict) = (requests, None);
    // Only the first can have guards (C2); where they fail, the others go on without it.
    if let Some((first, others)) = requests.split_first()
        && let Err(error) = guards::check(core, &first.guards)
    {
        (accepted, conflict) = (others, Some(error));
    }
    let mut numbering = Numbering {
        sequence_last: log.sequence_last,
        time_ms: core.clock.now_ms(),
    };
    let wakes = match accepted {
        [] => Wakes::default(),
        // By far the most common group needs no list of its own.
        [request] => {
            let records = [numbering.record(request)?];
            commit_records(core, &mut log, &view.active, &records)?
        }
        _ => {
            let records = accepted.iter().map(|request| numbering.record(request));
            let records = records.collect::<Result<Vec<_>>>()?;
            commit_records(core, &mut log, &view.active, &records)?
        }
    };
    traced.record("sequence", log.sequence_last);
    Ok(Committed { conflict, wakes })
}

/// Gives the batches of a group their sequence numbers.
struct Numbering {
    sequence_last: u64,
    time_ms: u64,
}

impl Numbering {
    fn record<'r>(&mut self, request: &'r CommitRequest) -> Result<Record<'r>> {
        let before = self.sequence_last.max(request.sequence_floor);
        let last = before + u64::from(request.operations);
        if last > SEQUENCE_MAX {
            let text = "all 2^56 sequence numbers are used; copy the records to a new database";
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        self.sequence_last = last;
        Ok(Record {
            base_sequence: before + 1,
            time_ms: self.time_ms,
            operations: request.operations,
            payload: &request.payload,
            payload_crc: request.payload_crc,
        })
    }
}

/// Puts `records`, of which there is at least one, into the log and then into the active memtable,
/// and shows them to readers and watchers (C1).
fn commit_records(
    core: &Core,
    log: &mut Log,
    active: &Memtable,
    records: &[Record<'_>],
) -> Result<Wakes> {
    let written = write_log(core, log, records);
    rotate::latch_if_in_doubt(core, log, written)?; // C4
    let mut memtable = active.writer();
    for record in records {
        apply(core, &mut memtable, record)?;
    }
    let bytes = records.iter().map(|record| record.payload.len()).sum();
    core.counters.note_group(records.len(), bytes);
    if let Some(last) = records.last() {
        log.sequence_last = last.base_sequence + u64::from(last.operations) - 1;
    }
    let ahead = u64::from(planted(Mistake::SnapshotOneAhead));
    let shown = (&core.visible, log.sequence_last + ahead);
    Ok(core.watchers.show(shown, &core.clock, records))
}

fn write_log(core: &Core, log: &mut Log, records: &[Record<'_>]) -> Result<()> {
    let wal = log.wal()?;
    let before = wal.offset();
    wal.append(records)?;
    add(&core.counters.wal_bytes, wal.offset() - before);
    match core.options.durability {
        Durability::Sync if planted(Mistake::AcknowledgedUnsynced) => {}
        Durability::Sync => {
            wal.sync()?;
            add(&core.counters.wal_syncs, 1);
        }
        Durability::Batch(_) if planted(Mistake::BatchedSyncForgotten) => {}
        Durability::Batch(_) => core.signal_unsynced(),
        Durability::Buffered if wal.unsynced_bytes() >= UNSYNCED_BYTES_MAX => {
            core.signal_unsynced();
        }
        Durability::Buffered => {}
    }
    Ok(())
}

/// Puts the operations of `record` into the memtable, under their sequence numbers.
fn apply(core: &Core, memtable: &mut MemtableWriter<'_>, record: &Record<'_>) -> Result<()> {
    let (mut expiry_max_ms, mut expires) = (0, false);
    let operations = batch::operations(record.payload);
    let inserted = insert_all(memtable, operations, record.base_sequence, |operation| {
        if let Operation::Put { expiry_ms, .. } = *operation {
            // A record without expiry keeps the memtable: u64::MAX never passes.
            expiry_max_ms = expiry_max_ms.max(if expiry_ms == 0 { u64::MAX } else { expiry_ms });
            expires |= expiry_ms != 0;
        }
    });
    inserted.map_err(|damage| {
        let error = Error::new(ErrorKind::Corruption, damage.what);
        core.latch.close(&error);
        error
    })?;
    // Only holders of the log lock change it, so nothing is lost between the load and the store.
    let before = core.active_expiry_max_ms.load(Ordering::Relaxed);
    if before < expiry_max_ms {
        core.active_expiry_max_ms
            .store(expiry_max_ms, Ordering::Relaxed);
    }
    if before == 0 && expires {
        core.signal_work(); // it may sleep until there is something that expires
    }
    Ok(())
}

/// Operations of a batch whose places in the memtable are loaded ahead.
const OPERATIONS_AHEAD: usize = 8;

/// Puts `operations` into a memtable under the sequence numbers from `base_sequence` on, showing
/// each to `see`; answers how many there were.
pub(crate) fn insert_all<'a>(
    memtable: &mut MemtableWriter<'_>,
    operations: impl Iterator<Item = Result<Operation<'a>, Damage>>,
    base_sequence: u64,
    mut see: impl FnMut(&Operation<'a>),
) -> Result<u64, Damage> {
    let mut ahead: [Option<(Operation<'a>, u64)>; OPERATIONS_AHEAD] = [None; OPERATIONS_AHEAD];
    let mut read = 0;
    for operation in operations {
        let operation = operation?;
        see(&operation);
        let hash = key_hash(operation.key());
        memtable.prefetch(hash);
        let slot = &mut ahead[read % OPERATIONS_AHEAD];
        if let Some((operation, hash)) = slot.replace((operation, hash)) {
            let sequence = base_sequence + (read - OPERATIONS_AHEAD) as u64;
            insert(memtable, operation, hash, sequence);
        }
        read += 1;
    }
    for i in read.saturating_sub(OPERATIONS_AHEAD)..read {
        if let Some((operation, hash)) = ahead[i % OPERATIONS_AHEAD].take() {
            insert(memtable, operation, hash, base_sequence + i as u64);
        }
    }
    Ok(read as u64)
}

/// Puts one operation, whose key has this hash, into a memtable.
pub(crate) fn insert(
    memtable: &mut MemtableWriter<'_>,
    operation: Operation<'_>,
    hash: u64,
    sequence: u64,
) {
    match operation {
        Operation::Put {
            key,
            value,
            expiry_ms,
        } => {
            let meta = EntryMeta {
                sequence,
                kind: Kind::Put,
                expiry_ms,
            };
            memtable.insert(key, hash, meta, value);
        }
        Operation::Delete { key } => {
            let meta = EntryMeta {
                sequence,
                kind: Kind::Delete,
                expiry_ms: 0,
            };
            memtable.insert(key, hash, meta, &[]);
        }
        Operation::DeleteRange { start, end } => {
            memtable.delete_range(RangeTombstone {
                start: start.into(),
                end: end.into(),
                sequence,
            });
        }
    }
}
