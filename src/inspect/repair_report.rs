//! What a repair saved, what it lost and what is in doubt, as plain data.

use super::damage::Damage;
use std::path::PathBuf;

/// What a [`repair`](super::repair()) did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RepairReport {
    /// True where the manifest told which tables make up the database. Otherwise they were found by
    /// what they hold, and `tables` tells which were left out and which are in doubt.
    pub manifest_complete: bool,
    /// Records in the new database.
    pub records: u64,
    /// Bytes of their keys and values.
    pub record_bytes: u64,
    /// Tables of the new database.
    pub new_tables: u64,
    /// Every table file there is or should be.
    pub tables: Vec<RepairedTable>,
    /// Every log segment there is.
    pub logs: Vec<RepairedLog>,
    /// What could not be read, with the keys it may have held.
    pub lost: Vec<Loss>,
    /// Deletions of ranges that could not be read: what they deleted has come back.
    pub deletions_lost: Vec<Loss>,
    /// Records that may not be what a reader saw last: the first of them, by rising keys.
    pub doubts: Vec<Doubt>,
    /// How many records are in doubt in all.
    pub doubts_total: u64,
    /// All damage that was met, harmless damage too.
    pub damage: Vec<Damage>,
    /// The sequence number that the new database goes on from: above everything that was read, and
    /// where something was lost, far above.
    pub sequence_last: u64,
    /// The time that the new database goes on from, in ms since the epoch.
    pub clock_ms: u64,
}

impl RepairReport {
    /// True where everything was read and nothing is in doubt: the new database is an equal copy.
    /// Without a manifest it never is, since a table that a compaction left behind cannot always
    /// be told from one that is part of the database.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.manifest_complete
            && self.lost.is_empty()
            && self.deletions_lost.is_empty()
            && self.doubts_total == 0
            && self.logs.iter().all(|log| log.lost_bytes == 0)
            && self.tables.iter().all(|table| table.doubt.is_none())
    }
}

/// What became of a table file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairedTable {
    /// The file.
    pub file: PathBuf,
    /// What was done with it.
    pub part: TablePart,
    /// Why it is in doubt whether that was right, where it is.
    pub doubt: Option<String>,
    /// Its data blocks that were read.
    pub blocks: u64,
    /// Its data blocks, or stretches of them, that could not be read.
    pub blocks_lost: u64,
    /// Entries that were read.
    pub entries: u64,
}

/// What a repair did with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TablePart {
    /// Its entries were used.
    Used,
    /// It is no part of the database any more, and was not used.
    Obsolete,
    /// It should be there and is not, or the disk gives nothing of it.
    Missing,
}

/// What became of a log segment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairedLog {
    /// The file.
    pub file: PathBuf,
    /// False where everything in it is in tables already.
    pub used: bool,
    /// Operations that were used.
    pub operations: u64,
    /// Operations that were not, because they are in tables.
    pub in_tables: u64,
    /// Records used that stand behind damage.
    pub behind_damage: u64,
    /// Records that are not used: an earlier recovery left them out, or they stand behind a torn
    /// end.
    pub left_out: u64,
    /// Bytes of records that could not be read. Nobody knows which keys they wrote.
    pub lost_bytes: u64,
}

/// A stretch of a file that could not be read, and what it may have held.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// How many bytes; 0 where that is unknown.
    pub bytes: u64,
    /// No key in it was before this one; `None` where that is unknown.
    pub key_from: Option<Vec<u8>>,
    /// No key in it was behind this one; `None` where that is unknown.
    pub key_to: Option<Vec<u8>>,
    /// No write in it has a larger sequence number.
    pub sequence_max: u64,
    /// What is wrong there.
    pub what: String,
}

impl Loss {
    /// True where `key`, last written at `sequence`, may have been written again in what was lost.
    pub(crate) fn may_hold(&self, key: &[u8], sequence: u64) -> bool {
        sequence < self.sequence_max
            && self.key_from.as_deref().is_none_or(|from| from <= key)
            && self.key_to.as_deref().is_none_or(|to| key <= to)
    }
}

/// A record that was saved and may not be what a reader saw last.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Doubt {
    /// Its key.
    pub key: Vec<u8>,
    /// Why.
    pub reason: DoubtReason,
    /// The file at fault.
    pub file: PathBuf,
    /// Where in it.
    pub offset: u64,
}

/// Why a record is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DoubtReason {
    /// A newer version, or its deletion, may have stood in what was lost.
    NewerMayBeLost,
    /// It may have been deleted with a range whose deletion was lost.
    DeletionMayBeLost,
    /// It comes from a table that a compaction may have left behind, and the manifest that would
    /// tell is lost.
    MayBeLeftover,
}
