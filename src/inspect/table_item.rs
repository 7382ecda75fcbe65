//! What an inspection of a table tells: the parts of the file as plain data.

use super::damage::Damage;
use crate::format::properties::Properties;
use std::ops::Range;

/// One thing that stands in a table file.
///
/// First comes what stands around the data, then block after block, each followed by its entries.
/// Damage stands where it was met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableItem {
    /// Where the parts are.
    Footer(TableFooter),
    /// Counts and bounds of all entries.
    Properties(TableProperties),
    /// The filter.
    Filter(TableFilter),
    /// A deleted range, cut so that no two overlap.
    RangeTombstone(TableRangeTombstone),
    /// A data block; its entries follow.
    Block(TableBlock),
    /// A version of a key.
    Entry(TableEntry),
    /// Something that cannot be read, or says something else than the rest.
    Damage(Damage),
}

/// Where the parts of a table are: bytes from the start of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableFooter {
    /// The data blocks.
    pub data: Range<u64>,
    /// The index.
    pub index: Range<u64>,
    /// The filter.
    pub filter: Range<u64>,
    /// The range tombstones.
    pub range_tombstones: Range<u64>,
    /// The properties.
    pub properties: Range<u64>,
    /// The length of the file.
    pub bytes: u64,
}

/// Counts and bounds of a table's entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TableProperties {
    /// Versions of keys, tombstones among them.
    pub entries: u64,
    /// Tombstones of single keys.
    pub tombstones: u64,
    /// Tombstones of ranges: pairs of range and sequence number.
    pub range_tombstones: u64,
    /// Entries that expire.
    pub expiring: u64,
    /// The smallest sequence number.
    pub sequence_min: u64,
    /// The largest sequence number.
    pub sequence_max: u64,
    /// The first expiry, in ms since the epoch; 0 where nothing expires.
    pub expiry_min_ms: u64,
    /// The last expiry, in ms since the epoch; 0 where nothing expires.
    pub expiry_max_ms: u64,
    /// Bytes of all keys.
    pub key_bytes: u64,
    /// Bytes of all values.
    pub value_bytes: u64,
    /// The smallest key.
    pub key_first: Vec<u8>,
    /// The largest key, or the (excluded) end of a range tombstone beyond it.
    pub key_last: Vec<u8>,
}

impl From<&Properties> for TableProperties {
    fn from(it: &Properties) -> Self {
        Self {
            entries: it.entries,
            tombstones: it.tombstones,
            range_tombstones: it.range_tombstones,
            expiring: it.expiring,
            sequence_min: it.sequence_min,
            sequence_max: it.sequence_max,
            expiry_min_ms: it.expiry_min_ms,
            expiry_max_ms: it.expiry_max_ms,
            key_bytes: it.key_bytes,
            value_bytes: it.value_bytes,
            key_first: it.key_first.to_vec(),
            key_last: it.key_last.to_vec(),
        }
    }
}

/// The filter of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableFilter {
    /// How many bits it has; 0 for a table without one.
    pub bits: u64,
    /// How many bits each key sets.
    pub probes: u32,
}

/// A range of keys that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableRangeTombstone {
    /// The first key deleted.
    pub start: Vec<u8>,
    /// The first key not deleted.
    pub end: Vec<u8>,
    /// The sequence number of the deletion.
    pub sequence: u64,
}

/// A data block.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableBlock {
    /// Its number, from 0.
    pub number: usize,
    /// Where it begins.
    pub offset: u64,
    /// How long it is on disk.
    pub bytes: u64,
    /// How long it is unpacked; `None` where it cannot be read.
    pub unpacked_bytes: Option<u64>,
    /// How it is packed; `None` where it cannot be read.
    pub compression: Option<TableCompression>,
    /// How many entries it has; `None` where it cannot be read.
    pub entries: Option<usize>,
    /// What the index says of it: no key of the block is behind this one, none of the next before.
    /// `None` where the index cannot be read.
    pub separator: Option<Vec<u8>>,
}

/// How a block is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableCompression {
    /// Not at all.
    None,
    /// LZ4.
    Lz4,
    /// zstd.
    Zstd,
}

impl TableCompression {
    /// The method that blocks name by `code`.
    pub(crate) fn of(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::None),
            1 => Some(Self::Lz4),
            2 => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// A version of a key in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableEntry {
    /// The block that it stands in.
    pub block: usize,
    /// The key.
    pub key: Vec<u8>,
    /// Its number in the order of commits; 0 once nothing older is left to compare with.
    pub sequence: u64,
    /// When it stops existing, in ms since the epoch; 0 for never.
    pub expiry_ms: u64,
    /// The value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
}
