//! Opening the shards of a database: making them, comparing them, completing their batches.
//!
//! Recovery takes the intents of all shards in the order of their numbers, has them made durable,
//! applies each part that its shard has not had (X2 of `shard_set`), makes that durable, and
//! removes the intents. A crash in between leaves a state of the same kind: every step may be done
//! twice.

use super::identity::Identity;
use super::placement;
use super::shard::Shard;
use super::shard_set::ShardSet;
use super::sharded_options::ShardedOptions;
use super::write::WriteOp;
use crate::clock::{Clock, MonotonicClock};
use crate::engine::lsm::Engine;
use crate::engine::options::{Durability, EngineOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::FileSystem;
use crate::sync::{self, Arc};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The most shards of one database.
const SHARDS_MAX: usize = 1 << 10;

/// One clock for all shards, so that a record expires everywhere at once.
#[derive(Debug)]
struct SharedClock(MonotonicClock);

impl Clock for SharedClock {
    fn now_ms(&self) -> u64 {
        self.0.now_ms()
    }
}

/// Opens the shards in `dir`, or makes them.
pub(crate) fn open(dir: &Path, options: &ShardedOptions) -> Result<ShardSet> {
    let wanted = options.shards;
    if wanted.is_some_and(|shards| !(1..=SHARDS_MAX).contains(&shards)) {
        let text = format!("option shards is {wanted:?}; it must be 1 to {SHARDS_MAX}");
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    let clock = Arc::new(SharedClock(MonotonicClock::new(
        Arc::clone(&options.engine.clock),
        0,
    )));
    let mut engine_options = options.engine.clone();
    engine_options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let shards = open_all(dir, wanted, &engine_options)?;
    let floor_ms = shards.iter().map(|shard| shard.engine.now_ms()).max();
    clock.0.raise(floor_ms.unwrap_or_default());
    let number_next = recover(&shards)?;
    let syncs_commits = options.engine.durability == Durability::Sync;
    Ok(ShardSet::new(shards, number_next, syncs_commits))
}

/// How many shards a new database gets where nobody says.
pub(crate) fn shards_default() -> usize {
    (sync::parallelism() / 2).max(2)
}

/// How many shards lie in `dir`, before any is opened; `None` where there is none. What counts is
/// what shard 0 says of itself.
pub(crate) fn shards_in(dir: &Path, file_system: &dyn FileSystem) -> Option<usize> {
    let names = file_system.list_dir(dir).ok()?;
    let is_shard = |name: &&OsString| name.to_str().is_some_and(|name| name.starts_with("shard-"));
    let shards = names.iter().filter(is_shard).count();
    (shards > 0).then_some(shards)
}

fn shard_dir(dir: &Path, index: u64) -> PathBuf {
    dir.join(format!("shard-{index}"))
}

fn open_all(dir: &Path, wanted: Option<usize>, options: &EngineOptions) -> Result<Vec<Shard>> {
    let open = |index: u64| -> Result<(Engine, Option<Identity>)> {
        let dir = shard_dir(dir, index);
        let engine = Engine::open(&dir, options.clone())?;
        let found = Identity::read(&engine, &dir)?;
        Ok((engine, found))
    };
    let (first, found) = open(0)?;
    let identity = found.unwrap_or(Identity {
        shards: wanted.unwrap_or_else(shards_default) as u64,
        index: 0,
        made_ms: first.now_ms(),
        complete: false,
    });
    check_count(dir, identity, wanted)?;
    match found {
        None => identity.write(&first)?,
        // The other shards will carry what was read here, so it has to stay.
        Some(_) if !identity.complete => first.sync()?,
        Some(_) => {}
    }
    identity.check_found(found.or(Some(identity)), &shard_dir(dir, 0))?;
    let mut shards = vec![Shard::new(first)];
    for index in 1..identity.shards {
        let (engine, found) = open(index)?;
        let own = Identity {
            index,
            complete: false,
            ..identity
        };
        if found.is_none() && !identity.complete {
            own.write(&engine)?;
        } else {
            own.check_found(found, &shard_dir(dir, index))?;
        }
        shards.push(Shard::new(engine));
    }
    if let (false, Some(first)) = (identity.complete, shards.first()) {
        // What the others were found to say has to stay, too, once this is said.
        shards.iter().try_for_each(|shard| shard.engine.sync())?;
        let complete = Identity {
            complete: true,
            ..identity
        };
        complete.write(&first.engine)?;
    }
    Ok(shards)
}

/// Refuses another number of shards than the database was made with.
fn check_count(dir: &Path, found: Identity, wanted: Option<usize>) -> Result<()> {
    let made = found.shards;
    let text = match wanted {
        Some(wanted) if wanted as u64 != made => format!(
            "{} was made with {made} shards and is opened with {wanted}; the number cannot change: \
             open it with {made}, or copy its records to a new database",
            dir.display()
        ),
        _ if found.index != 0 || !(1..=SHARDS_MAX as u64).contains(&made) => format!(
            "{} holds shard {} of {made}; shard 0 belongs there; put the folders back as they were",
            shard_dir(dir, 0).display(),
            found.index
        ),
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::InvalidInput, text))
}

/// Completes the batches that a crash has cut; answers the number of the next one.
fn recover(shards: &[Shard]) -> Result<u64> {
    let mut applied = Vec::new();
    let (mut intents, mut holders) = (BTreeMap::new(), Vec::new());
    for shard in shards {
        applied.push(shard.applied()?);
        for (number, ops) in shard.intents()? {
            intents.insert(number, ops);
            holders.push((shard, number));
        }
    }
    if !intents.is_empty() {
        // An engine shows what it read before that is durable. The intents have to stay while this
        // goes on, and so have the parts that are not applied again.
        shards.iter().try_for_each(|shard| shard.engine.sync())?;
    }
    for (number, ops) in &intents {
        for (index, part) in parts_of(ops, shards.len()) {
            let had = applied.get_mut(index);
            if let (Some(shard), Some(had)) = (shards.get(index), had)
                && *had < *number
            {
                shard.apply_again(*number, part)?;
                *had = *number;
            }
        }
    }
    if !intents.is_empty() {
        shards.iter().try_for_each(|shard| shard.engine.sync())?;
        // Only now: a part that is applied above must not take an intent with it.
        for (shard, number) in holders {
            shard.forget_later(number);
        }
        shards.iter().try_for_each(Shard::forget_now)?;
    }
    let last = intents.keys().copied().chain(applied).max();
    Ok(last.unwrap_or_default() + 1)
}

fn parts_of(ops: &[WriteOp], shards: usize) -> BTreeMap<usize, Vec<&WriteOp>> {
    let mut parts = BTreeMap::<usize, Vec<&WriteOp>>::new();
    for op in ops {
        let index = placement::shard_of(op.key(), shards);
        parts.entry(index).or_default().push(op);
    }
    parts
}
