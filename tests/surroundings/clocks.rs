//! Time that goes back, stands still, leaps ahead, or is at either end.

use grainstore::clock::ManualClock;
use grainstore::fs::CrashDisk;
use grainstore::{Background, Db, GrainStore, Ttl};
use std::time::Duration;

const START_MS: u64 = 1_800_000_000_000;
const MINUTE: Ttl = Ttl::After(Duration::from_secs(60));
const YEAR_MS: u64 = 365 * 24 * 3_600 * 1_000;

fn open(disk: &CrashDisk, clock: &ManualClock) -> (Db, GrainStore<u32, u32>) {
    let builder = Db::builder("/db").file_system(disk.clone());
    let builder = builder.clock(clock.clone());
    let db = builder.background(Background::Inline).open().unwrap();
    let store = db.store("sessions").unwrap();
    (db, store)
}

/// Puts 1 for ever and 2 for a minute, and takes both to a table.
fn begun(clock: &ManualClock) -> CrashDisk {
    let disk = CrashDisk::new();
    let (db, store) = open(&disk, clock);
    store.put_with(&1, &1, Ttl::Never).unwrap();
    store.put_with(&2, &2, MINUTE).unwrap();
    db.flush().unwrap();
    disk
}

#[test]
fn a_clock_that_is_set_back_brings_nothing_back() {
    let clock = ManualClock::new(START_MS);
    let disk = begun(&clock);
    let (db, store) = open(&disk, &clock);
    clock.advance(60_000);
    assert_eq!(store.get(&2).unwrap(), None);
    for back_ms in [START_MS, START_MS - YEAR_MS, 1, 0] {
        clock.set(back_ms);
        assert_eq!(
            (store.get(&1).unwrap(), store.get(&2).unwrap()),
            (Some(1), None)
        );
    }
    store.put(&3, &3).unwrap(); // a write keeps the time in the log
    drop((db, store));
    let (_db, store) = open(&disk, &clock);
    assert_eq!(
        (store.get(&1).unwrap(), store.get(&2).unwrap()),
        (Some(1), None)
    );
    // A new lifetime begins at the time that the database knows, and is not over at once.
    store.put_with(&2, &5, MINUTE).unwrap();
    assert_eq!(store.get(&2).unwrap(), Some(5));
}

#[test]
fn a_clock_that_stands_still_lets_nothing_expire() {
    let clock = ManualClock::new(START_MS);
    let disk = begun(&clock);
    for life in 10..20 {
        let (db, store) = open(&disk, &clock);
        store.put_with(&life, &life, MINUTE).unwrap();
        assert_eq!(store.count().unwrap(), life as u64 - 7);
        db.compact().unwrap();
        assert_eq!(store.count().unwrap(), life as u64 - 7);
    }
}

#[test]
fn a_clock_that_leaps_a_century_ends_lifetimes_and_nothing_else() {
    let clock = ManualClock::new(START_MS);
    let disk = begun(&clock);
    let (db, store) = open(&disk, &clock);
    clock.advance(100 * YEAR_MS);
    store.put_with(&3, &3, MINUTE).unwrap();
    db.compact().unwrap();
    let keys = |store: &GrainStore<u32, u32>| {
        let keys = store.iter().map(|entry| entry.unwrap().key);
        keys.collect::<Vec<_>>()
    };
    assert_eq!(keys(&store), [1, 3]);
    drop((db, store));
    // Set right again, time goes on where it was at most; writes and lifetimes work as ever.
    clock.set(START_MS + 1);
    let (db, store) = open(&disk, &clock);
    assert_eq!(keys(&store), [1, 3]);
    store.put_with(&4, &4, MINUTE).unwrap();
    assert_eq!(store.get(&4).unwrap(), Some(4));
    clock.set(START_MS + 100 * YEAR_MS + 60_000);
    assert_eq!(keys(&store), [1]);
    db.verify().unwrap();
}

#[test]
fn a_clock_at_zero_is_a_clock() {
    let clock = ManualClock::new(0);
    let disk = begun(&clock);
    let (db, store) = open(&disk, &clock);
    assert_eq!(store.get(&2).unwrap(), Some(2));
    // An expiry of 0 means never, so nothing ends before the first millisecond.
    store.put_with(&3, &3, Ttl::After(Duration::ZERO)).unwrap();
    clock.set(1);
    assert_eq!(store.get(&3).unwrap(), None);
    clock.set(59_999);
    assert_eq!(store.get(&2).unwrap(), Some(2));
    clock.set(60_000);
    assert_eq!(store.get(&2).unwrap(), None);
    db.compact().unwrap();
    assert_eq!(store.count().unwrap(), 1);
}

#[test]
fn a_clock_at_the_end_of_time_stops_no_write() {
    for end_ms in [u64::MAX, u64::MAX - 1, i64::MAX as u64] {
        let clock = ManualClock::new(START_MS);
        let disk = begun(&clock);
        clock.set(end_ms);
        let (db, store) = open(&disk, &clock);
        assert_eq!(
            (store.get(&1).unwrap(), store.get(&2).unwrap()),
            (Some(1), None)
        );
        store.put(&3, &3).unwrap();
        store.put_with(&4, &4, MINUTE).unwrap();
        // At the very last millisecond there is none left to live in.
        let lives = (end_ms < u64::MAX).then_some(4);
        assert_eq!(store.get(&4).unwrap(), lives, "at {end_ms}");
        store
            .update(&3, |old| grainstore::Change::Put(old.unwrap() + 1))
            .unwrap();
        db.compact().unwrap();
        db.verify().unwrap();
        drop((db, store));
        clock.set(START_MS);
        let (db, store) = open(&disk, &clock);
        assert_eq!(
            (store.get(&1).unwrap(), store.get(&3).unwrap()),
            (Some(1), Some(4))
        );
        db.compact().unwrap();
    }
}
