//! Carries out a history on an engine and on the model, and compares them all the way.
//!
//! The engine lives on a simulated disk and a clock that is set by hand, so a history with an
//! engine that works on its writers' threads does the same every time.

use crate::carry::carry_out;
use crate::coverage::Coverage;
use crate::engine_check as check;
use crate::operation::{Leave, Operation, Write};
use crate::oracle::{Model, Record};
use crate::setting::Setting;
use crate::versions::Point;
use grainstore::clock::{Clock, ManualClock};
use grainstore::engine::{Background, Engine, EngineOptions, EngineStats, Scan, Snapshot};
use grainstore::fs::CrashDisk;
use std::collections::VecDeque;
use std::sync::Arc;

/// The directory of the database on its simulated disk; at first not even its first part exists.
pub const DIR: &str = "/srv/grain/db";

/// When every history begins, in ms since the epoch.
pub const START_MS: u64 = 1_000_000;

/// How many snapshots, and how many scans, a history holds at a time.
const HELD_MAX: usize = 4;

/// What makes the engine's options, given how many KiB the memtable should have.
pub type MakeOptions = Arc<dyn Fn(u8) -> EngineOptions + Send + Sync>;

/// A history on its way.
pub struct EngineRun<'a> {
    options: MakeOptions,
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
    /// How many calls had changed the disk once the engine was open.
    calls_at_open: usize,
    kills_fork: bool,
}

/// Runs `history` from an empty disk to its end.
pub fn run(setting: &Setting, history: &[Operation], coverage: &mut Coverage) {
    run_with(of_setting(setting), history, coverage);
}

/// As [`run`], with options of any kind; what they say of disk and clock is not heard.
pub fn run_with(options: MakeOptions, history: &[Operation], coverage: &mut Coverage) {
    coverage.note_history(history);
    let mut it = EngineRun::new(options, coverage);
    for (at, operation) in history.iter().enumerate() {
        it.apply(operation);
        if at % 4 == 3 {
            check::everything(&it.engine, &it.model);
        }
    }
    it.finish();
}

/// The options of `setting`.
#[must_use]
pub fn of_setting(setting: &Setting) -> MakeOptions {
    let setting = *setting;
    Arc::new(move |memtable_kib| setting.options(memtable_kib))
}

impl<'a> EngineRun<'a> {
    /// A run on an empty disk.
    #[must_use]
    pub fn new(options: MakeOptions, coverage: &'a mut Coverage) -> Self {
        let (disk, clock) = (CrashDisk::new(), ManualClock::new(START_MS));
        let engine = open_with(options(4), &disk, &clock);
        let model = Model::new(START_MS);
        Self::resume(options, (disk, clock, engine), model, coverage)
    }

    /// A run that goes on with an engine that is open already, whose state is `model`'s.
    #[must_use]
    pub fn resume(
        options: MakeOptions,
        (disk, clock, engine): (CrashDisk, ManualClock, Engine),
        model: Model,
        coverage: &'a mut Coverage,
    ) -> Self {
        let stats = engine.stats();
        Self {
            options,
            flushed: (stats.sequence_last == 0).then_some(0),
            stats,
            calls_at_open: disk.calls(),
            disk,
            clock,
            engine,
            clock_kept_ms: model.now_ms(),
            model,
            snapshots: Vec::new(),
            scans: Vec::new(),
            coverage,
            kills_fork: true,
        }
    }

    /// The disk that the database lies on.
    #[must_use]
    pub fn disk(&self) -> &CrashDisk {
        &self.disk
    }

    /// A kill drops the engine rather than to go on with a copy of the disk: for whoever needs all
    /// calls on one disk.
    pub fn keep_disk(&mut self) {
        self.kills_fork = false;
    }

    /// The engine's time at the last write; no kill takes back more.
    #[must_use]
    pub fn clock_kept_ms(&self) -> u64 {
        self.clock_kept_ms
    }

    /// What the source of time shows.
    #[must_use]
    pub fn source_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// The end: the model, and the disk after a clean close.
    #[must_use]
    pub fn close(mut self) -> (Model, CrashDisk) {
        self.scans.clear();
        self.snapshots.clear();
        self.engine.close().unwrap();
        self.leave()
    }

    /// The end: the model, and the disk as it is.
    #[must_use]
    pub fn leave(self) -> (Model, CrashDisk) {
        (self.model, self.disk)
    }

    /// Carries out one operation.
    pub fn apply(&mut self, operation: &Operation) {
        let before = self.model.sequence();
        match operation {
            Operation::Write(_) | Operation::Batch(_) | Operation::Ingest(_) => {
                self.write(operation);
            }
            Operation::Snapshot => self.snapshot(),
            Operation::Release(n) => {
                if let Some(at) = usize::from(*n).checked_rem(self.snapshots.len()) {
                    let (snapshot, point) = self.snapshots.swap_remove(at);
                    check::snapshot(&self.engine, &self.model, &snapshot, point);
                }
            }
            Operation::ClockStep(ms) => self.step_clock(*ms),
            Operation::ClockBack(ms) => {
                let now = self.clock.now_ms();
                self.clock.set(now.saturating_sub(*ms));
                assert_eq!(self.engine.now_ms(), self.model.now_ms());
            }
            Operation::Flush | Operation::DueWork | Operation::Sync => {
                carry_out(&self.engine, &self.model, operation).unwrap();
            }
            Operation::Compact => self.compact(),
            Operation::Reopen(leave, memtable_kib) => self.reopen(*leave, *memtable_kib),
            read => check::read(self, read, HELD_MAX),
        }
        let is_write = matches!(operation, Operation::Write(_) | Operation::Batch(_));
        let is_ingest = matches!(operation, Operation::Ingest(_));
        self.note_work(is_write.then_some(before), is_ingest);
    }

    fn write(&mut self, operation: &Operation) {
        let before = self.model.sequence();
        carry_out(&self.engine, &self.model, operation).unwrap();
        self.model.apply(operation);
        if self.model.sequence() > before && !matches!(operation, Operation::Ingest(_)) {
            self.clock_kept_ms = self.model.now_ms();
        }
        let keys: Vec<_> = match operation {
            Operation::Write(write) => vec![write.key()],
            Operation::Batch(writes) => writes.iter().map(Write::key).collect(),
            Operation::Ingest(records) => records.iter().map(|(key, ..)| *key).collect(),
            _ => Vec::new(),
        };
        for key in keys {
            check::key(&self.engine, &self.model, &key.bytes());
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
        let source_ms = self.clock.now_ms();
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
            Leave::Kill if self.kills_fork => {
                self.disk = self.disk.fork();
                self.coverage.kills += 1;
            }
            Leave::Drop | Leave::Kill => {}
        }
        // The old engine goes before the new one comes: what it holds open is the directory.
        let aside = open_with((self.options)(4), &CrashDisk::new(), &self.clock);
        drop(std::mem::replace(&mut self.engine, aside));
        // What was only read is left as it was found, and the time of those who read with it.
        let was_read_only = self.disk.calls() == self.calls_at_open;
        self.engine = open_with((self.options)(memtable_kib), &self.disk, &self.clock);
        self.calls_at_open = self.disk.calls();
        let now_ms = self.engine.now_ms();
        if was_read_only || (leave == Leave::Kill && self.kills_fork) {
            assert!(now_ms >= self.clock_kept_ms, "time ran back beyond a write");
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
        if (self.options)(4).background == Background::Thread {
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
        let live = self.model.all(self.model.now()).count();
        assert_eq!(report.entries, live as u64);
        self.engine.close().unwrap();
        assert!(self.engine.get(b"").is_err(), "a closed engine answers");
    }
}

/// An engine of `setting` on `disk`.
#[must_use]
pub fn open(setting: &Setting, disk: &CrashDisk, clock: &ManualClock, memtable_kib: u8) -> Engine {
    open_with(setting.options(memtable_kib), disk, clock)
}

fn open_with(mut options: EngineOptions, disk: &CrashDisk, clock: &ManualClock) -> Engine {
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(clock.clone());
    Engine::open(DIR, options).unwrap()
}
