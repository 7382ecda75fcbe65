//! The one number that says in which formats the files of a database may be.
//!
//! It stands twice, always the same: in `CURRENT`, where it is read first, and in the header of the
//! manifest. Each file has a version of its own as well; the number of the database is what lets a
//! build refuse a newer database before it reads more of it, and what keeps it from writing
//! anything into an older one that its own build could not read.
//!
//! - V1: a build reads every database within its window, and refuses all others.
//! - V2: a database keeps its number until somebody asks to raise it, and files are written in the
//!   formats of that number. It never falls.
//!
//! | number | what it added |
//! |---|---|
//! | 1 | everything there is |

/// The oldest format of a database that this build reads.
pub const FORMAT_VERSION_MIN: u32 = 1;

/// The newest format of a database that this build reads, and the one it makes new databases in.
pub const FORMAT_VERSION_MAX: u32 = 1;

const _: () = assert!(1 <= FORMAT_VERSION_MIN && FORMAT_VERSION_MIN <= FORMAT_VERSION_MAX);

/// The formats that a build reads (V1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FormatWindow {
    pub(crate) least: u32,
    pub(crate) newest: u32,
}

/// Where a format lies beside a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Older,
    Read,
    Newer,
}

impl FormatWindow {
    /// What this build reads.
    pub(crate) const BUILT: Self = Self {
        least: FORMAT_VERSION_MIN,
        newest: FORMAT_VERSION_MAX,
    };

    /// Where `format` lies.
    pub(crate) fn standing(self, format: u32) -> Standing {
        if format < self.least {
            Standing::Older
        } else if format > self.newest {
            Standing::Newer
        } else {
            Standing::Read
        }
    }
}

impl Default for FormatWindow {
    fn default() -> Self {
        Self::BUILT
    }
}
