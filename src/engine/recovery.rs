//! Opening a database: from what a crash, a kill or a clean close left to a running core.
//!
//! There is no repair step. The manifest tells which tables there are and from which log segment
//! on records are not in tables yet; those segments are replayed into memtables. Recovery makes
//! durable what it relied on before it acts on it (V1), so that a crash during or after it finds
//! the same, and it seals the segment that the crash left open at the end of what survived (V2), so
//! that nothing after that point can come back later. Records that are in tables already, as the
//! first ones of the oldest segment may be, are passed over by their sequence numbers (V3).
//!
//! What is checked: every segment from the first to the last that must exist is there; all but the
//! last are sealed; sequence numbers rise; and the files say the same of each other (`witness`).
//! All of it comes before anything is removed.

use super::commit;
use super::core::{Core, Log, Signal};
use super::directory::{self, NewNames};
use super::latch::Latch;
use super::live_table::LiveTable;
use super::old_logs;
use super::options::{Durability, EngineOptions};
use super::read_view::{FrozenMemtable, Levels, ReadView};
use super::snapshots::SnapshotList;
use super::stats::Counters;
use super::sweep::{self, Files};
use super::trouble::Trouble;
use super::watch_hub::WatchHub;
use super::witness;
use crate::clock::MonotonicClock;
use crate::error::{Error, Result};
use crate::format::batch;
use crate::format::file_name::FileName;
use crate::format::version_edit::VersionEdit;
use crate::fs::file_system::FileSystem;
use crate::fs::hold::Hold;
use crate::manifest::edit_log::Manifest;
use crate::manifest::state::ManifestState;
use crate::memtable::map::Memtable;
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, ArcSwap, AtomicBool, AtomicU64, Mutex};
use crate::table::cache::BlockCache;
use crate::table::file::TableFile;
use crate::table::hit_tally::HitTally;
use crate::table::open_files::OpenFiles;
use crate::wal::recover::{harden_seal, seal_recovered};
use crate::wal::replay::{ReplayEnd, ReplayedRecord, replay};
use crate::wal::segment::WalOptions;
use crate::wal::writer::WalWriter;
use std::path::Path;

/// More replayed segments than this are written to a table rather than kept for the next open. So
/// is what a clean close would have written to one: a crash came before, and the work of putting
/// it in order is then the background's.
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
    let mut manifest = match found {
        Some((manifest, _)) => manifest,
        None => create_manifest(&file_system, dir, &new_names, options.formats.newest)?,
    };
    let files = sweep::list(&*file_system, dir)?;
    let mut replayed = Replayed::new(&options, manifest.state().sequence_last);
    let last = replay_logs(&*file_system, dir, &manifest, &files, &mut replayed)?;
    let state = manifest.state().clone();
    let anew = planted(Mistake::ClockRunsBack);
    let seen_ms = state.clock_ms.max(replayed.time_ms);
    let floor_ms = if anew { 0 } else { seen_ms };
    let clock = MonotonicClock::new(Arc::clone(&options.clock), floor_ms);
    let number = last
        .map_or(state.log_first, |last| last + 1)
        .max(state.log_last + 1);
    remove_unused_segments(&*file_system, dir, &files, number);
    let spare = files.spares.first().copied();
    let wal = start_log(&file_system, dir, &options, number, spare)?;
    let keeps_logs = last.is_some() && !replayed.is_empty();
    let log_first = if keeps_logs { state.log_first } else { number };
    let edit = VersionEdit {
        log_first: Some(log_first),
        log_last: Some(number),
        clock_ms: Some(clock.now_ms()),
        ..VersionEdit::default()
    };
    manifest.append(&edit)?;
    let table_numbers = state.version.tables().map(|t| t.number).collect();
    let mut spares = sweep::sweep(&*file_system, dir, &files, &manifest, &table_numbers);
    spares.retain(|&n| Some(n) != spare);
    let parts = Parts {
        dir,
        options,
        file_system,
        clock,
        hold,
        manifest,
        wal,
        spares,
    };
    let core = assemble(parts, replayed, log_first, number);
    // Kept for use again rather than removed: to remove a long file takes milliseconds.
    let oldest = files.logs.first().copied();
    old_logs::retire_range(&core, oldest.unwrap_or(log_first), log_first);
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

/// What the log held that is in no table yet.
struct Replayed {
    active: Arc<Memtable>,
    /// Newest first.
    frozen: Vec<FrozenMemtable>,
    memtable_bytes: usize,
    /// Everything up to this number is in tables.
    sequence_in_tables: u64,
    /// The last number in the log; 0 before its first record.
    sequence_logged: u64,
    time_ms: u64,
    expiry_max_ms: u64,
}

impl Replayed {
    fn new(options: &EngineOptions, sequence_in_tables: u64) -> Self {
        let memtable_bytes = options.memtable_bytes;
        let active = Arc::new(Memtable::for_replay(memtable_bytes));
        let frozen = Vec::new();
        Self {
            active,
            frozen,
            memtable_bytes,
            sequence_in_tables,
            sequence_logged: 0,
            time_ms: 0,
            expiry_max_ms: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.active.is_empty() && self.frozen.is_empty()
    }

    /// The last sequence number of all.
    fn sequence_last(&self) -> u64 {
        self.sequence_in_tables.max(self.sequence_logged)
    }

    /// Applies a record of segment `log`; what is wrong with it is the error.
    ///
    /// A memtable may end within a segment, where the last open replayed more than fits into one.
    /// Once it is in a table, the records before its end come again at the next open; they are
    /// passed over (V3).
    fn apply(&mut self, log: u64, record: &ReplayedRecord<'_>) -> Result<(), &'static str> {
        const OTHER_COUNT: &str = "a log record holds another number of operations than it says";
        let operations = u64::from(record.operations);
        self.time_ms = self.time_ms.max(record.time_ms);
        if operations == 0 {
            return record.payload.is_empty().then_some(()).ok_or(OTHER_COUNT);
        }
        if record.base_sequence <= self.sequence_logged {
            return Err("sequence numbers of the log do not rise");
        }
        self.sequence_logged = record.base_sequence + (operations - 1);
        let short = u64::from(planted(Mistake::ReplayOneShort));
        if self.sequence_logged <= self.sequence_in_tables + short {
            return Ok(()); // V3
        }
        if record.base_sequence <= self.sequence_in_tables {
            return Err("a log record is in tables in part");
        }
        if self.active.bytes() >= self.memtable_bytes {
            self.freeze(log, record.base_sequence - 1);
        }
        let mut memtable = self.active.writer();
        let expiry_max_ms = &mut self.expiry_max_ms;
        let read = batch::operations(record.payload);
        let count = commit::insert_all(&mut memtable, read, record.base_sequence, |operation| {
            if let batch::Operation::Put { expiry_ms, .. } = *operation {
                let kept = if expiry_ms == 0 { u64::MAX } else { expiry_ms };
                *expiry_max_ms = (*expiry_max_ms).max(kept);
            }
        });
        let count = count.map_err(|damage| damage.what)?;
        (count == operations).then_some(()).ok_or(OTHER_COUNT)
    }

    /// Puts the active memtable, which ends with `sequence_last`, aside for a flush; segment
    /// `log_next` is still needed after it.
    fn freeze(&mut self, log_next: u64, sequence_last: u64) {
        let memtable = std::mem::replace(
            &mut self.active,
            Arc::new(Memtable::for_replay(self.memtable_bytes)),
        );
        self.frozen.insert(
            0,
            FrozenMemtable {
                memtable,
                log_next,
                sequence_last,
            },
        );
        self.expiry_max_ms = 0;
    }
}

/// Replays the log; answers the number of the last segment, or `None` where there is none.
fn replay_logs(
    file_system: &dyn FileSystem,
    dir: &Path,
    manifest: &Manifest,
    files: &Files,
    replayed: &mut Replayed,
) -> Result<Option<u64>> {
    let end = (manifest.number(), manifest.bytes());
    let state = manifest.state();
    let last = witness::check_tables(dir, state, files)
        .and_then(|()| replay_segments(file_system, dir, (state, end), files, replayed));
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
    replayed: &mut Replayed,
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
            ReplayEnd::Torn { offset } => seal_recovered(file_system, &path, number, offset)?,
            ReplayEnd::Rolled { offset } => {
                harden_seal(file_system, &path, offset)?; // V1
                required = required.max(number + 1);
            }
            ReplayEnd::Closed { mark, offset } => {
                let (manifest, bytes) = manifest;
                witness::check_mark(dir, mark, manifest, bytes)?;
                replayed.time_ms = replayed.time_ms.max(mark.time_ms);
                harden_seal(file_system, &path, offset)?; // V1
            }
            ReplayEnd::Recovered { offset } => harden_seal(file_system, &path, offset)?, // V1
        }
        last = Some(number);
        number += 1;
    }
    witness::check_beyond(file_system, dir, files, number)?;
    Ok(last)
}

/// Removes what carries the number of a segment still to be made.
fn remove_unused_segments(file_system: &dyn FileSystem, dir: &Path, files: &Files, from: u64) {
    for &number in files.logs.iter().filter(|&&n| n >= from) {
        let _ = file_system.remove_file(&FileName::Wal(number).in_dir(dir));
    }
}

fn start_log(
    file_system: &Arc<dyn FileSystem>,
    dir: &Path,
    options: &EngineOptions,
    number: u64,
    spare: Option<u64>,
) -> Result<WalWriter> {
    let wal_options = WalOptions {
        segment_bytes: options.wal_segment_bytes,
        prewrite: options.durability != Durability::Buffered,
        announce: options.durability != Durability::Sync,
    };
    WalWriter::create(Arc::clone(file_system), dir, number, spare, wal_options)
}

/// What has been opened on the way to a core.
struct Parts<'a> {
    dir: &'a Path,
    options: EngineOptions,
    file_system: Arc<dyn FileSystem>,
    clock: MonotonicClock,
    hold: Arc<Hold>,
    manifest: Manifest,
    wal: WalWriter,
    spares: Vec<u64>,
}

fn assemble(parts: Parts<'_>, mut replayed: Replayed, log_first: u64, log: u64) -> Arc<Core> {
    let is_long = log - log_first > SEGMENTS_KEPT_MAX && !replayed.active.is_empty();
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
            wal: parts.wal,
            sequence_last,
            spares: parts.spares,
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
        options: parts.options,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::batch::{Operation, append};

    /// Applies a record of `operations`, from `base_sequence` on, whose payload deletes `keys`.
    fn apply(
        replayed: &mut Replayed,
        (base_sequence, operations): (u64, u32),
        keys: &[&[u8]],
    ) -> Result<(), &'static str> {
        let mut payload = Vec::new();
        for key in keys {
            append(&mut payload, Operation::Delete { key });
        }
        let record = ReplayedRecord {
            base_sequence,
            time_ms: 0,
            operations,
            payload: &payload,
            offset: 24,
        };
        replayed.apply(1, &record)
    }

    fn replayed(sequence_in_tables: u64) -> Replayed {
        let options = EngineOptions {
            memtable_bytes: 4 << 10,
            ..EngineOptions::default()
        };
        Replayed::new(&options, sequence_in_tables)
    }

    #[test]
    fn records_with_other_operations_than_they_say_are_refused() {
        let refused = Err("a log record holds another number of operations than it says");
        assert_eq!(apply(&mut replayed(0), (1, 0), &[]), Ok(()));
        assert_eq!(apply(&mut replayed(0), (1, 0), &[b"a"]), refused);
        assert_eq!(apply(&mut replayed(0), (1, 2), &[b"a"]), refused);
        assert_eq!(apply(&mut replayed(0), (1, 1), &[b"a", b"b"]), refused);
        let record = ReplayedRecord {
            base_sequence: 1,
            time_ms: 0,
            operations: 1,
            payload: &[9, 0],
            offset: 24,
        };
        let unknown = replayed(0).apply(1, &record);
        assert_eq!(unknown, Err("unknown operation of a batch"));
    }

    #[test]
    fn sequence_numbers_that_do_not_rise_are_refused() {
        let mut it = replayed(0);
        assert_eq!(apply(&mut it, (5, 2), &[b"a", b"b"]), Ok(()));
        let refused = Err("sequence numbers of the log do not rise");
        assert_eq!(apply(&mut it, (6, 1), &[b"c"]), refused);
        assert_eq!(apply(&mut it, (7, 1), &[b"c"]), Ok(()));
        assert_eq!(it.sequence_last(), 7);
    }

    #[test]
    fn records_in_tables_are_passed_over_and_none_is_there_in_part() {
        let mut it = replayed(9);
        assert_eq!(apply(&mut it, (8, 2), &[b"a", b"b"]), Ok(()));
        assert!(it.is_empty());
        assert_eq!(it.sequence_last(), 9);
        assert_eq!(apply(&mut it, (10, 1), &[b"c"]), Ok(()));
        assert!(!it.is_empty());
        let in_part = apply(&mut replayed(9), (9, 2), &[b"a", b"b"]);
        assert_eq!(in_part, Err("a log record is in tables in part"));
    }
}
