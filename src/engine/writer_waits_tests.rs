//! What writers do not wait for: a merge before their memtable is flushed, and a long log that goes
//! to the device all at once.

use super::background::UNSYNCED_BYTES_MAX;
use super::compaction;
use super::lsm::Engine;
use super::options::{Background, Durability, EngineOptions};
use super::rotate;
use super::write_batch::WriteBatch;
use crate::fs::crash_disk::CrashDisk;
use crate::sync::{Arc, sleep};
use std::time::Duration;

fn options(background: Background, durability: Durability) -> EngineOptions {
    EngineOptions {
        background,
        durability,
        file_system: Arc::new(CrashDisk::new()),
        ..EngineOptions::default()
    }
}

fn key(i: u32) -> [u8; 4] {
    i.to_be_bytes()
}

fn fill(engine: &Engine, numbers: impl Iterator<Item = u32>, value: &[u8]) {
    let mut batch = WriteBatch::new();
    for i in numbers {
        batch.put(&key(i), value).unwrap();
    }
    engine.write(batch).unwrap();
}

#[test]
fn a_memtable_that_is_full_while_tables_are_merged_is_flushed_before_the_merge_ends() {
    let options = options(Background::Inline, Durability::Buffered);
    let engine = Engine::open("/db", options).unwrap();
    for value in [b"1", b"2"] {
        fill(&engine, 0..5_000, value);
        engine.flush().unwrap();
    }
    fill(&engine, (0..5_000).step_by(2), b"3");
    let core = engine.core();
    rotate::freeze(core, &mut core.log.lock()).unwrap();
    let flushes = engine.stats().flushes;
    let work = core.begin_work().unwrap();
    assert!(compaction::compact_everything(core).unwrap());
    drop(work);
    let view = core.view.load_full();
    assert!(view.frozen.is_empty());
    assert_eq!(engine.stats().flushes, flushes + 1);
    assert_eq!(view.levels.level(0).len(), 1, "what was flushed is newer");
    for i in 0..5_000 {
        let newest = if i % 2 == 0 { b"3" } else { b"2" };
        assert_eq!(engine.get(&key(i)).unwrap().unwrap(), newest, "{i}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "writes much and waits for a thread")]
fn a_long_unsynced_log_is_synced_before_it_is_rolled() {
    let engine = Engine::open("/db", options(Background::Thread, Durability::Buffered)).unwrap();
    let before = engine.stats().wal_syncs;
    let value = vec![7; 1 << 20];
    for i in 0..=(UNSYNCED_BYTES_MAX >> 20) as u32 {
        engine.put(&key(i), &value).unwrap();
    }
    for _ in 0..1_000 {
        if engine.stats().wal_syncs > before {
            return engine.close().unwrap();
        }
        sleep(Duration::from_millis(10));
    }
    panic!("nobody has synced the log");
}
