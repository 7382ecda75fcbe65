//! What an operator asks of an engine: flush, compact, sync, verify.

use super::background;
use super::compaction;
use super::core::Core;
use super::flush;
use super::live_table::LiveTable;
use super::lsm::Engine;
use super::rotate;
use super::take_up::{settle, take_up};
use super::trace;
use crate::error::{Error, Result};

/// What a [`verify`](Engine::verify) has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Table files read whole.
    pub tables: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Their entries.
    pub entries: u64,
}

impl Engine {
    /// Writes what is in memtables to tables, and returns when it is there.
    ///
    /// # Errors
    /// `Io`, `Latched`, `Closed`.
    pub fn flush(&self) -> Result<()> {
        let core = self.core();
        take_up(core)?;
        let _work = core.begin_work()?;
        flush_all(core)
    }

    /// Flushes, and merges all tables into one level: deleted, expired and shadowed records leave
    /// the disk, but for what snapshots still see. Reads and rewrites everything.
    ///
    /// # Errors
    /// As [`flush`](Self::flush); `Corruption` where a table cannot be read.
    pub fn compact(&self) -> Result<()> {
        let core = self.core();
        take_up(core)?;
        let _work = core.begin_work()?;
        flush_all(core)?;
        compaction::compact_everything(core).map(|_| ())
    }

    /// Runs whatever flushes and compactions are due now, and returns when none is. The background
    /// thread does so by itself; this is for engines without one.
    ///
    /// # Errors
    /// As [`compact`](Self::compact).
    pub fn run_due_work(&self) -> Result<()> {
        self.core().check_open()?;
        take_up(self.core())?;
        background::run_until_idle(self.core())
    }

    /// Makes every write so far durable, whatever the durability chosen, and all that can be read.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn sync(&self) -> Result<()> {
        self.core().check_open()?;
        settle(self.core())?;
        background::sync_log(self.core())
    }

    /// Reads every byte of every table and of the manifest and checks all checksums, orders,
    /// counts and bounds. Never writes.
    ///
    /// # Errors
    /// `Corruption` with file and offset of the first damage; `Io`, `Closed`.
    pub fn verify(&self) -> Result<VerifyReport> {
        let core = self.core();
        core.check_open()?;
        let traced = trace::verify();
        core.manifest.lock().verify()?;
        let view = core.view.load_full();
        let mut report = VerifyReport::default();
        for live in view.levels.tables() {
            verify_table(core, live)?;
            report.tables += 1;
            report.bytes += live.meta().bytes;
            report.entries += live.meta().properties.entries;
        }
        traced.record("tables", report.tables as u64);
        traced.record("bytes", report.bytes);
        traced.record("entries", report.entries);
        Ok(report)
    }
}

/// Flushes every memtable. The caller holds `work`.
pub(crate) fn flush_all(core: &Core) -> Result<()> {
    core.latch.check()?;
    rotate::freeze(core, &mut core.log.lock())?;
    while flush::flush_oldest(core)? {}
    Ok(())
}

fn verify_table(core: &Core, live: &LiveTable) -> Result<()> {
    let path = live.path();
    let bytes = core
        .file_system
        .file_len(path)
        .map_err(|e| Error::io("look up", path, e))?;
    if bytes != live.meta().bytes {
        let what = format!(
            "the file has {bytes} bytes, the manifest says {}",
            live.meta().bytes
        );
        return Err(Error::corruption(path, bytes.min(live.meta().bytes), what));
    }
    live.table()?.verify()
}
