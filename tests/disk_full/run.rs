//! One history on a disk that is given space bit by bit.

use grainstore::Error;
use grainstore::clock::{Clock, ManualClock};
use grainstore::engine::{Durability, Engine};
use grainstore::fs::{CrashDisk, CrashImage, FileSystem, QuotaDisk};
use grainstore_proof::engine_run::{DIR, START_MS};
use grainstore_proof::operation::{Leave, Operation};
use grainstore_proof::recorded::Survivors;
use grainstore_proof::recovery::{Finding, check, compare, recover_twice};
use grainstore_proof::setting::Setting;
use grainstore_proof::written::Written;
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

struct Run {
    disk: CrashDisk,
    full: QuotaDisk,
    clock: ManualClock,
    quota: u64,
    written: Written,
    filled: Filled,
}

/// Writes `operations` to a disk of `quota` bytes at first.
pub(crate) fn run(
    setting: Setting,
    operations: &[Operation],
    quota: u64,
) -> Result<Filled, Finding> {
    let disk = CrashDisk::new();
    let mut run = Run {
        full: QuotaDisk::new(Arc::new(disk.clone()), quota),
        disk,
        clock: ManualClock::new(START_MS),
        quota,
        written: Written::nothing(setting, START_MS),
        filled: Filled::default(),
    };
    run.write(operations)?;
    Ok(run.filled)
}

impl Run {
    fn raise(&mut self) {
        self.quota = self.full.used().max(self.quota) + RAISED_BY;
        self.full.set_quota(self.quota);
    }

    fn open(&mut self, memtable_kib: u8) -> Result<Engine, Finding> {
        for _ in 0..TRIES_MAX {
            let mut options = self.written.setting.options(memtable_kib);
            options.file_system = Arc::new(self.full.clone());
            options.clock = Arc::new(self.clock.clone());
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

    fn write(&mut self, operations: &[Operation]) -> Result<(), Finding> {
        let mut engine = self.open(4)?;
        for operation in operations {
            match operation {
                Operation::ClockStep(ms) => {
                    self.clock.advance(*ms);
                    self.written.model.see_time(engine.now_ms());
                }
                Operation::Reopen(Leave::Close, memtable_kib) => {
                    self.close(&engine)?;
                    drop(engine);
                    engine = self.open(*memtable_kib)?;
                    self.compare(&engine)?;
                }
                _ => self.until_it_fits(&engine, operation)?,
            }
        }
        self.compare(&engine)?;
        self.filled.work_failures += engine.stats().work_failures;
        if self.quota.is_multiple_of(2) {
            self.settle(&engine)?;
        }
        self.close(&engine)?;
        drop(engine);
        let engine = self.open(4)?;
        self.compare(&engine)?;
        self.settle(&engine)?;
        engine.close().map_err(|e| format!("close failed: {e}"))
    }

    /// Closes; that there is no space for all of it is no loss.
    fn close(&mut self, engine: &Engine) -> Result<(), Finding> {
        if let Err(error) = engine.close() {
            self.expect_full(&error)?;
            self.filled.closes_refused += 1;
        }
        Ok(())
    }

    /// Tries until there is space, and checks after each refusal that nothing of it is left.
    fn until_it_fits(&mut self, engine: &Engine, operation: &Operation) -> Result<(), Finding> {
        for tries in 0..TRIES_MAX {
            let Err(error) = self.written.carry_out(engine, operation) else {
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
        let lossless = self.written.setting.durability == Durability::Sync;
        let acknowledged = self.written.model.sequence();
        let allowed = Survivors {
            least: if lossless { acknowledged } else { 0 },
            most: acknowledged,
        };
        let now_ms = self.clock.now_ms();
        let calls = self.disk.calls();
        let images = [
            CrashImage::DropUnsynced,
            CrashImage::KeepAll,
            CrashImage::TornSectors { seed: calls as u64 },
        ];
        for kind in images {
            let image = self.disk.image(calls, kind);
            recover_twice(&self.written, &image, allowed, now_ms, false)
                .map_err(|finding| format!("{kind:?} on a full disk: {finding}"))?;
            self.filled.recoveries += 1;
        }
        Ok(())
    }

    fn compare(&self, engine: &Engine) -> Result<(), Finding> {
        compare(
            engine,
            &self.written.model,
            self.written.model.sequence(),
            None,
        )
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
        let exactly = Survivors::exactly(self.written.model.sequence());
        check(&self.written, engine, exactly, Some(false))?;
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
