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
///
/// ```
/// use grainstore::If;
/// # let dir = std::env::temp_dir().join(format!("grainstore-versioned-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let hp = db.store::<String, u32>("hp")?;
/// hp.put("ada", &100)?;
/// if let Some(found) = hp.get_versioned("ada")? {
///     hp.put_if("ada", &(found.value - 1), If::Version(found.version))?; // nobody wrote since
///     assert_eq!(found.expires_at, None);
/// }
/// assert_eq!(hp.get("ada")?, Some(99));
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
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
///
/// ```
/// use grainstore::If;
/// # let dir = std::env::temp_dir().join(format!("grainstore-if-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let hp = db.store::<String, u32>("hp")?;
/// hp.put_if("ada", &100, If::Absent)?;
/// assert!(hp.put_if("ada", &90, If::Absent).is_err());
/// let version = hp.put_if("ada", &90, If::Present)?;
/// assert!(hp.delete_if("ada", If::Version(version))?);
/// assert!(!hp.delete_if("ada", If::Absent)?); // there was none, as was asked
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
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
///
/// ```
/// use grainstore::Change;
/// # let dir = std::env::temp_dir().join(format!("grainstore-change-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let hp = db.store::<String, u32>("hp")?;
/// hp.put("ada", &10)?;
/// let hit = |old: Option<u32>| match old {
///     None => Change::Nothing,
///     Some(hp) if hp <= 7 => Change::Delete,
///     Some(hp) => Change::Put(hp - 7),
/// };
/// assert!(hp.update("ada", hit)?.is_some()); // 3 are left
/// assert!(hp.update("ada", hit)?.is_none()); // nobody is
/// assert!(hp.is_empty()?);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
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
