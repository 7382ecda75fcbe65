//! A small history on a disk of which one call fails, and what must be true afterwards.
//!
//! Either the engine has latched, and then nothing is written any more until a reopen; or it has
//! not, and then what failed left nothing behind, and the same goes well once the disk does.

use grainstore::clock::ManualClock;
use grainstore::engine::{Engine, Snapshot};
use grainstore::fs::{CrashDisk, CrashImage, Fault, FaultDisk, FaultKind, FaultMode};
use grainstore_proof::engine_run::{DIR, START_MS};
use grainstore_proof::operation::{Leave, Operation};
use grainstore_proof::recorded::Survivors;
use grainstore_proof::recovery::{self, Finding, check, compare, recover_twice};
use grainstore_proof::setting::Setting;
use grainstore_proof::written::Written;
use std::path::Path;
use std::sync::Arc;

/// What is written while a call fails.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) setting: Setting,
    pub(crate) operations: Vec<Operation>,
}

/// What a run with a fault came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The calls that the fault struck; none where its call never came.
    pub(crate) fired: u64,
    /// An open, a write or the close reported a failure.
    pub(crate) failed: bool,
    /// Recoveries made afterwards.
    pub(crate) recoveries: usize,
}

/// One history, being written to a disk that fails.
struct Run<'a> {
    history: &'a History,
    disk: CrashDisk,
    faulty: FaultDisk,
    clock: ManualClock,
    fault: Fault,
    /// What was acknowledged, and after it what is in doubt where something is.
    written: Written,
    /// The last write that was acknowledged.
    acknowledged: u64,
    failed: bool,
    snapshot: Option<Snapshot>,
}

/// Writes `history`, of which nothing has been written, with `fault` to come; then checks what
/// reads say, what a reopen finds, and what power loss leaves.
pub(crate) fn run(history: &History, fault: Fault) -> Result<Outcome, Finding> {
    let disk = CrashDisk::new();
    let mut run = Run {
        history,
        faulty: FaultDisk::new(Arc::new(disk.clone())),
        disk,
        clock: ManualClock::new(START_MS),
        fault,
        written: Written::nothing(history.setting, START_MS),
        acknowledged: 0,
        failed: false,
        snapshot: None,
    };
    run.faulty.arm(fault);
    run.write()?;
    let fired = run.faulty.fired();
    if run.failed && (fired == 0 || fault.kind == FaultKind::ShortWrite) {
        return Err("a failure without a cause".to_owned());
    }
    let recoveries = if fired > 0 { run.recover()? } else { 0 };
    Ok(Outcome {
        fired,
        failed: run.failed,
        recoveries,
    })
}

impl Run<'_> {
    fn open(&mut self, memtable_kib: u8) -> Result<Option<Engine>, Finding> {
        let mut options = self.history.setting.options(memtable_kib);
        options.file_system = Arc::new(self.faulty.clone());
        options.clock = Arc::new(self.clock.clone());
        match Engine::open(Path::new(DIR), options) {
            Ok(engine) => Ok(Some(engine)),
            Err(error) if error.io_kind().is_some() => {
                self.failed = true;
                Ok(None)
            }
            Err(error) => Err(format!("the open failed without saying why: {error}")),
        }
    }

    fn write(&mut self) -> Result<(), Finding> {
        let Some(mut engine) = self.open(4)? else {
            return Ok(());
        };
        for operation in &self.history.operations {
            match operation {
                Operation::ClockStep(ms) => {
                    self.clock.advance(*ms);
                    self.written.model.see_time(engine.now_ms());
                }
                Operation::Snapshot => self.snapshot = Some(engine.snapshot()),
                Operation::Release(_) => self.snapshot = None,
                Operation::Reopen(leave, memtable_kib) => {
                    let Some(opened) = self.reopen(engine, *leave, *memtable_kib)? else {
                        return Ok(());
                    };
                    engine = opened;
                }
                _ => {
                    if !self.carry_out(&engine, operation)? {
                        return Ok(());
                    }
                }
            }
        }
        self.check_reads(&engine)?;
        self.failed |= engine.close().is_err();
        Ok(())
    }

    /// Carries out one operation; false where nothing can be written any more.
    fn carry_out(&mut self, engine: &Engine, operation: &Operation) -> Result<bool, Finding> {
        if let Err(error) = self.written.carry_out(engine, operation) {
            self.failed = true;
            if engine.stats().is_latched {
                self.after_failure(engine, &error)?;
                self.written.apply(operation);
                return Ok(false);
            }
            self.try_again(engine, &error, operation)?;
        }
        self.acknowledged = self.written.model.sequence();
        Ok(true)
    }

    fn reopen(
        &mut self,
        engine: Engine,
        leave: Leave,
        memtable_kib: u8,
    ) -> Result<Option<Engine>, Finding> {
        self.snapshot = None;
        if leave == Leave::Close {
            self.failed |= engine.close().is_err();
        }
        drop(engine);
        let opened = self.open(memtable_kib)?;
        if let Some(engine) = &opened {
            self.check_reads(engine)?;
        }
        Ok(opened)
    }

    /// What failed without latching the engine has changed nothing; once the disk is well again,
    /// it goes well too.
    fn try_again(
        &mut self,
        engine: &Engine,
        error: &grainstore::Error,
        operation: &Operation,
    ) -> Result<(), Finding> {
        if error.io_kind().is_none() {
            return Err(format!("the write failed without saying why: {error}"));
        }
        self.check_reads(engine)?;
        self.faulty.disarm();
        self.check_reads(engine)?;
        // Work that rests after a failure is asked for by hand.
        let due = engine.run_due_work();
        due.and_then(|()| self.written.carry_out(engine, operation))
            .map_err(|e| format!("after the failure {error} was over: {e}"))?;
        match engine.stats().last_error {
            Some(error) => Err(format!("told though it is over: {error}")),
            None => Ok(()),
        }
    }

    /// Every later write is refused, reads go on and show what was acknowledged, nothing else.
    fn after_failure(&mut self, engine: &Engine, error: &grainstore::Error) -> Result<(), Finding> {
        if error.io_kind().is_none() && !error.is_latched() {
            return Err(format!("the write failed without saying why: {error}"));
        }
        for _ in 0..3 {
            match engine.put(b"~refused", b"") {
                Err(error) if error.is_latched() => {}
                other => return Err(format!("after a failed write: {other:?}")),
            }
            self.check_reads(engine)?;
        }
        if !engine.flush().is_err_and(|e| e.is_latched()) {
            return Err("a flush after a failed write did not say that it is latched".to_owned());
        }
        self.faulty.disarm();
        self.check_reads(engine)?;
        engine
            .close()
            .map_err(|e| format!("the close of a latched engine failed: {e}"))
    }

    /// Reads may fail while the disk does, but what they show is exactly what was acknowledged.
    fn check_reads(&self, engine: &Engine) -> Result<(), Finding> {
        let acknowledged = || compare(engine, &self.written.model, self.acknowledged, None);
        let once = self.fault.mode == FaultMode::Once;
        match acknowledged() {
            Err(finding) if finding.contains("scan failed") && !once => Ok(()),
            Err(finding) if finding.contains("scan failed") => {
                acknowledged().map_err(|again| format!("{finding}, and then: {again}"))
            }
            found => found,
        }
    }

    fn recover(&self) -> Result<usize, Finding> {
        let allowed = Survivors {
            least: self.acknowledged,
            most: self.written.model.sequence(),
        };
        let (now_ms, images) = (self.written.model.now_ms(), CrashImage::all(self.fault.at));
        for kind in images {
            let image = self.disk.image(self.disk.calls(), kind);
            recover_twice(&self.written, &image, allowed, now_ms, true)
                .map_err(|finding| format!("{kind:?} after the fault: {finding}"))?;
        }
        self.recover_in_place(allowed, now_ms)?;
        Ok(images.len() + 2)
    }

    /// Reopened without a power cut, what is found must be durable from then on.
    fn recover_in_place(&self, allowed: Survivors, now_ms: u64) -> Result<(), Finding> {
        self.faulty.disarm();
        let engine = recovery::open(&self.written.setting, self.faulty.clone(), now_ms);
        let engine = engine.map_err(|e| format!("reopened: {e}"))?;
        let last = check(&self.written, &engine, allowed, Some(false))?;
        let image = self.disk.image(self.disk.calls(), CrashImage::DropUnsynced);
        let exactly = Survivors::exactly(last);
        recover_twice(&self.written, &image, exactly, now_ms, false)
            .map_err(|finding| format!("power lost after the reopen: {finding}"))
    }
}
