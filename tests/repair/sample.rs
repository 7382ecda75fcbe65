//! Small databases with every kind of file, closed or killed, on simulated disks.
//!
//! The same bytes at every run. Beside them stands every value that was ever written under a key.

use grainstore::Background;
use grainstore::clock::ManualClock;
use grainstore::engine::{Compaction, Engine, EngineOptions, WriteBatch};
use grainstore::fs::CrashDisk;
use grainstore::inspect::{RepairOptions, RepairReport};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const DIR: &str = "/db";
pub(crate) const NEW: &str = "/new";
pub(crate) const NOW_MS: u64 = 1_700_000_000_000;

pub(crate) type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

/// A database that nobody has open.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) disk: CrashDisk,
    /// The disk with all calls that were made on it.
    pub(crate) history: CrashDisk,
    /// Every record that a reader sees.
    pub(crate) contents: Contents,
    /// Every key and value that was ever written.
    pub(crate) written: BTreeSet<(Vec<u8>, Vec<u8>)>,
}

pub(crate) fn options(disk: &CrashDisk) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.memtable_bytes = 8 << 10;
    options.cache_bytes = 64 << 10;
    options.block_bytes = 512;
    options.table_bytes = 4 << 10;
    options.level0_tables = 4;
    options.level1_bytes = 4 << 10;
    options.level_ratio = 2;
    options.wal_segment_bytes = 4 << 10;
    options.wal_spares_max = 1;
    options.background = Background::Inline;
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(ManualClock::new(NOW_MS));
    options
}

pub(crate) fn repair_options(disk: &CrashDisk) -> RepairOptions {
    let mut repair = RepairOptions::default();
    repair.engine = options(disk);
    repair
}

/// An engine, with what was written beside it.
pub(crate) struct Writer {
    pub(crate) disk: CrashDisk,
    pub(crate) engine: Engine,
    written: BTreeSet<(Vec<u8>, Vec<u8>)>,
    round: u64,
}

impl Writer {
    pub(crate) fn new(compaction: Compaction) -> Self {
        let disk = CrashDisk::new();
        let mut options = options(&disk);
        options.compaction = compaction;
        let engine = Engine::open(DIR, options).unwrap();
        Self {
            disk,
            engine,
            written: BTreeSet::new(),
            round: 0,
        }
    }

    pub(crate) fn put(&mut self, key: &[u8], expiry_ms: u64) {
        self.round += 1;
        let mut value = format!("{}@{}/", String::from_utf8_lossy(key), self.round).into_bytes();
        value.resize(value.len() + (self.round * 13 % 60) as usize, b'.');
        self.engine.put_with_expiry(key, &value, expiry_ms).unwrap();
        self.written.insert((key.to_vec(), value));
    }

    pub(crate) fn puts(&mut self, from: u64, to: u64) {
        for i in from..to {
            let expiry_ms = match i % 7 {
                0 => NOW_MS - 1,
                1 => NOW_MS + 1_000_000,
                _ => 0,
            };
            self.put(&key(i * 37 % 190), expiry_ms);
        }
    }

    pub(crate) fn finish(self, name: &'static str, close: bool) -> Sample {
        let contents = contents(&self.engine);
        let disk = if close {
            self.engine.close().unwrap();
            self.disk.fork()
        } else {
            self.disk.fork() // a kill: the system has all that was written
        };
        Sample {
            name,
            disk,
            history: self.disk,
            contents,
            written: self.written,
        }
    }
}

pub(crate) fn key(number: u64) -> Vec<u8> {
    format!("grain/{number:04}").into_bytes()
}

/// What a reader sees, checked on the way: scans agree with gets.
pub(crate) fn contents(engine: &Engine) -> Contents {
    let scan = engine.scan::<&[u8]>(..).unwrap();
    let scanned = scan.map(|record| {
        let (key, value) = record.unwrap();
        (key.to_vec(), value.to_vec())
    });
    scanned.collect()
}

/// Tables on several levels with versions, tombstones and range tombstones held by a snapshot, and
/// operations of every kind in the log.
pub(crate) fn sample(name: &'static str, close: bool, compaction: Compaction) -> Sample {
    let mut writer = Writer::new(compaction);
    writer.puts(0, 190);
    writer.engine.flush().unwrap();
    writer.engine.run_due_work().unwrap();
    let held = writer.engine.snapshot();
    writer.engine.delete_range(&key(10), &key(16)).unwrap();
    writer.puts(3, 80);
    for i in 50..58 {
        writer.engine.delete(&key(i)).unwrap();
    }
    writer.engine.flush().unwrap();
    writer.puts(20, 60);
    writer.engine.delete_range(&key(60), &key(63)).unwrap();
    writer.engine.flush().unwrap();
    // What follows stays in the log, in two segments.
    writer.engine.delete(&key(70)).unwrap();
    writer.engine.delete_range(&key(71), &key(74)).unwrap();
    let mut batch = WriteBatch::new();
    batch.put(b"", b"the empty key").unwrap();
    batch.delete(&key(75)).unwrap();
    batch.put(b"z", b"").unwrap();
    writer.engine.write(batch).unwrap();
    writer.written.insert((Vec::new(), b"the empty key".into()));
    writer.written.insert((b"z".into(), Vec::new()));
    writer.puts(100, 150);
    drop(held);
    writer.finish(name, close)
}

pub(crate) fn closed() -> Sample {
    sample("closed", true, Compaction::Leveled)
}

pub(crate) fn killed() -> Sample {
    sample("killed", false, Compaction::Leveled)
}

/// Runs merge as soon as there are three.
pub(crate) const TIERED: Compaction = Compaction::SizeTiered {
    runs_merged_min: 2,
    runs_max: 3,
    space_percent_max: 200,
};

pub(crate) fn samples() -> [Sample; 3] {
    [closed(), killed(), sample("closed, tiered", true, TIERED)]
}

/// The files of the damaged database.
pub(crate) fn files(disk: &CrashDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = disk.paths().into_iter();
    let paths = paths.filter(|path| path.starts_with(DIR));
    paths
        .map(|path| {
            let bytes = disk.read_file(&path).unwrap();
            (path, bytes)
        })
        .collect()
}

/// Repairs the database on `disk` and holds what must always hold; answers what was saved.
pub(crate) fn repaired(sample: &Sample, disk: &CrashDisk, what: &str) -> (Contents, RepairReport) {
    let before = files(disk);
    let report = grainstore::inspect::repair(DIR, NEW, &repair_options(disk));
    let report = report.unwrap_or_else(|e| panic!("{}, {what}: {e}", sample.name));
    assert!(
        before == files(disk),
        "{}, {what}: the source changed",
        sample.name
    );
    let engine = Engine::open(NEW, options(disk)).unwrap();
    engine.verify().unwrap();
    assert_eq!(engine.stats().sequence_last, report.sequence_last);
    let saved = contents(&engine);
    for (key, value) in &saved {
        let known = sample.written.contains(&(key.clone(), value.clone()));
        assert!(
            known,
            "{}, {what}: {key:?} has a value never written",
            sample.name
        );
    }
    engine.close().unwrap();
    (saved, report)
}

/// Paths of the database's files whose names end so.
pub(crate) fn ending(disk: &CrashDisk, end: &str) -> Vec<PathBuf> {
    let ends = |path: &PathBuf| path.to_string_lossy().ends_with(end);
    files(disk).into_keys().filter(ends).collect()
}

pub(crate) fn manifest(disk: &CrashDisk) -> PathBuf {
    let named = |path: &PathBuf| path.to_string_lossy().contains("manifest-");
    files(disk).into_keys().find(named).unwrap()
}

pub(crate) fn current() -> PathBuf {
    Path::new(DIR).join("CURRENT")
}
