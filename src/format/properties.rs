//! What is known of a table without reading it: counts and bounds of its entries.
//!
//! The same bytes stand in the table's own properties block and in the manifest's record of the
//! table, so that a database opens, plans compactions and drops expired tables without touching
//! them.
//!
//! ```text
//! properties = entries | tombstones | range tombstones | expiring         varints
//!            | sequence min | sequence max | expiry min | expiry max      varints
//!            | expiry quantiles: 8 steps up from the one before           varints
//!            | key bytes | value bytes                                    varints
//!            | first key | last key                                       length: varint, bytes
//!
//! one put "a" = "xy" at sequence 3
//!   01 00 00 00 03 03 00 00 00 00 00 00 00 00 00 00 01 02 01 61 01 61
//! ```

use super::bytes::{Reader, put_slice, put_varint};
use super::damage::Damage;
use super::entry::{KEY_BYTES_MAX, SEQUENCE_MAX};

/// How many quantiles of the expiry times are kept.
pub(crate) const EXPIRY_QUANTILES: usize = 8;

/// Counts and bounds of a table's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties {
    /// Point entries, tombstones among them.
    pub(crate) entries: u64,
    /// Point tombstones.
    pub(crate) tombstones: u64,
    /// Range tombstones: pairs of fragment and sequence number.
    pub(crate) range_tombstones: u64,
    /// Entries that expire.
    pub(crate) expiring: u64,
    /// The smallest sequence number of entries and range tombstones.
    pub(crate) sequence_min: u64,
    /// The largest sequence number of entries and range tombstones.
    pub(crate) sequence_max: u64,
    /// The first expiry, in ms since the epoch; 0 where nothing expires.
    pub(crate) expiry_min_ms: u64,
    /// The last expiry, in ms since the epoch; 0 where nothing expires.
    pub(crate) expiry_max_ms: u64,
    /// The i-th is a time by which about (i + 1) / 8 of the expiring entries have expired; rising.
    pub(crate) expiry_quantiles_ms: [u64; EXPIRY_QUANTILES],
    /// Bytes of all keys.
    pub(crate) key_bytes: u64,
    /// Bytes of all values.
    pub(crate) value_bytes: u64,
    /// The smallest key that an entry has or a range tombstone covers.
    pub(crate) key_first: Box<[u8]>,
    /// The largest key of an entry, or the (excluded) end of a range tombstone beyond it.
    pub(crate) key_last: Box<[u8]>,
}

impl Properties {
    /// Appends the bytes of the module's documentation.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for value in [
            self.entries,
            self.tombstones,
            self.range_tombstones,
            self.expiring,
            self.sequence_min,
            self.sequence_max,
            self.expiry_min_ms,
            self.expiry_max_ms,
        ] {
            put_varint(out, value);
        }
        let mut below = 0;
        for &quantile in &self.expiry_quantiles_ms {
            put_varint(out, quantile.saturating_sub(below));
            below = quantile.max(below);
        }
        put_varint(out, self.key_bytes);
        put_varint(out, self.value_bytes);
        put_slice(out, &self.key_first);
        put_slice(out, &self.key_last);
    }

    /// Reads the bytes of the module's documentation off `reader`, checking bounds against each
    /// other.
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, Damage> {
        let at = reader.offset();
        let mut it = Self {
            entries: reader.varint()?,
            tombstones: reader.varint()?,
            range_tombstones: reader.varint()?,
            expiring: reader.varint()?,
            sequence_min: reader.varint()?,
            sequence_max: reader.varint()?,
            expiry_min_ms: reader.varint()?,
            expiry_max_ms: reader.varint()?,
            ..Self::default()
        };
        let mut below = 0u64;
        for quantile in &mut it.expiry_quantiles_ms {
            let step = reader.varint()?;
            below = below
                .checked_add(step)
                .ok_or(Damage::new(at, "expiry beyond 64 bits"))?;
            *quantile = below;
        }
        it.key_bytes = reader.varint()?;
        it.value_bytes = reader.varint()?;
        it.key_first = reader.slice()?.into();
        it.key_last = reader.slice()?.into();
        let sound = it.tombstones <= it.entries
            && it.expiring <= it.entries
            && it.sequence_min <= it.sequence_max
            && it.sequence_max <= SEQUENCE_MAX
            && it.expiry_min_ms <= it.expiry_max_ms
            && it.key_first <= it.key_last
            && it.key_last.len().max(it.key_first.len()) <= KEY_BYTES_MAX;
        if sound {
            Ok(it)
        } else {
            Err(Damage::new(at, "table properties contradict each other"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_have_the_bytes_of_the_documentation_and_read_back() {
        let one = Properties {
            entries: 1,
            sequence_min: 3,
            sequence_max: 3,
            key_bytes: 1,
            value_bytes: 2,
            key_first: b"a"[..].into(),
            key_last: b"a"[..].into(),
            ..Properties::default()
        };
        let mut out = Vec::new();
        one.encode(&mut out);
        let mut golden = vec![1, 0, 0, 0, 3, 3, 0, 0];
        golden.extend([0; EXPIRY_QUANTILES]);
        golden.extend([1, 2, 1, 0x61, 1, 0x61]);
        assert_eq!(out, golden);
        assert_eq!(Properties::decode(&mut Reader::new(&out)), Ok(one));
        for cut in 0..out.len() {
            assert!(Properties::decode(&mut Reader::new(&out[..cut])).is_err());
        }
    }
}
