//! Carries out a history on an engine and on the model, and compares them all the way.
//!
//! The engine lives on a simulated disk and a clock that is set by hand, so a history with an
//! engine that works on its writers' threads does the same every time.

use super::coverage::Coverage;
use super::engine_check as check;
use super::operation::{Leave, Operation, Setting, Style, Write};
use super::oracle::{Model, Point, Record};
use grainstore::clock::ManualClock;
use grainstore::engine::{
    Background, Compaction, Durability, Engine, EngineOptions, EngineStats, OpenTables, Scan,
    Snapshot, WriteBatch,
};
use grainstore::fs::CrashDisk;
use std::collections::VecDeque;
use std::sync::Arc;

/// The directory of the database on its simulated disk.
pub const DIR: &str = "/db";

/// When every history begins, in ms since the epoch.
pub const START_MS: u64 = 1_000_000;

/// How many snapshots, and how many scans, a history holds at a time.
const HELD_MAX: usize = 4;

/// The options that `setting` asks for.
pub fn options(setting: &Setting, memtable_kib: u8) -> EngineOptions {
    let mut options = EngineOptions::default();
    if setting.thread {
        options.background = Background::Thread;
    } else {
        options.background = Background::Inline;
    }
    if setting.buffered {
        options.durability = Durability::Buffered;
    }
    options.verify_new_tables = setting.verify_new_tables;
    let tiered = match setting.style {
        Style::Leveled => false,
        Style::SizeTiered => true,
        Style::Switching => memtable_kib % 2 == 1,
    };
    if setting.default_sizes {
        if tiered {
            options.compaction = Compaction::size_tiered();
        }
        return options;
    }
    if tiered {
        options.compaction = Compaction::SizeTiered {
            runs_merged_min: 2 + usize::from(setting.level1_kib % 3),
            runs_max: 6,
            space_percent_max: 200,
        };
        options.open_tables = OpenTables::Prefetch { threads: 2 };
    }
    options.memtable_bytes = usize::from(memtable_kib.max(4)) << 10;
    options.block_bytes = usize::from(setting.block_bytes.max(64));
    options.table_bytes = 4 << 10;
    options.level0_tables = 2;
    options.level1_bytes = u64::from(setting.level1_kib.max(4)) << 10;
    options.level_ratio = 2;
    options.cache_bytes = usize::from(setting.cache_kib) << 10;
    options.filter_bits_per_key = if setting.filter { 10 } else { 0 };
    options.block_hash_index = setting.hash_index;
    options.wal_segment_bytes = u64::from(setting.wal_segment_kib.max(4)) << 10;
    options.close_flush_bytes = if setting.close_flush { 0 } else { 1 << 20 };
    options
}

/// A history on its way.
pub struct EngineRun<'a> {
    setting: Setting,
    disk: CrashDisk,
    clock: ManualClock,
    pub engine: Engine,
    pub model: Model,
    pub snapshots: Vec<(Snapshot, Point)>,
    pub scans: Vec<(Scan, VecDeque<Record>)>,
    pub coverage: &'a mut Coverage,
    stats: EngineStats,
    /// Versions up to this one are in tables, later ones in the memtable; `None`: not known.
    flushed: Option<u64>,
    /// The engine's time at the last write or table work; a kill takes back no more.
    clock_kept_ms: u64,
}

/// Runs `history` from an empty disk to its end.
pub fn run(setting: &Setting, history: &[Operation], coverage: &mut Coverage) {
    coverage.note_history(history);
    let mut it = EngineRun::new(setting, coverage);
    for (at, operation) in history.iter().enumerate() {
        it.apply(operation);
        if at % 4 == 3 {
            check::everything(&it.engine, &it.model);
        }
    }
    it.finish();
}

impl<'a> EngineRun<'a> {
    fn new(setting: &Setting, coverage: &'a mut Coverage) -> Self {
        let (disk, clock) = (CrashDisk::new(), ManualClock::new(START_MS));
        let engine = open(setting, &disk, &clock, 4);
        Self {
            setting: *setting,
            stats: engine.stats(),
            disk,
            clock,
            engine,
            model: Model::new(START_MS),
            snapshots: Vec::new(),
            scans: Vec::new(),
            coverage,
            flushed: Some(0),
            clock_kept_ms: START_MS,
        }
    }

    /// Carries out one operation.
    pub fn apply(&mut self, operation: &Operation) {
        let before = self.model.sequence();
        match operation {
            Operation::Write(write) => self.write(std::slice::from_ref(write), false),
            Operation::Batch(writes) => self.write(writes, true),
            Operation::Ingest(records) => self.ingest(records),
            Operation::Snapshot => self.snapshot(),
            Operation::Release(n) => {
                if let Some(at) = usize::from(*n).checked_rem(self.snapshots.len()) {
                    let (snapshot, point) = self.snapshots.swap_remove(at);
                    check::snapshot(&self.engine, &self.model, &snapshot, point);
                }
            }
            Operation::ClockStep(ms) => self.step_clock(*ms),
            Operation::ClockBack(ms) => {
                let now = grainstore::clock::Clock::now_ms(&self.clock);
                self.clock.set(now.saturating_sub(*ms));
                assert_eq!(self.engine.now_ms(), self.model.now_ms());
            }
            Operation::Flush => self.engine.flush().unwrap(),
            Operation::Compact => self.compact(),
            Operation::DueWork => self.engine.run_due_work().unwrap(),
            Operation::Reopen(leave, memtable_kib) => self.reopen(*leave, *memtable_kib),
            read => check::read(self, read, HELD_MAX),
        }
        let is_write = matches!(operation, Operation::Write(_) | Operation::Batch(_));
        let is_ingest = matches!(operation, Operation::Ingest(_));
        self.note_work(is_write.then_some(before), is_ingest);
    }

    fn write(&mut self, writes: &[Write], batched: bool) {
        let before = self.model.sequence();
        let mut batch = WriteBatch::new();
        for write in writes {
            match write {
                Write::Put(key, value) => batch.put(&key.bytes(), &value.bytes()).unwrap(),
                Write::PutTtl(key, value, ttl) => {
                    let expiry_ms = self.model.expiry_after(*ttl);
                    let (key, value) = (key.bytes(), value.bytes());
                    batch.put_with_expiry(&key, &value, expiry_ms).unwrap();
                }
                Write::Delete(key) => batch.delete(&key.bytes()).unwrap(),
                Write::DeleteRange(a, b) => batch.delete_range(&a.bytes(), &b.bytes()).unwrap(),
            }
            self.model.write(write);
        }
        if batched {
            self.engine.write(batch).unwrap();
        } else {
            self.write_alone(&writes[0]);
        }
        if self.model.sequence() > before {
            self.clock_kept_ms = self.model.now_ms();
        }
        for write in writes {
            let (Write::Put(key, ..)
            | Write::PutTtl(key, ..)
            | Write::Delete(key)
            | Write::DeleteRange(key, _)) = write;
            check::key(&self.engine, &self.model, &key.bytes());
        }
    }

    fn write_alone(&self, write: &Write) {
        match write {
            Write::Put(key, value) => self.engine.put(&key.bytes(), &value.bytes()),
            Write::PutTtl(key, value, ttl) => {
                let expiry_ms = self.model.expiry_after(*ttl);
                let (key, value) = (key.bytes(), value.bytes());
                self.engine.put_with_expiry(&key, &value, expiry_ms)
            }
            Write::Delete(key) => self.engine.delete(&key.bytes()),
            Write::DeleteRange(a, b) => self.engine.delete_range(&a.bytes(), &b.bytes()),
        }
        .unwrap();
    }

    fn ingest(&mut self, records: &[super::operation::IngestedRecord]) {
        let mut sorted: Vec<Record> = Vec::new();
        for (key, value, ttl) in records {
            let expiry_ms = ttl.map_or(0, |ttl| self.model.expiry_after(ttl));
            sorted.push((key.bytes(), value.bytes(), expiry_ms));
        }
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.dedup_by(|a, b| a.0 == b.0);
        let count = self.engine.ingest(sorted.iter().cloned().map(Ok)).unwrap();
        assert_eq!(count, sorted.len() as u64);
        self.model.ingest(&sorted);
        for (key, ..) in &sorted {
            check::key(&self.engine, &self.model, key);
        }
    }

    fn snapshot(&mut self) {
        if self.snapshots.len() == HELD_MAX {
            self.snapshots.remove(0);
        }
        let (snapshot, point) = (self.engine.snapshot(), self.model.now());
        assert_eq!(snapshot.sequence(), point.sequence);
        assert_eq!(snapshot.time_ms(), point.time_ms);
        self.snapshots.push((snapshot, point));
    }

    fn step_clock(&mut self, ms: u64) {
        let old: Vec<u64> = self.model.expired().collect();
        self.clock.advance(ms);
        let source_ms = grainstore::clock::Clock::now_ms(&self.clock);
        assert_eq!(self.engine.now_ms(), self.model.see_time(source_ms));
        let Some(flushed) = self.flushed else { return };
        let new: Vec<u64> = self.model.expired().filter(|s| !old.contains(s)).collect();
        let in_level0 = self.stats.levels[0].tables > 0;
        let deeper = self.stats.levels[1..].iter().any(|l| l.tables > 0);
        for sequence in new {
            match (sequence > flushed, in_level0, deeper) {
                (true, ..) => self.coverage.expired_in_memtable += 1,
                (false, true, false) => self.coverage.expired_in_level0 += 1,
                (false, false, true) => self.coverage.expired_deeper += 1,
                _ => {}
            }
        }
        check::everything(&self.engine, &self.model);
    }

    fn compact(&mut self) {
        self.engine.compact().unwrap();
        if self.snapshots.is_empty() {
            check::nothing_dead_on_disk(&self.engine, &self.model);
            self.coverage.clean_compactions += 1;
        }
    }

    fn reopen(&mut self, leave: Leave, memtable_kib: u8) {
        let memtable_bytes = self.engine.stats().memtable_bytes;
        for (scan, rest) in self.scans.drain(..) {
            check::rest_of_scan(scan, &rest);
        }
        self.snapshots.clear();
        match leave {
            Leave::Close => self.engine.close().unwrap(),
            Leave::Drop => {}
            Leave::Kill => {
                self.disk = self.disk.fork();
                self.coverage.kills += 1;
            }
        }
        // The old engine goes before the new one comes: what it holds open is the directory.
        let aside = open(&self.setting, &CrashDisk::new(), &self.clock, 4);
        drop(std::mem::replace(&mut self.engine, aside));
        self.engine = open(&self.setting, &self.disk, &self.clock, memtable_kib);
        let now_ms = self.engine.now_ms();
        if leave == Leave::Kill {
            assert!(now_ms >= self.clock_kept_ms, "time ran back over a kill");
            self.model.lose_time(now_ms);
        }
        assert_eq!(now_ms, self.model.now_ms());
        self.coverage.reopens_with_memtable += u64::from(memtable_bytes > 0);
        let stats = self.engine.stats();
        self.coverage.reopens_with_tables += u64::from(stats.tables() > 0);
        if stats.memtable_bytes == 0 {
            self.flushed = Some(self.model.sequence());
        } else if stats.flushes > 0 {
            self.flushed = None;
        }
        self.stats = stats;
        check::everything(&self.engine, &self.model);
    }

    /// Takes note of the flushes and compactions that an operation brought; `before` is the last
    /// sequence number before it where it wrote to the memtable.
    fn note_work(&mut self, before: Option<u64>, ingested: bool) {
        let stats = self.engine.stats();
        assert_eq!(stats.sequence_last, self.model.sequence());
        assert_eq!(stats.snapshots, self.snapshots.len());
        let flushes = stats.flushes - self.stats.flushes;
        let compactions = stats.compactions - self.stats.compactions;
        match before {
            _ if ingested => self.flushed = Some(self.model.sequence()),
            None if flushes > 0 => self.flushed = Some(self.model.sequence()),
            Some(before) if flushes == 1 => self.flushed = Some(before),
            Some(_) if flushes > 1 => self.flushed = None,
            _ => {}
        }
        if self.setting.thread {
            self.flushed = None;
        }
        let coverage = &mut *self.coverage;
        coverage.flushes += flushes;
        coverage.compactions += compactions;
        coverage.records_dropped += stats.records_dropped - self.stats.records_dropped;
        if compactions > 0 {
            coverage.snapshots_across_compaction += self.snapshots.len() as u64;
            coverage.scans_across_compaction += self.scans.len() as u64;
        }
        for (level, it) in stats.levels.iter().enumerate().skip(1) {
            coverage.tables_on_level_max = coverage.tables_on_level_max.max(it.tables);
            if it.tables > 0 {
                coverage.level_max = coverage.level_max.max(level);
            }
        }
        self.stats = stats;
    }

    /// The end of every history: all that is held is read again, and then nothing dead may be left.
    fn finish(mut self) {
        check::everything(&self.engine, &self.model);
        for (scan, rest) in self.scans.drain(..) {
            check::rest_of_scan(scan, &rest);
        }
        for (snapshot, point) in self.snapshots.drain(..) {
            check::snapshot(&self.engine, &self.model, &snapshot, point);
        }
        self.engine.verify().unwrap();
        self.engine.compact().unwrap();
        check::nothing_dead_on_disk(&self.engine, &self.model);
        check::everything(&self.engine, &self.model);
        let report = self.engine.verify().unwrap();
        let live = self.model.all(self.model.now()).len();
        assert_eq!(report.entries, live as u64);
        self.engine.close().unwrap();
        assert!(self.engine.get(b"").is_err(), "a closed engine answers");
    }
}

fn open(setting: &Setting, disk: &CrashDisk, clock: &ManualClock, memtable_kib: u8) -> Engine {
    let mut options = options(setting, memtable_kib);
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(clock.clone());
    Engine::open(DIR, options).unwrap()
}
