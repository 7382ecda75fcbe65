//! What becomes of deletions on their way down, rule by rule; and tables that come from outside.

#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too

#[path = "tombstones/files.rs"]
mod files;

use grainstore::Background;
use grainstore::engine::{Compaction, Engine, EngineOptions, LevelStats};
use grainstore::fs::CrashDisk;
use std::sync::Arc;

pub(crate) const DIR: &str = "/db";

/// Two runs of a size merge, and go on top of the oldest run, which lies on level 6.
pub(crate) fn open(disk: &CrashDisk) -> Engine {
    let mut options = EngineOptions::default();
    options.file_system = Arc::new(disk.clone());
    options.background = Background::Inline;
    options.compaction = Compaction::SizeTiered {
        runs_merged_min: 2,
        runs_max: 8,
        space_percent_max: 10_000,
    };
    options.table_bytes = 8 << 10;
    Engine::open(DIR, options).unwrap()
}

/// An engine whose oldest run, on level 6, has `k` and much else.
fn with_older_below() -> Engine {
    let engine = open(&CrashDisk::new());
    engine.put(b"k", b"base").unwrap();
    for n in 0..1_000u32 {
        engine.put(&n.to_be_bytes(), &[1; 100]).unwrap();
    }
    engine.compact().unwrap();
    assert_eq!(engine.stats().levels[6].entries, 1_001);
    engine
}

/// One table of level 0 for each of `writes`, which are then merged.
fn merge(engine: &Engine, writes: [&dyn Fn(&Engine); 2]) -> LevelStats {
    for write in writes {
        write(engine);
        engine.flush().unwrap();
    }
    assert_eq!(engine.stats().levels[0].tables, 2);
    engine.run_due_work().unwrap();
    let stats = engine.stats();
    assert_eq!(
        (stats.levels[0].tables, stats.levels[6].entries),
        (0, 1_001)
    );
    stats.levels[5]
}

fn value(engine: &Engine) -> Option<Vec<u8>> {
    engine.get(b"k").unwrap().map(|value| value.to_vec())
}

fn put(engine: &Engine) {
    engine.put(b"k", b"value").unwrap();
}

fn delete(engine: &Engine) {
    engine.delete(b"k").unwrap();
}

#[test]
fn flush_makes_a_tombstone_of_an_older_value_and_a_newer_tombstone() {
    let engine = with_older_below();
    put(&engine);
    delete(&engine);
    engine.flush().unwrap();
    let flushed = engine.stats().levels[0];
    assert_eq!((flushed.entries, flushed.tombstones), (1, 1));
    assert_eq!(value(&engine), None);
}

#[test]
fn flush_makes_a_value_of_an_older_tombstone_and_a_newer_value() {
    let engine = with_older_below();
    delete(&engine);
    put(&engine);
    engine.flush().unwrap();
    let flushed = engine.stats().levels[0];
    assert_eq!((flushed.entries, flushed.tombstones), (1, 0));
    assert_eq!(value(&engine).unwrap(), b"value");
}

#[test]
fn flush_keeps_a_tombstone_without_a_newer_value_while_something_older_is_below() {
    let engine = with_older_below();
    delete(&engine);
    engine.delete(b"nothing below").unwrap();
    engine.flush().unwrap();
    let flushed = engine.stats().levels[0];
    assert_eq!((flushed.entries, flushed.tombstones), (1, 1));
    assert_eq!(value(&engine), None);
}

#[test]
fn compaction_makes_a_tombstone_of_an_older_value_and_a_newer_tombstone() {
    let engine = with_older_below();
    let merged = merge(&engine, [&put, &delete]);
    assert_eq!((merged.entries, merged.tombstones), (1, 1));
    assert_eq!(value(&engine), None);
}

#[test]
fn compaction_makes_a_value_of_an_older_tombstone_and_a_newer_value() {
    let engine = with_older_below();
    let merged = merge(&engine, [&delete, &put]);
    assert_eq!((merged.entries, merged.tombstones), (1, 0));
    assert_eq!(value(&engine).unwrap(), b"value");
}

#[test]
fn compaction_keeps_a_tombstone_without_a_newer_value_until_nothing_older_is_below() {
    let engine = with_older_below();
    let other = |engine: &Engine| engine.put(b"other", b"value").unwrap();
    let merged = merge(&engine, [&delete, &other]);
    assert_eq!((merged.entries, merged.tombstones), (2, 1));
    assert_eq!(value(&engine), None);
    // With the oldest run among the merged there is nothing below.
    engine.compact().unwrap();
    let bottom = engine.stats().levels[6];
    assert_eq!((bottom.entries, bottom.tombstones), (1_001, 0));
    assert_eq!(value(&engine), None);
    assert_eq!(engine.get(b"other").unwrap().unwrap(), b"value");
}

#[test]
fn tombstone_goes_at_the_bottom_whether_or_not_there_is_something_to_delete() {
    let engine = open(&CrashDisk::new());
    delete(&engine);
    engine.flush().unwrap();
    assert_eq!(engine.stats().tables(), 0, "nothing is below a first table");
    put(&engine);
    engine.flush().unwrap();
    delete(&engine);
    engine.delete_range(b"a", b"z").unwrap();
    engine.flush().unwrap();
    engine.run_due_work().unwrap();
    assert_eq!(engine.stats().tables(), 0, "all there was is deleted");
    assert_eq!(value(&engine), None);
}
