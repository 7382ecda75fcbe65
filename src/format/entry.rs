//! An entry of the engine: one version of one key.
//!
//! Entries are ordered by key, ascending as bytes, and then by sequence number, descending, so that
//! of several versions of a key the newest comes first. Each carries its kind and the time at
//! which it stops existing.

use crate::planted::{Mistake, planted};
use std::cmp::Ordering;

/// The longest key of a byte-level entry, in bytes.
pub(crate) const KEY_BYTES_MAX: usize = 64 << 10;

/// The longest value, in bytes.
pub(crate) const VALUE_BYTES_MAX: usize = 1 << 30;

/// The largest sequence number (56 bits).
pub(crate) const SEQUENCE_MAX: u64 = (1 << 56) - 1;

/// What an entry does to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    /// The key is gone from here on: a tombstone.
    Delete = 0,
    /// The key has this value from here on.
    Put = 1,
}

/// All there is to know of an entry besides key and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryMeta {
    /// The commit order: larger is newer. At most [`SEQUENCE_MAX`].
    pub(crate) sequence: u64,
    /// What the entry does.
    pub(crate) kind: Kind,
    /// When a put stops existing, in ms since the epoch; 0 for never.
    pub(crate) expiry_ms: u64,
}

impl EntryMeta {
    /// Of no meaning: what a cursor that stands nowhere would say of its entry.
    pub(crate) const NONE: Self = Self {
        sequence: 0,
        kind: Kind::Delete,
        expiry_ms: 0,
    };

    /// True where the entry is a put that exists no more at `now_ms`: from its expiry on.
    pub(crate) fn is_expired(&self, now_ms: u64) -> bool {
        let late = u64::from(planted(Mistake::ExpiryOneLate));
        self.expiry_ms != 0 && self.expiry_ms <= now_ms.saturating_sub(late)
    }

    /// True where a reader at `now_ms` finds a value here.
    pub(crate) fn is_live(&self, now_ms: u64) -> bool {
        self.kind == Kind::Put && !self.is_expired(now_ms)
    }
}

/// The order of entries: key ascending, then sequence number descending.
pub(crate) fn compare(a: (&[u8], u64), b: (&[u8], u64)) -> Ordering {
    a.0.cmp(b.0).then_with(|| b.1.cmp(&a.1))
}

/// The hash of a key that memtables, filters and block indexes share: XXH3-64, seed 0.
pub(crate) fn key_hash(key: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(key)
}
