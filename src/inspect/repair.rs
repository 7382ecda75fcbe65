//! Saving what can be read of a damaged database into a new one.
//!
//! Tables and log are merged in the order of keys, and of every key the newest version is written,
//! once nothing newer deletes it. The steps:
//!
//! 1. the log segments are read and counted, then the manifest as far as it goes (`facts`);
//! 2. the tables are looked at, and chosen (`repair_tables`);
//! 3. the log is read into tables of its own (`salvage_log`);
//! 4. all is merged, past damage, into the new tables;
//! 5. a manifest makes them a database, which goes on behind every sequence number ever seen.
//!
//! The damaged database is only read. Holds a block for each table open at the same time, the
//! deletions of ranges, and the memtable of step 3. For one thread at a time.

use super::damage::Damage;
use super::diagnosis::is_locked;
use super::facts::Facts;
use super::folder::Folder;
use super::log_survey::LogSurvey;
use super::repair_options::{RepairOptions, RepairProgress};
use super::repair_output::RepairOutput;
use super::repair_report::{RepairReport, RepairedTable, TablePart};
use super::repair_tables::{TableSurvey, TableUse};
use super::repair_write::{Plan, write};
use super::salvage_gaps::gaps;
use super::salvage_log::{LogSource, salvage};
use crate::engine::directory;
use crate::error::{Error, ErrorKind, Result};
use crate::format::entry::SEQUENCE_MAX;
use crate::format::file_name::FileName;
use crate::fs::file_system::{FileLock, FileSystem};
use crate::sync::Arc;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// How far above everything seen a database goes on that has lost something: versions of lost
/// records were given out, and must not come again.
const SEQUENCE_GAP: u64 = 1 << 40;

/// Writes in a millisecond that no database makes, so that a second repair goes on above the first.
const SEQUENCES_PER_MS: u64 = 1 << 12;

/// Saves what can be read of the database in `damaged` into a new one in `new`.
///
/// Nothing in `damaged` is changed. The newest version that can be read of every record is saved,
/// with its expiry; deleted records stay deleted where their deletion can be read. Blocks that are
/// damaged are passed over and told in the report, with the keys they may have held. Where the
/// manifest is lost, the tables are found by what they hold. The stores of a typed database are
/// there again, since their catalog is records, too.
///
/// A repair reads everything once, and without a manifest twice, and writes what it saved.
///
/// ```
/// use grainstore::engine::{Engine, EngineOptions};
/// use grainstore::inspect::{self, RepairOptions};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-repair-{}", std::process::id()));
/// # let new = dir.with_extension("new");
/// let engine = Engine::open(&dir, EngineOptions::default())?;
/// engine.put(b"hp", b"100")?;
/// engine.close()?;
/// # #[allow(clippy::disallowed_methods)]
/// std::fs::remove_file(dir.join("CURRENT")).unwrap();
/// assert!(Engine::open(&dir, EngineOptions::default()).is_err());
///
/// let report = inspect::repair(&dir, &new, &RepairOptions::default())?;
/// assert_eq!((report.records, report.lost.len()), (1, 0));
/// let engine = Engine::open(&new, EngineOptions::default())?;
/// assert_eq!(engine.get(b"hp")?.unwrap(), b"100");
/// # engine.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # std::fs::remove_dir_all(&new).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
///
/// # Errors
/// `InvalidInput` where `damaged` holds no database or `new` is not empty; `Locked` where somebody
/// has `damaged` open; `UnsupportedFormat` where a part of it is whole but beyond this build;
/// `Io`. What was written of the new tables is removed then.
pub fn repair(
    damaged: impl AsRef<Path>,
    new: impl AsRef<Path>,
    options: &RepairOptions,
) -> Result<RepairReport> {
    repair_telling(damaged, new, options, |_| {})
}

/// As [`repair`], telling `progress` how far it has come.
///
/// # Errors
/// As [`repair`].
pub fn repair_telling(
    damaged: impl AsRef<Path>,
    new: impl AsRef<Path>,
    options: &RepairOptions,
    mut progress: impl FnMut(RepairProgress),
) -> Result<RepairReport> {
    let (damaged, new) = (damaged.as_ref(), new.as_ref());
    options.engine.validate()?;
    let fs = Arc::clone(&options.engine.file_system);
    let folder = Folder::look(&*fs, damaged)?;
    let _lock = hold_source(&*fs, &folder)?;
    let _own = prepare_target(&*fs, damaged, new)?;
    let mut output = RepairOutput::new(Arc::clone(&fs), new, options);
    let done = save(&fs, &folder, options, &mut output, &mut progress);
    if done.is_err() {
        output.abandon();
    }
    done
}

/// Nobody may change the files while they are read. Where there is no lock file, none is made.
fn hold_source(fs: &dyn FileSystem, folder: &Folder) -> Result<Option<Box<dyn FileLock>>> {
    let has_data = folder.files.keys().any(|file| *file != FileName::Lock);
    if !has_data {
        let text = format!("{} holds no database", folder.dir.display());
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    if is_locked(fs, folder) == Some(true) {
        let text = format!(
            "the database {} is open; close it before it is repaired",
            folder.dir.display()
        );
        return Err(Error::new(ErrorKind::Locked, text));
    }
    if !folder.has(FileName::Lock) {
        return Ok(None);
    }
    // A disk that takes no writes takes no locks either, and needs none.
    Ok(fs.lock(&FileName::Lock.in_dir(&folder.dir)).ok())
}

/// Makes the directory of the new database, and locks it.
fn prepare_target(fs: &dyn FileSystem, damaged: &Path, new: &Path) -> Result<Box<dyn FileLock>> {
    let refused = |what: &str| {
        let text = format!("{} {what}", new.display());
        Err(Error::new(ErrorKind::InvalidInput, text))
    };
    if new.starts_with(damaged) {
        return refused("lies in the damaged database, which a repair never changes");
    }
    match fs.list_dir(new) {
        Ok(names) if !names.is_empty() => {
            return refused("is not empty; a repair needs a directory of its own");
        }
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io("list", new, e)),
    }
    directory::make(fs, new)?.sync(fs)?;
    let path = FileName::Lock.in_dir(new);
    fs.lock(&path).map_err(|e| Error::io("lock", &path, e))
}

fn save(
    fs: &Arc<dyn FileSystem>,
    folder: &Folder,
    options: &RepairOptions,
    output: &mut RepairOutput<'_>,
    tell: &mut dyn FnMut(RepairProgress),
) -> Result<RepairReport> {
    let mut surveys = BTreeMap::new();
    for number in folder.logs() {
        surveys.insert(number, LogSurvey::take(&**fs, &folder.dir, number)?);
    }
    let facts = Facts::gather(&**fs, folder, &surveys)?;
    refuse_unsupported(&facts.damage)?;
    let gaps = gaps(folder, &facts, &surveys);
    let mut tables = TableSurvey::take(&**fs, folder, &facts, options.use_obsolete_tables, tell)?;
    if !facts.complete && !options.use_obsolete_tables {
        tables.find_left_behind(fs, tell)?;
    }
    let in_tables = if facts.complete {
        facts.sequence_last
    } else {
        facts.sequence_last.max(tables.sequence_in_tables)
    };
    let source = LogSource {
        fs: &**fs,
        dir: &folder.dir,
        surveys: &surveys,
        first: facts.log_first,
        in_tables,
    };
    let log = salvage(&source, options, output, tell)?;
    let plan = Plan {
        complete: facts.complete,
        tables: &tables,
        log: &log,
        doubts_listed_max: options.doubts_listed_max,
    };
    let written = write(fs, &plan, output, tell)?;
    let mut report = written.report;
    report.manifest_complete = facts.complete;
    report.tables = describe_tables(&tables, &written.counts, facts.complete);
    report.damage = facts.damage;
    report.damage.extend(tables.damage);
    report.damage.extend(log.damage);
    report.damage.extend(written.damage);
    report.logs = log.logs;
    report.lost.extend(log.lost);
    report.lost.extend(gaps);
    let times = surveys.values().map(|log| log.time_ms);
    report.clock_ms = times.max().unwrap_or(0).max(facts.clock_ms);
    let seen = facts.sequence_last.max(tables.sequence_max);
    let seen = seen.max(log.sequence_last).max(written.sequence_max);
    let nothing_lost = facts.complete && report.lost.is_empty() && report.deletions_lost.is_empty();
    report.sequence_last = if nothing_lost {
        seen
    } else {
        sequence_floor(seen, options.engine.clock.now_ms())
    };
    report.new_tables = output.finish(report.sequence_last, report.clock_ms)?;
    Ok(report)
}

/// What a newer build wrote must not be lost to an older one.
fn refuse_unsupported(damage: &[Damage]) -> Result<()> {
    match damage.iter().find(|damage| damage.unsupported) {
        Some(it) => Err(Error::unsupported(&it.file, it.offset, &*it.what)),
        None => Ok(()),
    }
}

/// A number above all that may have been given out.
fn sequence_floor(seen: u64, now_ms: u64) -> u64 {
    let by_time = now_ms.saturating_mul(SEQUENCES_PER_MS);
    let floor = seen.saturating_add(SEQUENCE_GAP).max(by_time);
    if floor <= SEQUENCE_MAX / 2 {
        floor
    } else {
        seen
    }
}

fn describe_tables(
    survey: &TableSurvey,
    counts: &BTreeMap<usize, super::salvage_merge::Counts>,
    complete: bool,
) -> Vec<RepairedTable> {
    let there = survey.tables.iter().enumerate().map(|(at, table)| {
        let counts = counts.get(&at).copied().unwrap_or_default();
        RepairedTable {
            file: table.path.clone(),
            part: match table.using {
                TableUse::Full => TablePart::Used,
                TableUse::LeftBehind { .. } | TableUse::Not => TablePart::Obsolete,
            },
            doubt: table.doubt.clone(),
            blocks: counts.blocks,
            blocks_lost: counts.blocks_lost,
            entries: counts.entries,
        }
    });
    let missing = survey.missing.iter().map(|path| RepairedTable {
        file: path.clone(),
        part: TablePart::Missing,
        doubt: (!complete).then(|| "a compaction may have replaced it".to_owned()),
        blocks: 0,
        blocks_lost: 0,
        entries: 0,
    });
    there.chain(missing).collect()
}
