//! What the engine's options do: styles of compaction, compression by level, how tables open.
//!
//! All on simulated disks with the work done by the writers, so that the same calls make the same
//! files. That every style answers as the model is claimed in `model` and `crash`.

#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too

use grainstore::engine::{BlockCompression, Compaction, Engine, EngineOptions, OpenTables};
use grainstore::fs::{CrashDisk, SplitMix64};
use grainstore::{Background, Db, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

const DIR: &str = "/db";

fn options(disk: &CrashDisk) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.file_system = Arc::new(disk.clone());
    options.background = Background::Inline;
    options.memtable_bytes = 16 << 10;
    options.table_bytes = 8 << 10;
    options.level1_bytes = 64 << 10;
    options.level_ratio = 4;
    options
}

fn open(options: &EngineOptions) -> Engine {
    Engine::open(DIR, options.clone()).unwrap()
}

/// Overwrites 400 keys at random, `count` times.
fn overwrite(engine: &Engine, seed: u64, count: usize) {
    let mut chance = SplitMix64::new(seed);
    for _ in 0..count {
        let key = (chance.below(400) as u32).to_be_bytes();
        let value = [chance.next_u64() as u8; 100];
        engine.put(&key, &value).unwrap();
    }
}

fn contents(engine: &Engine) -> Vec<(Box<[u8]>, Vec<u8>)> {
    let records = engine.scan::<&[u8]>(..).unwrap().map(Result::unwrap);
    records.map(|(key, value)| (key, value.to_vec())).collect()
}

fn tables(disk: &CrashDisk) -> Vec<PathBuf> {
    let is_table = |path: &PathBuf| path.extension() == Some("table".as_ref());
    disk.paths().into_iter().filter(is_table).collect()
}

#[test]
fn size_tiered_compaction_keeps_few_runs_and_writes_each_byte_fewer_times() {
    let mut written = Vec::new();
    for style in [Compaction::Leveled, Compaction::size_tiered()] {
        let disk = CrashDisk::new();
        let mut options = options(&disk);
        options.compaction = style;
        let engine = open(&options);
        let mut chance = SplitMix64::new(5);
        for _ in 0..20_000 {
            // Over so many keys that nothing is overwritten soon.
            let key = chance.next_u64().to_be_bytes();
            engine.put(&key, &[7; 40]).unwrap();
        }
        let stats = engine.stats();
        let deeper = stats.levels.iter().skip(1).filter(|it| it.tables > 0);
        let runs = stats.levels[0].tables + deeper.count();
        assert!(runs <= 24, "{runs} runs of {style:?}");
        written.push((stats.compacted_bytes, stats.flushed_bytes));
        engine.verify().unwrap();
    }
    let [(leveled, flushed), (tiered, _)] = [written[0], written[1]];
    assert!(
        tiered * 3 < leveled * 2,
        "{tiered} and {leveled} of {flushed}"
    );
}

#[test]
fn style_of_compaction_may_change_at_every_open() {
    let disk = CrashDisk::new();
    let mut model = Vec::new();
    for round in 0..8 {
        let mut options = options(&disk);
        if round % 2 == 1 {
            options.compaction = Compaction::size_tiered();
        }
        let engine = open(&options);
        assert_eq!(contents(&engine), model, "round {round}");
        overwrite(&engine, round, 1_500);
        engine
            .delete_range(&[0, 0, 0, 100], &[0, 0, 0, 120])
            .unwrap();
        engine.verify().unwrap();
        model = contents(&engine);
        engine.close().unwrap();
    }
    let engine = open(&options(&disk));
    engine.compact().unwrap();
    assert_eq!(contents(&engine), model);
}

#[test]
fn size_tiered_compaction_never_exceeds_the_runs_allowed() {
    let disk = CrashDisk::new();
    let mut options = options(&disk);
    options.compaction = Compaction::SizeTiered {
        runs_merged_min: 32,
        runs_max: 32,
        space_percent_max: 10_000,
    };
    let engine = open(&options);
    for round in 0..120u32 {
        // Runs of all sizes, so that few are alike.
        for n in 0..=round % 17 * 7 {
            engine
                .put(&(n * 131 + round).to_be_bytes(), &[3; 50])
                .unwrap();
        }
        engine.flush().unwrap();
        engine.run_due_work().unwrap();
        let stats = engine.stats();
        let deeper = stats.levels.iter().skip(1).filter(|it| it.tables > 0);
        assert!(stats.levels[0].tables + deeper.count() <= 32);
    }
    engine.verify().unwrap();
}

#[test]
fn deleted_runs_give_their_space_back_without_a_compaction_by_hand() {
    let disk = CrashDisk::new();
    let mut options = options(&disk);
    options.compaction = Compaction::size_tiered();
    let engine = open(&options);
    overwrite(&engine, 1, 4_000);
    for n in 0..400u32 {
        engine.delete(&n.to_be_bytes()).unwrap();
    }
    engine.flush().unwrap();
    engine.run_due_work().unwrap();
    let stats = engine.stats();
    let entries: u64 = stats.levels.iter().map(|level| level.entries).sum();
    assert_eq!((entries, stats.tables()), (0, 0));
}

#[test]
fn tables_are_opened_when_they_are_read_or_all_before_the_open_returns() {
    let disk = CrashDisk::new();
    let engine = open(&options(&disk));
    overwrite(&engine, 1, 3_000);
    engine.compact().unwrap();
    engine.close().unwrap();
    let lazy = open(&options(&disk));
    assert!(lazy.stats().tables() > 3);
    assert_eq!(lazy.stats().table_index_bytes, 0);
    lazy.get(&[0, 0, 0, 7]).unwrap();
    let one = lazy.stats().table_index_bytes;
    assert!(one > 0);
    lazy.close().unwrap();
    for threads in [1, 4, 64] {
        let mut options = options(&disk);
        options.open_tables = OpenTables::Prefetch { threads };
        let engine = open(&options);
        assert!(
            engine.stats().table_index_bytes > 2 * one,
            "{threads} threads"
        );
        let before = engine.stats().table_index_bytes;
        engine.put(b"new", &[1; 100]).unwrap();
        engine.flush().unwrap();
        assert!(
            engine.stats().table_index_bytes > before,
            "a new table is not open"
        );
        engine.close().unwrap();
    }
}

#[test]
fn damaged_table_is_told_by_an_open_that_prefetches_and_else_by_its_reader() {
    let disk = CrashDisk::new();
    let engine = open(&options(&disk));
    overwrite(&engine, 1, 3_000);
    engine.compact().unwrap();
    engine.close().unwrap();
    let path = tables(&disk).pop().unwrap();
    let mut bytes = disk.read_file(&path).unwrap();
    let footer = bytes.len() - 30;
    bytes[footer] ^= 1;
    let file = grainstore::fs::FileSystem::open(&disk, &path, grainstore::fs::OpenMode::Write);
    grainstore::fs::File::write_all_at(&*file.unwrap(), &bytes, 0).unwrap();
    let mut eager = options(&disk);
    eager.open_tables = OpenTables::Prefetch { threads: 2 };
    let error = Engine::open(DIR, eager).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corruption);
    assert_eq!(error.path(), Some(&*path));
    let lazy = open(&options(&disk));
    assert!(
        lazy.scan::<&[u8]>(..)
            .unwrap()
            .any(|record| record.is_err())
    );
}

#[test]
fn new_options_out_of_their_bounds_are_refused_with_value_and_range() {
    type Case = (&'static str, fn(&mut EngineOptions));
    let tiered = |runs_merged_min, runs_max, space_percent_max| Compaction::SizeTiered {
        runs_merged_min,
        runs_max,
        space_percent_max,
    };
    assert_eq!(tiered(4, 24, 300), Compaction::size_tiered());
    let cases: [Case; 6] = [
        (
            "option compaction.runs_merged_min is 1; it must be 2 to 32",
            |o| {
                o.compaction = Compaction::SizeTiered {
                    runs_merged_min: 1,
                    runs_max: 9,
                    space_percent_max: 200,
                };
            },
        ),
        (
            "option compaction.runs_max is 3; it must be 4 to 256",
            |o| {
                o.compaction = Compaction::SizeTiered {
                    runs_merged_min: 4,
                    runs_max: 3,
                    space_percent_max: 200,
                };
            },
        ),
        (
            "option compaction.space_percent_max is 9; it must be 10 to 10000",
            |o| {
                o.compaction = Compaction::SizeTiered {
                    runs_merged_min: 4,
                    runs_max: 9,
                    space_percent_max: 9,
                };
            },
        ),
        ("option open_tables.threads is 0; it must be 1 to 64", |o| {
            o.open_tables = OpenTables::Prefetch { threads: 0 };
        }),
        (
            "option open_tables.threads is 65; it must be 1 to 64",
            |o| {
                o.open_tables = OpenTables::Prefetch { threads: 65 };
            },
        ),
        (
            "option compression_per_level is 8; it must be 0 to 7",
            |o| {
                o.compression_per_level = vec![BlockCompression::None; 8];
            },
        ),
    ];
    for (text, set) in cases {
        let disk = CrashDisk::new();
        let mut options = options(&disk);
        set(&mut options);
        let error = Engine::open(DIR, options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), text);
        assert!(disk.paths().is_empty(), "a refused open has made files");
    }
}

#[test]
fn builder_takes_every_option_by_name_and_the_engine_checks_it() {
    let disk = CrashDisk::new();
    let builder = || {
        Db::builder(DIR)
            .file_system(disk.clone())
            .background(Background::Inline)
            .cache_bytes(0)
            .memtable_bytes(8 << 10)
            .memtables_max(2)
            .block_bytes(256)
            .filter_bits_per_key(14)
            .compression(BlockCompression::None)
            .compression_per_level([BlockCompression::None])
            .compaction(Compaction::size_tiered())
            .table_bytes(8 << 10)
            .levels(2, 16 << 10, 4)
            .open_tables(OpenTables::Prefetch { threads: 2 })
            .wal_segment_bytes(16 << 10)
            .verify_new_tables(true)
    };
    let db = builder().open().unwrap();
    let numbers = db.store::<u32, u32>("numbers").unwrap();
    for n in 0..2_000 {
        numbers.put(&n, &(n * 2)).unwrap();
    }
    db.close().unwrap();
    drop((db, numbers));
    let db = builder().open().unwrap();
    let numbers = db.store::<u32, u32>("numbers").unwrap();
    assert_eq!(numbers.get(&1_999).unwrap(), Some(3_998));
    drop((db, numbers));
    let refused = |builder: grainstore::DbBuilder, text: &str| {
        let error = builder.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(text), "{error}");
    };
    refused(
        builder().memtables_max(65),
        "memtables_max is 65; it must be 2 to 64",
    );
    refused(
        builder().block_bytes(1),
        "block_bytes is 1; it must be 64 to",
    );
    refused(builder().filter_bits_per_key(65), "it must be 0 to 64");
    refused(
        builder().table_bytes(1),
        "table_bytes is 1; it must be 4096 to",
    );
    refused(
        builder().levels(0, 16 << 10, 4),
        "level0_tables is 0; it must be 1 to 64",
    );
    refused(
        builder().levels(2, 1, 4),
        "level1_bytes is 1; it must be 4096 to",
    );
    refused(
        builder().levels(2, 16 << 10, 101),
        "level_ratio is 101; it must be 2 to 100",
    );
    refused(
        builder().wal_segment_bytes(1),
        "wal_segment_bytes is 1; it must be 4096 to",
    );
}

#[cfg(not(feature = "zstd"))]
#[test]
fn compression_that_is_not_built_in_is_refused_on_any_level() {
    let disk = CrashDisk::new();
    let mut options = options(&disk);
    options.compression_per_level = vec![BlockCompression::None, BlockCompression::Zstd];
    let error = Engine::open(DIR, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("feature `zstd`"), "{error}");
}

#[cfg(all(feature = "lz4", feature = "zstd"))]
#[test]
fn each_level_is_compressed_as_was_chosen_for_it() {
    use BlockCompression::{Lz4, None, Zstd};
    let bytes_of = |levels: Vec<BlockCompression>| {
        let disk = CrashDisk::new();
        let mut options = options(&disk);
        options.compression_per_level = levels;
        let engine = open(&options);
        for n in 0..100u32 {
            let text = format!("the same words over and over in record {n}, ").repeat(3);
            engine.put(&n.to_be_bytes(), text.as_bytes()).unwrap();
        }
        engine.flush().unwrap();
        let level0 = engine.stats().levels[0].bytes;
        engine.compact().unwrap();
        let level1 = engine.stats().levels[1].bytes;
        assert_eq!(contents(&engine).len(), 100);
        (level0, level1)
    };
    let (plain0, plain1) = bytes_of(vec![None]);
    let (lz4, zstd) = bytes_of(vec![Lz4, Zstd]);
    assert!(lz4 * 2 < plain0 && zstd * 2 < plain1 && zstd < lz4);
    let (level0, last) = bytes_of(vec![None, Lz4]);
    assert!(level0 == plain0 && last < plain1 && last > zstd);
}
