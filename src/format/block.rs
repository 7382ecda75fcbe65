//! A data block, read: sorted entries in bytes, searched in place.
//!
//! Keys and values stand apart, so that a search touches keys only. What all keys of a block begin
//! with is kept once; what all entries have in common takes no bytes per entry. Offsets of every
//! entry make steps in both directions equally cheap.
//!
//! ```text
//! block   = values | entries | entry offsets | value offsets | buckets | prefix | tail
//! values  = the values, one after the other
//! entry   = kind: u8, only where kinds differ | sequence − base: ws bytes
//!         | expiry code: we bytes (0 never, else expiry − base + 1) | key without the prefix
//! offsets = where entries and values are (see block_spans); none for those of equal length
//! buckets = the hash index, u16 each (see block_buckets); none in a block without
//! prefix  = what all keys begin with
//! tail    = sequence base u64 | expiry base u64 | count u32 | bytes of entries u32
//!         | prefix length u32 | buckets u16 | flags u8 | ws + 16·we u8
//! flags   = 1 kinds differ, 2 all are deletes, 4 entries are not of equal length, 8 and their
//!           offsets are wide, 16 values are not of equal length, 32 and their offsets are wide
//!
//! put "ka" = "x" at 7, delete "kb" at 5, no hash index:
//!   78                                                     values
//!   01 02 61 · 00 00 62                                    entries: kind, sequence − 5, key
//!   00 00 · 01 00 · 01 00                                  offsets of values
//!   6B                                                     prefix
//!   05 00 00 00 00 00 00 00 · 00 00 00 00 00 00 00 00      bases
//!   02 00 00 00 · 06 00 00 00 · 01 00 00 00                count, bytes of entries, prefix
//!   00 00 · 11 · 01                                        buckets, flags, widths
//! ```
//!
//! [`Block::decode`] takes any bytes and checks every length and offset once (D1), so that reading
//! entries afterwards stays inside the block; it leaves to [`Block::check`] what costs a look at
//! each key. Searches are in [`super::block_lookup`]. A decoded block never changes: any thread may
//! read.

use super::block_buckets::{BUCKET_BYTES, Buckets};
use super::block_spans::{Spans, read};
use super::damage::Damage;
use super::entry::{EntryMeta, KEY_BYTES_MAX, Kind, SEQUENCE_MAX};
use crate::memory::buffer::Buffer;
use std::ops::Range;

/// The bytes of the tail.
pub(crate) const TAIL_BYTES: usize = 32;
/// Each entry has a byte for its kind.
pub(crate) const FLAG_KINDS: u8 = 1;
/// Every entry is a tombstone.
pub(crate) const FLAG_DELETES: u8 = 2;
/// Entries have offsets; times two: wide ones.
pub(crate) const FLAG_ENTRY_OFFSETS: u8 = 4;
/// Values have offsets; times two: wide ones.
pub(crate) const FLAG_VALUE_OFFSETS: u8 = 16;

/// A checked data block.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Buffer,
    entries: Spans,
    entries_start: u32,
    entry_offsets_start: u32,
    values: Spans,
    value_offsets_start: u32,
    pub(super) buckets_start: u32,
    pub(super) buckets: Option<Buckets>,
    pub(super) prefix_start: u32,
    pub(super) prefix_len: u32,
    count: u32,
    pub(super) kinds: bool,
    kind: Kind,
    sequence_width: u8,
    expiry_width: u8,
    meta_width: u8,
    sequence_base: u64,
    expiry_base: u64,
}

/// The tail of a block, taken apart.
struct Tail {
    sequence_base: u64,
    expiry_base: u64,
    count: u32,
    entries_len: u32,
    prefix_len: u32,
    bucket_count: u16,
    flags: u8,
    sequence_width: u8,
    expiry_width: u8,
}

impl Tail {
    fn read(tail: &[u8; TAIL_BYTES]) -> Self {
        let half = |at| u32::from_le_bytes(read(tail, at));
        Self {
            sequence_base: u64::from_le_bytes(read(tail, 0)),
            expiry_base: u64::from_le_bytes(read(tail, 8)),
            count: half(16),
            entries_len: half(20),
            prefix_len: half(24),
            bucket_count: u16::from_le_bytes(read(tail, 28)),
            flags: tail[30],
            sequence_width: tail[31] & 15,
            expiry_width: tail[31] >> 4,
        }
    }

    fn is_sound(&self) -> bool {
        let flag = |flag| self.flags & flag != 0;
        self.count > 0
            && self.prefix_len as usize <= KEY_BYTES_MAX
            && self.sequence_base <= SEQUENCE_MAX
            && self.sequence_width < 8
            && self.expiry_width <= 8
            && self.flags < 4 * FLAG_VALUE_OFFSETS
            && !(flag(FLAG_KINDS) && flag(FLAG_DELETES))
            && (flag(FLAG_ENTRY_OFFSETS) || !flag(2 * FLAG_ENTRY_OFFSETS))
            && (flag(FLAG_VALUE_OFFSETS) || !flag(2 * FLAG_VALUE_OFFSETS))
    }

    /// How the column of `len` bytes with the offsets flag `flag` says where its parts are.
    fn spans(&self, flag: u8, len: u32) -> Spans {
        if self.flags & flag == 0 {
            Spans::Equal(len / self.count.max(1))
        } else if self.flags & (2 * flag) == 0 {
            Spans::Narrow
        } else {
            Spans::Wide
        }
    }
}

/// Where an entry and its value stand in the bytes of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) entry: u32,
    entry_end: u32,
    pub(super) value: u32,
    pub(super) value_end: u32,
}

impl Place {
    /// The bytes of the value within the block.
    #[inline]
    pub(crate) fn value(self) -> Range<u32> {
        self.value..self.value_end
    }
}

impl Block {
    /// Reads a block, checking all lengths and offsets (D1).
    pub(crate) fn decode(bytes: impl Into<Buffer>) -> Result<Self, Damage> {
        let bytes = bytes.into();
        let fault = |what| Damage::new(bytes.len(), what);
        let Some((body, tail)) = bytes.split_last_chunk() else {
            return Err(fault("block shorter than its tail"));
        };
        let tail = Tail::read(tail);
        if !tail.is_sound() || u32::try_from(bytes.len()).is_err() {
            return Err(fault("tail of a block contradicts itself"));
        }
        // From the back: each part begins where the length before it leaves it.
        let count = tail.count;
        let before = |end: Option<u32>, len: u64| end?.checked_sub(u32::try_from(len).ok()?);
        let prefix_start = before(Some(body.len() as u32), u64::from(tail.prefix_len));
        let bucket_bytes = u64::from(tail.bucket_count) * BUCKET_BYTES as u64;
        let buckets_start = before(prefix_start, bucket_bytes);
        // How long equal values are is known only when all else is.
        let values = tail.spans(FLAG_VALUE_OFFSETS, 0);
        let value_offsets_start = before(buckets_start, values.bytes(count));
        let entries = tail.spans(FLAG_ENTRY_OFFSETS, tail.entries_len);
        let entry_offsets_start = before(value_offsets_start, entries.bytes(count));
        let entries_start = before(entry_offsets_start, u64::from(tail.entries_len));
        let Some(values_len) = entries_start else {
            return Err(fault("block shorter than its tail says"));
        };
        let kinds = tail.flags & FLAG_KINDS != 0;
        let is_delete = tail.flags & FLAG_DELETES != 0;
        let block = Self {
            entries,
            entries_start: values_len,
            entry_offsets_start: entry_offsets_start.unwrap_or(0),
            values: tail.spans(FLAG_VALUE_OFFSETS, values_len),
            value_offsets_start: value_offsets_start.unwrap_or(0),
            buckets_start: buckets_start.unwrap_or(0),
            buckets: (tail.bucket_count > 0)
                .then(|| Buckets::new(u32::from(tail.bucket_count), count)),
            prefix_start: prefix_start.unwrap_or(0),
            prefix_len: tail.prefix_len,
            count,
            kinds,
            kind: if is_delete { Kind::Delete } else { Kind::Put },
            sequence_width: tail.sequence_width,
            expiry_width: tail.expiry_width,
            meta_width: u8::from(kinds) + tail.sequence_width + tail.expiry_width,
            sequence_base: tail.sequence_base,
            expiry_base: tail.expiry_base,
            bytes,
        };
        block.check_offsets(tail.entries_len, values_len)?;
        Ok(block)
    }

    /// Checks D1: entries and values fill their columns, and every entry has room for its meta.
    fn check_offsets(&self, entries_len: u32, values_len: u32) -> Result<(), Damage> {
        let at = (self.entry_offsets_start, self.value_offsets_start);
        let (bytes, count) = (&self.bytes, self.count);
        let meta_width = u32::from(self.meta_width);
        let sound = self
            .entries
            .fill(bytes, at.0, count, meta_width, entries_len)
            // Two entries differ, so all but one have a byte: what there is bounds the count.
            && (self.entries != Spans::Equal(0) || count == 1)
            && self.values.fill(bytes, at.1, count, 0, values_len);
        if sound {
            Ok(())
        } else {
            Err(Damage::new(
                at.0 as usize,
                "offsets of a block out of order",
            ))
        }
    }

    /// The bytes of the hash index.
    #[inline]
    pub(super) fn bucket_bytes(&self) -> &[u8] {
        self.slice(self.buckets_start as usize, self.prefix_start as usize)
    }

    /// Where the hash index lies in memory, and how many buckets it has: enough to have the line of
    /// a key loaded by who has not waited for the block yet.
    pub(crate) fn bucket_place(&self) -> (usize, u32) {
        let bytes = self.bucket_bytes();
        (bytes.as_ptr().addr(), (bytes.len() / BUCKET_BYTES) as u32)
    }

    /// How many entries there are; one at least.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }

    /// How long the block is, unpacked.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What the block takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + size_of::<Self>() + 2 * size_of::<usize>()
    }

    /// What all keys begin with.
    pub(crate) fn prefix(&self) -> &[u8] {
        let start = self.prefix_start as usize;
        self.slice(start, start + self.prefix_len as usize)
    }

    /// Where the `i`-th entry stands. Past the last one: nowhere that matters.
    #[inline]
    pub(crate) fn place(&self, i: usize) -> Place {
        let (entry, entry_end) = self.entries.get(&self.bytes, self.entry_offsets_start, i);
        let (value, value_end) = self.values.get(&self.bytes, self.value_offsets_start, i);
        Place {
            entry: self.entries_start.wrapping_add(entry),
            entry_end: self.entries_start.wrapping_add(entry_end),
            value,
            value_end,
        }
    }

    /// The key at `place` without the prefix.
    #[inline]
    pub(crate) fn suffix(&self, place: Place) -> &[u8] {
        let start = place.entry as usize + usize::from(self.meta_width);
        self.slice(start, place.entry_end as usize)
    }

    /// The first `N` bytes from the suffix at `place` on, whatever stands behind it; `None` where
    /// the block ends before. The tail makes room for [`TAIL_BYTES`].
    #[inline]
    pub(crate) fn chunk_from_suffix<const N: usize>(&self, place: Place) -> Option<&[u8; N]> {
        let start = place.entry as usize + usize::from(self.meta_width);
        self.bytes.get(start..)?.first_chunk()
    }

    /// The meta of every entry, where all have the same and no byte says so.
    pub(crate) fn one_meta(&self) -> Option<EntryMeta> {
        (self.meta_width == 0).then_some(EntryMeta {
            sequence: self.sequence_base,
            kind: self.kind,
            expiry_ms: 0,
        })
    }

    /// True where no key has two versions here: they would differ in their sequence numbers.
    pub(crate) fn has_unique_keys(&self) -> bool {
        self.sequence_width == 0
    }

    /// All but key and value of the entry at `place`.
    #[inline]
    pub(crate) fn meta(&self, place: Place) -> EntryMeta {
        let at = place.entry as usize;
        let kind = match self.kinds {
            true if self.byte(at) & 1 == 0 => Kind::Delete,
            true => Kind::Put,
            false => self.kind,
        };
        let at = at + usize::from(self.kinds);
        let sequence = self.sequence_base + self.integer(at, self.sequence_width);
        let code = self.integer(at + usize::from(self.sequence_width), self.expiry_width);
        EntryMeta {
            sequence: sequence.min(SEQUENCE_MAX),
            kind,
            expiry_ms: match code {
                0 => 0,
                _ => self.expiry_base.wrapping_add(code - 1),
            },
        }
    }

    /// The value at `place`.
    #[inline]
    pub(crate) fn value(&self, place: Place) -> &[u8] {
        self.bytes_at(place.value())
    }

    /// The bytes of a value, by [`Place::value`].
    #[inline]
    pub(crate) fn bytes_at(&self, range: Range<u32>) -> &[u8] {
        self.slice(range.start as usize, range.end as usize)
    }

    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    /// The integer of `width` bytes at `at`. The tail behind every entry makes room for the read.
    #[inline]
    fn integer(&self, at: usize, width: u8) -> u64 {
        let mask = 1u64
            .checked_shl(8 * u32::from(width))
            .unwrap_or(0)
            .wrapping_sub(1);
        u64::from_le_bytes(read(&self.bytes, at)) & mask
    }

    #[inline]
    pub(super) fn slice(&self, start: usize, end: usize) -> &[u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }
}
