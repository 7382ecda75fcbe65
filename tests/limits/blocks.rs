//! Blocks with more entries than 16 bits count, and databases with as many levels as there are.

use grainstore::engine::{Background, Engine, EngineOptions, WriteBatch};
use grainstore::fs::CrashDisk;
use std::sync::Arc;

fn options() -> EngineOptions {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.file_system = Arc::new(CrashDisk::new());
    options
}

/// The `n`-th key: three bytes, and four from 2^24 on.
fn key(n: u32) -> [u8; 3] {
    [(n >> 16) as u8, (n >> 8) as u8, n as u8]
}

#[test]
fn a_block_has_more_entries_than_16_bits_count() {
    for count in [32_767, 32_768, 65_535, 65_536, 65_537, 200_000] {
        for (hash_index, value) in [(true, &b""[..]), (false, b""), (true, b"v")] {
            let mut options = options();
            options.block_bytes = 4 << 20;
            options.block_hash_index = hash_index;
            let engine = Engine::open("/db", options).unwrap();
            let mut batch = WriteBatch::new();
            for n in 0..count {
                batch.put(&key(n), value).unwrap();
            }
            engine.write(batch).unwrap();
            engine.compact().unwrap();
            engine.verify().unwrap();
            let misses = engine.stats().cache_misses;
            let about = [
                0,
                1,
                32_766,
                32_767,
                32_768,
                65_534,
                65_535,
                65_536,
                65_537,
                count - 1,
            ];
            for n in about.into_iter().filter(|&n| n < count) {
                assert_eq!(
                    engine.get(&key(n)).unwrap().unwrap(),
                    value,
                    "{n} of {count}"
                );
                assert!(engine.get(&[&key(n)[..], &[0]].concat()).unwrap().is_none());
                let mut from = engine.scan(&key(n)[..]..).unwrap();
                assert_eq!(*from.next().unwrap().unwrap().0, key(n));
                assert_eq!(from.count(), (count - n - 1) as usize);
            }
            assert_eq!(engine.stats().cache_misses, misses + 1, "it is one block");
            let back = engine.scan::<&[u8]>(..).unwrap().rev().map(Result::unwrap);
            assert!(back.zip((0..count).rev()).all(|((at, _), n)| *at == key(n)));
        }
    }
}

#[test]
fn all_versions_of_one_key_fill_a_block_and_the_next_ones() {
    const VERSIONS: u32 = 70_000;
    let mut options = options();
    options.block_bytes = 1 << 20;
    options.durability = grainstore::engine::Durability::Buffered;
    let engine = Engine::open("/db", options).unwrap();
    let mut snapshots = Vec::new();
    for n in 0..VERSIONS {
        engine.put(b"one", &n.to_be_bytes()).unwrap();
        snapshots.push(engine.snapshot());
    }
    engine.compact().unwrap();
    engine.verify().unwrap();
    assert_eq!(
        engine.stats().levels.iter().map(|l| l.entries).sum::<u64>(),
        70_000
    );
    for n in [0, 1, 32_768, 65_535, 65_536, 65_537, VERSIONS - 1] {
        let at = &snapshots[n as usize];
        assert_eq!(engine.get_at(at, b"one").unwrap().unwrap(), n.to_be_bytes());
        assert_eq!(engine.scan_at::<&[u8]>(at, ..).unwrap().count(), 1);
        assert_eq!(engine.scan_at::<&[u8]>(at, ..).unwrap().rev().count(), 1);
    }
    drop(snapshots);
    engine.compact().unwrap();
    assert_eq!(
        engine.stats().levels.iter().map(|l| l.entries).sum::<u64>(),
        1
    );
}

#[test]
fn all_seven_levels_are_filled_and_read_both_ways() {
    let mut options = options();
    options.memtable_bytes = 4 << 10;
    options.table_bytes = 4 << 10;
    options.level1_bytes = 4 << 10;
    options.level_ratio = 2;
    options.level0_tables = 2;
    options.open_files_max = 8;
    let engine = Engine::open("/db", options).unwrap();
    const COUNT: u32 = 12_000;
    for n in 0..COUNT {
        let n = n * 7_919 % COUNT;
        engine.put(&key(n), &n.to_be_bytes().repeat(12)).unwrap();
    }
    let stats = engine.stats();
    let used = stats.levels[1..]
        .iter()
        .filter(|level| level.tables > 0)
        .count();
    assert_eq!(used, 6, "{:?}", stats.levels);
    for n in 0..COUNT {
        assert_eq!(
            engine.get(&key(n)).unwrap().unwrap(),
            n.to_be_bytes().repeat(12)
        );
    }
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), COUNT as usize);
    assert_eq!(
        engine.scan::<&[u8]>(..).unwrap().rev().count(),
        COUNT as usize
    );
    engine.verify().unwrap();
    assert!(engine.stats().open_files <= 8);
}
