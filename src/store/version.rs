//! Versions of records, and what may depend on them.

use super::lifetime::Ttl;
use std::fmt;
use std::time::SystemTime;

/// The version of a record, its ETag: every write to the database gets a larger one, so that a
/// record deleted and made again does not get an old one back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(crate) u64);

impl Version {
    /// The version as a number, to be kept or sent.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for Version {
    fn from(version: u64) -> Self {
        Self(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A value with its version and the time at which it stops existing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Versioned<V> {
    /// The value.
    pub value: V,
    /// Its version.
    pub version: Version,
    /// When it stops existing; `None` for never.
    pub expires_at: Option<SystemTime>,
}

/// The condition of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum If {
    /// There is no record, or it has expired.
    Absent,
    /// There is a record.
    Present,
    /// There is a record and this is its version.
    Version(Version),
}

impl If {
    /// True where a record of version `found` (`None`: no record) fulfils the condition.
    pub(crate) fn holds(self, found: Option<u64>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Present => found.is_some(),
            Self::Version(version) => found == Some(version.0),
        }
    }
}

impl fmt::Display for If {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("no record"),
            Self::Present => f.write_str("a record"),
            Self::Version(version) => write!(f, "a record of version {version}"),
        }
    }
}

/// What an update makes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change<V> {
    /// The record gets this value and keeps its lifetime; a new one gets the default.
    Put(V),
    /// The record gets this value and this lifetime.
    PutWith(V, Ttl),
    /// The record is removed.
    Delete,
    /// Nothing is written.
    Nothing,
}
