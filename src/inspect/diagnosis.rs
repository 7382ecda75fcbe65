//! What lies in the directory of a database and whether it would open.
//!
//! Answers from the files alone, without opening the database and without a write; the open is
//! tried on a disk in memory that is laid over the real one. So it can be asked of a database that
//! another process has open, as a moving picture: files may come and go while it looks. For any
//! thread.

use super::damage::Damage;
use super::facts::Facts;
use super::folder::Folder;
use super::log_survey::{LogEnd, LogSurvey};
use super::overlay_disk::OverlayDisk;
use crate::engine::options::{Background, EngineOptions};
use crate::engine::recovery;
use crate::error::Result;
use crate::format::file_name::FileName;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// What is known of the directory of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The directory.
    pub dir: PathBuf,
    /// True where somebody has the database open: all this is then a moving picture. `None` where
    /// that cannot be told, as on a disk that takes no writes.
    pub in_use: Option<bool>,
    /// Every file, its own by kind and number, foreign ones by name at the end.
    pub files: Vec<DatabaseFile>,
    /// The manifest in force, where that is known.
    pub manifest: Option<u64>,
    /// True where the manifest is whole and all that must be there is.
    pub manifest_complete: bool,
    /// The clean close that the database was left with; `None` after a crash, or while open.
    pub closed: Option<CleanClose>,
    /// What the manifest says of each level, from level 0 down to the last that has a table.
    pub levels: Vec<LevelSummary>,
    /// The log segments that are needed.
    pub log: LogSpan,
    /// The last sequence number of all that can be read.
    pub sequence_last: u64,
    /// The latest time seen, in ms since the epoch.
    pub clock_ms: u64,
    /// Why the database would not open now, locks aside; `None` where it would, with all there is.
    pub refusal: Option<Damage>,
    /// What is wrong with manifests and log segments. Tables are not read for this; see
    /// [`Inspector::verify`](super::Inspector::verify).
    pub damage: Vec<Damage>,
}

/// A file in the directory of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseFile {
    /// Its name.
    pub name: String,
    /// How long it is; `None` where it is missing.
    pub bytes: Option<u64>,
    /// What it is to the database.
    pub role: FileRole,
}

/// What a file is to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileRole {
    /// Part of it.
    InUse,
    /// It must be there and is not.
    Missing,
    /// Not part of it any more, or not yet: the next open removes it.
    Obsolete,
    /// A log segment kept to be written over.
    Spare,
    /// A `CURRENT` that was never put in force.
    Temporary,
    /// Of the database, where the manifest cannot tell which it needs.
    Unknown,
    /// Not the database's; it never touches it.
    Foreign,
}

/// A clean close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanClose {
    /// The log segment that ends with it.
    pub log: u64,
    /// Where its seal is.
    pub offset: u64,
    /// When, in ms since the epoch.
    pub time_ms: u64,
}

/// The tables of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LevelSummary {
    /// How many there are.
    pub tables: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their entries, tombstones among them.
    pub entries: u64,
    /// Their tombstones, of keys and of ranges.
    pub tombstones: u64,
}

/// The part of the log that is not in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LogSpan {
    /// The first segment needed.
    pub first: u64,
    /// The last segment there is; below `first` where there is none.
    pub last: u64,
    /// Bytes of the segments, zeros written ahead included.
    pub bytes: u64,
    /// Commits in them.
    pub records: u64,
    /// Operations of these commits.
    pub operations: u64,
    /// Their first and last sequence number.
    pub sequences: Option<(u64, u64)>,
}

/// Looks at `dir`.
pub(crate) fn diagnose(fs: &Arc<dyn FileSystem>, dir: &Path) -> Result<Diagnosis> {
    let folder = Folder::look(&**fs, dir)?;
    let in_use = is_locked(&**fs, &folder);
    let mut logs = BTreeMap::new();
    let mut damage = Vec::new();
    for number in folder.logs() {
        match LogSurvey::take(&**fs, dir, number) {
            Ok(survey) => {
                logs.insert(number, survey);
            }
            Err(error) => damage.push(Damage::of(&error, &FileName::Wal(number).in_dir(dir))),
        }
    }
    let facts = Facts::gather(&**fs, &folder, &logs)?;
    damage.extend(facts.damage.iter().cloned());
    let needed = |log: &&LogSurvey| log.number >= facts.log_first;
    let found = logs.values().filter(needed).flat_map(|l| l.damage.iter());
    damage.extend(found.cloned());
    let log = log_span(&facts, &logs);
    let in_log = log.sequences.map_or(0, |(_, last)| last);
    let times = logs.values().map(|log| log.time_ms);
    Ok(Diagnosis {
        dir: dir.to_owned(),
        in_use,
        files: files(&folder, &facts),
        manifest: facts.manifest,
        manifest_complete: facts.complete,
        closed: clean_close(&facts, &logs),
        levels: levels(&facts),
        log,
        sequence_last: facts.sequence_last.max(in_log),
        clock_ms: times.max().unwrap_or(0).max(facts.clock_ms),
        refusal: refusal(fs, dir),
        damage,
    })
}

/// Whether somebody holds the lock. It is taken for a moment, where its file is there already.
pub(crate) fn is_locked(fs: &dyn FileSystem, folder: &Folder) -> Option<bool> {
    if !folder.has(FileName::Lock) {
        return Some(false);
    }
    match fs.lock(&FileName::Lock.in_dir(&folder.dir)) {
        Ok(_) => Some(false),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Some(true),
        Err(_) => None,
    }
}

/// Opens the database over a disk that keeps all writes to itself.
fn refusal(fs: &Arc<dyn FileSystem>, dir: &Path) -> Option<Damage> {
    let options = EngineOptions {
        file_system: Arc::new(OverlayDisk::new(Arc::clone(fs))),
        background: Background::Inline,
        cache_bytes: 0,
        ..EngineOptions::default()
    };
    let opened = recovery::open(dir, options);
    opened.err().map(|error| Damage::of(&error, dir))
}

fn files(folder: &Folder, facts: &Facts) -> Vec<DatabaseFile> {
    let name = |file: FileName| {
        let path = file.in_dir(Path::new(""));
        path.to_string_lossy().into_owned()
    };
    let mut wanted: BTreeSet<FileName> = BTreeSet::new();
    if facts.complete {
        wanted.extend(facts.live.keys().map(|&number| FileName::Table(number)));
        wanted.extend(facts.manifest.map(FileName::Manifest));
        wanted.insert(FileName::Current);
        let first = facts.log_first.max(1);
        // Those behind a missing one are told by the damage.
        let there = (first..=facts.log_last).take_while(|&n| folder.has(FileName::Wal(n)));
        let there = there.last().map_or(first, |last| last + 1);
        wanted.extend((first..=there.min(facts.log_last)).map(FileName::Wal));
    }
    let role = |file: FileName| match file {
        FileName::Lock => FileRole::InUse,
        FileName::CurrentTemp => FileRole::Temporary,
        FileName::SpareWal(_) => FileRole::Spare,
        FileName::Wal(number) if facts.complete && number >= facts.log_first => FileRole::InUse,
        FileName::Table(number) if facts.removed.contains(&number) => FileRole::Obsolete,
        _ if !facts.complete => FileRole::Unknown,
        file if wanted.contains(&file) => FileRole::InUse,
        _ => FileRole::Obsolete,
    };
    let own = folder.files.iter().map(|(&file, &bytes)| DatabaseFile {
        name: name(file),
        bytes: Some(bytes),
        role: role(file),
    });
    let missing = wanted.iter().filter(|file| !folder.has(**file));
    let missing = missing.map(|&file| DatabaseFile {
        name: name(file),
        bytes: None,
        role: FileRole::Missing,
    });
    let foreign = folder.foreign.iter().map(|(name, bytes)| DatabaseFile {
        name: name.to_string_lossy().into_owned(),
        bytes: Some(*bytes),
        role: FileRole::Foreign,
    });
    own.chain(missing).chain(foreign).collect()
}

fn clean_close(facts: &Facts, logs: &BTreeMap<u64, LogSurvey>) -> Option<CleanClose> {
    let (log, offset) = facts.closed?;
    let survey = logs.get(&log)?;
    // A segment behind it means that the database was opened again.
    let is_last = logs.range(log + 1..).all(|(_, later)| later.records == 0);
    let sealed = matches!(survey.end, LogEnd::Closed(_)) && survey.end_offset == offset;
    (is_last && sealed).then(|| CleanClose {
        log,
        offset,
        time_ms: survey.mark().map_or(0, |mark| mark.time_ms),
    })
}

fn levels(facts: &Facts) -> Vec<LevelSummary> {
    let mut levels = Vec::new();
    for table in facts.live.values() {
        let level = usize::from(table.level);
        if levels.len() <= level {
            levels.resize(level + 1, LevelSummary::default());
        }
        if let Some(level) = levels.get_mut(level) {
            let properties = &table.properties;
            level.tables += 1;
            level.bytes = level.bytes.saturating_add(table.bytes);
            level.entries = level.entries.saturating_add(properties.entries);
            let tombstones = properties
                .tombstones
                .saturating_add(properties.range_tombstones);
            level.tombstones = level.tombstones.saturating_add(tombstones);
        }
    }
    levels
}

fn log_span(facts: &Facts, logs: &BTreeMap<u64, LogSurvey>) -> LogSpan {
    let needed = || logs.values().filter(|log| log.number >= facts.log_first);
    let first = needed().filter_map(|log| log.sequence_first).min();
    let last = needed().filter_map(|log| log.sequence_last).max();
    LogSpan {
        first: facts.log_first,
        last: needed().map(|log| log.number).max().unwrap_or(0),
        bytes: needed().map(|log| log.bytes).sum(),
        records: needed().map(|log| log.records).sum(),
        operations: needed().map(|log| log.operations).sum(),
        sequences: first.zip(last),
    }
}
