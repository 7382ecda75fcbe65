//! The door to looking at files of a database from outside.

use super::diagnosis::{self, Diagnosis};
use super::folder::Folder;
use super::log::LogInspection;
use super::manifest::ManifestInspection;
use super::table::TableInspection;
use super::verification::{self, Verification};
use crate::error::Result;
use crate::fs::file_system::FileSystem;
use crate::fs::real_disk::RealDisk;
use crate::sync::Arc;
use std::path::Path;

/// Looks at the files of a database without opening it, and never writes to them.
///
/// Good and damaged files alike: what cannot be read is told as [`Damage`](super::Damage) with its
/// place, and reading goes on behind it. Memory stays within what the bytes justify. The functions
/// of [this module](super) are the short forms for the disk of the operating system.
#[derive(Debug, Clone)]
pub struct Inspector {
    fs: Arc<dyn FileSystem>,
}

impl Default for Inspector {
    fn default() -> Self {
        Self::new(RealDisk)
    }
}

impl Inspector {
    /// Looks at files through `file_system`.
    pub fn new(file_system: impl FileSystem) -> Self {
        Self {
            fs: Arc::new(file_system),
        }
    }

    /// The parts of the table file at `path`, block by block, with all entries. The name must be
    /// the one the database gave it, such as `000012.table`: the checksums cover the number.
    ///
    /// A file without its index is searched for blocks, which reads it once more before this
    /// returns.
    ///
    /// # Errors
    /// `InvalidInput` for another name, `Io` where the file cannot be opened, `TooLarge`.
    pub fn table(&self, path: impl AsRef<Path>) -> Result<TableInspection> {
        TableInspection::open(&*self.fs, path.as_ref())
    }

    /// The records of the log segment at `path`, which has its own name such as `000004.wal`.
    ///
    /// # Errors
    /// As [`table`](Self::table).
    pub fn log(&self, path: impl AsRef<Path>) -> Result<LogInspection> {
        LogInspection::open(&*self.fs, path.as_ref())
    }

    /// The edits of the manifest at `path`, which has its own name such as `manifest-000001`. Reads
    /// the file before it returns.
    ///
    /// # Errors
    /// As [`table`](Self::table).
    pub fn manifest(&self, path: impl AsRef<Path>) -> Result<ManifestInspection> {
        ManifestInspection::open(&*self.fs, path.as_ref())
    }

    /// Whether somebody has the database in `dir` open; `None` where that cannot be told. The lock
    /// is taken for a moment to see.
    ///
    /// # Errors
    /// `Io` where the directory cannot be listed.
    pub fn in_use(&self, dir: impl AsRef<Path>) -> Result<Option<bool>> {
        let folder = Folder::look(&*self.fs, dir.as_ref())?;
        Ok(diagnosis::is_locked(&*self.fs, &folder))
    }

    /// What lies in `dir`: files and what they are to the database, levels, log, the last clean
    /// close, and whether it would open.
    ///
    /// Reads manifests and log segments but no tables, and holds in memory what an open would of
    /// the log. While another process has the database open the answer is a moving picture. The
    /// lock is taken for a moment, to see whether it is held.
    ///
    /// # Errors
    /// `Io` where the directory cannot be listed or a file not opened, `TooLarge`.
    pub fn directory(&self, dir: impl AsRef<Path>) -> Result<Diagnosis> {
        diagnosis::diagnose(&self.fs, dir.as_ref())
    }

    /// Reads every file that makes up the database in `dir` and lists all damage there is.
    ///
    /// # Errors
    /// As [`directory`](Self::directory); damage is no error.
    pub fn verify(&self, dir: impl AsRef<Path>) -> Result<Verification> {
        self.verify_telling(dir, |_| {})
    }

    /// As [`verify`](Self::verify), telling `seen` of each file before it is read.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_telling(
        &self,
        dir: impl AsRef<Path>,
        mut seen: impl FnMut(&Path),
    ) -> Result<Verification> {
        verification::verify(&*self.fs, dir.as_ref(), &mut seen)
    }
}

/// [`Inspector::table`] on the disk of the operating system.
///
/// ```
/// use grainstore::engine::{Engine, EngineOptions};
/// use grainstore::inspect::{self, TableItem};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-table-{}", std::process::id()));
/// let engine = Engine::open(&dir, EngineOptions::default())?;
/// engine.put(b"hp", b"100")?;
/// engine.flush()?;
/// engine.close()?;
///
/// let mut files = inspect::directory(&dir)?.files.into_iter();
/// let table = files.find(|file| file.name.ends_with(".table")).unwrap();
/// let mut entries = 0;
/// for item in inspect::table(dir.join(&table.name))? {
///     match item {
///         TableItem::Entry(entry) => {
///             assert_eq!(entry.value.as_deref(), Some(&b"100"[..]));
///             entries += 1;
///         }
///         TableItem::Damage(damage) => panic!("{damage}"),
///         _ => {}
///     }
/// }
/// assert_eq!(entries, 1);
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
///
/// # Errors
/// As [`Inspector::table`].
pub fn table(path: impl AsRef<Path>) -> Result<TableInspection> {
    Inspector::default().table(path)
}

/// [`Inspector::log`] on the disk of the operating system.
///
/// # Errors
/// As [`Inspector::table`].
pub fn log(path: impl AsRef<Path>) -> Result<LogInspection> {
    Inspector::default().log(path)
}

/// [`Inspector::manifest`] on the disk of the operating system.
///
/// # Errors
/// As [`Inspector::table`].
pub fn manifest(path: impl AsRef<Path>) -> Result<ManifestInspection> {
    Inspector::default().manifest(path)
}

/// [`Inspector::directory`] on the disk of the operating system.
///
/// ```
/// use grainstore::engine::{Engine, EngineOptions};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-diag-{}", std::process::id()));
/// let engine = Engine::open(&dir, EngineOptions::default())?;
/// engine.put(b"hp", b"100")?;
/// assert_eq!(grainstore::inspect::directory(&dir)?.in_use, Some(true));
/// engine.close()?;
///
/// let diagnosis = grainstore::inspect::directory(&dir)?;
/// assert!(diagnosis.refusal.is_none() && diagnosis.closed.is_some());
/// assert_eq!(diagnosis.log.operations, 1);
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
///
/// # Errors
/// As [`Inspector::directory`].
pub fn directory(dir: impl AsRef<Path>) -> Result<Diagnosis> {
    Inspector::default().directory(dir)
}

/// [`Inspector::verify`] on the disk of the operating system.
///
/// # Errors
/// As [`Inspector::verify`].
pub fn verify(dir: impl AsRef<Path>) -> Result<Verification> {
    Inspector::default().verify(dir)
}
