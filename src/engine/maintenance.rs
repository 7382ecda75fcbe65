//! What an operator asks of an engine: flush, compact, sync, verify, ingest.

use super::background;
use super::compaction;
use super::core::{Core, Log};
use super::flush;
use super::live_table::LiveTable;
use super::lsm::Engine;
use super::old_logs;
use super::options::Compaction;
use super::read_view::{Levels, ReadView};
use super::rotate;
use super::table_output::{Place, TableOutput, abandon_on_error, keep_only_installed};
use super::trace;
use super::watch_hub::{IngestOffer, Wakes};
use crate::error::{Error, ErrorKind, Result};
use crate::format::entry::{EntryMeta, KEY_BYTES_MAX, Kind, SEQUENCE_MAX, VALUE_BYTES_MAX};
use crate::format::range_tombstones::RangeTombstones;
use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::manifest::version::LEVELS;
use crate::sync::Arc;

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
        background::run_until_idle(self.core())
    }

    /// Makes every write so far durable, whatever the durability chosen.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn sync(&self) -> Result<()> {
        self.core().check_open()?;
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

    /// Puts a sorted stream of records straight into tables, without log and memtable: the way to
    /// load much. All of it becomes visible at one commit point. Writers wait while it runs.
    ///
    /// `records` gives key, value and expiry (ms since the epoch, 0 for never), keys rising.
    ///
    /// # Errors
    /// `InvalidInput` where keys do not rise; `TooLarge`; an error of the stream; `Io`, `Latched`.
    /// Nothing has changed then.
    pub fn ingest<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl IntoIterator<Item = Result<(K, V, u64)>>,
    ) -> Result<u64> {
        let core = self.core();
        let work = core.begin_work()?;
        let mut log = core.log.lock();
        core.latch.check()?;
        // What is in memtables is older than the ingest, so it has to be below it in tables.
        rotate::freeze(core, &mut log)?;
        let mut retired = None;
        while let Some(log_first) = flush::flush_keeping_logs(core)? {
            retired = Some(log_first);
        }
        let mut offer = core.watchers.collect_ingest();
        let (tables, count) = write_ingested(core, &log, records, &mut offer)?;
        let mut wakes = Wakes::default();
        if count > 0 {
            wakes = install_ingested(core, &mut log, tables, offer)?;
        }
        drop(log);
        if let Some(log_first) = retired {
            old_logs::retire(core, log_first);
        }
        drop(work);
        wakes.wake();
        Ok(count)
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

fn write_ingested<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    core: &Core,
    log: &Log,
    records: impl IntoIterator<Item = Result<(K, V, u64)>>,
    offer: &mut Option<IngestOffer>,
) -> Result<(Vec<TableMeta>, u64)> {
    let sequence = log.sequence_last + 1;
    if sequence > SEQUENCE_MAX {
        return Err(Error::new(
            ErrorKind::TooLarge,
            "all 2^56 sequence numbers are used",
        ));
    }
    let bytes_max = core.options.table_bytes;
    let output = TableOutput::new(core, Place::on(1), bytes_max, RangeTombstones::default());
    abandon_on_error(output, |output| {
        let (mut last, mut count) = (None::<Box<[u8]>>, 0);
        for record in records {
            let (key, value, expiry_ms) = record?;
            let (key, value) = (key.as_ref(), value.as_ref());
            check_ingested(last.as_deref(), key, value)?;
            output.add(
                key,
                EntryMeta {
                    sequence,
                    kind: Kind::Put,
                    expiry_ms,
                },
                value,
            )?;
            if let Some(offer) = offer {
                offer.add(key, value, expiry_ms);
            }
            last = Some(key.into());
            count += 1;
        }
        Ok(count)
    })
}

fn check_ingested(last: Option<&[u8]>, key: &[u8], value: &[u8]) -> Result<()> {
    if last.is_some_and(|last| last >= key) {
        let text = "the keys of an ingest must rise, and none may come twice; sort them first";
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
        let text = format!(
            "an ingested record has a key of {} and a value of {} bytes; the limits are \
             {KEY_BYTES_MAX} and {VALUE_BYTES_MAX}",
            key.len(),
            value.len()
        );
        return Err(Error::new(ErrorKind::TooLarge, text));
    }
    Ok(())
}

/// Puts the tables in, as deep as nothing above or beside them overlaps, and shows them.
fn install_ingested(
    core: &Core,
    log: &mut Log,
    mut tables: Vec<TableMeta>,
    offer: Option<IngestOffer>,
) -> Result<Wakes> {
    let sequence = log.sequence_last + 1;
    let level = level_for(core, &core.view.load().levels, &tables);
    for meta in &mut tables {
        meta.level = level;
        meta.run = if level == 0 {
            core.next_file_number()
        } else {
            0
        };
    }
    let live: Vec<_> = tables
        .iter()
        .map(|meta| core.live_table(Arc::new(meta.clone())))
        .collect();
    let edit = VersionEdit {
        added: tables,
        sequence_last: Some(sequence),
        ..Default::default()
    };
    let numbers: Vec<_> = edit.added.iter().map(|t| t.number).collect();
    let installed = core.install(edit, |view| {
        let levels = Levels::new(view.levels.tables().cloned().chain(live));
        ReadView::new(Arc::clone(&view.active), view.frozen.clone(), levels)
    });
    keep_only_installed(core, &numbers, installed)?;
    log.sequence_last = sequence;
    let shown = (&core.visible, sequence);
    let wakes = core.watchers.show_ingested(shown, &core.clock, offer);
    core.signal_work();
    Ok(wakes)
}

/// The deepest level in use that the tables may join without meeting a table there or above; with
/// size-tiered compaction, of all levels.
fn level_for(core: &Core, levels: &Levels, tables: &[TableMeta]) -> u8 {
    let first = tables
        .iter()
        .map(|t| &*t.properties.key_first)
        .min()
        .unwrap_or_default();
    let last = tables
        .iter()
        .map(|t| &*t.properties.key_last)
        .max()
        .unwrap_or_default();
    if levels.level(0).iter().any(|t| t.overlaps(first, last)) {
        return 0;
    }
    let deepest = match core.options.compaction {
        Compaction::Leveled => levels.deepest(),
        Compaction::SizeTiered { .. } => LEVELS - 1,
    };
    let free = |&level: &usize| levels.overlapping(level, first, last).is_empty();
    (1..=deepest).take_while(free).last().unwrap_or(0) as u8
}
