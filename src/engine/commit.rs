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
//!   holds of that group is for the next open to find out.

use super::core::{Core, Log};
use super::options::Durability;
use super::read;
use super::rotate;
use super::stats::add;
use super::write_batch::{CommitRequest, Guard};
use crate::error::{Error, ErrorKind, Result};
use crate::format::batch::{self, Operation};
use crate::format::entry::{EntryMeta, Kind, SEQUENCE_MAX, key_hash};
use crate::format::range_tombstones::RangeTombstone;
use crate::memtable::map::MemtableWriter;
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
    Done(Result<u64>),
}

impl CommitQueue {
    /// Commits `request`, alone or in a group, and answers its last sequence number.
    pub(crate) fn commit(&self, core: &Core, request: CommitRequest) -> Result<u64> {
        let mut queue = self.state.lock();
        if !queue.leading {
            queue.leading = true;
            drop(queue);
            let result = commit_group(core, &[&request]);
            self.hand_over();
            return result.into_iter().next().unwrap_or(Err(no_answer()));
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
    fn lead(&self, core: &Core, own: &Arc<Waiter>) -> Result<u64> {
        let group = self.take_group();
        let requests: Vec<&CommitRequest> = group.iter().map(|w| &w.request).collect();
        let results = commit_group(core, &requests);
        let mut answer = Err(no_answer());
        for (member, result) in group.iter().zip(results) {
            if Arc::ptr_eq(member, own) {
                answer = result;
            } else {
                member.finish(result);
            }
        }
        self.hand_over();
        answer
    }

    /// Takes the next group off the queue: from its head up to the size limit, and up to the next
    /// guarded batch, which has to lead a group of its own (C2).
    fn take_group(&self) -> Vec<Arc<Waiter>> {
        let mut queue = self.state.lock();
        let (mut bytes, mut members) = (0, 0);
        for (i, waiter) in queue.waiting.iter().enumerate() {
            bytes += waiter.request.payload.len();
            if i > 0 && (bytes > GROUP_BYTES_MAX || !waiter.request.guards.is_empty()) {
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
    fn wait(&self) -> Option<Result<u64>> {
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

    fn finish(&self, result: Result<u64>) {
        *self.turn.lock() = Turn::Done(result);
        self.changed.notify_one();
    }
}

fn no_answer() -> Error {
    Error::new(
        ErrorKind::Latched,
        "the commit group ended without an answer for this write",
    )
}

/// Commits `requests` as one group (C1), with an answer for each in order.
fn commit_group(core: &Core, requests: &[&CommitRequest]) -> Vec<Result<u64>> {
    match try_commit_group(core, requests) {
        Ok(answers) => answers,
        Err(error) => requests.iter().map(|_| Err(error.copied())).collect(),
    }
}

fn try_commit_group(core: &Core, requests: &[&CommitRequest]) -> Result<Vec<Result<u64>>> {
    let bytes: usize = requests.iter().map(|r| r.payload.len()).sum();
    rotate::pace(core, bytes)?;
    let mut log = core.log.lock();
    core.check_open()?;
    core.latch.check()?;
    rotate::make_room(core, &mut log, bytes)?;
    // Only the first can have guards (C2); where they fail, the others go on without it.
    let mut answers = Vec::with_capacity(requests.len());
    let mut accepted = requests;
    if let Some((first, others)) = requests.split_first()
        && let Err(conflict) = check_guards(core, &first.guards)
    {
        answers.push(Err(conflict));
        accepted = others;
    }
    if accepted.is_empty() {
        return Ok(answers);
    }
    let lasts = number(&log, accepted)?;
    core.latch
        .guard(write_log(core, &mut log, accepted, &lasts))?;
    let view = core.view.load();
    let mut memtable = view.active.writer();
    for (request, &last) in accepted.iter().zip(&lasts) {
        apply(core, &mut memtable, request, base_of(request, last))?;
    }
    drop(memtable);
    let last = lasts.last().copied().unwrap_or(log.sequence_last);
    log.sequence_last = last;
    core.visible.store(last, Ordering::Release);
    add(&core.counters.commits, accepted.len() as u64);
    add(&core.counters.groups, 1);
    answers.extend(lasts.into_iter().map(Ok));
    Ok(answers)
}

/// The last sequence number of each request.
fn number(log: &Log, requests: &[&CommitRequest]) -> Result<Vec<u64>> {
    let mut last = log.sequence_last;
    let mut lasts = Vec::with_capacity(requests.len());
    for request in requests {
        last = last.max(request.sequence_floor) + u64::from(request.operations);
        if last > SEQUENCE_MAX {
            let text = "all 2^56 sequence numbers are used; copy the records to a new database";
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        lasts.push(last);
    }
    Ok(lasts)
}

fn base_of(request: &CommitRequest, last: u64) -> u64 {
    last + 1 - u64::from(request.operations)
}

fn write_log(core: &Core, log: &mut Log, requests: &[&CommitRequest], lasts: &[u64]) -> Result<()> {
    let time_ms = core.clock.now_ms();
    let records: Vec<Record<'_>> = requests
        .iter()
        .zip(lasts)
        .map(|(request, &last)| Record {
            base_sequence: base_of(request, last),
            time_ms,
            operations: request.operations,
            payload: &request.payload,
            payload_crc: request.payload_crc,
        })
        .collect();
    let before = log.wal.offset();
    log.wal.append(&records)?;
    add(&core.counters.wal_bytes, log.wal.offset() - before);
    match core.options.durability {
        Durability::Sync => {
            log.wal.sync()?;
            add(&core.counters.wal_syncs, 1);
        }
        Durability::Batch(_) => core.signal_unsynced(),
        Durability::Buffered => {}
    }
    Ok(())
}

/// Puts the operations of `request` into the memtable, numbered from `base`.
fn apply(
    core: &Core,
    memtable: &mut MemtableWriter<'_>,
    request: &CommitRequest,
    base: u64,
) -> Result<()> {
    for (operation, sequence) in batch::operations(&request.payload).zip(base..) {
        let operation = operation.map_err(|damage| {
            let error = Error::new(ErrorKind::Corruption, damage.what);
            core.latch.close(&error);
            error
        })?;
        insert(memtable, operation, sequence);
        if let Operation::Put { expiry_ms, .. } = operation {
            // A record without expiry keeps the memtable: u64::MAX never passes.
            let expiry_ms = if expiry_ms == 0 { u64::MAX } else { expiry_ms };
            let before = core
                .active_expiry_max_ms
                .fetch_max(expiry_ms, Ordering::Relaxed);
            if before == 0 && expiry_ms != u64::MAX {
                core.signal_work(); // it may sleep until there is something that expires
            }
        }
    }
    Ok(())
}

/// Puts one operation into a memtable.
pub(crate) fn insert(memtable: &mut MemtableWriter<'_>, operation: Operation<'_>, sequence: u64) {
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
            memtable.insert(key, key_hash(key), meta, value);
        }
        Operation::Delete { key } => {
            let meta = EntryMeta {
                sequence,
                kind: Kind::Delete,
                expiry_ms: 0,
            };
            memtable.insert(key, key_hash(key), meta, &[]);
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

/// A conflict where a guarded key was, or may have been, written after its reader looked (C2, C3).
fn check_guards(core: &Core, guards: &[Guard]) -> Result<()> {
    if guards.is_empty() {
        return Ok(());
    }
    let view = core.view.load();
    // The view comes first: a merge tells what it loses before it shows its view.
    let forgotten = core.forgotten.load(Ordering::Acquire);
    for guard in guards {
        let newest = read::newest_sequence(&view, &guard.key)?;
        if newest.max(forgotten) > guard.sequence_seen {
            let text = "the record was written by somebody else in the meantime; read and retry";
            return Err(Error::new(ErrorKind::Conflict, text));
        }
    }
    Ok(())
}
