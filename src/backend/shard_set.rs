//! All shards of a database, and the batch that goes into several of them.
//!
//! - X1: before a part of a batch can be durable in one shard, an intent with all of it is durable
//!   where that part is: under `Durability::Sync` the shard that leads takes the intent in the same
//!   commit as its part, and is durable before another shard gets a part; otherwise every shard
//!   takes the intent with its part. Wherever a part survives, the whole batch can be found.
//! - X2: each part writes the number of its batch, and numbers rise in every shard, as they are
//!   given out under the locks of all its shards. A shard that says a number at or above that of
//!   an intent has had its part; writes after that part are newer and stay. A shard that says less
//!   has lost its part and with it everything later, so applying it again overwrites nothing newer:
//!   what an engine loses is always the newest.
//! - X3: an intent is removed only once all parts are durable, with a later part or at the close.
//! - X4: where any step may have happened in part, the shards of the batch are shown to readers as
//!   they were before (T3 of `stage`) and refuse writes: a write after the batch could otherwise be
//!   overwritten when the next open applies it.

use super::embedded;
use super::intent;
use super::placement;
use super::shard::Shard;
use super::stage::{Moments, Stage};
use super::write::{WriteError, WriteOp, WriteResult};
use crate::engine::moment::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering};
use std::collections::BTreeMap;

/// How much of intents may wait for a sync before they are synced and dropped.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// The shards of one database.
#[derive(Debug)]
pub(crate) struct ShardSet {
    shards: Vec<Shard>,
    stage: Stage,
    number_next: AtomicU64,
    /// A commit is durable when it returns.
    syncs_commits: bool,
    waiting: Mutex<Waiting>,
}

/// Batches whose parts may not be durable yet.
#[derive(Debug, Default)]
struct Waiting {
    /// Their numbers, each with its shards.
    batches: Vec<(u64, Vec<usize>)>,
    bytes: usize,
}

/// The operations of a batch, by shard.
type Parts<'o> = BTreeMap<usize, Vec<&'o WriteOp>>;

impl ShardSet {
    /// The shards, once they are recovered; `number_next` is above that of every batch.
    pub(crate) fn new(shards: Vec<Shard>, number_next: u64, syncs_commits: bool) -> Self {
        Self {
            stage: Stage::new(shards.len()),
            shards,
            number_next: AtomicU64::new(number_next),
            syncs_commits,
            waiting: Mutex::default(),
        }
    }

    pub(crate) fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// The shard of `key`.
    pub(crate) fn place(&self, key: &[u8]) -> usize {
        placement::shard_of(key, self.shards.len())
    }

    pub(crate) fn shard(&self, index: usize) -> Result<&Shard> {
        self.shards.get(index).ok_or_else(|| {
            let text = format!("there is no shard {index}");
            Error::new(ErrorKind::InvalidInput, text)
        })
    }

    /// Reads shard `index`, or the moment that stands for it.
    pub(crate) fn read_one<R>(
        &self,
        index: usize,
        read: impl Fn(&Shard, Option<&Moment>) -> Result<R>,
    ) -> Result<R> {
        let shard = self.shard(index)?;
        self.stage
            .read(|shown| read(shard, shown.get(index).and_then(Option::as_deref)))
    }

    /// The moments of the shards in `wanted` that hold each batch whole or not at all (T1).
    pub(crate) fn moments(&self, wanted: impl Fn(usize) -> bool) -> Result<Moments> {
        self.stage.read(|shown| {
            let moment = |(index, shard): (usize, &Shard)| {
                shard.engine.check_open()?;
                match shown.get(index) {
                    _ if !wanted(index) => Ok(None),
                    Some(Some(moment)) => Ok(Some(Arc::clone(moment))),
                    _ => shard.engine.moment().map(|moment| Some(Arc::new(moment))),
                }
            };
            self.shards.iter().enumerate().map(moment).collect()
        })
    }

    /// Commits `ops`, which are within the limits.
    pub(crate) fn write(&self, ops: &[WriteOp]) -> WriteResult {
        let mut parts = Parts::new();
        for op in ops {
            parts.entry(self.place(op.key())).or_default().push(op);
        }
        match parts.len() {
            0 => self.check_open(),
            1 => parts
                .iter()
                .try_for_each(|(index, ops)| self.write_alone(*index, ops)),
            _ => self.write_across(ops, &parts),
        }
    }

    fn check_open(&self) -> WriteResult {
        let mut shards = self.shards.iter();
        let checked = shards.try_for_each(|shard| shard.engine.check_open());
        checked.map_err(WriteError::NotDone)
    }

    /// Commits `ops`, all of shard `index`.
    pub(crate) fn write_alone(&self, index: usize, ops: &[&WriteOp]) -> WriteResult {
        let shard = self.shard(index).map_err(WriteError::NotDone)?;
        let mut batch = crate::engine::write_batch::WriteBatch::new();
        for op in ops {
            embedded::append(&mut batch, op, intent::CALLER)?;
        }
        let _shared = shard.lock.read();
        self.check_not_failed(index)?;
        embedded::commit(&shard.engine, batch)
    }

    /// Refuses where a batch has failed in the shard, whose lock the caller holds (X4).
    fn check_not_failed(&self, index: usize) -> WriteResult {
        if !self.stage.shows(index) {
            return Ok(());
        }
        let text = format!(
            "shard {index} refuses writes since a batch across shards failed there; reads go on \
             with what was there before it; reopen the database to write again"
        );
        Err(WriteError::NotDone(Error::new(ErrorKind::Latched, text)))
    }

    fn write_across(&self, ops: &[WriteOp], parts: &Parts<'_>) -> WriteResult {
        let indexes: Vec<usize> = parts.keys().copied().collect();
        let involved = indexes.iter().filter_map(|index| self.shards.get(*index));
        let involved: Vec<&Shard> = involved.collect();
        let _alone: Vec<_> = involved.iter().map(|shard| shard.lock.write()).collect();
        let mut moments = Vec::new();
        for (index, shard) in indexes.iter().zip(&involved) {
            self.check_not_failed(*index)?;
            embedded::check_writable(&shard.engine)?;
            let moment = shard.engine.moment().map_err(WriteError::NotDone)?;
            moments.push((*index, Arc::new(moment)));
        }
        let number = self.number_next.fetch_add(1, Ordering::Relaxed); // X2
        let intent = intent::encode(ops);
        self.stage.show(&moments);
        match self.apply_all(number, parts, &intent) {
            Ok(lead) => {
                self.stage.clear(&indexes);
                self.retire(number, lead, indexes, intent.len());
                Ok(())
            }
            Err((0, WriteError::NotDone(reason))) => {
                self.stage.clear(&indexes);
                Err(WriteError::NotDone(reason))
            }
            // X4: the moments stay.
            Err((_, error)) => Err(WriteError::Unknown(Error::caused(
                error.reason().kind(),
                "a batch across shards failed on the way: the next open completes it or forgets \
                 it whole; until then its shards show what was there before it and refuse writes",
                error.into_reason(),
            ))),
        }
    }

    /// Applies all parts, the leading one first; answers who led. Where one fails, tells how many
    /// were applied before it.
    fn apply_all(
        &self,
        number: u64,
        parts: &Parts<'_>,
        intent: &[u8],
    ) -> Result<usize, (usize, WriteError)> {
        // The lead goes round, so that intents are spread over the shards.
        let turn = number as usize % parts.len();
        let in_turn = parts.iter().cycle().skip(turn).take(parts.len());
        let mut lead = None;
        for (applied, (index, ops)) in in_turn.enumerate() {
            let leads = *lead.get_or_insert(*index) == *index;
            let shard = self.shard(*index);
            let shard = shard.map_err(|e| (applied, WriteError::NotDone(e)))?;
            let keeps = (leads || !self.syncs_commits) && !planted(Mistake::IntentUnwritten);
            let intent = keeps.then_some(intent); // X1
            let part = shard.apply(number, ops.iter().copied(), intent);
            part.map_err(|error| (applied, error))?;
        }
        Ok(lead.unwrap_or_default())
    }

    /// Lets go of the intents of a batch once its parts are durable (X3).
    fn retire(&self, number: u64, lead: usize, indexes: Vec<usize>, intent_bytes: usize) {
        if self.syncs_commits {
            self.forget_later(number, &[lead]);
            return;
        }
        let mut waiting = self.waiting.lock();
        waiting.bytes += (intent_bytes + 64) * indexes.len();
        waiting.batches.push((number, indexes));
        if waiting.bytes < WAITING_BYTES_MAX {
            return;
        }
        let due = std::mem::take(&mut *waiting);
        drop(waiting);
        // The batch is done. A failed sync has closed the latch of its shard, which tells the next
        // writer, and the intents stay for the next open.
        let _ = self.sync_and_forget(due);
    }

    fn sync_and_forget(&self, due: Waiting) -> Result<()> {
        self.shards
            .iter()
            .try_for_each(|shard| shard.engine.sync())?;
        for (number, indexes) in due.batches {
            self.forget_later(number, &indexes);
        }
        Ok(())
    }

    fn forget_later(&self, number: u64, indexes: &[usize]) {
        for shard in indexes.iter().filter_map(|index| self.shards.get(*index)) {
            shard.forget_later(number);
        }
    }

    /// Makes every write so far durable.
    pub(crate) fn sync(&self) -> Result<()> {
        let due = std::mem::take(&mut *self.waiting.lock());
        self.sync_and_forget(due)
    }

    /// Removes the intents that are done with and closes every shard. All are closed, whatever
    /// fails; the first failure is told.
    pub(crate) fn close(&self) -> Result<()> {
        let _alone: Vec<_> = self.shards.iter().map(|shard| shard.lock.write()).collect();
        let is_open = |shard: &Shard| shard.engine.check_open().is_ok();
        let mut outcome = Ok(());
        if self.shards.iter().all(is_open) {
            let is_latched = |shard: &Shard| embedded::check_writable(&shard.engine).is_err();
            if !self.shards.iter().any(is_latched) {
                outcome = self.sync();
                for shard in &self.shards {
                    outcome = outcome.and_then(|()| shard.forget_now());
                }
            }
        }
        for shard in &self.shards {
            let closed = shard.engine.close();
            outcome = outcome.and(closed);
        }
        outcome
    }
}

impl Drop for ShardSet {
    fn drop(&mut self) {
        // Nobody is left to report to; what was acknowledged is safe, and so is every batch.
        let _ = self.close();
    }
}
