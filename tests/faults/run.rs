//! A small history on a disk of which one call fails, and what must be true afterwards.
//!
//! Either the engine has latched, and then nothing is written any more until a reopen; or it has
//! not, and then what failed left nothing behind, and the same goes well once the disk does.

use crate::history::{DIR, History, Survivors};
use crate::recovery::{Finding, check, compare, recover_twice};
use grainstore::clock::ManualClock;
use grainstore::engine::Engine;
use grainstore::fs::{CrashDisk, CrashImage, Fault, FaultDisk, FaultKind, FaultMode};
use std::path::Path;
use std::sync::Arc;

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
    acknowledged: usize,
    /// A write failed: whether it survives is not known.
    in_doubt: bool,
    failed: bool,
}

/// Writes `history`, of which nothing has been written, with `fault` to come; then checks what
/// reads say, what a reopen finds, and what power loss leaves.
pub(crate) fn run(history: &History, fault: Fault) -> Result<Outcome, Finding> {
    let disk = CrashDisk::new();
    let mut run = Run {
        history,
        faulty: FaultDisk::new(Arc::new(disk.clone())),
        disk,
        clock: ManualClock::new(0),
        fault,
        acknowledged: 0,
        in_doubt: false,
        failed: false,
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
    fn open(&mut self) -> Result<Option<Engine>, Finding> {
        let disk = Arc::new(self.faulty.clone());
        let options = self.history.setup.options(disk, &self.clock);
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
        let Some(mut engine) = self.open()? else {
            return Ok(());
        };
        let setup = &self.history.setup;
        for (number, commit) in self.history.scripts[0].commits.iter().enumerate() {
            self.clock.set(commit.time_ms);
            if let Err(error) = engine.write(commit.batch()) {
                self.failed = true;
                if engine.stats().is_latched {
                    self.in_doubt = true;
                    return self.after_failure(&engine, &error);
                }
                self.try_again(&engine, &error, || engine.write(commit.batch()))?;
            }
            self.acknowledged = number + 1;
            if (number + 1) % setup.upkeep_every == 0 {
                let upkeep = || match (number + 1) / setup.upkeep_every % 2 {
                    0 => engine.flush(),
                    _ => engine.compact(),
                };
                if let Err(error) = upkeep() {
                    self.failed = true;
                    if engine.stats().is_latched {
                        return self.after_failure(&engine, &error);
                    }
                    self.try_again(&engine, &error, upkeep)?;
                }
            }
            if number + 1 == setup.reopen_every {
                let closed = engine.close();
                self.failed |= closed.is_err();
                drop(engine);
                match self.open()? {
                    Some(opened) => engine = opened,
                    None => return Ok(()),
                }
                self.check_reads(&engine)?;
            }
        }
        self.check_reads(&engine)?;
        self.failed |= engine.close().is_err();
        Ok(())
    }

    /// What failed without latching the engine has changed nothing; once the disk is well again,
    /// it goes well too.
    fn try_again(
        &mut self,
        engine: &Engine,
        error: &grainstore::Error,
        again: impl Fn() -> grainstore::Result<()>,
    ) -> Result<(), Finding> {
        if error.io_kind().is_none() {
            return Err(format!("the write failed without saying why: {error}"));
        }
        self.check_reads(engine)?;
        self.faulty.disarm();
        self.check_reads(engine)?;
        // Work that rests after a failure is asked for by hand.
        let due = engine.run_due_work();
        due.and_then(|()| again())
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
        // The clock of the engine may be behind, where a write failed before it read the time.
        let now_ms = engine.now_ms();
        let found = compare(self.history, engine, &[self.acknowledged], now_ms, None);
        let once = self.fault.mode == FaultMode::Once;
        match found {
            Err(finding) if finding.contains("scan failed") && !once => Ok(()),
            Err(finding) if finding.contains("scan failed") => {
                compare(self.history, engine, &[self.acknowledged], now_ms, None)
                    .map_err(|again| format!("{finding}, and then: {again}"))
            }
            found => found,
        }
    }

    fn recover(&self) -> Result<usize, Finding> {
        let allowed = [Survivors {
            least: self.acknowledged,
            most: self.acknowledged + usize::from(self.in_doubt),
        }];
        let commits = &self.history.scripts[0].commits;
        let now_ms = commits[self.acknowledged.min(commits.len() - 1)].time_ms;
        let images = CrashImage::all(self.fault.at);
        for kind in images {
            let image = self.disk.image(self.disk.calls(), kind);
            recover_twice(self.history, &image, &allowed, now_ms, true)
                .map_err(|finding| format!("{kind:?} after the fault: {finding}"))?;
        }
        self.recover_in_place(&allowed, now_ms)?;
        Ok(images.len() + 2)
    }

    /// Reopened without a power cut, what is found must be durable from then on.
    fn recover_in_place(&self, allowed: &[Survivors], now_ms: u64) -> Result<(), Finding> {
        self.faulty.disarm();
        let mut options = self.history.setup.recovery_options(&self.disk, now_ms);
        options.file_system = Arc::new(self.faulty.clone());
        let engine = Engine::open(Path::new(DIR), options);
        let engine = engine.map_err(|e| format!("the reopen failed: {e}"))?;
        let commits = check(self.history, &engine, allowed, now_ms)?;
        let exactly = [Survivors {
            least: commits[0],
            most: commits[0],
        }];
        let image = self.disk.image(self.disk.calls(), CrashImage::DropUnsynced);
        recover_twice(self.history, &image, &exactly, now_ms, false)
            .map_err(|finding| format!("power lost after the reopen: {finding}"))
    }
}
