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

/// The family an [`Error`] belongs to; what a program branches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused a call on a file.
    Io,
    /// Stored bytes are damaged; the text names file and offset.
    Corruption,
    /// Another process, or another handle of this one, has the database open.
    Locked,
    /// An earlier write or sync failed, so writes are refused until the database is reopened. Reads
    /// go on.
    Latched,
    /// A conditional write found another version than the one it was told to expect.
    Conflict,
    /// A unique index already has another record under the key; the text names store, index, key
    /// and that record.
    Duplicate,
    /// An argument cannot be used: an empty name, a reversed range, an option out of its bounds.
    InvalidInput,
    /// A key, value or batch is larger than the limit that the text names.
    TooLarge,
    /// A store was opened with another key type, codec or value schema than the one it was made
    /// with.
    SchemaMismatch,
    /// A value or key could not be encoded or decoded; the text names store and key.
    Codec,
    /// The files were written by a newer format than this build reads.
    UnsupportedFormat,
    /// The database was closed through another handle.
    Closed,
}

/// An error of grainstore.
///
/// Cheap to move (one pointer). Its text says what happened, where, and what to do;
/// [`kind`](Error::kind) is for programs.
///
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

    /// An error of `kind` with its whole text.
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self(Box::new(Cause::Plain {
            kind,
            text: text.into(),
        }))
    }

    /// An error of `kind` that another one caused.
    pub(crate) fn caused(
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
    pub(crate) fn copied(&self) -> Self {
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
            Cause::Plain { kind, .. } | Cause::Caused { kind, .. } => Cause::Plain {
                kind: *kind,
                text: self.to_string(),
            },
        }))
    }

    /// The family of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Cause::Io { .. } => ErrorKind::Io,
            Cause::Corruption { .. } => ErrorKind::Corruption,
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

    /// True where stored bytes are damaged.
    #[must_use]
    pub fn is_corruption(&self) -> bool {
        self.kind() == ErrorKind::Corruption
    }

    /// True where somebody else has the database open.
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

    /// The damaged or refused file, where there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            Cause::Io { path, .. } => Some(path),
            Cause::Corruption { file, .. } => Some(file),
            _ => None,
        }
    }

    /// The offset of the damage in [`path`](Error::path), in bytes.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match &*self.0 {
            Cause::Corruption { offset, .. } => Some(*offset),
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
