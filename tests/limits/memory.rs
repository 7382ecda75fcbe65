//! What stays in memory, by the engine's own figures and by an allocator that counts.
//!
//! All work is done by the thread that writes, so that its count is the engine's.

use crate::counting_files::CountingFiles;
use grainstore::engine::{Background, Engine, EngineOptions, WriteBatch};
use grainstore::fs::CrashDisk;
use grainstore_proof::allocation::{held_after, peak_of};
use std::sync::Arc;

const BLOCK_BYTES: usize = 16 << 10;

fn options() -> EngineOptions {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.level0_tables = 64;
    options.table_bytes = 64 << 10;
    options.level1_bytes = 1 << 40;
    options.block_bytes = BLOCK_BYTES;
    options.cache_bytes = 0;
    options
}

fn put(engine: &Engine, records: u32, byte: u8) {
    let mut batch = WriteBatch::new();
    for n in 0..records {
        batch.put(&n.to_be_bytes(), &[byte; 200]).unwrap();
    }
    engine.write(batch).unwrap();
}

/// A database with one level of some tables and `runs` tables of level 0 above it.
fn layered(runs: u8) -> (CountingFiles, Engine) {
    let disk = CountingFiles::default();
    let mut options = options();
    options.file_system = Arc::new(disk.clone());
    let engine = Engine::open("/db", options).unwrap();
    put(&engine, 20_000, 0);
    engine.compact().unwrap();
    for run in 0..runs {
        put(&engine, 2_000, run);
        engine.flush().unwrap();
    }
    assert_eq!(engine.stats().levels[0].tables, usize::from(runs));
    (disk, engine)
}

#[test]
fn a_scan_holds_one_block_of_each_run_and_no_more_however_far_it_goes() {
    for runs in [0, 3, 12] {
        let (_disk, engine) = layered(runs);
        // Indexes and filters are the engine's and stay.
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 20_000);
        let sources = usize::from(runs) + 1;
        let blocks = sources * (2 * BLOCK_BYTES);
        let (most, peak) = peak_of(|| {
            let steps = engine.scan::<&[u8]>(..).unwrap().zip(0u32..);
            let pinned = steps.map(|(record, n)| {
                assert_eq!(*record.unwrap().0, n.to_be_bytes());
                if n % 500 == 0 {
                    engine.stats().pinned_block_bytes
                } else {
                    0
                }
            });
            pinned.max().unwrap()
        });
        assert!(most > 0 && most <= blocks, "{most} bytes of {blocks}");
        let limit = blocks + sources * 4_096 + (64 << 10);
        assert!(
            peak <= limit,
            "{peak} bytes with {runs} runs, {limit} allowed"
        );
        assert_eq!(engine.stats().pinned_block_bytes, 0);
    }
}

#[test]
fn values_that_are_kept_keep_their_blocks_and_the_figures_say_so() {
    let (_disk, engine) = layered(0);
    let scan = engine.scan::<&[u8]>(..).unwrap().step_by(100);
    let (kept, held) = held_after(|| scan.map(|r| r.unwrap().1).collect::<Vec<_>>());
    assert_eq!(kept.len(), 200);
    let pinned = engine.stats().pinned_block_bytes;
    assert!(pinned > 150 * BLOCK_BYTES && pinned <= held, "{pinned}");
    let copies: Vec<Vec<u8>> = kept.iter().map(|value| value.to_vec()).collect();
    drop(kept);
    assert_eq!(engine.stats().pinned_block_bytes, 0);
    assert_eq!(copies.len(), 200);
}

#[test]
fn blocks_in_the_cache_are_not_pinned_and_those_it_let_go_of_are() {
    let disk = CrashDisk::new();
    let mut options = options();
    options.file_system = Arc::new(disk);
    options.cache_bytes = 8 * BLOCK_BYTES;
    let engine = Engine::open("/db", options).unwrap();
    put(&engine, 20_000, 0);
    engine.compact().unwrap();
    let first = engine.get(&[0; 4]).unwrap().unwrap();
    assert_eq!(engine.stats().pinned_block_bytes, 0);
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 20_000);
    let stats = engine.stats();
    assert!(stats.cache_bytes <= 8 * BLOCK_BYTES);
    assert!(stats.pinned_block_bytes > 0 && stats.pinned_block_bytes <= 2 * BLOCK_BYTES);
    drop(first);
    assert_eq!(engine.stats().pinned_block_bytes, 0);
}

#[test]
fn an_open_scan_keeps_memtables_and_replaced_tables_until_it_is_dropped() {
    let (disk, engine) = layered(2);
    put(&engine, 5_000, 7);
    let mut scan = engine.scan::<&[u8]>(..).unwrap();
    scan.next().unwrap().unwrap();
    let stats = engine.stats();
    assert_eq!(
        (stats.pinned_memtable_bytes, stats.obsolete_table_bytes),
        (0, 0)
    );
    let (memtable, tables) = (stats.memtable_bytes, stats.table_bytes());
    engine.compact().unwrap();
    let stats = engine.stats();
    assert_eq!(stats.pinned_memtable_bytes, memtable);
    assert!(stats.memtable_bytes < memtable);
    assert_eq!(
        stats.obsolete_table_bytes, tables,
        "on disk and for the scan alone"
    );
    assert!(scan.all(|record| record.is_ok()));
    drop(scan);
    let stats = engine.stats();
    assert_eq!(
        (stats.pinned_memtable_bytes, stats.obsolete_table_bytes),
        (0, 0)
    );
    let tables = disk.disk.paths().into_iter();
    let tables = tables.filter(|path| path.extension().is_some_and(|it| it == "table"));
    assert_eq!(tables.count(), stats.tables());
}

#[test]
fn a_snapshot_keeps_neither_memory_nor_files() {
    let (_disk, engine) = layered(2);
    put(&engine, 5_000, 7);
    let (snapshot, held) = held_after(|| engine.snapshot());
    assert!(held < 1_024, "{held}");
    engine.compact().unwrap();
    put(&engine, 5_000, 8);
    engine.compact().unwrap();
    let stats = engine.stats();
    assert_eq!(
        (stats.pinned_memtable_bytes, stats.obsolete_table_bytes),
        (0, 0)
    );
    assert_eq!(
        engine.get_at(&snapshot, &[0; 4]).unwrap().unwrap(),
        [7; 200]
    );
}

#[test]
fn memtables_that_cannot_be_flushed_hold_what_the_options_say_and_one_commit_each() {
    const MEMTABLE_BYTES: usize = 256 << 10;
    for (memtables_max, batch_bytes) in [(2, 1_000), (4, 1_000), (4, 100_000), (3, 3_000_000)] {
        let disk = CountingFiles::default();
        disk.refuse_tables();
        let mut options = options();
        options.memtable_bytes = MEMTABLE_BYTES;
        options.memtables_max = memtables_max;
        options.wal_segment_bytes = 1 << 30;
        options.file_system = Arc::new(disk.clone());
        let engine = Engine::open("/db", options).unwrap();
        let (written, held) = held_after(|| {
            let records = batch_bytes / 500;
            (0u32..100_000)
                .take_while(|n| {
                    let mut batch = WriteBatch::new();
                    for record in 0..records as u32 {
                        let key = [n.to_be_bytes(), record.to_be_bytes()].concat();
                        batch.put(&key, &[1; 490]).unwrap();
                    }
                    engine.write(batch).is_ok()
                })
                .count()
        });
        let stats = engine.stats();
        assert_eq!(stats.memtables, memtables_max);
        let room = memtables_max * MEMTABLE_BYTES;
        assert!(stats.memtable_bytes >= room, "{written} batches");
        let one_more = memtables_max * (batch_bytes + batch_bytes / 4 + 1_024);
        let limit = room + one_more;
        assert!(
            stats.memtable_bytes <= limit,
            "{} of {limit}",
            stats.memtable_bytes
        );
        // The disk is in memory, too: it has the log of all that once more, and its pages.
        let limit = 2 * limit + 3 * stats.wal_bytes as usize + (1 << 20);
        assert!(held <= limit, "{held} of {limit}");
        assert_eq!(engine.get(&[0; 8]).unwrap().unwrap(), [1; 490]);
    }
}
