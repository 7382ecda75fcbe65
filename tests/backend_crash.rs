//! Batches across shards, and power lost at every call of them: whole or absent, and what was
//! acknowledged is there, also what was written after a batch that has to be completed.

// What stands around the tests is test too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use grainstore::backend::{
    KvBackend, ShardedBackend, ShardedOptions, WriteError, WriteOp, WriteResult,
};
use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Durability};
use grainstore::fs::{
    CrashDisk, CrashImage, Fault, FaultCalls, FaultDisk, FaultKind, FaultMode, FileSystem,
    SplitMix64,
};
use grainstore::{ErrorKind, Result};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    let next = AtomicUsize::new(0);
    let walk = || {
        let mut replay = history.disk.replay();
        loop {
            let call = next.fetch_add(1, Ordering::Relaxed);
            if call > history.disk.calls() {
                return;
            }
            replay.advance_to(call);
            for (number, image) in CrashImage::all(call as u64).into_iter().enumerate() {
                let deeper = call % 300 == 7 && number == (call / 300) % 4;
                let checked = history.check(&replay.image(image), call, deeper);
                let last = history.disk.describe_call(call);
                checked.unwrap_or_else(|e| panic!("{e}\n  call {call} {image:?} after {last}"));
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(walk);
        scope.spawn(walk);
    });
    println!("{} calls, 4 images of each", history.disk.calls());
}

/// A write that leaves a mark of its own in each shard that it goes to, never written again.
struct Marked {
    ops: Vec<WriteOp>,
    marks: Vec<Vec<u8>>,
    /// The shard of a write that is no batch across shards.
    alone: Option<usize>,
}

/// Batches across all shards and writes to single ones, in turn, over the same few keys.
fn marked_writes(backend: &ShardedBackend, count: usize) -> Vec<Marked> {
    let mut chance = SplitMix64::new(7);
    let mark = |at: usize, shard: usize| -> Vec<u8> {
        let mut names = (0..).map(|n| format!("mark\0{at}/{n}").into_bytes());
        names.find(|name| backend.shard_of(name) == shard).unwrap()
    };
    let write = |at: usize| {
        let alone = (!at.is_multiple_of(3)).then(|| chance.below(SHARDS as u64) as usize);
        let shards: Vec<usize> = (0..SHARDS)
            .filter(|s| alone.is_none_or(|a| a == *s))
            .collect();
        let marks: Vec<_> = shards.iter().map(|shard| mark(at, *shard)).collect();
        let mut ops: Vec<_> = (0..12).map(|_| op(&mut chance, at)).collect();
        ops.retain(|op| shards.contains(&backend.shard_of(op.key())));
        if alone.is_none() {
            ops.push(WriteOp::put(b"large", vec![at as u8; 16 << 10])); // intents get due
        }
        ops.extend(marks.iter().map(|mark| WriteOp::put(mark.clone(), b"")));
        Marked { ops, marks, alone }
    };
    (0..count).map(write).collect()
}

/// Without syncs a power cut may take writes of a shard, the newest first. Every batch that is left
/// anywhere is whole, and everything that is left took effect in the order in which it was written.
#[test]
fn batches_are_whole_where_nothing_was_synced() {
    let disk = CrashDisk::new();
    let backend = open(&disk, Durability::Buffered).unwrap();
    let (writes, made) = (marked_writes(&backend, 300), disk.calls());
    let mut acknowledged = Vec::new();
    for write in &writes {
        backend.write_batch(&write.ops).unwrap();
        acknowledged.push(disk.calls());
    }
    let mut replay = disk.replay();
    let (mut completed, mut cut) = (0, 0);
    for call in (made..=disk.calls()).step_by((disk.calls() - made).div_ceil(400)) {
        replay.advance_to(call);
        for image in CrashImage::all(call as u64) {
            let left = replay.image(image);
            let own = kept_by_shards(&left);
            let found = content(&open(&left, Durability::Buffered).unwrap()).unwrap();
            let survivors = survivors(&writes, &found);
            let survivors = survivors.unwrap_or_else(|e| panic!("{e}: call {call} {image:?}"));
            let mut expected = Model::new();
            let ops = survivors.iter().flat_map(|at| &writes[*at].ops);
            ops.for_each(|op| apply(&mut expected, op));
            assert_eq!(found, expected, "call {call} {image:?}");
            let issued = acknowledged.partition_point(|&calls| calls <= call);
            if image == CrashImage::KeepAll {
                assert!(
                    survivors.len() >= issued,
                    "call {call}: a killed process lost a write"
                );
            }
            completed += usize::from(own < found.len());
            cut += usize::from(survivors.len() < issued);
        }
    }
    assert!(
        completed > 50 && cut > 50,
        "{completed} batches were completed, {cut} writes cut"
    );
}

/// After a kill the shards are opened and their batches completed while none of what was read has
/// to be durable yet: power that is lost on the way leaves every batch whole all the same.
#[test]
fn batches_are_whole_where_power_is_lost_while_they_are_completed_after_a_kill() {
    let mut completed = 0;
    for alive in (40..400).step_by(9) {
        let disk = CrashDisk::new();
        let mortal = FaultDisk::new(Arc::new(disk.clone()) as Arc<dyn FileSystem>);
        let opts = options(Arc::new(mortal.clone()), Durability::Buffered);
        let backend = ShardedBackend::open(DIR, opts).unwrap();
        let writes = marked_writes(&backend, 60);
        // The process dies after so many writes to the disk.
        mortal.arm(Fault {
            kind: FaultKind::Eio,
            at: alive,
            mode: FaultMode::FromThenOn,
            calls: FaultCalls::All,
        });
        let mut acknowledged = writes
            .iter()
            .take_while(|w| backend.write_batch(&w.ops).is_ok());
        let acknowledged = acknowledged.by_ref().count();
        drop(backend);
        let (own, before) = (kept_by_shards(&disk), disk.calls());
        let mut opts = options(Arc::new(disk.clone()), Durability::Buffered);
        opts.engine.background = Background::Thread;
        let backend = ShardedBackend::open(DIR, opts).unwrap();
        let found = content(&backend).unwrap();
        let left = survivors(&writes, &found).unwrap();
        assert!(left.len() >= acknowledged, "a killed process lost a write");
        completed += usize::from(own < found.len());
        drop(backend);
        let mut replay = disk.replay();
        for call in before..=disk.calls() {
            replay.advance_to(call);
            for image in CrashImage::all(call as u64) {
                let left = replay.image(image);
                let found = content(&open(&left, Durability::Buffered).unwrap()).unwrap();
                let survivors = survivors(&writes, &found);
                survivors.unwrap_or_else(|e| panic!("{e}: {alive}, call {call} {image:?}"));
            }
        }
    }
    assert!(completed > 5, "{completed} batches were completed");
}

/// As above, where the shards were being made when the process was killed.
#[test]
fn shards_that_a_kill_left_half_made_open_where_power_is_lost_while_they_are_made_whole() {
    for alive in 0.. {
        let disk = CrashDisk::new();
        let mortal = FaultDisk::new(Arc::new(disk.clone()) as Arc<dyn FileSystem>);
        mortal.arm(Fault {
            kind: FaultKind::Eio,
            at: alive,
            mode: FaultMode::FromThenOn,
            calls: FaultCalls::All,
        });
        let opts = options(Arc::new(mortal.clone()), Durability::Buffered);
        drop(ShardedBackend::open(DIR, opts));
        let before = disk.calls();
        let mut opts = options(Arc::new(disk.clone()), Durability::Buffered);
        opts.engine.background = Background::Thread;
        drop(ShardedBackend::open(DIR, opts).unwrap());
        let mut replay = disk.replay();
        for call in before..=disk.calls() {
            replay.advance_to(call);
            for image in CrashImage::all(call as u64) {
                let opened = open(&replay.image(image), Durability::Buffered);
                opened.unwrap_or_else(|e| panic!("{e}: {alive}, call {call} {image:?}"));
            }
        }
        if mortal.fired() == 0 {
            assert!(alive > 60, "{alive} calls");
            break;
        }
    }
}

/// How many records the shards hold before anything completes their batches.
fn kept_by_shards(disk: &CrashDisk) -> usize {
    let disk = disk.fork();
    let engine = |shard: usize| {
        let engine = options(Arc::new(disk.clone()), Durability::Buffered).engine;
        grainstore::engine::Engine::open(format!("{DIR}/shard-{shard}"), engine).unwrap()
    };
    let count = |shard| engine(shard).scan_prefix(&[1]).unwrap().count();
    (0..SHARDS).map(count).sum()
}

/// The writes that are left by their marks; an error where one is there in part, or a single write
/// without those before it in its shard.
fn survivors(writes: &[Marked], found: &Model) -> Result<Vec<usize>, String> {
    let (mut left, mut cut_at) = (Vec::new(), [None; SHARDS]);
    for (at, write) in writes.iter().enumerate() {
        let there = write
            .marks
            .iter()
            .filter(|mark| found.contains_key(*mark))
            .count();
        if there > 0 && there < write.marks.len() {
            return Err(format!("half of write {at} is there"));
        }
        match (there > 0, write.alone) {
            (true, Some(shard)) if cut_at[shard].is_some() => {
                return Err(format!(
                    "{at} is there without {:?} before it",
                    cut_at[shard]
                ));
            }
            (true, _) => left.push(at),
            (false, Some(shard)) => cut_at[shard] = cut_at[shard].or(Some(at)),
            (false, None) => {}
        }
    }
    Ok(left)
}

/// Writes to `keys` after a batch of them that failed: refused where its outcome is unknown, since
/// completing it could undo them. Answers what was taken.
fn write_later(backend: &ShardedBackend, keys: &[Vec<u8>], outcome: &WriteResult) -> Model {
    let mut later = Model::new();
    for key in keys.iter().filter(|_| outcome.is_err()) {
        match (backend.put(key, b"later"), outcome) {
            (_, Ok(())) => {}
            (put, Err(WriteError::Unknown(_))) => {
                let refused = put.unwrap_err();
                assert!(refused.is_retry_safe());
                assert_eq!(refused.reason().kind(), ErrorKind::Latched);
            }
            (Ok(()), Err(WriteError::NotDone(_))) => {
                later.insert(key.clone(), b"later".to_vec());
            }
            (Err(_), Err(WriteError::NotDone(_))) => {}
        }
    }
    later
}

/// Whatever call fails within a batch: readers see all of it or nothing, no write is taken that
/// completing the batch could undo, and the next open has it whole.
#[test]
fn a_batch_that_fails_on_the_way_is_never_seen_in_half() {
    let keys: Vec<Vec<u8>> = (0..12u8).map(|n| vec![n]).collect();
    let batch = |value: &[u8]| -> Vec<WriteOp> {
        keys.iter()
            .map(|key| WriteOp::put(key.clone(), value))
            .collect()
    };
    let (mut unknown, mut completed) = (0, 0);
    for at in 0.. {
        let disk = CrashDisk::new();
        let first = open(&disk, Durability::Sync).unwrap();
        first.write_batch(&batch(b"old")).unwrap();
        first.close().unwrap();
        drop(first);
        let faulty = FaultDisk::new(Arc::new(disk.clone()) as Arc<dyn FileSystem>);
        let opts = options(Arc::new(faulty.clone()), Durability::Sync);
        let backend = ShardedBackend::open(DIR, opts).unwrap();
        faulty.arm(Fault {
            kind: FaultKind::Eio,
            at,
            mode: FaultMode::Once,
            calls: FaultCalls::All,
        });
        let outcome = backend.write_batch(&batch(b"new"));
        let seen: Vec<_> = content(&backend).unwrap().into_values().collect();
        let expected: &[u8] = if outcome.is_ok() { b"new" } else { b"old" };
        assert!(seen.iter().all(|value| value == expected), "{at}: {seen:?}");
        let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let listed = backend.get_batch(&asked).unwrap();
        assert!(
            listed
                .iter()
                .all(|value| value.as_deref() == Some(expected))
        );
        unknown += usize::from(matches!(outcome, Err(WriteError::Unknown(_))));
        let later = write_later(&backend, &keys, &outcome);
        let _ = backend.close();
        drop(backend);
        for image in [CrashImage::KeepAll, CrashImage::DropUnsynced] {
            let left = disk.image(disk.calls(), image);
            let found = content(&open(&left, Durability::Sync).unwrap()).unwrap();
            let is = |value: &[u8]| found.values().all(|found| found == value);
            let whole = if outcome.is_ok() {
                is(b"new")
            } else {
                is(b"new") || is(b"old")
            };
            assert!(
                whole || later == found,
                "{at} {image:?} {outcome:?}: {found:?}"
            );
            completed += usize::from(outcome.is_err() && is(b"new"));
        }
        if faulty.fired() == 0 {
            break; // the batch makes no more calls
        }
    }
    assert!(unknown >= SHARDS && completed > 0, "{unknown} {completed}");
}
