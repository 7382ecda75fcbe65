//! The names of a database's files.
//!
//! ```text
//! LOCK               held while the database is open
//! CURRENT            names the manifest in force
//! manifest-000001    the log of which tables there are
//! 000002.wal         a segment of the write-ahead log
//! 000003.table       a table
//! 000004.spare       a log segment waiting to be used again
//! CURRENT.tmp        the next CURRENT, before its rename
//! ```
//!
//! Numbers have at least six digits; tables and manifests share one counter, logs have their own.
//! A name with a number from 2^62 on is foreign: no database gets there, and the counters, which
//! stay above all the files there are, must not be driven to their end by what somebody put there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Numbers of files are below this.
pub(crate) const FILE_NUMBER_END: u64 = 1 << 62;

/// What a file of the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum FileName {
    /// The lock file.
    Lock,
    /// The pointer to the manifest.
    Current,
    /// The pointer to the next manifest, before its rename.
    CurrentTemp,
    /// A manifest, by number.
    Manifest(u64),
    /// A segment of the write-ahead log, by number.
    Wal(u64),
    /// A log segment kept for use again, by its old number.
    SpareWal(u64),
    /// A table, by number.
    Table(u64),
}

impl FileName {
    /// The path of the file in `dir`.
    pub(crate) fn in_dir(self, dir: &Path) -> PathBuf {
        dir.join(match self {
            Self::Lock => "LOCK".to_owned(),
            Self::Current => "CURRENT".to_owned(),
            Self::CurrentTemp => "CURRENT.tmp".to_owned(),
            Self::Manifest(n) => format!("manifest-{n:06}"),
            Self::Wal(n) => format!("{n:06}.wal"),
            Self::SpareWal(n) => format!("{n:06}.spare"),
            Self::Table(n) => format!("{n:06}.table"),
        })
    }

    /// The file that `name` is, or `None` for a foreign one.
    pub(crate) fn parse(name: &OsStr) -> Option<Self> {
        let name = name.to_str()?;
        let file = match name {
            "LOCK" => Self::Lock,
            "CURRENT" => Self::Current,
            "CURRENT.tmp" => Self::CurrentTemp,
            _ => match name.split_once('.') {
                Some((number, "wal")) => Self::Wal(parse_number(number)?),
                Some((number, "spare")) => Self::SpareWal(parse_number(number)?),
                Some((number, "table")) => Self::Table(parse_number(number)?),
                Some(_) => return None,
                None => Self::Manifest(parse_number(name.strip_prefix("manifest-")?)?),
            },
        };
        Some(file)
    }
}

fn parse_number(digits: &str) -> Option<u64> {
    let plain = digits.len() >= 6 && digits.bytes().all(|b| b.is_ascii_digit());
    let number = if plain { digits.parse().ok() } else { None };
    number.filter(|&number| number < FILE_NUMBER_END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_file_and_foreign_names_as_none() {
        use FileName::{Current, CurrentTemp, Lock, Manifest, SpareWal, Table, Wal};
        let all = [
            Lock,
            Current,
            CurrentTemp,
            Manifest(7),
            Wal(12_345_678),
            SpareWal(1),
            Table(0),
            Table(FILE_NUMBER_END - 1),
        ];
        for file in all {
            let path = file.in_dir(Path::new("/db"));
            assert_eq!(FileName::parse(path.file_name().unwrap()), Some(file));
        }
        for foreign in [
            "",
            "1.table",
            "+00001.wal",
            "000001.sst",
            "manifest-",
            "notes.txt",
            "4611686018427387904.table",
            "18446744073709551615.wal",
        ] {
            assert_eq!(FileName::parse(OsStr::new(foreign)), None, "{foreign}");
        }
    }
}
