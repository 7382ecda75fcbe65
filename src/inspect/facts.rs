//! What the manifest says of the database, as far as it can be read.
//!
//! Where `CURRENT` and the manifest are whole and nothing contradicts them, what they say is all
//! there is to know: the facts are complete. Otherwise they are what the readable edits of every
//! manifest in the directory say, and none of them says that a table is alive for sure; that one
//! was removed holds for ever, for no number is used twice.
//!
//! Contradictions: a table or a log segment that must be there is not (then later edits may be
//! lost, and what they say with them), or the seal of a clean close names more of the manifest than
//! there is. Reads the manifests whole; writes nothing. For one thread at a time.

use super::damage::Damage;
use super::folder::Folder;
use super::log_survey::{LogEnd, LogSurvey};
use super::manifest_walk::{ManifestStep, ManifestWalk};
use super::source_file::SourceFile;
use crate::error::Result;
use crate::format::database_format::FormatWindow;
use crate::format::file_name::FileName;
use crate::format::manifest_record::KIND_SNAPSHOT;
use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::fs::file_system::FileSystem;
use crate::manifest::current_file;
use crate::manifest::replay::replay;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the database without its data.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The manifest that the facts are from, or the newest of several.
    pub(crate) manifest: Option<u64>,
    /// True where they are all there is to know.
    pub(crate) complete: bool,
    /// Why not, and what else was met.
    pub(crate) damage: Vec<Damage>,
    /// Tables that are part of the database, where the facts are complete.
    pub(crate) live: BTreeMap<u64, TableMeta>,
    /// Tables that are part of it no more.
    pub(crate) removed: BTreeSet<u64>,
    /// The oldest log segment still needed.
    pub(crate) log_first: u64,
    /// A log segment that must exist.
    pub(crate) log_last: u64,
    /// A clean close: segment and offset of its seal.
    pub(crate) closed: Option<(u64, u64)>,
    /// Everything up to this number is in tables.
    pub(crate) sequence_last: u64,
    /// The latest time, in ms since the epoch.
    pub(crate) clock_ms: u64,
    /// Files of this number and above are of the future.
    pub(crate) file_number_next: u64,
}

/// One manifest that was read.
struct Reading {
    number: u64,
    /// Where its last whole record ends, where all of it replays.
    replayed_end: Option<u64>,
    damage: Vec<Damage>,
    edits: Vec<(bool, VersionEdit)>,
    torn: bool,
}

impl Facts {
    /// Reads what the files in `folder` say, whose log segments are `logs`.
    pub(crate) fn gather(
        fs: &dyn FileSystem,
        folder: &Folder,
        logs: &BTreeMap<u64, LogSurvey>,
    ) -> Result<Self> {
        let mut it = Self::default();
        let named = it.named(fs, folder);
        let newest = folder.manifests().last();
        let mut readings = Vec::new();
        for number in folder.manifests() {
            readings.push(read(fs, folder, number)?);
        }
        let in_force = named.or(newest);
        if let Some(reading) = readings.iter().find(|it| Some(it.number) == in_force) {
            it.complete = reading.replayed_end.is_some();
            it.manifest = in_force;
            it.damage.extend(reading.damage.iter().cloned());
            it.check_marks(folder, reading, logs);
        } else if let Some(number) = named {
            let what = "the manifest is missing, though CURRENT names it";
            let path = FileName::Manifest(number).in_dir(&folder.dir);
            it.damage.push(Damage::new(&path, 0, what));
        }
        if it.complete {
            readings.retain(|reading| Some(reading.number) == in_force);
            it.take_in(readings);
            it.check_tables(folder);
            it.check_logs(folder, logs);
            if it.complete {
                return Ok(it);
            }
            // Once more with all that any manifest says.
            readings = Vec::new();
            for number in folder.manifests() {
                readings.push(read(fs, folder, number)?);
            }
        }
        it.manifest = it.manifest.or(newest);
        it.forget();
        it.take_in(readings);
        Ok(it)
    }

    /// The number of the manifest in force, by `CURRENT`.
    fn named(&mut self, fs: &dyn FileSystem, folder: &Folder) -> Option<u64> {
        let path = FileName::Current.in_dir(&folder.dir);
        if !folder.has(FileName::Current) {
            if folder.manifests().chain(folder.tables()).next().is_some() {
                let what = "CURRENT is missing";
                self.damage.push(Damage::new(&path, 0, what));
            }
            return None;
        }
        match current_file::read(fs, &folder.dir, FormatWindow::BUILT) {
            Ok(pointer) => Some(pointer.manifest),
            Err(error) => {
                self.damage.push(Damage::of(&error, &path));
                None
            }
        }
    }

    fn forget(&mut self) {
        self.live.clear();
        self.removed.clear();
        self.closed = None;
    }

    /// Takes in the edits of `readings`, which come by rising numbers.
    fn take_in(&mut self, readings: Vec<Reading>) {
        for reading in readings {
            self.file_number_next = self.file_number_next.max(reading.number + 1);
            for (snapshot, edit) in reading.edits {
                if snapshot {
                    let known = std::mem::take(&mut self.live);
                    self.removed.extend(known.into_keys());
                }
                self.apply(edit);
            }
            if reading.torn {
                self.closed = None;
            }
        }
    }

    fn apply(&mut self, edit: VersionEdit) {
        for number in edit.removed {
            self.live.remove(&number);
            self.removed.insert(number);
        }
        for table in edit.added {
            self.removed.remove(&table.number);
            self.file_number_next = self.file_number_next.max(table.number + 1);
            self.live.insert(table.number, table);
        }
        for (mark, said) in [
            (&mut self.log_first, edit.log_first),
            (&mut self.log_last, edit.log_last),
            (&mut self.sequence_last, edit.sequence_last),
            (&mut self.file_number_next, edit.file_number_next),
            (&mut self.clock_ms, edit.clock_ms),
        ] {
            *mark = said.unwrap_or(0).max(*mark);
        }
        self.closed = edit.closed;
    }

    /// The seal of a clean close says how much of the manifest there was at least.
    fn check_marks(&mut self, folder: &Folder, reading: &Reading, logs: &BTreeMap<u64, LogSurvey>) {
        let Some(end) = reading.replayed_end else {
            return;
        };
        for mark in logs.values().filter_map(LogSurvey::mark) {
            let (file, offset, what) = if mark.manifest > reading.number {
                let what = format!("manifest {} was in force at a later close", mark.manifest);
                (FileName::Current, 16, what)
            } else if mark.manifest == reading.number && end < mark.manifest_bytes {
                let bytes = mark.manifest_bytes;
                let what = format!("it ends here, though it had {bytes} bytes at a clean close");
                (FileName::Manifest(reading.number), end, what)
            } else {
                continue;
            };
            let path = file.in_dir(&folder.dir);
            self.damage.push(Damage::new(&path, offset, what));
            self.complete = false;
        }
    }

    /// The tables that must be there are there; otherwise edits behind the last may be lost.
    fn check_tables(&mut self, folder: &Folder) {
        let strangers = folder.tables().filter(|n| !self.live.contains_key(n));
        let newest = strangers.filter(|n| !self.removed.contains(n)).last();
        for &number in self.live.keys() {
            if !folder.has(FileName::Table(number)) {
                let what = "the table is missing, though the manifest names it";
                let path = FileName::Table(number).in_dir(&folder.dir);
                self.damage.push(Damage::new(&path, 0, what));
                self.complete &= newest.is_none_or(|newest| newest < number);
            }
        }
    }

    /// The log goes on from where the manifest says to where it ends, and nowhere else.
    fn check_logs(&mut self, folder: &Folder, logs: &BTreeMap<u64, LogSurvey>) {
        let has_strangers = folder
            .tables()
            .any(|number| !self.live.contains_key(&number) && !self.removed.contains(&number));
        let path = |number| FileName::Wal(number).in_dir(&folder.dir);
        let mut required = self.log_last.max(self.closed.map_or(0, |(log, _)| log));
        let (mut number, mut before) = (self.log_first.max(1), None);
        while number <= required {
            let Some(log) = logs.get(&number) else {
                let what = "the log segment is missing; the records in it cannot be recovered";
                self.damage.push(Damage::new(&path(number), 0, what));
                // Where it was let go, so were the tables made that hold its records.
                let was_let_go = logs.keys().next().is_none_or(|&first| first > number);
                self.complete &= !(has_strangers && was_let_go);
                return;
            };
            if log.end == LogEnd::Rolled {
                required = required.max(number + 1);
            }
            before = Some(log);
            number += 1;
        }
        let in_use = |log: &&LogSurvey| log.records > 0 || log.end != LogEnd::Open;
        let unnamed = logs.range(number..).map(|(_, log)| log).find(in_use);
        if let Some(log) = unnamed {
            let what = "the log segment was in use, but neither the manifest nor the log before \
                        it names it";
            self.damage.push(Damage::new(&path(log.number), 0, what));
            // Where the segment before has no seal, that is what is damaged.
            let seal_lost = before.is_some_and(|log| log.end == LogEnd::Open);
            self.complete &= seal_lost && log.number == number;
        }
    }
}

fn read(fs: &dyn FileSystem, folder: &Folder, number: u64) -> Result<Reading> {
    let path = FileName::Manifest(number).in_dir(&folder.dir);
    let source = SourceFile::open(fs, &path)?;
    let bytes = source.read(0, source.bytes())?;
    let mut it = Reading {
        number,
        replayed_end: None,
        damage: Vec::new(),
        edits: Vec::new(),
        torn: false,
    };
    let mut walk = ManifestWalk::new(number);
    while let Some(step) = walk.next(&path, &bytes) {
        match step {
            ManifestStep::Record { kind, edit, .. } => {
                it.edits.push((kind == KIND_SNAPSHOT, *edit));
            }
            ManifestStep::Torn { .. } => it.torn = true,
            ManifestStep::Damage(damage) => it.damage.push(damage),
        }
    }
    match replay(&path, number, &bytes, FormatWindow::BUILT) {
        Ok(replayed) => it.replayed_end = Some(replayed.end as u64),
        Err(error) if it.damage.is_empty() => it.damage.push(Damage::of(&error, &path)),
        Err(_) => {}
    }
    Ok(it)
}
