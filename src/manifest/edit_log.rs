//! The open manifest: a log that edits are appended to.
//!
//! One thread at a time (the engine keeps it behind a lock); it starts no thread of its own. The
//! caller holds the database's lock file. Tables and logs are only named here, never touched.
//!
//! - M1: every record is durable before the next is written, and before its append returns.
//! - M2: `CURRENT` names a manifest only once its snapshot and its name are durable.
//! - M3: an edit is written only if it can be applied and its bytes read back as the same edit.
//! - M4: after a failed write or sync nothing is written any more. What became of the failed edit
//!   is unknown until the database is opened again, so no file that it names may go.
//! - M5: what was read is synced before anybody acts on it. The last record is written once more
//!   before that: where the sync of an earlier process failed, the pages may count as clean though
//!   the disk does not have them, and a sync alone would do nothing.
//! - M6: nothing is appended behind a torn record; the next edit goes to a new manifest.
//! - M7: a manifest that ends torn is given up only once the caller, who sees the logs, has nothing
//!   against its ending there.
//! - M8: where the disk has no space for an edit or for a new manifest, what was written of it is
//!   taken back, and the manifest goes on as it was.

use crate::error::{Error, ErrorKind, Result};
use crate::format::database_format::FormatWindow;
use crate::format::file_name::FileName;
use crate::format::manifest_record::{
    FILE_HEADER_BYTES, KIND_EDIT, KIND_SNAPSHOT, append_file_header, append_record,
};
use crate::format::version_edit::VersionEdit;
use crate::fs::file_system::{File, FileSystem, OpenMode};
use crate::manifest::current_file;
use crate::manifest::hardening::Hardening;
use crate::manifest::inventory::Inventory;
use crate::manifest::replay::{read_whole, replay};
use crate::manifest::state::ManifestState;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::io;
use std::path::{Path, PathBuf};

/// The log may grow by this many bytes…
const GROWTH_BYTES: u64 = 1 << 20;
/// …beyond this many times its snapshot before a new one is due.
const GROWTH_FACTOR: u64 = 4;

/// The open manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    fs: Arc<dyn FileSystem>,
    dir: PathBuf,
    path: PathBuf,
    file: Arc<dyn File>,
    number: u64,
    /// The format of the database.
    format: u32,
    /// Where the next record goes; all before it is durable (M1).
    end: u64,
    snapshot_bytes: u64,
    state: ManifestState,
    /// The failure after which nothing is written any more (M4).
    failure: Option<String>,
    /// What was read and nobody has acted on yet (M5).
    hardening: Option<Hardening>,
}

impl Manifest {
    /// Makes the first manifest of a database of `format` in `dir`, and `CURRENT`.
    ///
    /// It must come before the first log and the first table: a directory that holds those without
    /// `CURRENT` is taken for damaged, one that holds only a manifest for a creation cut short.
    pub(crate) fn create(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        number: u64,
        state: &ManifestState,
        format: u32,
    ) -> Result<Self> {
        let current = FileName::Current.in_dir(dir);
        match fs.file_len(&current) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io("look at", &current, e)),
            Ok(_) => {
                let text = format!("{} holds a database already", dir.display());
                return Err(Error::new(ErrorKind::InvalidInput, text));
            }
        }
        current_file::discard(&*fs, &FileName::Manifest(number).in_dir(dir))?;
        Self::begin(fs, dir, (number, format), state.clone())
    }

    /// Opens the manifest in force of the database in `dir`, or `None` where there is no database.
    /// `UnsupportedFormat` where its format is not within `window`.
    ///
    /// It is only read, unless it ends torn; whoever acts on what it says calls
    /// [`harden`](Self::harden) before (M5). Where it ends torn, `confirm` is told its number and
    /// that end, and with an error of its own nothing changes.
    pub(crate) fn open(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        window: FormatWindow,
        confirm: impl FnOnce(u64, u64) -> Result<()>,
    ) -> Result<Option<(Self, ManifestState)>> {
        let found = Inventory::take(&*fs, dir)?;
        if !found.current {
            refuse_lost_current(&*fs, dir, &found, window)?;
            return Ok(None);
        }
        let pointer = current_file::read(&*fs, dir, window)?;
        let (number, format) = (pointer.manifest, pointer.format_version);
        let path = FileName::Manifest(number).in_dir(dir);
        let file = open_named(&*fs, dir, &path, OpenMode::Write)?;
        let bytes = read_whole(&*file, &path)?;
        let mut replayed = replay(&path, number, &bytes, window)?;
        check_same(dir, &path, (format, replayed.format))?;
        let state = &mut replayed.state;
        state.file_number_next = state.file_number_next.max(found.file_number_next);
        let manifest = if replayed.torn {
            confirm(number, replayed.end as u64)?; // M7
            let number = replayed.state.file_number_next;
            let begun = Self::begin(fs, dir, (number, format), replayed.state)?; // M6
            begun.remove_leftovers(&found);
            begun
        } else {
            let hardening = Hardening::of(&bytes, &replayed, found);
            Self {
                fs,
                dir: dir.to_owned(),
                path,
                file,
                number,
                format,
                end: replayed.end as u64,
                snapshot_bytes: replayed.snapshot_end as u64,
                state: replayed.state,
                failure: None,
                hardening: Some(hardening),
            }
        };
        let state = manifest.state.clone();
        Ok(Some((manifest, state)))
    }

    /// True where nobody has acted on what was read.
    pub(crate) fn is_only_read(&self) -> bool {
        self.hardening.is_some()
    }

    /// Makes what was read durable, and removes what a crash may have left of other manifests.
    ///
    /// Where there was no space to write it once more, this may be tried again; after a failed
    /// sync not, and nothing is written any more (M4).
    pub(crate) fn harden(&mut self) -> Result<()> {
        let Some(hardening) = &self.hardening else {
            return Ok(());
        };
        self.refuse_after_failure()?;
        hardening.write_again(&*self.file, &self.path)?;
        if let Err(error) = hardening.sync(&*self.fs, &*self.file, &self.path) {
            self.failure = Some(error.to_string());
            return Err(error);
        }
        self.remove_leftovers(&hardening.found);
        self.hardening = None;
        Ok(())
    }

    /// Appends `edit`; once it returns, the edit is durable and part of the state.
    ///
    /// An edit that cannot be (`InvalidInput`) changes nothing. After any other error its outcome
    /// is unknown (M4): both the tables it adds and those it removes must stay on disk.
    pub(crate) fn append(&mut self, edit: &VersionEdit) -> Result<()> {
        self.refuse_after_failure()?;
        debug_assert!(!self.is_only_read(), "M5");
        let next = self.state.apply(edit);
        let next = next.map_err(|what| refused(&self.path, what))?;
        let payload = checked_payload(edit).map_err(|what| refused(&self.path, what))?;
        let mut record = Vec::with_capacity(payload.len() + 32);
        let place = (self.number, self.end);
        append_record(&mut record, place, self.end, KIND_EDIT, &payload);
        let written = self.file.write_all_at(&record, self.end);
        let written = written.map_err(|e| Error::io("append to", &self.path, e));
        let synced = match written {
            Ok(()) if planted(Mistake::EditUnsynced) => Ok(()),
            Ok(()) => self.sync(),
            Err(full) if full.is_storage_full() => match self.cut_back() {
                Ok(()) => return Err(full), // M8
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = synced {
            if planted(Mistake::FailedEditGoesOn) {
                return Err(error);
            }
            self.failure = Some(error.to_string()); // M4
            return Err(error);
        }
        self.end += record.len() as u64;
        self.state = next;
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let synced = self.file.sync_data();
        synced.map_err(|e| Error::io("sync", &self.path, e))
    }

    /// Takes back what a write left behind the last record.
    fn cut_back(&self) -> Result<()> {
        let cut = self.file.set_len(self.end);
        cut.map_err(|e| Error::io("cut", &self.path, e))?;
        self.sync()
    }

    /// True after a failure that left in doubt what the manifest says (M4).
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The format of the database.
    pub(crate) fn format(&self) -> u32 {
        self.format
    }

    /// The one format that its files may have.
    fn own_window(&self) -> FormatWindow {
        FormatWindow {
            least: self.format,
            newest: self.format,
        }
    }

    /// What the manifest knows.
    pub(crate) fn state(&self) -> &ManifestState {
        &self.state
    }

    /// The number of the manifest in force.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How long the manifest is: where the next record goes.
    pub(crate) fn bytes(&self) -> u64 {
        self.end
    }

    /// True where the log has grown so far beyond its snapshot that a rewrite pays.
    pub(crate) fn rewrite_due(&self) -> bool {
        self.end > self.snapshot_bytes * GROWTH_FACTOR + GROWTH_BYTES
    }

    /// Goes on in a new manifest that begins with the state as it is; `number` must be a fresh one
    /// from the counter of tables and manifests. Where the disk is full the old one stays in force,
    /// and this may be tried again with another number (M8).
    pub(crate) fn rewrite(&mut self, number: u64) -> Result<()> {
        self.rewrite_as(number, self.format)
    }

    /// As [`rewrite`](Self::rewrite), and the database is of `format` from then on, which this
    /// build reads and which is not older than the one it has.
    pub(crate) fn rewrite_as(&mut self, number: u64, format: u32) -> Result<()> {
        debug_assert!(
            format >= self.format,
            "the format of a database never falls"
        );
        self.refuse_after_failure()?;
        if number <= self.number {
            return Err(refused(&self.path, "a new manifest needs a higher number"));
        }
        let state = self.state.clone();
        match Self::begin_or_tell(self.fs.clone(), &self.dir, (number, format), state) {
            Ok(next) => {
                let old = std::mem::replace(self, next);
                // What stays behind is removed at the next open.
                let _ = old.fs.remove_file(&old.path);
                Ok(())
            }
            Err((error, true)) => {
                // The rename may have happened, and then the old file is no longer in force (M4).
                self.failure = Some(error.to_string());
                Err(error)
            }
            Err((error, false)) => {
                for left in [FileName::Manifest(number), FileName::CurrentTemp] {
                    let _ = self.fs.remove_file(&left.in_dir(&self.dir)); // M8
                }
                Err(error)
            }
        }
    }

    /// Reads everything again and compares it with the state. Writes nothing.
    ///
    /// After a failure only the durable part is compared, because what stands behind it and which
    /// manifest is in force is unknown then.
    pub(crate) fn verify(&self) -> Result<()> {
        let failed = self.failure.is_some();
        if !failed {
            let named = current_file::read(&*self.fs, &self.dir, self.own_window())?.manifest;
            if named != self.number {
                let what = format!("it names manifest {named}, but {} is in force", self.number);
                let current = FileName::Current.in_dir(&self.dir);
                return Err(Error::corruption(&current, 16, what));
            }
        }
        let file = open_named(&*self.fs, &self.dir, &self.path, OpenMode::Read)?;
        let mut bytes = read_whole(&*file, &self.path)?;
        if failed {
            bytes.truncate(usize::try_from(self.end).unwrap_or(usize::MAX));
        }
        let mut replayed = replay(&self.path, self.number, &bytes, self.own_window())?;
        let end = replayed.end as u64;
        if replayed.torn || end != self.end {
            let what = "a record is damaged, missing or too many; restore from a backup";
            return Err(Error::corruption(&self.path, end.min(self.end), what));
        }
        // Opening may have raised it beyond what the log says, for files that no edit names.
        replayed.state.file_number_next = self.state.file_number_next;
        if replayed.state == self.state {
            Ok(())
        } else {
            let what = "the log says something else than the open database knows";
            Err(Error::corruption(&self.path, 0, what))
        }
    }

    /// Writes manifest `number` with a snapshot of `state` and puts it in force (M2).
    fn begin(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        (number, format): (u64, u32),
        state: ManifestState,
    ) -> Result<Self> {
        Self::begin_or_tell(fs, dir, (number, format), state).map_err(|(error, _)| error)
    }

    /// As [`begin`](Self::begin); with the error comes whether it leaves in doubt which manifest is
    /// in force, or what became of names in the directory.
    fn begin_or_tell(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        (number, format): (u64, u32),
        state: ManifestState,
    ) -> Result<Self, (Error, bool)> {
        let in_doubt = |error: Error| (error, true);
        let unless_full = |error: Error| {
            let is_full = error.is_storage_full();
            (error, !is_full)
        };
        let begun = Self::write_snapshot(fs, dir, (number, format), state).map_err(unless_full)?;
        let fs = &*begun.fs;
        let synced = fs.sync_dir(dir);
        synced.map_err(|e| in_doubt(Error::io("sync the directory", dir, e)))?;
        current_file::prepare(fs, dir, number, format).map_err(unless_full)?;
        current_file::switch(fs, dir).map_err(in_doubt)?;
        Ok(begun)
    }

    /// Writes manifest `number` with a snapshot of `state`, for nobody to find yet.
    fn write_snapshot(
        fs: Arc<dyn FileSystem>,
        dir: &Path,
        (number, format): (u64, u32),
        mut state: ManifestState,
    ) -> Result<Self> {
        let path = FileName::Manifest(number).in_dir(dir);
        state.raise_file_number(number);
        let payload = checked_payload(&state.snapshot()).map_err(|what| refused(&path, what))?;
        let mut bytes = Vec::with_capacity(payload.len() + 64);
        append_file_header(&mut bytes, number, format);
        let place = (number, FILE_HEADER_BYTES as u64);
        append_record(&mut bytes, place, 0, KIND_SNAPSHOT, &payload);
        let file = fs.open(&path, OpenMode::CreateNew);
        let file = file.map_err(|e| Error::io("create", &path, e))?;
        let written = file.write_all_at(&bytes, 0);
        written.map_err(|e| Error::io("write", &path, e))?;
        if !planted(Mistake::ManifestUnsynced) {
            file.sync_data().map_err(|e| Error::io("sync", &path, e))?;
        }
        let end = bytes.len() as u64;
        Ok(Self {
            fs,
            dir: dir.to_owned(),
            path,
            file,
            number,
            format,
            end,
            snapshot_bytes: end,
            state,
            failure: None,
            hardening: None,
        })
    }

    fn refuse_after_failure(&self) -> Result<()> {
        match &self.failure {
            None => Ok(()),
            Some(failure) => {
                let text = format!(
                    "the manifest takes no more edits after an earlier failure ({failure}); \
                     reopen the database"
                );
                Err(Error::new(ErrorKind::Latched, text))
            }
        }
    }

    /// Removes manifests that are not in force and an unfinished `CURRENT`, as far as that goes.
    fn remove_leftovers(&self, found: &Inventory) {
        for &number in found.manifests.iter().filter(|&&n| n != self.number) {
            let _ = self
                .fs
                .remove_file(&FileName::Manifest(number).in_dir(&self.dir));
        }
        if found.current_temp {
            let _ = self
                .fs
                .remove_file(&FileName::CurrentTemp.in_dir(&self.dir));
        }
    }
}

/// The bytes of `edit`, which read back as the same (M3).
fn checked_payload(edit: &VersionEdit) -> Result<Vec<u8>, &'static str> {
    let mut payload = Vec::new();
    edit.encode(&mut payload);
    match VersionEdit::decode(&payload) {
        Ok(again) if again == *edit => Ok(payload),
        _ => Err("it would not read back as it is"),
    }
}

fn refused(path: &Path, what: &str) -> Error {
    let text = format!("an edit of {} is refused: {what}", path.display());
    Error::new(ErrorKind::InvalidInput, text)
}

/// Opens the manifest at `path`, which `CURRENT` names.
fn open_named(
    fs: &dyn FileSystem,
    dir: &Path,
    path: &Path,
    mode: OpenMode,
) -> Result<Arc<dyn File>> {
    fs.open(path, mode).map_err(|e| {
        if e.kind() == io::ErrorKind::NotFound {
            let current = FileName::Current.in_dir(dir);
            let what = format!(
                "the file is missing, though {} names it; restore it from a backup",
                current.display()
            );
            Error::corruption(path, 0, what)
        } else {
            Error::io("open", path, e)
        }
    })
}

/// `CURRENT` and the manifest at `path` say the same format; they are written together.
fn check_same(dir: &Path, path: &Path, (current, manifest): (u32, u32)) -> Result<()> {
    if current == manifest {
        return Ok(());
    }
    let what = format!(
        "it says format version {current}, and {} says {manifest}; restore the directory from a \
         backup",
        path.display()
    );
    Err(Error::corruption(&FileName::Current.in_dir(dir), 8, what))
}

/// An error where `CURRENT` is missing and the directory holds more than a creation cut short.
fn refuse_lost_current(
    fs: &dyn FileSystem,
    dir: &Path,
    found: &Inventory,
    window: FormatWindow,
) -> Result<()> {
    let mut lost = found.data;
    for &number in &found.manifests {
        let path = FileName::Manifest(number).in_dir(dir);
        let file = fs.open(&path, OpenMode::Read);
        let file = file.map_err(|e| Error::io("open", &path, e))?;
        match replay(&path, number, &read_whole(&*file, &path)?, window) {
            // A manifest that CURRENT never named has its snapshot at most, and names no table.
            Ok(it) => lost |= it.end > it.snapshot_end || it.state.version.table_count() > 0,
            Err(e) if e.is_corruption() => {} // its creation was cut short
            Err(e) => return Err(e),
        }
    }
    if !lost {
        return Ok(());
    }
    let what = "CURRENT is missing, though the directory holds tables, logs or a manifest that \
                was in use; restore CURRENT, or the whole directory, from a backup, or choose an \
                empty directory for a new database";
    Err(Error::corruption(&FileName::Current.in_dir(dir), 0, what))
}
