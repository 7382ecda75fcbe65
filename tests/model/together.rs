//! Many threads on one engine, with memtables so small that it flushes and compacts all the time.

use super::claims::Place;
use grainstore::engine::{Background, Engine, EngineOptions, WriteBatch};
use grainstore::fs::SplitMix64;
use grainstore::{Db, Durability, Ttl};
use grainstore_proof::engine_run::DIR;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::scope;
use std::time::Duration;

const THREADS: u32 = 4;

fn options() -> EngineOptions {
    let mut options = Place::new().options();
    options.background = Background::Thread;
    options.memtables_max = 2;
    options
}

fn durabilities() -> [Durability; 3] {
    let window = Duration::from_millis(1);
    [
        Durability::Sync,
        Durability::Batch(window),
        Durability::Buffered,
    ]
}

#[test]
fn numbers_added_by_many_threads_sum_up_exactly() {
    const ROUNDS: u32 = 400;
    for durability in durabilities() {
        let mut options = options();
        options.durability = durability;
        let builder = Db::builder(DIR).engine_options(|it| *it = options);
        let db = builder.open().unwrap();
        let counts = db.u32_store("counts").unwrap();
        let noise = db.bytes_store("noise").unwrap();
        scope(|scope| {
            for thread in 0..THREADS {
                let (counts, noise, db) = (counts.clone(), noise.clone(), db.clone());
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        counts.add(round % 3, 1).unwrap();
                        // Pushes the counts through flushes, and some to the bottom.
                        noise.put(round.to_be_bytes(), [7; 300]).unwrap();
                        if round % 50 == thread {
                            db.compact().unwrap();
                        }
                    }
                });
            }
        });
        let sum: u32 = counts.iter().values().map(Result::unwrap).sum();
        assert_eq!(sum, THREADS * ROUNDS, "{durability:?}");
        db.verify().unwrap();
    }
}

#[test]
fn record_that_many_threads_take_is_taken_once() {
    let builder = Db::builder(DIR).engine_options(|it| *it = options());
    let db = builder.open().unwrap();
    let jobs = db.store::<u32, Vec<u8>>("jobs").unwrap();
    let taken = AtomicU64::new(0);
    for round in 0..60 {
        for job in 0..8u32 {
            jobs.put(&job, &vec![round; 200]).unwrap();
        }
        scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for job in 0..8u32 {
                        let got = jobs.take(&job).unwrap();
                        taken.fetch_add(u64::from(got.is_some()), Ordering::Relaxed);
                        if job == 4 {
                            db.compact().unwrap();
                        }
                    }
                });
            }
        });
    }
    assert_eq!(taken.into_inner(), 60 * 8);
    assert!(jobs.is_empty().unwrap());
}

/// Moves amounts between accounts, each move one batch.
fn move_amounts(engine: &Engine, seed: u64, moves: u32) {
    let mut chance = SplitMix64::new(seed);
    // Each thread has accounts of its own, so that no move needs a condition.
    let account = |n: u64| [b"account/", seed.to_be_bytes().as_slice(), &[n as u8]].concat();
    let mut amounts = [1_000u64; 8];
    for _ in 0..moves {
        let (from, to) = (chance.below(8) as usize, chance.below(8) as usize);
        let amount = chance.below(amounts[from] + 1);
        amounts[from] -= amount;
        amounts[to] += amount;
        let mut batch = WriteBatch::new();
        for n in [from, to] {
            let value = [amounts[n].to_be_bytes().as_slice(), &[0; 120]].concat();
            batch.put(&account(n as u64), &value).unwrap();
        }
        engine.write(batch).unwrap();
    }
}

/// The sum of all amounts, and their number.
fn sum<V: AsRef<[u8]>, K>(scan: impl Iterator<Item = grainstore::Result<(K, V)>>) -> (u64, usize) {
    scan.fold((0, 0), |(sum, count), record| {
        let (_, value) = record.unwrap();
        let amount: [u8; 8] = value.as_ref()[..8].try_into().unwrap();
        (sum + u64::from_be_bytes(amount), count + 1)
    })
}

#[test]
fn every_snapshot_and_every_scan_sees_the_same_sum_while_batches_move_amounts() {
    let engine = Engine::open(DIR, options()).unwrap();
    for seed in 0..u64::from(THREADS) {
        let mut batch = WriteBatch::new();
        for n in 0..8u8 {
            let key = [b"account/", seed.to_be_bytes().as_slice(), &[n]].concat();
            batch.put(&key, &1_000u64.to_be_bytes()).unwrap();
        }
        engine.write(batch).unwrap();
    }
    let wanted = (8_000 * u64::from(THREADS), 8 * THREADS as usize);
    let done = AtomicBool::new(false);
    scope(|scope| {
        let readers = [0, 1].map(|reader| {
            let (engine, done) = (&engine, &done);
            scope.spawn(move || {
                let mut looks = 0u64;
                while !done.load(Ordering::Relaxed) {
                    let snapshot = engine.snapshot();
                    let all = || engine.scan_at::<&[u8]>(&snapshot, ..).unwrap();
                    assert_eq!(sum(all()), wanted, "a snapshot");
                    assert_eq!(sum(engine.scan::<&[u8]>(..).unwrap()), wanted, "a scan");
                    assert_eq!(sum(engine.scan::<&[u8]>(..).unwrap().rev()), wanted);
                    if looks % 4 == reader {
                        engine.compact().unwrap();
                    }
                    assert_eq!(sum(all().rev()), wanted, "the snapshot later, backward");
                    looks += 1;
                }
                looks
            })
        });
        let writers = (0..u64::from(THREADS)).map(|seed| {
            let engine = &engine;
            scope.spawn(move || move_amounts(engine, seed, 600))
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0, "a reader never came to look");
        }
    });
    assert!(engine.stats().flushes > 10 && engine.stats().compactions > 10);
    engine.verify().unwrap();
}

#[test]
fn reader_never_sees_a_value_go_back_while_it_moves_through_memtables_and_levels() {
    let engine = Engine::open(DIR, options()).unwrap();
    let keys = [&b"a"[..], b"b", b"c"];
    for key in keys {
        engine.put(key, &0u64.to_be_bytes()).unwrap();
    }
    let done = AtomicBool::new(false);
    let number = |value: &[u8]| u64::from_be_bytes(value[..8].try_into().unwrap());
    scope(|scope| {
        for key in keys {
            let (engine, done) = (&engine, &done);
            scope.spawn(move || {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let found = engine.get_with(key, number).unwrap();
                    let found = found.expect("the key is always there");
                    assert!(found >= last, "{found} after {last}");
                    last = found;
                    let mut cursor = engine.cursor::<&[u8]>(..).unwrap();
                    cursor.seek(key).unwrap();
                    assert_eq!(cursor.key(), key);
                    assert!(
                        number(cursor.value()) >= last,
                        "a cursor sees an older value"
                    );
                    last = number(cursor.value());
                }
            });
        }
        for n in 1..3_000u64 {
            let value = [n.to_be_bytes().as_slice(), &[0; 100]].concat();
            for key in keys {
                engine.put(key, &value).unwrap();
            }
            if n % 500 == 0 {
                engine.compact().unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn scan_stays_as_it_was_while_everything_under_it_is_rewritten() {
    let engine = Engine::open(DIR, options()).unwrap();
    let key = |n: u32| format!("key/{n:05}").into_bytes();
    for n in 0..400 {
        engine.put(&key(n), &[1; 100]).unwrap();
    }
    let slow = engine.scan::<&[u8]>(..).unwrap();
    let slow_back = engine.scan::<&[u8]>(..).unwrap().rev();
    scope(|scope| {
        scope.spawn(|| {
            for round in 2..8u8 {
                for n in 0..400 {
                    match n % 3 {
                        0 => engine.put(&key(n), &[round; 100]),
                        1 => engine.delete(&key(n)),
                        _ => engine.put_with_expiry(&key(n), &[round; 100], 1),
                    }
                    .unwrap();
                }
                engine.delete_range(&key(300), &key(350)).unwrap();
                engine.compact().unwrap();
            }
        });
        let mut keys = Vec::new();
        for (forward, backward) in slow.zip(slow_back) {
            let (forward, backward) = (forward.unwrap(), backward.unwrap());
            assert!(forward.1 == [1; 100][..] && backward.1 == [1; 100][..]);
            keys.push((forward.0.to_vec(), backward.0.to_vec()));
            std::thread::yield_now();
        }
        let wanted: Vec<_> = (0..400).map(|n| (key(n), key(399 - n))).collect();
        assert_eq!(keys, wanted);
    });
}

#[test]
fn writers_that_wait_together_are_all_there_after_a_kill() {
    let place = Place::new();
    let mut options = place.options();
    options.background = Background::Thread;
    let engine = Engine::open(DIR, options).unwrap();
    scope(|scope| {
        for thread in 0..THREADS {
            let engine = &engine;
            scope.spawn(move || {
                for n in 0..300u32 {
                    let key = [thread.to_be_bytes(), n.to_be_bytes()].concat();
                    engine.put(&key, &[thread as u8; 50]).unwrap();
                }
            });
        }
    });
    let killed = Place {
        disk: place.disk.fork(),
        clock: place.clock.clone(),
    };
    for _ in 0..3 {
        let again = killed.open();
        assert_eq!(again.scan::<&[u8]>(..).unwrap().count(), 4 * 300);
        assert_eq!(again.stats().sequence_last, 4 * 300);
    }
    let stats = engine.stats();
    assert_eq!(stats.commits, 4 * 300);
    assert!(stats.commit_groups <= stats.commits);
}

#[test]
fn lifetimes_that_are_kept_survive_writers_that_change_them() {
    let place = Place::new();
    let mut options = place.options();
    options.background = Background::Thread;
    let db = Db::builder(DIR)
        .engine_options(|it| *it = options)
        .open()
        .unwrap();
    let store = db.store::<u32, u32>("sessions").unwrap();
    store.put(&0, &0).unwrap();
    scope(|scope| {
        scope.spawn(|| {
            for n in 1..500u64 {
                let ttl = Ttl::After(Duration::from_secs(n));
                assert!(store.touch(&0, ttl).unwrap());
            }
        });
        scope.spawn(|| {
            for n in 1..500 {
                store.put_with(&0, &n, Ttl::Keep).unwrap();
                if n % 100 == 0 {
                    db.compact().unwrap();
                }
            }
        });
    });
    let last = store.get_versioned(&0).unwrap().unwrap();
    assert_eq!(last.value, 499, "a touch wrote an old value back");
    let left = grainstore::Expiry::In(Duration::from_secs(499));
    assert_eq!(
        store.ttl(&0).unwrap(),
        left,
        "a put wrote an old lifetime back"
    );
}
