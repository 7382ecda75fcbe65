//! What histories found, and what nobody may break again: the smallest case of each.

use grainstore::clock::ManualClock;
use grainstore::engine::{Engine, EngineOptions};
use grainstore::fs::CrashDisk;
use grainstore_proof::engine_run::{DIR, START_MS};
use grainstore_proof::setting::Setting;
use std::sync::Arc;

/// A simulated disk and a clock set by hand, and engines on them.
pub struct Place {
    pub disk: CrashDisk,
    pub clock: ManualClock,
}

impl Place {
    pub fn new() -> Self {
        let (disk, clock) = (CrashDisk::new(), ManualClock::new(START_MS));
        Self { disk, clock }
    }

    /// The smallest sizes, all work on the writers' threads.
    pub fn options(&self) -> EngineOptions {
        let setting = Setting {
            block_bytes: 64,
            cache_kib: 16,
            wal_segment_kib: 16,
            ..Setting::SMALL
        };
        let mut options = setting.options(4);
        options.file_system = Arc::new(self.disk.clone());
        options.clock = Arc::new(self.clock.clone());
        options
    }

    pub fn open(&self) -> Engine {
        Engine::open(DIR, self.options()).unwrap()
    }
}

/// Entries in tables, all versions and tombstones.
pub fn entries_on_disk(engine: &Engine) -> u64 {
    let stats = engine.stats();
    stats.levels.iter().map(|level| level.entries).sum()
}

#[test]
fn compact_drops_the_versions_that_a_snapshot_kept_once_it_is_gone() {
    let engine = Place::new().open();
    engine.put(b"k", b"old").unwrap();
    let snapshot = engine.snapshot();
    engine.put(b"k", b"new").unwrap();
    engine.compact().unwrap();
    assert_eq!(entries_on_disk(&engine), 2);
    assert_eq!(engine.get_at(&snapshot, b"k").unwrap().unwrap(), b"old");
    drop(snapshot);
    engine.compact().unwrap();
    assert_eq!(entries_on_disk(&engine), 1);
    assert_eq!(engine.get(b"k").unwrap().unwrap(), b"new");
}

#[test]
fn log_that_replays_into_several_memtables_opens_again_after_the_first_is_in_a_table() {
    let place = Place::new();
    let mut large = place.options();
    large.memtable_bytes = 64 << 10;
    let engine = Engine::open(DIR, large).unwrap();
    for n in 0..8u8 {
        engine.put(&[n], &[n; 1_000]).unwrap();
    }
    drop(engine);
    for _ in 0..3 {
        let engine = place.open();
        for n in 0..8u8 {
            assert_eq!(engine.get(&[n]).unwrap().unwrap(), [n; 1_000]);
        }
        assert_eq!(engine.stats().sequence_last, 8);
    }
}

#[test]
fn scan_that_was_not_begun_outlives_the_table_that_moved_and_was_then_replaced() {
    let place = Place::new();
    let mut options = place.options();
    options.level0_tables = 1;
    let engine = Engine::open(DIR, options).unwrap();
    engine.put(b"k", b"old").unwrap();
    engine.flush().unwrap();
    let scan = engine.scan::<&[u8]>(..).unwrap();
    engine.run_due_work().unwrap();
    assert_eq!(engine.stats().levels[1].tables, 1, "the table moved down");
    engine.put(b"k", b"new").unwrap();
    engine.compact().unwrap();
    let found: Vec<_> = scan.map(|record| record.unwrap().1).collect();
    assert_eq!(found, [&b"old"[..]]);
    assert_eq!(engine.get(b"k").unwrap().unwrap(), b"new");
    let tables = || {
        place
            .disk
            .paths()
            .into_iter()
            .filter(|p| p.extension() == Some("table".as_ref()))
    };
    assert_eq!(tables().count(), 1, "what nobody reads any more is removed");
}
