//! Batches across shards, and power lost at every call of them: whole or absent, and what was
//! acknowledged is there, also what was written after a batch that has to be completed.

// What stands around the tests is test too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use grainstore::backend::{KvBackend, ShardedBackend, ShardedOptions, WriteError, WriteOp};
use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Durability};
use grainstore::fs::{CrashDisk, CrashImage, Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use grainstore::fs::{FileSystem, SplitMix64};
use grainstore::{ErrorKind, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

const DIR: &str = "/srv/app";
const SHARDS: usize = 3;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn options(disk: Arc<dyn FileSystem>, durability: Durability) -> ShardedOptions {
    let mut options = ShardedOptions::default();
    options.shards = Some(SHARDS);
    let engine = &mut options.engine;
    engine.durability = durability;
    engine.background = Background::Inline;
    engine.memtable_bytes = 8 << 10;
    engine.wal_segment_bytes = 6 << 10;
    engine.block_bytes = 256;
    engine.table_bytes = 6 << 10;
    engine.level0_tables = 2;
    engine.level1_bytes = 16 << 10;
    engine.cache_bytes = 32 << 10;
    engine.file_system = disk;
    engine.clock = Arc::new(ManualClock::new(1_000));
    options
}

fn open(disk: &CrashDisk, durability: Durability) -> Result<ShardedBackend> {
    ShardedBackend::open(DIR, options(Arc::new(disk.clone()), durability))
}

fn content(backend: &ShardedBackend) -> Result<Model> {
    backend.scan_prefix(b"")?.collect()
}

/// What was written: the state after each write, and the call at which it was acknowledged.
struct History {
    disk: CrashDisk,
    states: Vec<Model>,
    acknowledged: Vec<usize>,
    /// The writes, for what may be lost where nothing is synced.
    writes: Vec<Vec<WriteOp>>,
}

fn key(chance: &mut SplitMix64) -> Vec<u8> {
    format!("table{}\0{}", chance.below(2), chance.below(40)).into_bytes()
}

fn op(chance: &mut SplitMix64, number: usize) -> WriteOp {
    let key = key(chance);
    if chance.below(5) == 0 {
        return WriteOp::delete(key);
    }
    let value = format!("{number} ").repeat(1 + chance.below(20) as usize);
    WriteOp::put(key, value)
}

fn apply(model: &mut Model, op: &WriteOp) {
    match op {
        WriteOp::Put { key, value, .. } => drop(model.insert(key.clone(), value.clone())),
        WriteOp::Delete { key } => drop(model.remove(key)),
    }
}

/// Batches across shards, every third of them followed by single writes to the same keys.
fn record(batches: usize, seed: u64, durability: Durability, reopen_every: usize) -> History {
    let disk = CrashDisk::new();
    let mut backend = open(&disk, durability).unwrap();
    let (mut chance, mut model) = (SplitMix64::new(seed), Model::new());
    let mut history = History {
        disk: disk.clone(),
        states: vec![model.clone()],
        acknowledged: Vec::new(),
        writes: Vec::new(),
    };
    for number in 0..batches {
        let count = 2 + chance.below(6);
        let batch: Vec<WriteOp> = (0..count).map(|_| op(&mut chance, number)).collect();
        let mut writes = vec![batch.clone()];
        if number % 3 == 0 {
            let newer = |op: &WriteOp| vec![WriteOp::put(op.key(), format!("newer {number}"))];
            writes.extend(batch.iter().take(2).map(newer));
        }
        for write in writes {
            match write.as_slice() {
                [WriteOp::Put { key, value, .. }] => backend.put(key, value).unwrap(),
                ops => backend.write_batch(ops).unwrap(),
            }
            write.iter().for_each(|op| apply(&mut model, op));
            history.states.push(model.clone());
            history.acknowledged.push(disk.calls());
            history.writes.push(write);
        }
        if reopen_every > 0 && number % reopen_every == reopen_every - 1 {
            backend.close().unwrap();
            backend = open(&disk, durability).unwrap();
        }
    }
    assert_eq!(content(&backend).unwrap(), model);
    backend.close().unwrap();
    history
}

impl History {
    /// Up to `count` calls, evenly.
    fn calls(&self, count: usize) -> Vec<usize> {
        let step = (self.disk.calls() / count).max(1);
        (0..=self.disk.calls()).step_by(step).collect()
    }

    /// Opens what is left after a crash at `call`, and answers what is wrong with it.
    fn check(&self, disk: &CrashDisk, call: usize, deeper: bool) -> Result<(), String> {
        let found = self.recover(disk, call)?;
        if deeper {
            // The recovery itself is cut at each of its calls.
            let disk = disk.fork();
            open(&disk, Durability::Sync).map_err(|e| e.to_string())?;
            for again in 0..=disk.calls() {
                for image in CrashImage::all(again as u64) {
                    let left = self.recover(&disk.image(again, image), call);
                    let left = left.map_err(|e| format!("crash {again} {image:?}: {e}"))?;
                    if left != found {
                        return Err(format!("after a crash {again} {image:?} of the recovery"));
                    }
                }
            }
        }
        Ok(())
    }

    fn recover(&self, disk: &CrashDisk, call: usize) -> Result<Model, String> {
        let disk = disk.fork();
        let backend = open(&disk, Durability::Sync).map_err(|e| format!("open failed: {e}"))?;
        let found = content(&backend).map_err(|e| e.to_string())?;
        let acknowledged = self.acknowledged.partition_point(|&calls| calls <= call);
        let allowed = &self.states[acknowledged..=(acknowledged + 1).min(self.states.len() - 1)];
        if !allowed.contains(&found) {
            return Err(format!("{found:?}\n  instead of one of {allowed:?}"));
        }
        // It goes on: a batch after the crash, and what it leaves survives the next open.
        let batch: Vec<WriteOp> = (0..8u8).map(|n| WriteOp::put([n], [n])).collect();
        backend.write_batch(&batch).map_err(|e| e.to_string())?;
        drop(backend);
        let backend = open(&disk, Durability::Sync).map_err(|e| format!("second open: {e}"))?;
        let mut expected = found.clone();
        batch.iter().for_each(|op| apply(&mut expected, op));
        match content(&backend).map_err(|e| e.to_string())? == expected {
            true => Ok(found),
            false => Err("the second open shows something else".to_owned()),
        }
    }
}

#[test]
fn batches_are_whole_and_acknowledged_writes_survive_power_loss_at_every_call() {
    let history = record(500, 1, Durability::Sync, 120);
    let calls = history.calls(1_500);
    let (mut recoveries, mut replay) = (0, history.disk.replay());
    for (at, &call) in calls.iter().enumerate() {
        replay.advance_to(call);
        for (number, image) in CrashImage::all(call as u64).into_iter().enumerate() {
            let deeper = at % 300 == 7 && number == (at / 300) % 4;
            let checked = history.check(&replay.image(image), call, deeper);
            let last = history.disk.describe_call(call);
            checked.unwrap_or_else(|e| panic!("{e}\n  call {call} {image:?} after {last}"));
            recoveries += 1;
        }
    }
    println!("{} of {} calls, {recoveries} recoveries", calls.len(), history.disk.calls());
}

/// Without syncs a power cut leaves of each shard the writes up to some point of its own. Every
/// batch is whole even so: what each key holds has to follow from some set of whole writes.
#[test]
fn batches_are_whole_where_nothing_was_synced() {
    let history = record(150, 2, Durability::Buffered, 0);
    let mut replay = history.disk.replay();
    for call in history.calls(300) {
        replay.advance_to(call);
        for image in CrashImage::all(call as u64) {
            let disk = replay.image(image);
            let backend = open(&disk, Durability::Buffered).unwrap();
            let found = content(&backend).unwrap();
            let checked = follows_from_whole_writes(&history, &backend, &found);
            checked.unwrap_or_else(|e| panic!("{e}\n  call {call} {image:?}: {found:?}"));
            if image == CrashImage::KeepAll {
                let acknowledged = history.acknowledged.partition_point(|&calls| calls <= call);
                let last = (acknowledged + 1).min(history.states.len() - 1);
                assert!(history.states[acknowledged..=last].contains(&found));
            }
        }
    }
}

/// Finds how far each shard got, and whether every batch is on the same side in all its shards.
fn follows_from_whole_writes(
    history: &History,
    backend: &ShardedBackend,
    found: &Model,
) -> Result<(), String> {
    let of = |model: &Model, shard: usize| -> Model {
        let own = model.iter().filter(|(key, _)| backend.shard_of(key) == shard);
        own.map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    // The points up to which a shard may have got: all that give what is found in it.
    let possible: Vec<Vec<usize>> = (0..SHARDS)
        .map(|shard| {
            let own = of(found, shard);
            let points = 0..history.states.len();
            points.filter(|&p| of(&history.states[p], shard) == own).collect()
        })
        .collect();
    if possible.iter().any(Vec::is_empty) {
        return Err("a shard holds what it never held".to_owned());
    }
    // A batch is whole in a choice of points if all its shards are before it or all after it.
    let agrees = |points: &[usize; SHARDS]| {
        history.writes.iter().enumerate().all(|(at, write)| {
            let mut sides = write.iter().map(|op| points[backend.shard_of(op.key())] > at);
            let first = sides.next();
            sides.all(|side| Some(side) == first)
        })
    };
    for &a in &possible[0] {
        for &b in &possible[1] {
            if possible[2].iter().any(|&c| agrees(&[a, b, c])) {
                return Ok(());
            }
        }
    }
    Err(format!("half a batch: shards at {possible:?}"))
}

/// Whatever call fails within a batch: readers see all of it or nothing, no write is taken that
/// completing the batch could undo, and the next open has it whole.
#[test]
fn a_batch_that_fails_on_the_way_is_never_seen_in_half() {
    let keys: Vec<Vec<u8>> = (0..12u8).map(|n| vec![n]).collect();
    let batch = |value: &[u8]| -> Vec<WriteOp> {
        keys.iter().map(|key| WriteOp::put(key.clone(), value)).collect()
    };
    let (mut unknown, mut completed) = (0, 0);
    for nth in 0.. {
        let disk = CrashDisk::new();
        let first = open(&disk, Durability::Sync).unwrap();
        first.write_batch(&batch(b"old")).unwrap();
        first.close().unwrap();
        drop(first);
        let faulty = FaultDisk::new(Arc::new(disk.clone()) as Arc<dyn FileSystem>);
        let opts = options(Arc::new(faulty.clone()), Durability::Sync);
        let backend = ShardedBackend::open(DIR, opts).unwrap();
        faulty.inject(Fault {
            calls: FaultCalls::Writes,
            nth,
            kind: FaultKind::Io,
            mode: FaultMode::Once,
        });
        let outcome = backend.write_batch(&batch(b"new"));
        let seen: Vec<_> = content(&backend).unwrap().into_values().collect();
        let expected: &[u8] = if outcome.is_ok() { b"new" } else { b"old" };
        assert!(seen.iter().all(|value| value == expected), "{nth}: {seen:?}");
        let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let listed = backend.get_batch(&asked).unwrap();
        assert!(listed.iter().all(|value| value.as_deref() == Some(expected)));
        let mut later = Model::new();
        match &outcome {
            Ok(()) => {}
            Err(WriteError::Unknown(_)) => {
                unknown += 1;
                for key in &keys {
                    let refused = backend.put(key, b"later").unwrap_err();
                    assert!(refused.is_retry_safe());
                    assert_eq!(refused.reason().kind(), ErrorKind::Latched);
                }
                assert!(backend.write_batch(&batch(b"later")).unwrap_err().is_retry_safe());
            }
            Err(WriteError::NotDone(_)) => {
                for key in &keys {
                    if backend.put(key, b"later").is_ok() {
                        later.insert(key.clone(), b"later".to_vec());
                    }
                }
            }
        }
        let _ = backend.close();
        drop(backend);
        let found = content(&open(&disk, Durability::Sync).unwrap()).unwrap();
        let is = |value: &[u8]| found.values().all(|found| found == value);
        assert!(is(b"new") || is(b"old") || later == found, "{nth}: {found:?}");
        completed += usize::from(outcome.is_err() && is(b"new"));
        if outcome.is_ok() {
            break;
        }
    }
    assert!(unknown >= SHARDS && completed > 0, "{unknown} {completed}");
}
