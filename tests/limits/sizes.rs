//! Keys, values and batches of every size up to the limit, at it and beyond it.
//!
//! `tests/api/limits.rs` has the same of the typed stores, and the values of 1 GiB and a byte.

use grainstore::ErrorKind;
use grainstore::engine::{Background, Durability, Engine, EngineOptions, WriteBatch};
use grainstore::fs::CrashDisk;
use std::sync::Arc;

const KEY_BYTES_MAX: usize = 64 << 10;

fn options(disk: &CrashDisk) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.file_system = Arc::new(disk.clone());
    options
}

#[test]
fn keys_of_0_and_1_byte_and_about_the_limit_are_kept_or_refused() {
    let disk = CrashDisk::new();
    let lengths = [0, 1, 2, KEY_BYTES_MAX - 1, KEY_BYTES_MAX];
    for fill in [0u8, 0xff] {
        let engine = Engine::open("/db", options(&disk)).unwrap();
        for len in lengths {
            engine.put(&vec![fill; len], &[fill, len as u8]).unwrap();
        }
        for len in [KEY_BYTES_MAX + 1, 2 * KEY_BYTES_MAX, 1 << 24] {
            let key = vec![fill; len];
            let mut batch = WriteBatch::new();
            batch.put(b"beside", b"").unwrap();
            let errors = [
                engine.put(&key, b"").unwrap_err(),
                engine.delete(&key).unwrap_err(),
                batch
                    .delete_range(b"", &[&[0xff], &key[..]].concat())
                    .unwrap_err(),
                engine.ingest([Ok((&key, b"", 0))]).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
            }
            assert_eq!(batch.len(), 1, "the batch is as it was");
            // To ask for it, or for a range about it, is no mistake.
            assert!(engine.get(&key).unwrap().is_none());
            assert_eq!(engine.scan(&key[..]..).unwrap().count(), 0);
        }
        for _ in 0..2 {
            for len in lengths {
                let found = engine.get(&vec![fill; len]).unwrap().unwrap();
                assert_eq!(found, [fill, len as u8]);
            }
            assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), lengths.len());
            assert_eq!(
                engine.scan::<&[u8]>(..).unwrap().rev().count(),
                lengths.len()
            );
            engine.compact().unwrap();
            engine.verify().unwrap();
        }
        engine.delete_range(b"", &[0xff; 9]).unwrap();
        engine
            .delete_range(&[0xff], &[0xff; KEY_BYTES_MAX])
            .unwrap();
        engine.delete(&[0xff; KEY_BYTES_MAX]).unwrap();
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 0);
    }
}

#[test]
fn values_of_no_byte_and_of_64_mib_are_kept_through_log_memtable_and_table() {
    let disk = CrashDisk::new();
    let large: Vec<u8> = (0..64u32 << 20).map(|n| (n >> 7) as u8).collect();
    let lengths = [0, 1, 255, 256, 65_535, 65_536, large.len() - 1, large.len()];
    let engine = Engine::open("/db", options(&disk)).unwrap();
    for len in lengths {
        engine
            .put(&(len as u64).to_be_bytes(), &large[..len])
            .unwrap();
    }
    let check = |engine: &Engine| {
        for len in lengths {
            let found = engine.get(&(len as u64).to_be_bytes()).unwrap().unwrap();
            assert!(found == large[..len], "a value of {len} bytes");
        }
    };
    check(&engine);
    std::mem::forget(engine);
    let engine = Engine::open("/db", options(&disk.fork())).unwrap();
    check(&engine); // out of the log
    engine.compact().unwrap();
    check(&engine);
}

#[test]
#[ignore = "takes 6 GiB of memory and of disk"]
fn a_value_of_1_gib_is_kept() {
    let dir = std::env::temp_dir().join(format!("grainstore-gib-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let value = vec![7; 1 << 30];
    for life in 0..2 {
        let engine = Engine::open(&dir, EngineOptions::default()).unwrap();
        if life == 0 {
            engine.put(b"k", &value).unwrap();
        } else {
            engine.compact().unwrap();
        }
        assert!(engine.get(b"k").unwrap().unwrap() == value[..]);
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_batch_of_a_million_operations_is_one_commit() {
    const COUNT: u32 = 1_000_000;
    let disk = CrashDisk::new();
    let mut small = options(&disk);
    small.memtable_bytes = 4 << 10;
    small.wal_segment_bytes = 4 << 10;
    let engine = Engine::open("/db", small.clone()).unwrap();
    let mut batch = WriteBatch::new();
    for n in 0..COUNT {
        match n % 10 {
            0 => batch.delete(&(n - n % 7).to_be_bytes()).unwrap(),
            _ => batch.put(&n.to_be_bytes(), b"one").unwrap(),
        }
    }
    assert_eq!(batch.len(), COUNT as usize);
    let before = engine.snapshot();
    engine.write(batch).unwrap();
    assert_eq!(engine.stats().sequence_last, u64::from(COUNT));
    assert_eq!(engine.stats().commits, 1);
    assert_eq!(engine.scan_at::<&[u8]>(&before, ..).unwrap().count(), 0);
    let is_there = |n: u32| {
        let is_deletion = |by: u32| by.is_multiple_of(10) && by < COUNT;
        !is_deletion(n) && !(n..n + 7).any(|by| is_deletion(by) && by - by % 7 == n)
    };
    let expected = (0..COUNT).filter(|&n| is_there(n)).count();
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), expected);
    drop((before, engine));
    let engine = Engine::open("/db", small).unwrap();
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().rev().count(), expected);
    assert!(engine.stats().memtables <= 4);
}

#[test]
fn batches_far_larger_than_memtables_and_segments_come_one_after_the_other() {
    let disk = CrashDisk::new();
    let mut small = options(&disk);
    small.memtable_bytes = 4 << 10;
    small.memtables_max = 2;
    small.wal_segment_bytes = 4 << 10;
    small.durability = Durability::Buffered;
    let engine = Engine::open("/db", small.clone()).unwrap();
    for round in 0..8u8 {
        let mut batch = WriteBatch::new();
        for n in 0..500u32 {
            batch.put(&n.to_be_bytes(), &[round; 4_000]).unwrap();
        }
        batch
            .delete_range(&100u32.to_be_bytes(), &200u32.to_be_bytes())
            .unwrap();
        batch.delete_range(b"z", b"a").unwrap(); // of nothing
        engine.write(batch).unwrap();
        assert!(engine.stats().memtables <= 2);
        let records = engine.scan::<&[u8]>(..).unwrap().map(Result::unwrap);
        assert!(
            records
                .filter(|(_, value)| **value == [round; 4_000])
                .count()
                == 400
        );
    }
    drop(engine);
    let engine = Engine::open("/db", small).unwrap();
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 400);
    engine.verify().unwrap();
}
