//! What can go wrong, as plain data.
//!
//! One opaque [`Error`] with a [`kind`](Error::kind) to branch on and a text that says what
//! happened, where, and what to do. It names no type of an upper floor: stores, keys and files
//! appear as text, paths and numbers.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The family an [`Error`] belongs to; what a program branches on. Each says when it comes and what
/// to do then.
///
/// ```
/// use grainstore::{Db, ErrorKind};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-kind-{}", std::process::id()));
/// let db = Db::open(&dir)?;
/// match Db::open(&dir) {
///     Err(error) if error.kind() == ErrorKind::Locked => println!("in use: {error}"),
///     Err(error) => return Err(error),
///     Ok(_) => unreachable!("one handle at a time"),
/// }
/// let wrong = db.store::<u32, u32>("").unwrap_err();
/// assert_eq!(wrong.kind(), ErrorKind::InvalidInput);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused a call on a file: the disk is full, a right is missing, the
    /// device fails. [`Error::io_kind`] and [`Error::path`] say more. A write that fails so may or
    /// may not have happened, and the next ones are [`Latched`](Self::Latched): mend the cause,
    /// then open the database again.
    Io,
    /// The disk is full, or a quota is. Reads go on. Of the write that met it nothing was kept;
    /// once there is space, writes go on as well, without a reopen unless they are `Latched` by
    /// then.
    StorageFull,
    /// Stored bytes are damaged; the text names file and offset. Nothing was changed. What else
    /// there is can still be read; restore the database, or the file, from a backup.
    Corruption,
    /// Another process, or another handle of this one, has the database open. Share that handle
    /// (it is cheap to clone), or try again when it is closed.
    Locked,
    /// An earlier write or sync failed, so writes are refused until the database is reopened, since
    /// nobody knows what the device holds; or the directory of the database is no longer where it
    /// was, or this process is a fork of the one that opened it. Reads go on. Open the database
    /// again.
    Latched,
    /// The condition of a write did not hold: somebody else was quicker. Nothing was written. Read
    /// again, decide again, write again; or let `update` do that.
    Conflict,
    /// A unique index already has another record under the key; the text names store, index, key
    /// and that record.
    Duplicate,
    /// An argument cannot be used: an empty name, an option out of its bounds, a page cursor or a
    /// snapshot of something else. The call has done nothing. Mend the program.
    InvalidInput,
    /// A key, value or batch is larger than the limit that the text names. Nothing was written.
    /// Split it.
    TooLarge,
    /// A store was opened with another key type, codec or value schema than it was made with: open
    /// it as what it is, or copy it to a new one. Or a record is of a version of the schema from
    /// which its store was given no migration, or of a newer one than it was opened at: others can
    /// be read; open the store as the text says.
    SchemaMismatch,
    /// A value or key could not be encoded, decoded or migrated; the text names store, key, type
    /// and codec, and the source is the codec's error or the migration's. Others are not concerned:
    /// an iterator goes on with the next. The type has changed in a way that its codec does not
    /// forgive, or the value is one that it cannot keep.
    Codec,
    /// The files were written by a newer format than this build reads, or with a compression that
    /// is not built in. Nothing was changed. Use the newer release, or enable the feature.
    UnsupportedFormat,
    /// The database was closed through another handle. Open it again.
    Closed,
    /// A backend outside of this crate failed; the text is its own.
    Backend,
}

/// An error of grainstore.
///
/// Cheap to move (one pointer). Its text says what happened, where, and what to do;
/// [`kind`](Error::kind) is for programs. What is not there is no error but a `None`.
pub struct Error(Box<Cause>);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{} is damaged at offset {offset}: {what}", file.display())]
    Corruption {
        file: PathBuf,
        offset: u64,
        what: String,
    },
    #[error("{} at offset {offset} {text}", file.display())]
    Unsupported {
        file: PathBuf,
        offset: u64,
        text: String,
    },
    #[error("{text}")]
    Plain { kind: ErrorKind, text: String },
    #[error("{text}: {source}")]
    Caused {
        kind: ErrorKind,
        text: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// The operating system refused `operation` (a verb: "open", "sync") on `path`.
    pub(crate) fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self(Box::new(Cause::Io {
            operation,
            path: path.to_owned(),
            source,
        }))
    }

    /// Stored bytes of `file` are damaged at `offset`.
    pub(crate) fn corruption(file: &Path, offset: u64, what: impl Into<String>) -> Self {
        let (file, what) = (file.to_owned(), what.into());
        Self(Box::new(Cause::Corruption { file, offset, what }))
    }

    /// What `file` holds at `offset` is of a format that this build does not read; `text` goes on
    /// after file and offset.
    pub(crate) fn unsupported(file: &Path, offset: u64, text: impl Into<String>) -> Self {
        let (file, text) = (file.to_owned(), text.into());
        Self(Box::new(Cause::Unsupported { file, offset, text }))
    }

    /// An error of `kind` with its whole text, for backends of your own.
    ///
    /// ```
    /// use grainstore::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Backend, "no node of the cluster answers");
    /// assert_eq!(error.to_string(), "no node of the cluster answers");
    /// ```
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self(Box::new(Cause::Plain {
            kind,
            text: text.into(),
        }))
    }

    /// An error of `kind` that another one caused: the text says what could not be done.
    pub fn caused(
        kind: ErrorKind,
        text: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Box::new(Cause::Caused {
            kind,
            text: text.into(),
            source: source.into(),
        }))
    }

    /// The same error once more, for another one whom it concerns. Of a cause of unknown type only
    /// the text is kept.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self(Box::new(match &*self.0 {
            Cause::Io {
                operation,
                path,
                source,
            } => Cause::Io {
                operation,
                path: path.clone(),
                source: match source.raw_os_error() {
                    Some(code) => io::Error::from_raw_os_error(code),
                    None => io::Error::new(source.kind(), source.to_string()),
                },
            },
            Cause::Corruption { file, offset, what } => Cause::Corruption {
                file: file.clone(),
                offset: *offset,
                what: what.clone(),
            },
            Cause::Unsupported { file, offset, text } => Cause::Unsupported {
                file: file.clone(),
                offset: *offset,
                text: text.clone(),
            },
            Cause::Plain { kind, .. } | Cause::Caused { kind, .. } => Cause::Plain {
                kind: *kind,
                text: self.to_string(),
            },
        }))
    }

    /// What happened, without the file and the offset that [`path`](Self::path) and
    /// [`offset`](Self::offset) tell.
    pub(crate) fn what(&self) -> String {
        match &*self.0 {
            Cause::Io {
                operation, source, ..
            } => format!("cannot {operation} it: {source}"),
            Cause::Corruption { what, .. } => what.clone(),
            Cause::Unsupported { text, .. } => text.clone(),
            Cause::Plain { .. } | Cause::Caused { .. } => self.to_string(),
        }
    }

    /// The family of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Cause::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::StorageFull,
                _ => ErrorKind::Io,
            },
            Cause::Corruption { .. } => ErrorKind::Corruption,
            Cause::Unsupported { .. } => ErrorKind::UnsupportedFormat,
            Cause::Plain { kind, .. } | Cause::Caused { kind, .. } => *kind,
        }
    }

    /// True where a conditional write found another version: read again and retry.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// True where a unique index already has another record under the key.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.kind() == ErrorKind::Duplicate
    }

    /// True where the disk, or a quota on it, is full: free space and write again.
    #[must_use]
    pub fn is_storage_full(&self) -> bool {
        self.kind() == ErrorKind::StorageFull
    }

    /// True where stored bytes of a file are damaged.
    #[must_use]
    pub fn is_corruption(&self) -> bool {
        self.kind() == ErrorKind::Corruption
    }

    /// True where somebody else has the database open: the one error that goes away by waiting.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.kind() == ErrorKind::Locked
    }

    /// True where one record could not be encoded, decoded or migrated; others are not concerned.
    #[must_use]
    pub fn is_codec(&self) -> bool {
        self.kind() == ErrorKind::Codec
    }

    /// True where an earlier failure closed the way to writes until a reopen.
    #[must_use]
    pub fn is_latched(&self) -> bool {
        self.kind() == ErrorKind::Latched
    }

    /// True where a store, or a record, is of another schema than it was opened with.
    #[must_use]
    pub fn is_schema_mismatch(&self) -> bool {
        self.kind() == ErrorKind::SchemaMismatch
    }

    /// True where the database was closed through another handle.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.kind() == ErrorKind::Closed
    }

    /// The damaged or refused file, where there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            Cause::Io { path, .. } => Some(path),
            Cause::Corruption { file, .. } | Cause::Unsupported { file, .. } => Some(file),
            _ => None,
        }
    }

    /// Where in [`path`](Error::path) the damage is, or what this build does not read, in bytes.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match &*self.0 {
            Cause::Corruption { offset, .. } | Cause::Unsupported { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// The error of the operating system, where that is the cause.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match &*self.0 {
            Cause::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
