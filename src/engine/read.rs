//! Finding one key: the sources of a view from the newest down.
//!
//! The first source that has a version of the key at or below the wanted sequence number decides,
//! because everything further down is older (V1 of the view); range tombstones met on the way
//! down, in that source included, delete it where they are newer.

use super::live_table::LiveTable;
use super::pinned_bytes::PinnedBytes;
use super::read_view::ReadView;
use crate::error::Result;
use crate::format::entry::{EntryMeta, SEQUENCE_MAX, key_hash};
use crate::manifest::version::LEVELS;
use crate::memtable::map::{MemEntry, Memtable};
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use crate::table::entry::TableEntry;

/// The deciding entry of a key, still in its source.
pub(crate) enum Found<'a> {
    /// In a memtable.
    Memtable(&'a Arc<Memtable>, MemEntry<'a>),
    /// In a table.
    Table(TableEntry),
    /// A range tombstone of this sequence number, newer than any entry there may be.
    RangeDeleted(u64),
}

impl Found<'_> {
    /// The meta of the entry; `None` for a range tombstone.
    pub(crate) fn meta(&self) -> Option<EntryMeta> {
        match self {
            Found::Memtable(_, entry) => Some(entry.meta),
            Found::Table(entry) => Some(entry.meta),
            Found::RangeDeleted(_) => None,
        }
    }

    /// The meta of a value that a reader at `now_ms` sees.
    pub(crate) fn live_meta(&self, now_ms: u64) -> Option<EntryMeta> {
        self.meta().filter(|meta| meta.is_live(now_ms))
    }

    /// The bytes of the value, borrowed.
    pub(crate) fn value(&self) -> &[u8] {
        match self {
            Found::Memtable(_, entry) => entry.value,
            Found::Table(entry) => entry.value(),
            Found::RangeDeleted(_) => &[],
        }
    }

    /// The bytes of the value, pinned.
    pub(crate) fn pin(self) -> Option<PinnedBytes> {
        match self {
            Found::Memtable(memtable, entry) => memtable.pin(&entry).map(PinnedBytes::in_memtable),
            Found::Table(entry) => Some(PinnedBytes::in_block(entry.into_pinned())),
            Found::RangeDeleted(_) => None,
        }
    }
}

/// The entry that decides `key` for a reader at `sequence`; `None` where nothing was ever written.
pub(crate) fn find<'a>(view: &'a ReadView, key: &[u8], sequence: u64) -> Result<Option<Found<'a>>> {
    let hash = key_hash(key);
    let mut deleted = 0;
    for memtable in view.memtables() {
        if let Some(set) = memtable.range_tombstones() {
            deleted = deleted.max(set.covering(key, sequence).unwrap_or(0));
        }
        if let Some(entry) = memtable.get(key, hash, sequence) {
            let older = entry.meta.sequence < deleted;
            return Ok(Some(if older {
                Found::RangeDeleted(deleted)
            } else {
                Found::Memtable(memtable, entry)
            }));
        }
        if deleted > 0 && !planted(Mistake::RangeDeleteStopsShort) {
            return Ok(Some(Found::RangeDeleted(deleted)));
        }
    }
    find_in_tables(view, key, hash, sequence)
}

fn find_in_tables<'a>(
    view: &'a ReadView,
    key: &[u8],
    hash: u64,
    sequence: u64,
) -> Result<Option<Found<'a>>> {
    for table in view.levels.level(0) {
        if table.spans(key)
            && let Some(found) = find_in_table(table, key, hash, sequence)?
        {
            return Ok(Some(found));
        }
    }
    for level in 1..LEVELS {
        for table in view.levels.spanning(level, key) {
            if let Some(found) = find_in_table(table, key, hash, sequence)? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

fn find_in_table<'a>(
    live: &'a LiveTable,
    key: &[u8],
    hash: u64,
    sequence: u64,
) -> Result<Option<Found<'a>>> {
    let table = live.table()?;
    let deleted = table
        .range_tombstones()
        .and_then(|set| set.covering(key, sequence))
        .unwrap_or(0);
    Ok(match table.get(key, hash, sequence)? {
        Some(entry) if entry.meta.sequence >= deleted => Some(Found::Table(entry)),
        _ if deleted > 0 => Some(Found::RangeDeleted(deleted)),
        _ => None,
    })
}

/// The sequence number of the last write to `key`, range deletes included; 0 where there is none.
pub(crate) fn newest_sequence(view: &ReadView, key: &[u8]) -> Result<u64> {
    Ok(match find(view, key, SEQUENCE_MAX)? {
        None => 0,
        Some(Found::RangeDeleted(sequence)) => sequence,
        Some(found) => found.meta().map_or(0, |meta| meta.sequence),
    })
}
