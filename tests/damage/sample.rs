//! Small databases with every kind of file and block, closed cleanly, on simulated disks.
//!
//! A fixed clock, work on the writer's own thread and a seeded generator: the same bytes at every
//! run. What they hold is kept beside them in a plain map, which the engine never sees.

use grainstore::clock::ManualClock;
use grainstore::engine::{Compaction, Engine, EngineOptions, WriteBatch};
use grainstore::fs::{CrashDisk, SplitMix64};
use grainstore::{Background, BlockCompression};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const DIR: &str = "/db";

/// The clock of the samples stands here in the end.
const NOW_MS: u64 = 1_700_000_000_000;

/// With which options a sample is written.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Blocks of 512 bytes with hash indexes, tables with filters, in levels.
    Small(BlockCompression),
    /// Blocks of 2 KiB without hash indexes, tables without filters, in tiers.
    Bare,
    /// Blocks as by default, but no cache: every read is of the file.
    Megabyte,
}

/// A database at rest.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) disk: CrashDisk,
    /// The paths of its files, ascending.
    pub(crate) files: Vec<PathBuf>,
    /// Every record that a reader sees, ascending.
    pub(crate) contents: Vec<(Vec<u8>, Vec<u8>)>,
    /// Every key there ever was, with what a reader gets.
    pub(crate) keys: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    shape: Shape,
}

impl Sample {
    /// The length of the file at `path`.
    pub(crate) fn len(&self, path: &Path) -> u64 {
        self.disk.read_file(path).unwrap().len() as u64
    }

    /// The files whose names end so.
    pub(crate) fn files_ending(&self, end: &str) -> Vec<PathBuf> {
        let ends = |path: &&PathBuf| path.to_string_lossy().ends_with(end);
        self.files.iter().filter(ends).cloned().collect()
    }

    /// The manifest.
    pub(crate) fn manifest(&self) -> PathBuf {
        let named = |path: &&PathBuf| path.to_string_lossy().contains("manifest-");
        self.files.iter().find(named).unwrap().clone()
    }

    /// The sample as it stands on `disk` after `record` was put.
    pub(crate) fn later(&self, disk: &CrashDisk, record: (Vec<u8>, Vec<u8>)) -> Self {
        let (mut contents, mut keys) = (self.contents.clone(), self.keys.clone());
        keys.push((record.0.clone(), Some(record.1.clone())));
        contents.push(record);
        contents.sort();
        Self {
            name: self.name,
            disk: disk.fork(),
            files: disk.paths(),
            contents,
            keys,
            shape: self.shape,
        }
    }

    /// The options that it was written with, on another disk.
    pub(crate) fn options(&self, disk: &CrashDisk) -> EngineOptions {
        options(disk, &ManualClock::new(NOW_MS), self.shape)
    }
}

fn options(disk: &CrashDisk, clock: &ManualClock, shape: Shape) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.memtable_bytes = 8 << 10;
    options.cache_bytes = 64 << 10;
    options.block_bytes = 512;
    options.table_bytes = 4 << 10;
    options.level0_tables = 2;
    options.level1_bytes = 4 << 10;
    options.level_ratio = 2;
    options.wal_segment_bytes = 4 << 10;
    options.wal_spares_max = 1;
    options.background = Background::Inline;
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(clock.clone());
    match shape {
        Shape::Small(compression) => options.compression = compression,
        Shape::Bare => {
            options.block_bytes = 2 << 10;
            options.block_hash_index = false;
            options.filter_bits_per_key = 0;
            options.compaction = Compaction::size_tiered();
        }
        Shape::Megabyte => {
            options.block_bytes = EngineOptions::default().block_bytes;
            options.cache_bytes = 0;
            options.memtable_bytes = 256 << 10;
            options.table_bytes = 128 << 10;
            options.level1_bytes = 256 << 10;
        }
    }
    options
}

/// An engine with its model beside it.
struct Writer {
    disk: CrashDisk,
    clock: ManualClock,
    engine: Engine,
    chance: SplitMix64,
    model: BTreeMap<Vec<u8>, (Vec<u8>, u64)>,
    seen: BTreeSet<Vec<u8>>,
    shape: Shape,
}

impl Writer {
    fn new(shape: Shape) -> Self {
        let (disk, clock) = (CrashDisk::new(), ManualClock::new(NOW_MS - 60_000));
        let engine = Engine::open(DIR, options(&disk, &clock, shape)).unwrap();
        Self {
            disk,
            clock,
            engine,
            chance: SplitMix64::new(7),
            model: BTreeMap::new(),
            seen: BTreeSet::new(),
            shape,
        }
    }

    /// Words with noise between them, so that it packs, but not to nothing.
    fn value(&mut self, bytes: u64) -> Vec<u8> {
        const WORDS: &[u8; 16] = b"a grain of world";
        let len = bytes / 2 + self.chance.below(bytes);
        let noise = (0..len).map(|i| match i % 20 {
            at @ 0..16 => WORDS[at as usize],
            _ => self.chance.next_u64() as u8,
        });
        noise.collect()
    }

    fn put(&mut self, key: &[u8], bytes: u64, expiry_ms: u64) {
        let value = self.value(bytes);
        self.engine.put_with_expiry(key, &value, expiry_ms).unwrap();
        self.seen.insert(key.to_vec());
        self.model.insert(key.to_vec(), (value, expiry_ms));
    }

    fn delete(&mut self, key: &[u8]) {
        self.engine.delete(key).unwrap();
        self.seen.insert(key.to_vec());
        self.model.remove(key);
    }

    fn delete_range(&mut self, start: &[u8], end: &[u8]) {
        self.engine.delete_range(start, end).unwrap();
        self.model
            .retain(|key, _| &key[..] < start || &key[..] >= end);
    }

    fn grains(&mut self, count: u64, bytes: u64) {
        for i in 0..count {
            let expiry_ms = match i % 5 {
                0 => NOW_MS - 1_000 + i * 20,
                1 => NOW_MS + 86_400_000,
                _ => 0,
            };
            self.put(&grain(i * 37 % count), bytes, expiry_ms);
        }
    }

    /// Leaves records of every kind in the log.
    fn unflushed(&mut self) {
        for i in 0..6 {
            self.put(&grain(i * 11), 90, i % 2 * (NOW_MS + 5_000));
        }
        self.delete(&grain(2));
        self.delete_range(&grain(30), &grain(34));
        let mut batch = WriteBatch::new();
        batch.put(b"batch/a", b"1").unwrap();
        batch.delete(&grain(3)).unwrap();
        batch.put(b"", b"the empty key").unwrap();
        self.engine.write(batch).unwrap();
        self.model.insert(b"batch/a".into(), (b"1".into(), 0));
        self.model.insert(b"".into(), (b"the empty key".into(), 0));
        self.model.remove(&grain(3));
        self.seen.extend([b"batch/a".to_vec(), b"".to_vec()]);
        self.put(b"batch/empty", 0, 0);
    }

    fn ingest(&mut self, first: u8) {
        let records = (0..10).map(|i| (vec![first, i], vec![i; 40]));
        let records: Vec<_> = records.collect();
        let stream = records.iter().map(|(key, value)| Ok((key, value, 0)));
        assert_eq!(self.engine.ingest(stream).unwrap(), 10);
        for (key, value) in records {
            self.seen.insert(key.clone());
            self.model.insert(key, (value, 0));
        }
    }

    fn close(self, name: &'static str) -> Sample {
        self.clock.set(NOW_MS);
        self.engine.close().unwrap();
        let lives = |expiry_ms: u64| expiry_ms == 0 || expiry_ms > NOW_MS;
        let model = &self.model;
        let live = model.iter().filter(|(_, (_, ms))| lives(*ms));
        let contents: Vec<_> = live.map(|(k, (v, _))| (k.clone(), v.clone())).collect();
        let found: BTreeMap<_, _> = contents.iter().cloned().collect();
        let keys = self.seen.iter().map(|k| (k.clone(), found.get(k).cloned()));
        Sample {
            name,
            files: self.disk.paths(),
            contents,
            keys: keys.collect(),
            disk: self.disk.fork(),
            shape: self.shape,
        }
    }
}

fn grain(number: u64) -> Vec<u8> {
    format!("grain/{number:05}").into_bytes()
}

/// A database at rest: tables on several levels, some of their records expired, and records of
/// every kind in the log.
pub(crate) fn at_rest(name: &'static str, compression: BlockCompression) -> Sample {
    let mut writer = Writer::new(Shape::Small(compression));
    writer.grains(110, 100);
    writer.engine.flush().unwrap();
    writer.grains(24, 60);
    writer.engine.flush().unwrap();
    writer.engine.run_due_work().unwrap();
    let levels = writer.engine.stats().levels;
    let used = levels.iter().filter(|level| level.tables > 0).count();
    assert!(used >= 2, "tables on {used} levels only: {levels:?}");
    writer.unflushed();
    writer.close(name)
}

/// A database in the middle of things: a snapshot that was held to the end kept old versions,
/// tombstones and range tombstones in its tables, and an ingest put tables beside the log.
pub(crate) fn in_motion(name: &'static str, compression: BlockCompression) -> Sample {
    let mut writer = Writer::new(Shape::Small(compression));
    writer.grains(70, 60);
    writer.engine.flush().unwrap();
    let held = writer.engine.snapshot();
    writer.delete_range(&grain(10), &grain(20));
    writer.delete(&grain(21));
    writer.put(&grain(12), 60, 0);
    writer.engine.flush().unwrap();
    writer.ingest(b'i');
    writer.delete_range(&grain(40), &grain(43));
    writer.engine.flush().unwrap();
    let levels = writer.engine.stats().levels;
    let tombstones: u64 = levels.iter().map(|level| level.tombstones).sum();
    assert!(tombstones >= 3, "{levels:?}");
    writer.unflushed();
    drop(held);
    writer.close(name)
}

/// A database whose last change was an ingest, of which the log knows nothing.
pub(crate) fn ingested(name: &'static str, compression: BlockCompression) -> Sample {
    let mut writer = Writer::new(Shape::Small(compression));
    writer.grains(20, 40);
    writer.engine.flush().unwrap();
    writer.ingest(b'i');
    writer.close(name)
}

/// A database without the parts that can be left out: no filters, no hash indexes, no levels.
pub(crate) fn bare(name: &'static str) -> Sample {
    let mut writer = Writer::new(Shape::Bare);
    writer.grains(215, 120);
    writer.delete_range(&grain(50), &grain(55));
    writer.engine.flush().unwrap();
    writer.ingest(b'i');
    writer.unflushed();
    writer.close(name)
}

/// A database of a little more than 1 MiB, most of it in blocks of the default size.
pub(crate) fn megabyte(name: &'static str) -> Sample {
    let mut writer = Writer::new(Shape::Megabyte);
    writer.grains(4_501, 220);
    writer.engine.flush().unwrap();
    writer.engine.run_due_work().unwrap();
    writer.delete_range(&grain(100), &grain(110));
    writer.grains(24, 60);
    writer.engine.flush().unwrap();
    writer.unflushed();
    writer.close(name)
}
