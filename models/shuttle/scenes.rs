//! What the threads do, and what must hold however they are scheduled.

use grainstore::ErrorKind;
use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Durability, Engine, EngineOptions, WriteBatch};
use grainstore::fs::CrashDisk;
use shuttle::sync::Mutex;
use shuttle::thread;
use std::sync::Arc;
use std::time::Duration;

pub const SCENES: [(&str, fn()); 7] = [
    ("groups_commit_whole_batches", groups_commit_whole_batches),
    ("snapshots_stay_as_they_are", snapshots_stay_as_they_are),
    ("reads_go_on_through_flush_and_compaction", reads_go_on),
    ("a_close_loses_nothing_acknowledged", a_close_loses_nothing),
    ("a_kill_loses_nothing_acknowledged", a_kill_loses_nothing),
    ("batched_syncs_reach_every_write", batched_syncs),
    ("full_memtables_reach_tables", full_memtables),
];

const DIR: &str = "/db";

/// Three values fill a memtable, the smallest there is.
const VALUE_BYTES: usize = 1_400;

fn options(disk: &CrashDisk) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.memtable_bytes = 4 << 10;
    options.cache_bytes = 4 << 10;
    options.block_bytes = 64;
    options.table_bytes = 4 << 10;
    options.level0_tables = 2;
    options.level1_bytes = 4 << 10;
    options.wal_segment_bytes = 4 << 10;
    options.wal_spares_max = 1;
    options.background = Background::Thread;
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(ManualClock::new(1_000_000));
    options
}

fn open(disk: &CrashDisk) -> Arc<Engine> {
    Arc::new(Engine::open(DIR, options(disk)).unwrap())
}

/// The number stored under `key`.
fn number(engine: &Engine, key: &str) -> Option<u8> {
    number_of(engine, key.as_bytes())
}

fn number_of(engine: &Engine, key: &[u8]) -> Option<u8> {
    engine.get_with(key, |value| value[0]).unwrap()
}

fn all(engine: &Engine) -> Vec<(Vec<u8>, u8)> {
    let scan = engine.scan::<&[u8]>(..).unwrap();
    scan.map(|item| item.map(|(key, value)| (key.to_vec(), value[0])).unwrap())
        .collect()
}

fn put(engine: &Engine, key: &str, number: u8) {
    engine.put(key.as_bytes(), &[number; VALUE_BYTES]).unwrap();
}

/// Three writers, each with two batches of two keys; a reader sees both of a batch or none, and
/// never an earlier state after a later one.
fn groups_commit_whole_batches() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    let writers = [1, 2, 3].map(|writer: u8| {
        let engine = Arc::clone(&engine);
        thread::spawn(move || {
            for round in 0..2 {
                let mut batch = WriteBatch::new();
                for key in [&b"a"[..], b"b", &[b'w', writer]] {
                    batch.put(key, &[writer * 10 + round; VALUE_BYTES]).unwrap();
                }
                engine.write(batch).unwrap();
                let own = number_of(&engine, &[b'w', writer]);
                assert_eq!(own, Some(writer * 10 + round), "a read of its own");
            }
        })
    });
    let mut before = 0;
    for _ in 0..3 {
        let found = all(&engine);
        let value = |key: &[u8]| found.iter().find(|(k, _)| k == key).map(|(_, v)| *v);
        assert_eq!(value(b"a"), value(b"b"), "half a batch");
        assert!(found.len() >= before, "a later read sees less");
        before = found.len();
    }
    writers.into_iter().for_each(|it| it.join().unwrap());
    for writer in 1..=3u8 {
        assert_eq!(number_of(&engine, &[b'w', writer]), Some(writer * 10 + 1));
    }
    let held = all(&engine);
    engine.close().unwrap();
    drop(engine);
    assert_eq!(all(&open(&disk)), held, "a reopen");
}

/// What a snapshot has seen once it sees again, whatever is written, flushed and compacted.
fn snapshots_stay_as_they_are() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    put(&engine, "a", 0);
    let writer = {
        let engine = Arc::clone(&engine);
        thread::spawn(move || {
            for round in 1..6 {
                put(&engine, "a", round);
                engine.delete_range(b"b", b"c").unwrap();
                put(&engine, "b", round);
            }
        })
    };
    let compactor = {
        let engine = Arc::clone(&engine);
        thread::spawn(move || engine.compact().unwrap())
    };
    for _ in 0..2 {
        let snapshot = engine.snapshot();
        let read = |key: &[u8]| {
            let value = engine.get_at(&snapshot, key).unwrap();
            value.map(|value| value[0])
        };
        let first = (read(b"a"), read(b"b"));
        engine.flush().unwrap();
        assert_eq!(first, (read(b"a"), read(b"b")), "a snapshot changed");
        let (a, b) = (first.0.unwrap(), first.1.unwrap_or(0));
        // The delete and the put of b are two commits.
        assert!(b == a || b + 1 == a || first.1.is_none(), "{first:?}");
    }
    writer.join().unwrap();
    compactor.join().unwrap();
    assert_eq!(
        (number(&engine, "a"), number(&engine, "b")),
        (Some(5), Some(5))
    );
    engine.close().unwrap();
}

/// A key that is there is found in every memtable and table it moves through.
fn reads_go_on() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    put(&engine, "stays", 7);
    let writer = {
        let engine = Arc::clone(&engine);
        thread::spawn(move || {
            for round in 0..8 {
                put(&engine, &format!("k{}", round % 3), round);
            }
            engine.flush().unwrap();
        })
    };
    let compactor = {
        let engine = Arc::clone(&engine);
        thread::spawn(move || engine.compact().unwrap())
    };
    for _ in 0..4 {
        assert_eq!(number(&engine, "stays"), Some(7));
        let found = all(&engine);
        assert!(found.is_sorted_by(|a, b| a.0 < b.0));
        assert!(found.contains(&(b"stays".to_vec(), 7)));
    }
    writer.join().unwrap();
    compactor.join().unwrap();
    engine.verify().unwrap();
    engine.close().unwrap();
}

/// Writers race a close: what was acknowledged is there after a reopen, the rest was refused.
fn a_close_loses_nothing() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    let writers = [1, 2].map(|writer: u8| {
        let engine = Arc::clone(&engine);
        thread::spawn(move || {
            let mut acknowledged = Vec::new();
            for round in 0..4 {
                let key = vec![writer, round];
                match engine.put(&key, &[round; VALUE_BYTES]) {
                    Ok(()) => acknowledged.push((key, round)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Closed),
                }
            }
            acknowledged
        })
    });
    thread::yield_now();
    engine.close().unwrap();
    let acknowledged = writers.map(|it| it.join().unwrap()).concat();
    drop(engine);
    let found = all(&open(&disk));
    assert_eq!(found, acknowledged, "after a close");
}

/// The process dies at any step: what was acknowledged before is there, and of each writer's
/// writes a first part.
fn a_kill_loses_nothing() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let writers = [1, 2].map(|writer: u8| {
        let (engine, acknowledged) = (Arc::clone(&engine), Arc::clone(&acknowledged));
        thread::spawn(move || {
            for round in 0..5 {
                let key = vec![writer, round];
                engine.put(&key, &[round; VALUE_BYTES]).unwrap();
                acknowledged.lock().unwrap().push((key, round));
            }
        })
    });
    for _ in 0..2 {
        let survives = acknowledged.lock().unwrap().clone();
        let after = disk.fork();
        let reopened = open(&after);
        let found = all(&reopened);
        for record in survives {
            assert!(found.contains(&record), "{record:?} was acknowledged");
        }
        for writer in [1, 2] {
            let rounds = found.iter().filter(|(key, _)| key[0] == writer);
            assert!(
                rounds
                    .map(|(_, round)| *round)
                    .eq(0..found_of(&found, writer)),
                "a hole"
            );
        }
        reopened.close().unwrap();
    }
    writers.into_iter().for_each(|it| it.join().unwrap());
    engine.close().unwrap();
}

fn found_of(found: &[(Vec<u8>, u8)], writer: u8) -> u8 {
    found.iter().filter(|(key, _)| key[0] == writer).count() as u8
}

/// Under `Durability::Batch` the thread that syncs hears of every write: nobody waits for ever.
fn batched_syncs() {
    let disk = CrashDisk::new();
    let mut options = options(&disk);
    options.durability = Durability::Batch(Duration::from_millis(1));
    let engine = Arc::new(Engine::open(DIR, options).unwrap());
    let writers = [1, 2].map(|writer: u8| {
        let engine = Arc::clone(&engine);
        thread::spawn(move || {
            for round in 0..3 {
                engine.put(&[writer, round], &[round; VALUE_BYTES]).unwrap();
            }
        })
    });
    writers.into_iter().for_each(|it| it.join().unwrap());
    until(|| engine.stats().wal_syncs > 0);
    assert_eq!(all(&engine).len(), 6);
    engine.close().unwrap();
    drop(engine);
    assert_eq!(all(&open(&disk)).len(), 6);
}

/// Lets others go on until it `is_so`; where it never is, shuttle gives up after a million steps.
fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}

/// The thread that flushes hears of every memtable that is full.
fn full_memtables() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    for round in 0..4 {
        put(&engine, "k", round);
    }
    until(|| engine.stats().flushes > 0);
    assert_eq!(number(&engine, "k"), Some(3));
    engine.close().unwrap();
}
