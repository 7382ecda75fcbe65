//! One history on a disk that is given space bit by bit.

use crate::history::{DIR, History, Survivors};
use crate::recovery::{Finding, check, compare, recover_twice};
use grainstore::Error;
use grainstore::clock::ManualClock;
use grainstore::engine::Engine;
use grainstore::fs::{CrashDisk, CrashImage, FileSystem, QuotaDisk};
use std::path::Path;
use std::sync::Arc;

/// How much space comes back each time.
const RAISED_BY: u64 = 1_500;

/// A write that is refused so often is stuck.
const TRIES_MAX: usize = 40;

/// What the runs have met.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    pub(crate) opens_refused: usize,
    pub(crate) refused: usize,
    pub(crate) work_failures: u64,
    pub(crate) recoveries: usize,
    pub(crate) closes_refused: usize,
}

impl Filled {
    pub(crate) fn add(&mut self, other: Self) {
        self.opens_refused += other.opens_refused;
        self.refused += other.refused;
        self.work_failures += other.work_failures;
        self.recoveries += other.recoveries;
        self.closes_refused += other.closes_refused;
    }
}

struct Run<'a> {
    history: &'a History,
    disk: CrashDisk,
    full: QuotaDisk,
    clock: ManualClock,
    quota: u64,
    acknowledged: usize,
    filled: Filled,
}

/// Writes `history` to a disk of `quota` bytes at first.
pub(crate) fn run(history: &History, quota: u64) -> Result<Filled, Finding> {
    let disk = CrashDisk::new();
    let mut run = Run {
        history,
        full: QuotaDisk::new(Arc::new(disk.clone()), quota),
        disk,
        clock: ManualClock::new(0),
        quota,
        acknowledged: 0,
        filled: Filled::default(),
    };
    run.write()?;
    Ok(run.filled)
}

impl Run<'_> {
    fn raise(&mut self) {
        self.quota = self.full.used().max(self.quota) + RAISED_BY;
        self.full.set_quota(self.quota);
    }

    fn open(&mut self) -> Result<Engine, Finding> {
        for _ in 0..TRIES_MAX {
            let disk = Arc::new(self.full.clone());
            let options = self.history.setup.options(disk, &self.clock);
            match Engine::open(Path::new(DIR), options) {
                Ok(engine) => return Ok(engine),
                Err(error) if error.is_storage_full() => {
                    self.filled.opens_refused += 1;
                    self.raise();
                }
                Err(error) => return Err(format!("the open failed: {error}")),
            }
        }
        Err("the open never found space enough".to_owned())
    }

    fn write(&mut self) -> Result<(), Finding> {
        let engine = self.open()?;
        let history = self.history;
        for (number, commit) in history.scripts[0].commits.iter().enumerate() {
            self.clock.set(commit.time_ms);
            self.until_it_fits(&engine, || engine.write(commit.batch()))?;
            self.acknowledged = number + 1;
            if (number + 1) % history.setup.upkeep_every == 0 {
                self.until_it_fits(&engine, || engine.flush())?;
            }
        }
        self.compare(&engine)?;
        self.filled.work_failures += engine.stats().work_failures;
        if self.quota.is_multiple_of(2) {
            self.settle(&engine)?;
        }
        if let Err(error) = engine.close() {
            self.expect_full(&error)?;
            self.filled.closes_refused += 1;
        }
        drop(engine);
        let engine = self.open()?;
        self.compare(&engine)?;
        self.settle(&engine)?;
        engine.close().map_err(|e| format!("close failed: {e}"))
    }

    /// Tries until there is space, and checks after each refusal that nothing of it is left.
    fn until_it_fits(
        &mut self,
        engine: &Engine,
        attempt: impl Fn() -> Result<(), Error>,
    ) -> Result<(), Finding> {
        for tries in 0..TRIES_MAX {
            let Err(error) = attempt() else {
                return Ok(());
            };
            self.expect_full(&error)?;
            self.filled.refused += 1;
            let stats = engine.stats();
            if stats.is_latched {
                return Err(format!("latched by a full disk: {:?}", stats.last_error));
            }
            self.compare(engine)?;
            if tries == 0 {
                self.cut_the_power()?;
            }
            self.raise();
            // Work that rests after a failure is asked for by hand.
            let _ = engine.run_due_work();
        }
        Err("a write never found space enough".to_owned())
    }

    fn expect_full(&self, error: &Error) -> Result<(), Finding> {
        if error.is_storage_full() {
            Ok(())
        } else {
            Err(format!("another failure than a full disk: {error}"))
        }
    }

    /// A refused write must not come back, whatever the power does.
    fn cut_the_power(&mut self) -> Result<(), Finding> {
        let setup = &self.history.setup;
        let lossless = setup.durability == grainstore::engine::Durability::Sync;
        let allowed = [Survivors {
            least: if lossless { self.acknowledged } else { 0 },
            most: self.acknowledged,
        }];
        let now_ms = grainstore::clock::Clock::now_ms(&self.clock);
        let calls = self.disk.calls();
        let images = [
            CrashImage::DropUnsynced,
            CrashImage::KeepAll,
            CrashImage::TornSectors { seed: calls as u64 },
        ];
        for kind in images {
            let image = self.disk.image(calls, kind);
            recover_twice(self.history, &image, &allowed, now_ms, false)
                .map_err(|finding| format!("{kind:?} on a full disk: {finding}"))?;
            self.filled.recoveries += 1;
        }
        Ok(())
    }

    fn compare(&self, engine: &Engine) -> Result<(), Finding> {
        let now_ms = engine.now_ms();
        compare(self.history, engine, &[self.acknowledged], now_ms, None)
    }

    /// With space for everything, nothing stands in the way and nothing was left behind.
    fn settle(&mut self, engine: &Engine) -> Result<(), Finding> {
        self.full.set_quota(u64::MAX);
        engine.flush().map_err(|e| e.to_string())?;
        engine.run_due_work().map_err(|e| e.to_string())?;
        let stats = engine.stats();
        if let Some(error) = stats.last_error {
            return Err(format!("told though there is space: {error}"));
        }
        let exactly = Survivors {
            least: self.acknowledged,
            most: self.acknowledged,
        };
        check(self.history, engine, &[exactly], engine.now_ms())?;
        engine.verify().map_err(|e| format!("verify: {e}"))?;
        let names = self.full.list_dir(Path::new(DIR));
        let names = names.map_err(|e| e.to_string())?;
        let is_table = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".table");
        let tables = names.into_iter().filter(is_table).count();
        if tables == engine.stats().tables() {
            Ok(())
        } else {
            Err(format!(
                "{tables} tables on disk, {} in use",
                stats.levels.len()
            ))
        }
    }
}
