//! What an inspection found wrong, as plain data.
//!
//! Damage is told and not thrown: whoever reads a damaged file wants to know of all of it. Costs
//! nothing and may be kept and sent as you like.

use crate::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a file that does not hold what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// Where in it, in bytes from its start.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
    /// True where the bytes are whole and of a format that this build does not read: a newer
    /// release wrote them, or one with more features.
    pub unsupported: bool,
}

impl Damage {
    /// `what` is wrong at `offset` of `file`.
    pub(crate) fn new(file: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            offset,
            what: what.into(),
            unsupported: false,
        }
    }

    /// `what` at `offset` of `file` is beyond this build.
    pub(crate) fn unsupported(file: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self {
            unsupported: true,
            ..Self::new(file, offset, what)
        }
    }

    /// What `error` says, which came up while `file` was read.
    pub(crate) fn of(error: &Error, file: &Path) -> Self {
        Self {
            file: error.path().unwrap_or(file).to_owned(),
            offset: error.offset().unwrap_or(0),
            what: error.what(),
            unsupported: error.kind() == crate::error::ErrorKind::UnsupportedFormat,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file, offset, what, ..
        } = self;
        write!(f, "{} at offset {offset}: {what}", file.display())
    }
}
