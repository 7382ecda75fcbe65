//! Opening a database: from what a crash, a kill or a clean close left to a running core.
//!
//! There is no repair step. The manifest tells which tables there are and from which log segment
//! on records are not in tables yet; those segments are replayed into memtables. Records that are
//! in tables already, as the first ones of the oldest segment may be, are passed over by their
//! sequence numbers (V3).
//!
//! The replay is one pass that only reads, so that an open waits for no device. What it relied on
//! is made durable, and the segment that the crash left open is sealed (V1, V2 of `hardening`),
//! before the database is written to: that, and the beginning of a new segment, is `take_up`'s.
//! A crash before it finds what this open found. Only a manifest that ends torn is written anew
//! here, as nothing may be appended to it.
//!
//! What is checked: every segment from the first to the last that must exist is there; all but the
//! last are sealed; sequence numbers rise; and the files say the same of each other (`witness`).
//! All of it comes before anything is removed.

use super::background;
use super::core::{Core, Log, Signal};
use super::directory::{self, NewNames};
use super::hardening::Hardening;
use super::latch::Latch;
use super::live_table::LiveTable;
use super::options::{Background, EngineOptions};
use super::pending::Pending;
use super::quiet;
use super::read_view::{Levels, ReadView};
use super::replayed::Replayed;
use super::snapshots::SnapshotList;
use super::stats::Counters;
use super::sweep::{self, Files};
use super::take_up;
use super::trouble::Trouble;
use super::watch_hub::WatchHub;
use super::witness;
use crate::clock::MonotonicClock;
use crate::error::{Error, Result};
use crate::format::file_name::FileName;
use crate::fs::file_system::FileSystem;
use crate::fs::hold::Hold;
use crate::manifest::edit_log::Manifest;
use crate::manifest::state::ManifestState;
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, ArcSwap, AtomicBool, AtomicU64, Mutex, OnceLock};
use crate::table::cache::BlockCache;
use crate::table::file::TableFile;
use crate::table::hit_tally::HitTally;
use crate::table::open_files::OpenFiles;
use crate::wal::replay::{ReplayEnd, replay};
use std::path::Path;

/// More replayed segments than this are written to a table rather than kept for the next open.
const SEGMENTS_KEPT_MAX: u64 = 4;

/// Opens the database in `dir`, creating it where there is none.
pub(crate) fn open(dir: &Path, options: EngineOptions) -> Result<Arc<Core>> {
    options.validate()?;
    let file_system = Arc::clone(&options.file_system);
    let new_names = directory::make(&*file_system, dir)?;
    // Where the process goes later must not matter.
    let absolute = file_system.absolute(dir);
    let dir = &*absolute.map_err(|e| Error::io("find the absolute path of", dir, e))?;
    let hold = Hold::take(&*file_system, dir, &FileName::Lock.in_dir(dir))?;
    let found = Manifest::open(
        Arc::clone(&file_system),
        dir,
        options.formats,
        |number, end| {
            let files = sweep::list(&*file_system, dir)?;
            witness::check_all_marks(&*file_system, dir, &files, (number, end))
        },
    )?;
    let is_new = found.is_none();
    let manifest = match found {
        Some((manifest, _)) => manifest,
        None => create_manifest(&file_system, dir, &new_names, options.formats.newest)?,
    };
    let files = sweep::list(&*file_system, dir)?;
    let mut replayed = Replayed::new(&options, &manifest);
    let mut hardening = Hardening::default();
    let found = (&mut replayed, &mut hardening);
    let last = replay_logs(&*file_system, dir, &manifest, &files, found)?;
    let state = manifest.state();
    let expires = replayed.expires || state.version.tables().any(|t| t.properties.expiring > 0);
    let is_quiet = quiet::is_quiet(&manifest, &files)
        && hardening.is_as_closed()
        && replayed.is_small(options.close_flush_bytes)
        && !expires;
    let anew = planted(Mistake::ClockRunsBack);
    let seen_ms = state.clock_ms.max(replayed.time_ms);
    let floor_ms = if anew { 0 } else { seen_ms };
    let clock = MonotonicClock::new(Arc::clone(&options.clock), floor_ms);
    let number = last
        .map_or(state.log_first, |last| last + 1)
        .max(state.log_last + 1);
    let keeps_logs = last.is_some() && !replayed.is_empty();
    let log_first = if keeps_logs { state.log_first } else { number };
    let pending = Pending {
        is_quiet,
        hardening,
        number,
        log_first,
        files,
        wal: None,
    };
    let parts = Parts {
        dir,
        options,
        file_system,
        clock,
        hold,
        manifest,
        pending,
    };
    let core = assemble(parts, replayed);
    let _ = core.own.set(Arc::downgrade(&core));
    // Who is told that a record has expired must not see it again where the clock is set back, so
    // the time of this open is left behind before anybody can ask. And whether a new database can
    // be written to is told at once.
    let is_awaited = is_new || expires || core.options.background == Background::Inline;
    if is_awaited && (!is_quiet || background::is_due(&core)) {
        take_up::begin_log(&core)?;
    }
    Ok(core)
}

/// The manifest comes first, naming no log yet, so that a directory without one holds no data.
fn create_manifest(
    file_system: &Arc<dyn FileSystem>,
    dir: &Path,
    new_names: &NewNames,
    format: u32,
) -> Result<Manifest> {
    new_names.sync(&**file_system)?;
    let state = ManifestState {
        log_first: 1,
        file_number_next: 2,
        ..ManifestState::default()
    };
    Manifest::create(Arc::clone(file_system), dir, 1, &state, format)
}

/// What a replay fills: memtables, and how the segments end.
type Found<'a> = (&'a mut Replayed, &'a mut Hardening);

/// Replays the log; answers the number of the last segment, or `None` where there is none.
fn replay_logs(
    file_system: &dyn FileSystem,
    dir: &Path,
    manifest: &Manifest,
    files: &Files,
    found: Found<'_>,
) -> Result<Option<u64>> {
    let end = (manifest.number(), manifest.bytes());
    let state = manifest.state();
    let last = witness::check_tables(dir, state, files)
        .and_then(|()| replay_segments(file_system, dir, (state, end), files, found));
    // A file may be missed only because the manifest lost the record that lets it go.
    last.map_err(|error| {
        let blamed = witness::check_all_marks(file_system, dir, files, end);
        blamed.err().unwrap_or(error)
    })
}

/// Replays the segments in order, on the word of a manifest with this state, number and length.
fn replay_segments(
    file_system: &dyn FileSystem,
    dir: &Path,
    (state, manifest): (&ManifestState, (u64, u64)),
    files: &Files,
    (replayed, hardening): Found<'_>,
) -> Result<Option<u64>> {
    let named = state.log_last.max(state.closed.map_or(0, |(log, _)| log));
    let (mut number, mut required, mut last) = (state.log_first, named, None);
    while number <= required {
        let path = FileName::Wal(number).in_dir(dir);
        if !files.logs.contains(&number) && planted(Mistake::MissingLogPassedOver) {
            (last, number) = (Some(number), number + 1);
            continue;
        }
        if !files.logs.contains(&number) {
            let what = "the log segment is missing; the records in it cannot be recovered";
            return Err(Error::corruption(&path, 0, what));
        }
        let end = replay(file_system, &path, number, &mut |record| {
            let offset = record.offset;
            let applied = replayed.apply(number, &record);
            applied.map_err(|what| Error::corruption(&path, offset, what))
        })?;
        witness::check_log_end(&path, number, state, &end)?;
        match end {
            ReplayEnd::Torn { offset } if number < required => {
                let what = "a log segment that is not the last ends without its seal";
                return Err(Error::corruption(&path, offset, what));
            }
            ReplayEnd::Rolled { .. } => required = required.max(number + 1),
            ReplayEnd::Closed { mark, .. } => {
                let (manifest, bytes) = manifest;
                witness::check_mark(dir, mark, manifest, bytes)?;
                replayed.time_ms = replayed.time_ms.max(mark.time_ms);
            }
            ReplayEnd::Torn { .. } | ReplayEnd::Recovered { .. } => {}
        }
        hardening.note(number, end);
        last = Some(number);
        number += 1;
    }
    witness::check_beyond(file_system, dir, files, number)?;
    Ok(last)
}

/// What has been opened on the way to a core.
struct Parts<'a> {
    dir: &'a Path,
    options: EngineOptions,
    file_system: Arc<dyn FileSystem>,
    clock: MonotonicClock,
    hold: Arc<Hold>,
    manifest: Manifest,
    pending: Pending,
}

fn assemble(parts: Parts<'_>, mut replayed: Replayed) -> Arc<Core> {
    let (log_first, log) = (parts.pending.log_first, parts.pending.number);
    let is_long = log - log_first > SEGMENTS_KEPT_MAX && !replayed.active.is_empty();
    // What a clean close would have written to a table is written to one now, where a crash came
    // before: to put it in order is the background's work then.
    if is_long || replayed.active.bytes() > parts.options.close_flush_bytes {
        replayed.freeze(log, replayed.sequence_last());
    }
    replayed.active.writer().end_replay();
    let cache = BlockCache::new(parts.options.cache_bytes);
    let open_files = OpenFiles::new(parts.options.open_files_max);
    let tables = parts.manifest.state().version.tables().map(|meta| {
        let path = FileName::Table(meta.number).in_dir(parts.dir);
        let (file_system, files) = (Arc::clone(&parts.file_system), Arc::clone(&open_files));
        let file = TableFile::new(file_system, path, meta.number, files);
        Arc::new(LiveTable::new(Arc::clone(meta), file, Arc::clone(&cache)))
    });
    let levels = Levels::new(tables.collect::<Vec<_>>());
    let sequence_last = replayed.sequence_last();
    let frozen = replayed.frozen.iter();
    let aside = frozen.map(|it| Arc::downgrade(&it.memtable)).collect();
    let file_number_next = parts.manifest.state().file_number_next;
    Arc::new(Core {
        dir: parts.dir.to_owned(),
        file_system: parts.file_system,
        clock: parts.clock,
        cache,
        open_files,
        view: ArcSwap::from_pointee(ReadView::new(replayed.active, replayed.frozen, levels)),
        visible: AtomicU64::new(sequence_last),
        snapshots: SnapshotList::default(),
        watchers: WatchHub::default(),
        work: Mutex::new(()),
        log: Mutex::new(Log {
            wal: None,
            pending: Some(parts.pending),
            sequence_last,
            spares: Vec::new(),
        }),
        manifest: Mutex::new(parts.manifest),
        file_number_next: AtomicU64::new(file_number_next),
        latch: Latch::default(),
        trouble: Trouble::default(),
        closed: AtomicBool::new(false),
        counters: Counters::default(),
        memtables_aside: Mutex::new(aside),
        gets: HitTally::default(),
        signal: Signal::default(),
        active_expiry_max_ms: AtomicU64::new(replayed.expiry_max_ms),
        log_oldest: AtomicU64::new(log_first),
        sync_requested: AtomicBool::new(false),
        forgotten: AtomicU64::new(0),
        pace_debt_ns: AtomicU64::new(0),
        hold: parts.hold,
        is_taken_up: AtomicBool::new(false),
        threads: Mutex::default(),
        own: OnceLock::new(),
        options: parts.options,
    })
}
