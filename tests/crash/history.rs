//! A history on a simulated disk: what was written, and at which call each commit was acknowledged.
//!
//! [`Setup`] says how, [`History`] is what came of it. With one writer and inline work the same
//! setup makes the same calls on every run, which is what lets one line replay a failure.

use crate::model::{Keys, Script};
use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Compaction, Durability, Engine, EngineOptions};
use grainstore::fs::{CrashDisk, FileSystem};
use std::path::Path;
use std::sync::Arc;

/// Where the database lies on the simulated disk; at first not even the first part exists.
pub(crate) const DIR: &str = "/srv/grain/db";

/// Size-tiered compaction with everything small.
pub(crate) const TIERED: Compaction = Compaction::SizeTiered {
    runs_merged_min: 3,
    runs_max: 8,
    space_percent_max: 200,
};

/// How a history is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    /// Its name in the line that replays a failure.
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) writers: usize,
    /// Commits of each writer.
    pub(crate) commits: usize,
    pub(crate) durability: Durability,
    pub(crate) background: Background,
    pub(crate) memtable_bytes: usize,
    pub(crate) wal_segment_bytes: u64,
    pub(crate) level_ratio: u64,
    pub(crate) level1_bytes: u64,
    pub(crate) compaction: Compaction,
    /// The other style of compaction after every other reopen.
    pub(crate) switches: bool,
    /// The keys of each writer.
    pub(crate) keys: Keys,
    /// Close and open again after so many commits of the first writer; 0 for never.
    pub(crate) reopen_every: usize,
    /// Flush, compact or sync by hand after so many commits of the first writer; 0 for never.
    pub(crate) upkeep_every: usize,
}

impl Setup {
    /// One writer whose every commit is durable, with work inline and everything small.
    pub(crate) const fn new(name: &'static str, seed: u64, commits: usize) -> Self {
        Self {
            name,
            seed,
            writers: 1,
            commits,
            durability: Durability::Sync,
            background: Background::Inline,
            memtable_bytes: 8 << 10,
            wal_segment_bytes: 6 << 10,
            level_ratio: 3,
            level1_bytes: 16 << 10,
            compaction: Compaction::Leveled,
            switches: false,
            keys: Keys {
                count: 96,
                bytes_least: 0,
            },
            reopen_every: 0,
            upkeep_every: 0,
        }
    }

    /// The style of compaction after a reopen.
    fn other_style(&self) -> Compaction {
        match self.compaction {
            _ if !self.switches => self.compaction,
            Compaction::Leveled => TIERED,
            Compaction::SizeTiered { .. } => Compaction::Leveled,
        }
    }

    /// The options of the history, on `disk`.
    pub(crate) fn options(&self, disk: Arc<dyn FileSystem>, clock: &ManualClock) -> EngineOptions {
        let mut options = EngineOptions::default();
        options.durability = self.durability;
        options.background = self.background;
        options.memtable_bytes = self.memtable_bytes;
        options.wal_segment_bytes = self.wal_segment_bytes;
        options.level_ratio = self.level_ratio;
        options.cache_bytes = 32 << 10;
        options.block_bytes = 128;
        options.table_bytes = 6 << 10;
        options.level0_tables = 2;
        options.level1_bytes = self.level1_bytes;
        options.close_flush_bytes = self.memtable_bytes / 2;
        options.compaction = self.compaction;
        options.file_system = disk;
        options.clock = Arc::new(clock.clone());
        options
    }

    /// The options of a recovery: the same sizes, work inline, one commit a sync.
    pub(crate) fn recovery_options(&self, disk: &CrashDisk, now_ms: u64) -> EngineOptions {
        let disk: Arc<dyn FileSystem> = Arc::new(disk.clone());
        let mut options = self.options(disk, &ManualClock::new(now_ms));
        options.background = Background::Inline;
        options.durability = Durability::Sync;
        options
    }
}

/// What came of a [`Setup`].
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) setup: Setup,
    pub(crate) disk: CrashDisk,
    /// The work of each writer.
    pub(crate) scripts: Vec<Script>,
    /// `acknowledged[w][n]`: the calls on the disk when commit `n + 1` of writer `w` returned.
    pub(crate) acknowledged: Vec<Vec<usize>>,
    /// As `acknowledged`, when a sync asked for by hand returned: calls, and commits before it.
    pub(crate) synced: Vec<(usize, usize)>,
    /// Flushes and compactions that there were.
    pub(crate) flushes: u64,
    pub(crate) compactions: u64,
    /// The deepest level that held a table at a close.
    pub(crate) deepest: usize,
}

/// Which commits of a writer may be the last that survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Survivors {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

impl History {
    /// The scripts of `setup` and an empty disk.
    pub(crate) fn unwritten(setup: Setup) -> Self {
        let (seed, commits, keys) = (setup.seed, setup.commits, setup.keys);
        let numbers = 0..setup.writers;
        let scripts = numbers.map(|w| Script::new(w, seed, commits, keys));
        Self {
            setup,
            disk: CrashDisk::new(),
            scripts: scripts.collect(),
            acknowledged: Vec::new(),
            synced: Vec::new(),
            flushes: 0,
            compactions: 0,
            deepest: 0,
        }
    }

    /// Runs `setup` on a new disk, and closes the database.
    pub(crate) fn record(setup: Setup) -> Self {
        let mut history = Self::unwritten(setup);
        if setup.writers == 1 {
            history.write_alone();
        } else {
            history.write_together();
        }
        history
    }

    fn open(&self, clock: &ManualClock) -> Engine {
        let disk = Arc::new(self.disk.clone());
        Engine::open(Path::new(DIR), self.setup.options(disk, clock)).unwrap()
    }

    fn close(&mut self, engine: &Engine) {
        let stats = engine.stats();
        self.flushes += stats.flushes;
        self.compactions += stats.compactions;
        let deepest = stats.levels.iter().rposition(|level| level.tables > 0);
        self.deepest = self.deepest.max(deepest.unwrap_or(0));
        engine.close().unwrap();
    }

    fn write_alone(&mut self) {
        let clock = ManualClock::new(0);
        let mut engine = self.open(&clock);
        let mut calls = Vec::new();
        for number in 1..=self.setup.commits {
            let commit = &self.scripts[0].commits[number - 1];
            clock.set(commit.time_ms);
            engine.write(commit.batch()).unwrap();
            calls.push(self.disk.calls());
            if self.setup.reopen_every != 0 && number % self.setup.reopen_every == 0 {
                self.close(&engine);
                self.setup.compaction = self.setup.other_style();
                engine = self.open(&clock);
            }
            if self.setup.upkeep_every != 0 && number % self.setup.upkeep_every == 0 {
                match number / self.setup.upkeep_every % 3 {
                    0 => engine.flush().unwrap(),
                    1 => engine.sync().unwrap(),
                    _ => engine.compact().unwrap(),
                }
                self.synced.push((self.disk.calls(), number));
            }
        }
        self.close(&engine);
        self.acknowledged = vec![calls];
    }

    fn write_together(&mut self) {
        let clock = ManualClock::new(0);
        let engine = self.open(&clock);
        let disk = &self.disk;
        let write = |script: &Script| {
            let commits = script.commits.iter();
            let calls = commits.map(|commit| {
                engine.write(commit.batch()).unwrap();
                disk.calls()
            });
            calls.collect::<Vec<_>>()
        };
        self.acknowledged = std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .scripts
                .iter()
                .map(|s| scope.spawn(|| write(s)))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        self.close(&engine);
    }

    /// The time of a recovery at `call`: that of the commit which was in flight.
    pub(crate) fn time_at(&self, call: usize) -> u64 {
        let in_flight = self.acknowledged_at(0, call);
        match self.scripts.first().map(|script| &script.commits) {
            Some(commits) if self.setup.writers == 1 => commits
                .get(in_flight)
                .or(commits.last())
                .map_or(0, |c| c.time_ms),
            _ => self.scripts.iter().map(Script::end_ms).max().unwrap_or(0),
        }
    }

    /// How many commits of `writer` had returned when `call` calls had been issued.
    pub(crate) fn acknowledged_at(&self, writer: usize, call: usize) -> usize {
        self.acknowledged[writer].partition_point(|&calls| calls <= call)
    }

    /// What may survive of each writer at `call`. A killed process (`killed`) loses nothing that
    /// was acknowledged; a power cut, where writes are not synced, only what nobody asked to sync.
    pub(crate) fn survivors_at(&self, call: usize, killed: bool) -> Vec<Survivors> {
        let lossless = killed || self.setup.durability == Durability::Sync;
        let of = |writer| {
            let acknowledged = self.acknowledged_at(writer, call);
            let asked = self.synced.partition_point(|(calls, _)| *calls <= call);
            let synced = asked.checked_sub(1).map_or(0, |last| self.synced[last].1);
            Survivors {
                least: if lossless { acknowledged } else { synced },
                most: (acknowledged + 1).min(self.setup.commits),
            }
        };
        (0..self.setup.writers).map(of).collect()
    }
}
