//! Claims about records that expire: what a reader never sees again, and when the disk forgets.

use super::claims::{Place, entries_on_disk};
use grainstore::clock::Clock;
use grainstore::engine::{Background, Engine, EngineOptions, Snapshot};
use grainstore::fs::CrashDisk;
use grainstore_proof::engine_run::{DIR, START_MS};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const LATER_MS: u64 = START_MS + 1_000;

/// Puts an entry aside: where it is when the next comes.
type Settle = fn(&Engine);

const LAYOUTS: [(&str, Settle); 4] = [
    ("memtable", |_| {}),
    ("level 0", |engine| engine.flush().unwrap()),
    ("moved", |engine| {
        engine.flush().unwrap();
        engine.run_due_work().unwrap();
    }),
    ("merged", |engine| engine.compact().unwrap()),
];

/// Reads `k` in every way there is.
fn read(engine: &Engine) -> Option<Vec<u8>> {
    let got = engine.get(b"k").unwrap().map(|value| value.to_vec());
    let forward: Vec<_> = engine
        .scan::<&[u8]>(..)
        .unwrap()
        .map(|r| r.unwrap().1.to_vec())
        .collect();
    let backward = engine.scan::<&[u8]>(..).unwrap().rev();
    let backward: Vec<_> = backward.map(|r| r.unwrap().1.to_vec()).collect();
    assert_eq!(forward, got.clone().into_iter().collect::<Vec<_>>());
    assert_eq!(backward, forward);
    got
}

/// An engine in which neither level 0 nor writes start any work.
fn quiet(place: &Place) -> Engine {
    let mut options = place.options();
    options.level0_tables = 16;
    Engine::open(DIR, options).unwrap()
}

#[test]
fn expired_newest_version_never_lets_an_older_one_reappear_in_any_layout() {
    for (older_in, settle_older) in LAYOUTS {
        for (newer_in, settle_newer) in LAYOUTS {
            for (then, settle) in LAYOUTS {
                let place = Place::new();
                let engine = quiet(&place);
                engine.put(b"k", b"older").unwrap();
                settle_older(&engine);
                engine.put_with_expiry(b"k", b"newer", LATER_MS).unwrap();
                settle_newer(&engine);
                let layout = format!("{older_in}, {newer_in}, {then}");
                assert_eq!(read(&engine).unwrap(), b"newer", "{layout}");
                place.clock.set(LATER_MS - 1);
                assert_eq!(read(&engine).unwrap(), b"newer", "{layout}");
                place.clock.set(LATER_MS);
                assert_eq!(read(&engine), None, "{layout}");
                settle(&engine);
                assert_eq!(read(&engine), None, "{layout}, settled");
                engine.run_due_work().unwrap();
                assert_eq!(read(&engine), None, "{layout}, due work done");
                drop(engine);
                let engine = quiet(&place);
                assert_eq!(read(&engine), None, "{layout}, reopened");
                engine.compact().unwrap();
                assert_eq!(read(&engine), None, "{layout}, compacted");
                assert_eq!(entries_on_disk(&engine), 0, "{layout}");
            }
        }
    }
}

#[test]
fn snapshot_sees_for_ever_what_was_alive_when_it_was_taken_and_nobody_else_does() {
    for (older_in, settle_older) in LAYOUTS {
        for (newer_in, settle_newer) in LAYOUTS {
            let place = Place::new();
            let engine = quiet(&place);
            engine.put(b"k", b"older").unwrap();
            let before = engine.snapshot();
            settle_older(&engine);
            engine.put_with_expiry(b"k", b"newer", LATER_MS).unwrap();
            settle_newer(&engine);
            let alive = engine.snapshot();
            place.clock.set(LATER_MS);
            let after = engine.snapshot();
            for (then, settle) in LAYOUTS {
                settle(&engine);
                let layout = format!("{older_in}, {newer_in}, {then}");
                let at = |it: &Snapshot| engine.get_at(it, b"k").unwrap().map(|v| v.to_vec());
                assert_eq!(at(&before).unwrap(), b"older", "{layout}");
                assert_eq!(at(&alive).unwrap(), b"newer", "{layout}");
                assert_eq!(at(&after), None, "{layout}");
                assert_eq!(read(&engine), None, "{layout}");
            }
            drop((before, alive));
            engine.compact().unwrap();
            assert_eq!(entries_on_disk(&engine), 0);
            assert!(engine.get_at(&after, b"k").unwrap().is_none());
        }
    }
}

#[test]
fn expired_records_leave_the_disk_at_the_next_due_work_without_further_writes() {
    for (older_in, settle_older) in LAYOUTS {
        for (newer_in, settle_newer) in LAYOUTS {
            let place = Place::new();
            let engine = place.open();
            engine.put_with_expiry(b"k", b"older", LATER_MS).unwrap();
            settle_older(&engine);
            engine.put_with_expiry(b"k", b"newer", LATER_MS).unwrap();
            settle_newer(&engine);
            place.clock.set(LATER_MS);
            engine.run_due_work().unwrap();
            let stats = engine.stats();
            let left = (stats.memtable_bytes, stats.tables());
            assert_eq!(left, (0, 0), "{older_in}, {newer_in}");
        }
    }
}

#[test]
fn expired_version_takes_the_one_below_it_along_and_leaves_no_tombstone() {
    for (older_in, settle_older) in &LAYOUTS[1..] {
        for (newer_in, settle_newer) in LAYOUTS {
            let place = Place::new();
            let engine = place.open();
            engine.put(b"k", b"older").unwrap();
            settle_older(&engine);
            engine.put_with_expiry(b"k", b"newer", LATER_MS).unwrap();
            settle_newer(&engine);
            place.clock.set(LATER_MS);
            engine.run_due_work().unwrap();
            let stats = engine.stats();
            let left = (stats.memtable_bytes, stats.tables());
            assert_eq!(left, (0, 0), "{older_in}, {newer_in}");
        }
    }
}

fn on_the_real_clock() -> Engine {
    let mut options = EngineOptions::default();
    options.background = Background::Thread;
    options.file_system = Arc::new(CrashDisk::new());
    Engine::open(DIR, options).unwrap()
}

/// Waits for up to ten seconds.
#[allow(clippy::disallowed_methods)]
fn wait_until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..200 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what}: waited for ten seconds");
}

#[test]
fn expired_table_leaves_the_disk_by_itself() {
    let engine = on_the_real_clock();
    engine
        .put_with_expiry(b"k", b"v", engine.now_ms() + 1_000)
        .unwrap();
    engine.flush().unwrap();
    assert_eq!(entries_on_disk(&engine), 1);
    wait_until("the table goes", || engine.stats().tables() == 0);
    assert!(engine.get(b"k").unwrap().is_none());
}

#[test]
fn expired_memtable_is_retired_by_itself_though_the_thread_slept_when_it_was_written() {
    let engine = on_the_real_clock();
    let_it_fall_asleep();
    engine
        .put_with_expiry(b"k", b"v", engine.now_ms() + 1_000)
        .unwrap();
    assert!(engine.stats().memtable_bytes > 0);
    wait_until("the memtable goes", || engine.stats().memtable_bytes == 0);
    assert_eq!(engine.stats().tables(), 0);
}

#[allow(clippy::disallowed_methods)]
fn let_it_fall_asleep() {
    std::thread::sleep(Duration::from_millis(300));
}

#[test]
fn clock_that_runs_back_over_a_reopen_brings_nothing_back_to_life() {
    for (at, settle) in LAYOUTS {
        for kill in [false, true] {
            let mut place = Place::new();
            let engine = place.open();
            engine.put_with_expiry(b"k", b"v", LATER_MS).unwrap();
            settle(&engine);
            place.clock.set(LATER_MS);
            assert_eq!(read(&engine), None);
            // After a kill the time is known from the last write.
            engine.put(b"other", b"").unwrap();
            engine.delete(b"other").unwrap();
            if kill {
                place.disk = place.disk.fork();
            }
            drop(engine);
            place.clock.set(START_MS - 500);
            let engine = place.open();
            assert_eq!(engine.now_ms(), LATER_MS, "{at}, kill {kill}");
            assert_eq!(read(&engine), None, "{at}, kill {kill}");
            engine.put_with_expiry(b"k", b"v", LATER_MS + 5).unwrap();
            assert_eq!(read(&engine).unwrap(), b"v", "{at}, kill {kill}");
        }
    }
}

/// A clock that does something when it is asked the n-th time from now, and then steps on.
#[derive(Debug, Default)]
struct Intruder {
    now_ms: AtomicU64,
    countdown: AtomicI64,
    engine: OnceLock<Engine>,
    taken: OnceLock<Snapshot>,
}

#[derive(Debug, Clone)]
struct IntruderClock(Arc<Intruder>);

impl Clock for IntruderClock {
    fn now_ms(&self) -> u64 {
        let it = &self.0;
        if it.countdown.fetch_sub(1, Ordering::SeqCst) == 1 {
            let snapshot = it.engine.get().unwrap().snapshot();
            it.taken.set(snapshot).unwrap();
            it.now_ms.store(LATER_MS, Ordering::SeqCst);
        }
        it.now_ms.load(Ordering::SeqCst)
    }
}

#[test]
fn snapshot_taken_at_any_moment_of_a_compaction_keeps_what_it_sees_alive() {
    let mut moments = 0;
    for flushed in [true, false] {
        for moment in 1..20 {
            let intruder = Arc::new(Intruder::default());
            intruder.now_ms.store(START_MS, Ordering::SeqCst);
            let mut options = Place::new().options();
            options.clock = Arc::new(IntruderClock(Arc::clone(&intruder)));
            let engine = Engine::open(DIR, options).unwrap();
            intruder.engine.set(engine.clone()).unwrap();
            engine.put_with_expiry(b"k", b"v", LATER_MS).unwrap();
            if flushed {
                engine.flush().unwrap();
            }
            intruder.countdown.store(moment, Ordering::SeqCst);
            engine.compact().unwrap();
            if let Some(snapshot) = intruder.taken.get() {
                moments += 1;
                let found = engine.get_at(snapshot, b"k").unwrap();
                assert!(
                    found.is_some(),
                    "lost at look {moment} at the clock, {flushed}"
                );
            }
        }
    }
    assert!(
        moments >= 4,
        "a compaction looked at the clock only {moments} times"
    );
}
