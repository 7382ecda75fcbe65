//! An entry as it lies in the arena.
//!
//! Records are written once and never change, so a reader that has found one needs no lock. They
//! start at multiples of 8 bytes, which is what an [`Address`] counts in.
//!
//! ```text
//! 0   u64  sequence << 8 | kind
//! 8   u64  key length << 37 | expires << 36 | address of the version before this one, or 0
//! 16  u32  value length
//! 20  u64  expiry in ms             only where the bit `expires` is set
//! ..  key | value | zeros up to a multiple of 8
//!
//! put "a" = "xy" at 7, the first version, for ever:
//! 01 07 00 00 00 00 00 00  00 00 00 00 20 00 00 00  02 00 00 00 61 78 79 00
//! ```
//!
//! The format lives in memory only and may change with every build.

use crate::format::entry::{EntryMeta, Kind};

/// Bits of an address: 8 for the number of the chunk (from 1 on), 28 for the place in it.
pub(super) const ADDRESS_BITS: u32 = 36;
/// Bits of the place within a chunk, in units of 8 bytes.
const UNIT_BITS: u32 = 28;
/// What records are aligned to.
pub(super) const UNIT_BYTES: usize = 8;
/// The largest chunk that addresses reach into: 2 GiB.
pub(super) const CHUNK_BYTES_MAX: usize = UNIT_BYTES << UNIT_BITS;
/// The largest number a chunk can have.
pub(super) const CHUNK_NUMBER_MAX: usize = 255;
/// The longest part of a record before the key.
pub(super) const HEADER_BYTES_MAX: usize = 28;

const EXPIRES: u64 = 1 << ADDRESS_BITS;
const KEY_LENGTH_SHIFT: u32 = ADDRESS_BITS + 1;
const ADDRESS_MASK: u64 = (1 << ADDRESS_BITS) - 1;

/// Where a record starts; never 0, so that 0 can stand for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address(u64);

impl Address {
    /// The address of `offset`, a multiple of 8, in chunk `number` (from 1 on).
    pub(super) fn new(number: usize, offset: usize) -> Self {
        debug_assert!((1..=CHUNK_NUMBER_MAX).contains(&number));
        debug_assert!(offset.is_multiple_of(UNIT_BYTES) && offset < CHUNK_BYTES_MAX);
        Self((number as u64) << UNIT_BITS | (offset / UNIT_BYTES) as u64)
    }

    /// The address in the low bits of `word`, or none where they are 0.
    #[inline]
    pub(super) fn from_word(word: u64) -> Option<Self> {
        let bits = word & ADDRESS_MASK;
        (bits != 0).then_some(Self(bits))
    }

    /// The address as the low bits of a word.
    #[inline]
    pub(super) fn word(self) -> u64 {
        self.0
    }

    /// The number of the chunk, from 1 on.
    #[inline]
    pub(super) fn chunk(self) -> usize {
        (self.0 >> UNIT_BITS) as usize
    }

    /// The offset in the chunk.
    #[inline]
    pub(super) fn offset(self) -> usize {
        (self.0 & ((1 << UNIT_BITS) - 1)) as usize * UNIT_BYTES
    }
}

/// A record, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) key: &'a [u8],
    pub(super) meta: EntryMeta,
    pub(super) value: &'a [u8],
    /// The next older version of the same key.
    pub(super) previous: Option<Address>,
}

/// The fixed part of a record, ready to be written before key and value.
pub(super) struct Header {
    bytes: [u8; HEADER_BYTES_MAX],
    length: usize,
}

impl Header {
    /// The header of a record with a key and value of these lengths.
    pub(super) fn new(
        meta: EntryMeta,
        previous: Option<Address>,
        key_length: usize,
        value_length: u32,
    ) -> Self {
        let mut bytes = [0; HEADER_BYTES_MAX];
        let expires = if meta.expiry_ms == 0 { 0 } else { EXPIRES };
        let link = previous.map_or(0, Address::word);
        let second = (key_length as u64) << KEY_LENGTH_SHIFT | expires | link;
        let first = meta.sequence << 8 | meta.kind as u64;
        bytes[..8].copy_from_slice(&first.to_le_bytes());
        bytes[8..16].copy_from_slice(&second.to_le_bytes());
        bytes[16..20].copy_from_slice(&value_length.to_le_bytes());
        bytes[20..].copy_from_slice(&meta.expiry_ms.to_le_bytes());
        let length = if expires == 0 { 20 } else { HEADER_BYTES_MAX };
        Self { bytes, length }
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Reads the record at the start of `bytes`, which may go on after it.
///
/// `None` where no record starts here, which would be a mistake of the memtable.
#[inline]
pub(super) fn decode(bytes: &[u8]) -> Option<Record<'_>> {
    let (first, rest) = bytes.split_first_chunk::<8>()?;
    let (second, rest) = rest.split_first_chunk::<8>()?;
    let (value_length, mut rest) = rest.split_first_chunk::<4>()?;
    let (first, second) = (u64::from_le_bytes(*first), u64::from_le_bytes(*second));
    let mut expiry_ms = 0;
    if second & EXPIRES != 0 {
        let (expiry, after) = rest.split_first_chunk::<8>()?;
        (expiry_ms, rest) = (u64::from_le_bytes(*expiry), after);
    }
    let (key, rest) = rest.split_at_checked((second >> KEY_LENGTH_SHIFT) as usize)?;
    let value = rest.get(..u32::from_le_bytes(*value_length) as usize)?;
    let kind = if first & 0xFF == Kind::Put as u64 {
        Kind::Put
    } else {
        Kind::Delete
    };
    let meta = EntryMeta {
        sequence: first >> 8,
        kind,
        expiry_ms,
    };
    Some(Record {
        key,
        meta,
        value,
        previous: Address::from_word(second),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(sequence: u64, kind: Kind, expiry_ms: u64) -> EntryMeta {
        EntryMeta {
            sequence,
            kind,
            expiry_ms,
        }
    }

    #[test]
    fn the_documented_example_is_what_is_written() {
        let header = Header::new(meta(7, Kind::Put, 0), None, 1, 2);
        let bytes = [header.bytes(), b"a", b"xy", b"\0"].concat();
        let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02X}")).collect();
        let expected = "01 07 00 00 00 00 00 00 00 00 00 00 20 00 00 00 02 00 00 00 61 78 79 00";
        assert_eq!(hex.join(" "), expected);
    }

    #[test]
    fn a_record_with_every_field_at_its_limit_comes_back() {
        let largest = Address::new(CHUNK_NUMBER_MAX, CHUNK_BYTES_MAX - UNIT_BYTES);
        assert_eq!(largest.chunk(), CHUNK_NUMBER_MAX);
        assert_eq!(largest.offset(), CHUNK_BYTES_MAX - UNIT_BYTES);
        let key = vec![9; crate::format::entry::KEY_BYTES_MAX];
        let sequence = crate::format::entry::SEQUENCE_MAX;
        let wanted = meta(sequence, Kind::Delete, u64::MAX);
        let header = Header::new(wanted, Some(largest), key.len(), 3);
        let bytes = [header.bytes(), &key, b"xyz", b"more"].concat();
        let record = decode(&bytes).unwrap();
        assert_eq!((record.key, record.value), (&key[..], &b"xyz"[..]));
        assert_eq!((record.meta, record.previous), (wanted, Some(largest)));
    }

    #[test]
    fn a_cut_record_is_no_record() {
        let header = Header::new(meta(7, Kind::Put, 5), None, 1, 2);
        let bytes = [header.bytes(), b"a", b"xy"].concat();
        assert!(decode(&bytes).is_some());
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None);
        }
    }
}
