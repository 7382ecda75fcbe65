//! A manifest told edit by edit, whole or damaged.
//!
//! The file is read whole, as an open does; edits are told one by one. Reading goes on behind
//! damage. For one thread at a time; nothing is written.

use super::damage::Damage;
use super::manifest_walk::{ManifestStep, ManifestWalk};
use super::source_file::SourceFile;
use super::table_item::TableProperties;
use crate::error::{Error, ErrorKind, Result};
use crate::format::file_name::FileName;
use crate::format::manifest_record::KIND_SNAPSHOT;
use crate::format::version_edit::VersionEdit;
use crate::fs::file_system::FileSystem;
use std::path::{Path, PathBuf};

/// One thing that stands in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestItem {
    /// A change of what the database knows; the first is a snapshot of all of it.
    Edit(Box<ManifestEdit>),
    /// The last whole edit ends here; behind it is what a crash left of one.
    Torn {
        /// Where.
        offset: u64,
    },
    /// Something that was once good and is not now. Reading goes on behind it.
    Damage(Damage),
}

/// One change of what the database knows; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestEdit {
    /// Where its record begins.
    pub offset: u64,
    /// How long the record is.
    pub bytes: u64,
    /// True for the first, which tells everything.
    pub snapshot: bool,
    /// How far the manifest was durable when it was written.
    pub synced_up_to: u64,
    /// Tables that are part of the database from then on.
    pub added: Vec<ManifestTable>,
    /// Numbers of tables that no longer are. A table in both lists moved to another level.
    pub removed: Vec<u64>,
    /// The oldest log segment still needed.
    pub log_first: Option<u64>,
    /// A log segment that must exist.
    pub log_last: Option<u64>,
    /// The database was closed: this segment ends at this offset.
    pub closed: Option<(u64, u64)>,
    /// The last sequence number in the tables.
    pub sequence_last: Option<u64>,
    /// No table and no manifest has this number or a higher one.
    pub file_number_next: Option<u64>,
    /// The highest time seen, in ms since the epoch.
    pub clock_ms: Option<u64>,
}

/// What a manifest says of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestTable {
    /// The number in its name.
    pub number: u64,
    /// Its level.
    pub level: u8,
    /// Its age on level 0: higher is newer.
    pub run: u64,
    /// The length of its file.
    pub bytes: u64,
    /// The plain CRC-32 of its whole file.
    pub checksum: u32,
    /// Counts and bounds of its entries.
    pub properties: TableProperties,
}

/// The edits of a manifest, in order.
///
/// Made by [`Inspector::manifest`](super::Inspector::manifest). Holds the file in memory.
#[derive(Debug)]
pub struct ManifestInspection {
    path: PathBuf,
    number: u64,
    bytes: Vec<u8>,
    walk: ManifestWalk,
}

impl ManifestInspection {
    /// Opens the manifest at `path`, whose name tells its number.
    pub(crate) fn open(fs: &dyn FileSystem, path: &Path) -> Result<Self> {
        let Some(FileName::Manifest(number)) = path.file_name().and_then(FileName::parse) else {
            let text = format!(
                "{} has no name of a manifest such as manifest-000001; the checksums in a manifest \
                 hold its number, so a copy has to keep the name",
                path.display()
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        };
        let source = SourceFile::open(fs, path)?;
        Ok(Self {
            path: path.to_owned(),
            number,
            bytes: source.read(0, source.bytes())?,
            walk: ManifestWalk::new(number),
        })
    }

    /// The number of the manifest.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Iterator for ManifestInspection {
    type Item = ManifestItem;

    fn next(&mut self) -> Option<ManifestItem> {
        Some(match self.walk.next(&self.path, &self.bytes)? {
            ManifestStep::Record {
                offset,
                end,
                kind,
                synced_up_to,
                edit,
            } => ManifestItem::Edit(Box::new(ManifestEdit {
                offset: offset as u64,
                bytes: (end - offset) as u64,
                snapshot: kind == KIND_SNAPSHOT,
                synced_up_to,
                ..described(*edit)
            })),
            ManifestStep::Torn { offset } => ManifestItem::Torn {
                offset: offset as u64,
            },
            ManifestStep::Damage(damage) => ManifestItem::Damage(damage),
        })
    }
}

fn described(edit: VersionEdit) -> ManifestEdit {
    let table = |meta: &crate::format::version_edit::TableMeta| ManifestTable {
        number: meta.number,
        level: meta.level,
        run: meta.run,
        bytes: meta.bytes,
        checksum: meta.checksum,
        properties: TableProperties::from(&meta.properties),
    };
    ManifestEdit {
        offset: 0,
        bytes: 0,
        snapshot: false,
        synced_up_to: 0,
        added: edit.added.iter().map(table).collect(),
        removed: edit.removed,
        log_first: edit.log_first,
        log_last: edit.log_last,
        closed: edit.closed,
        sequence_last: edit.sequence_last,
        file_number_next: edit.file_number_next,
        clock_ms: edit.clock_ms,
    }
}
