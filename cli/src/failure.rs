//! What went wrong, in three parts: what, where, and what to do; and the exit codes.
//!
//! Errors of the library are kept in their own words, with a hint where the command line knows one.

use grainstore::{Error, ErrorKind};
use std::fmt;
use std::io;

/// What was asked for is not there.
pub(crate) const ABSENT: u8 = 1;
/// The arguments or the input cannot be used.
pub(crate) const USAGE: u8 = 2;
/// Another process has the database open.
pub(crate) const LOCKED: u8 = 3;
/// Stored bytes are damaged.
pub(crate) const DAMAGED: u8 = 4;
/// The system refused, or anything else.
pub(crate) const FAILED: u8 = 5;

/// The exit codes as the help tells them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  what was asked for is not there: no such record, store or database
  2  the arguments or the input cannot be used
  3  another process has the database open
  4  stored bytes are damaged
  5  the system refused: no space, no permission, a failed write";

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    /// The word for programs, in `--json`.
    pub(crate) kind: &'static str,
    /// What happened, and where.
    pub(crate) what: String,
    /// What to do about it; may be empty.
    pub(crate) hint: String,
}

/// The result of everything in this program that can fail.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// What was asked for is not there.
    pub(crate) fn absent(what: impl Into<String>) -> Self {
        Self::new(ABSENT, "absent", what)
    }

    /// The arguments or the input cannot be used.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(USAGE, "usage", what)
    }

    /// The operating system refused: `doing` is the whole clause, such as "cannot read x.csv".
    pub(crate) fn io(doing: impl fmt::Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::pipe_closed();
        }
        Self::new(FAILED, "io", format!("{doing}: {error}"))
    }

    /// Whoever read our output has enough of it. Not worth a word, nor a failure.
    pub(crate) fn pipe_closed() -> Self {
        Self::new(0, "pipe", "the reader of the output closed it")
    }

    /// The same with what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    pub(crate) fn new(code: u8, kind: &'static str, what: impl Into<String>) -> Self {
        Self {
            code,
            kind,
            what: what.into(),
            hint: String::new(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, kind, hint) = match error.kind() {
            ErrorKind::Locked => (
                LOCKED,
                "locked",
                "stop the program that uses it, or work on a copy that it makes with a checkpoint",
            ),
            ErrorKind::Corruption => (
                DAMAGED,
                "damaged",
                "restore a checkpoint; before anything else copy the folder as it is",
            ),
            ErrorKind::UnsupportedFormat => (
                DAMAGED,
                "unsupported-format",
                "a newer release may have written it; use that release's `grain`",
            ),
            ErrorKind::InvalidInput => (USAGE, "usage", ""),
            ErrorKind::TooLarge => (USAGE, "too-large", ""),
            ErrorKind::SchemaMismatch => (USAGE, "schema", ""),
            ErrorKind::Codec => (USAGE, "codec", ""),
            ErrorKind::Conflict => (FAILED, "conflict", "somebody else wrote it; try again"),
            ErrorKind::StorageFull => (FAILED, "storage-full", "make room on the disk"),
            ErrorKind::Latched => (FAILED, "latched", ""),
            _ => (FAILED, "io", ""),
        };
        Self::new(code, kind, error.to_string()).hint(hint)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
