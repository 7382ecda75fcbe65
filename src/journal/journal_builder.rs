//! The options of a journal, and what can be done with them: open it, or read it.

use super::journal::Journal;
use super::options::Options;
use super::records::Records;
use crate::engine::options::Durability;
use crate::error::Result;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The options of a journal, and then the journal, or its records.
///
/// ```
/// use grainstore::Durability;
/// use grainstore::journal::Journal;
/// # let name = format!("grainstore-doc-journal-build-{}.jsonl", std::process::id());
/// # let path = std::env::temp_dir().join(name);
/// let journal = Journal::builder(&path).durability(Durability::Buffered).open()?;
/// for number in 0..1_000 {
///     journal.append(&number)?; // no sync
/// }
/// journal.sync()?; // one for all
///
/// let mut sum = 0;
/// for number in Journal::builder(&path).line_bytes_max(1 << 10).records::<u32>()? {
///     sum += number?;
/// }
/// assert_eq!(sum, 499_500);
/// # journal.close()?;
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is opened or read"]
pub struct JournalBuilder {
    options: Options,
}

impl Journal {
    /// Opens the journal at `path` for appending, with safe defaults, making the file where there
    /// is none or an empty one. Its directory has to be there.
    ///
    /// Mends what a crash tore at the end of the file before anything can be appended to it
    /// ([`repaired`](Self::repaired)), and reads no more of the file than that. What is in it is
    /// durable when this returns. Costs two syncs.
    ///
    /// # Errors
    /// `InvalidInput` where the file is no journal; it is left as it was. `UnsupportedFormat`
    /// where a newer release wrote it, `Locked` where it is open for appending already, `Io`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder(path).open()
    }

    /// The options of the journal at `path`.
    pub fn builder(path: impl AsRef<Path>) -> JournalBuilder {
        JournalBuilder {
            options: Options::new(path.as_ref()),
        }
    }
}

impl JournalBuilder {
    /// When an append counts as done. Default [`Durability::Sync`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.options.durability = durability;
        self
    }

    /// The longest line that is written or read, in bytes. 16 B to 1 GiB, default 64 MiB. A line
    /// is held in memory while it is read.
    pub fn line_bytes_max(mut self, bytes: usize) -> Self {
        self.options.line_bytes_max = bytes;
        self
    }

    /// Whether reading passes over lines that are no JSON or longer than the limit, and
    /// [counts](Records::skipped) them, instead of giving errors. Default false. Lines that are
    /// JSON, but not the record that is asked for, are errors either way.
    pub fn skip_damaged(mut self, skip: bool) -> Self {
        self.options.skip_damaged = skip;
        self
    }

    /// The door to the disk. Default: the operating system's.
    pub fn file_system(mut self, file_system: impl FileSystem) -> Self {
        self.options.file_system = Arc::new(file_system);
        self
    }

    /// Opens the journal for appending.
    ///
    /// # Errors
    /// As [`Journal::open`]; `InvalidInput` where an option is out of its bounds, too.
    pub fn open(self) -> Result<Journal> {
        Journal::with(self.options)
    }

    /// The records that are in the file now, oldest first, in constant memory. Takes no lock and
    /// changes nothing: of a torn end, the records before it are read.
    ///
    /// # Errors
    /// As [`Journal::replay`], but for single lines: each record is a result of its own.
    pub fn records<R: DeserializeOwned>(&self) -> Result<Records<R>> {
        Records::open(&self.options)
    }

    /// Reads the whole journal into memory, oldest record first.
    ///
    /// # Errors
    /// As [`Journal::replay`].
    pub fn replay<R: DeserializeOwned>(&self) -> Result<Vec<R>> {
        self.records()?.collect()
    }

    /// What was set.
    #[cfg(feature = "tokio")]
    pub(super) fn into_options(self) -> Options {
        self.options
    }
}
