//! One shard: an engine, its lock for batches that it shares with others, and its own records.
//!
//! Writers of this shard alone hold the lock together; a batch across shards holds it alone (T2 of
//! `stage`). Locks of several shards are taken in the order of the shards.

use super::embedded;
use super::intent::{self, APPLIED, CALLER, INTENT};
use super::write::{WriteError, WriteOp, WriteResult};
use crate::engine::lsm::Engine;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::format::damage::Damage;
use crate::sync::{Mutex, RwLock};

/// An engine among others.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) engine: Engine,
    pub(crate) lock: RwLock<()>,
    /// Intents kept here that nobody needs any more: all their parts are durable.
    done: Mutex<Vec<u64>>,
}

/// The key that a shard keeps the caller's `key` under.
pub(crate) fn led(key: &[u8]) -> Vec<u8> {
    [CALLER, key].concat()
}

impl Shard {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            lock: RwLock::new(()),
            done: Mutex::default(),
        }
    }

    /// Commits `ops`, all of this shard, as the part of batch `number`, with its intent where this
    /// shard keeps it, in one commit of the engine.
    pub(crate) fn apply<'o>(
        &self,
        number: u64,
        ops: impl IntoIterator<Item = &'o WriteOp>,
        intent: Option<&[u8]>,
    ) -> WriteResult {
        let mut batch = WriteBatch::new();
        for op in ops {
            embedded::append(&mut batch, op, CALLER)?;
        }
        self.append_records(&mut batch, number, intent)
            .map_err(WriteError::NotDone)?;
        embedded::commit(&self.engine, batch)
    }

    /// Commits `ops` once more, after a crash.
    pub(crate) fn apply_again(&self, number: u64, ops: Vec<&WriteOp>) -> Result<()> {
        let applied = self.apply(number, ops, None);
        applied.map_err(WriteError::into_reason)
    }

    fn append_records(
        &self,
        batch: &mut WriteBatch,
        number: u64,
        intent: Option<&[u8]>,
    ) -> Result<()> {
        batch.put(APPLIED, &number.to_le_bytes())?;
        if let Some(intent) = intent {
            batch.put(&intent::key(number), intent)?;
        }
        // Should this commit fail, they are left for the next open, which they do not harm.
        let done = std::mem::take(&mut *self.done.lock());
        let mut done = done.iter();
        done.try_for_each(|number| batch.delete(&intent::key(*number)))
    }

    /// Lets the next commit of a part remove the intent `number`.
    pub(crate) fn forget_later(&self, number: u64) {
        self.done.lock().push(number);
    }

    /// Removes the intents that are done with.
    pub(crate) fn forget_now(&self) -> Result<()> {
        let done = std::mem::take(&mut *self.done.lock());
        let mut batch = WriteBatch::new();
        for number in done {
            batch.delete(&intent::key(number))?;
        }
        self.engine.write(batch)
    }

    /// The number of the last batch applied here; 0 for none.
    pub(crate) fn applied(&self) -> Result<u64> {
        let number = self
            .engine
            .get_with(APPLIED, |value| value.try_into().ok())?;
        match number {
            None => Ok(0),
            Some(Some(number)) => Ok(u64::from_le_bytes(number)),
            Some(None) => Err(unknown(
                "its last batch has a number that is not of 8 bytes",
            )),
        }
    }

    /// The intents that are kept here, by number.
    pub(crate) fn intents(&self) -> Result<Vec<(u64, Vec<WriteOp>)>> {
        let mut found = Vec::new();
        for record in self.engine.scan_prefix(INTENT)? {
            let (key, value) = record?;
            let damaged = |damage: Damage| unknown(damage.what);
            let number = intent::number(&key).map_err(damaged)?;
            found.push((number, intent::decode(&value).map_err(damaged)?));
        }
        Ok(found)
    }
}

/// A record of the shard's own that this release cannot read.
fn unknown(what: &str) -> Error {
    let text = format!(
        "a shard keeps a record of a batch that cannot be read: {what}; was it written by a newer \
         release?"
    );
    Error::new(ErrorKind::UnsupportedFormat, text)
}
