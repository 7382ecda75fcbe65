//! A data block, read: sorted entries in bytes, searched in place.
//!
//! Keys and values stand apart, so that a search touches keys only. What all keys of a block begin
//! with is kept once; what all entries have in common takes no bytes per entry. Offsets of every
//! entry make steps in both directions equally cheap.
//!
//! ```text
//! block   = values | entries | offsets | buckets | prefix | tail
//! values  = the values, one after the other
//! entry   = kind: u8, only where kinds differ | sequence − base: ws bytes
//!         | expiry code: we bytes (0 never, else expiry − base + 1) | key without the prefix
//! offsets = count + 1 times: offset into the entries | offset into the values
//!           u16 each, u32 in a wide block; the last pair is where they end
//! buckets = the hash index, u16 each (see block_buckets); none in a block without
//! prefix  = what all keys begin with
//! tail    = sequence base u64 | expiry base u64 | count u32 | prefix length u32
//!         | buckets u16 | flags u8 (1 wide, 2 kinds differ, 4 all are deletes) | ws + 16·we u8
//!
//! put "ka" = "x" at 7, delete "kb" at 5, no hash index:
//!   78                                                     values
//!   01 02 61 · 00 00 62                                    entries: kind, sequence − 5, key
//!   00 00 00 00 · 03 00 01 00 · 06 00 01 00                offsets
//!   6B                                                     prefix
//!   05 00 00 00 00 00 00 00 · 00 00 00 00 00 00 00 00      bases
//!   02 00 00 00 · 01 00 00 00 · 00 00 · 02 · 01            count, prefix, buckets, flags, widths
//! ```
//!
//! [`Block::decode`] takes any bytes and checks every length and offset once (D1), so that reading
//! entries afterwards stays inside the block; it leaves to [`Block::check`] what costs a look at
//! each key. A decoded block never changes: any thread may read.

use super::block_buckets::{BUCKET_BYTES, Buckets};
use super::damage::Damage;
use super::entry::{EntryMeta, KEY_BYTES_MAX, Kind, SEQUENCE_MAX};
use std::cmp::Ordering;
use std::ops::Range;

/// The bytes of the tail.
pub(crate) const TAIL_BYTES: usize = 28;
/// Offsets are u32.
pub(crate) const FLAG_WIDE: u8 = 1;
/// Each entry has a byte for its kind.
pub(crate) const FLAG_KINDS: u8 = 2;
/// Every entry is a tombstone.
pub(crate) const FLAG_DELETES: u8 = 4;

/// A checked data block.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    entries_start: u32,
    offsets_start: u32,
    buckets_start: u32,
    prefix_start: u32,
    prefix_len: u32,
    count: u32,
    buckets: Option<Buckets>,
    flags: u8,
    sequence_width: u8,
    expiry_width: u8,
    meta_width: u8,
    sequence_base: u64,
    expiry_base: u64,
}

/// Where an entry and its value stand in the bytes of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    entry: u32,
    entry_end: u32,
    value: u32,
    value_end: u32,
}

impl Place {
    /// The bytes of the value within the block.
    #[inline]
    pub(crate) fn value(self) -> Range<u32> {
        self.value..self.value_end
    }
}

/// What a block says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The newest version that is old enough.
    Found(EntryMeta, Place),
    /// No version old enough is here, nor in the blocks after this one.
    Absent,
    /// The versions here are too new, and the block ends with them: go on in the next.
    Beyond,
}

impl Block {
    /// Reads a block, checking all lengths and offsets (D1).
    pub(crate) fn decode(bytes: Vec<u8>) -> Result<Self, Damage> {
        let end = bytes.len();
        let fault = |what| Damage::new(end, what);
        let Some((body, tail)) = bytes.split_last_chunk::<TAIL_BYTES>() else {
            return Err(fault("block shorter than its tail"));
        };
        let word = |at| u64::from_le_bytes(read(tail, at));
        let half = |at| u32::from_le_bytes(read(tail, at));
        let (count, prefix_len) = (half(16), half(20));
        let bucket_count = u32::from(u16::from_le_bytes(read(tail, 24)));
        let (flags, widths) = (tail[26], tail[27]);
        let (sequence_width, expiry_width) = (widths & 15, widths >> 4);
        let pair_bytes = if flags & FLAG_WIDE == 0 { 4 } else { 8 };
        let prefix_start = body.len().checked_sub(prefix_len as usize);
        let buckets_bytes = bucket_count as usize * BUCKET_BYTES;
        let buckets_start = prefix_start.and_then(|at| at.checked_sub(buckets_bytes));
        let offsets_bytes = (u64::from(count) + 1) * pair_bytes;
        let offsets_start = buckets_start.and_then(|at| (at as u64).checked_sub(offsets_bytes));
        let (Some(prefix_start), Some(buckets_start), Some(offsets_start), Ok(_)) = (
            prefix_start,
            buckets_start,
            offsets_start,
            u32::try_from(end),
        ) else {
            return Err(fault("block shorter than its tail says"));
        };
        let sound = count > 0
            && prefix_len as usize <= KEY_BYTES_MAX
            && flags & !(FLAG_WIDE | FLAG_KINDS | FLAG_DELETES) == 0
            && flags & (FLAG_KINDS | FLAG_DELETES) != FLAG_KINDS | FLAG_DELETES
            && sequence_width < 8
            && expiry_width <= 8
            && word(0) <= SEQUENCE_MAX;
        if !sound {
            return Err(fault("tail of a block contradicts itself"));
        }
        let mut block = Self {
            entries_start: 0,
            offsets_start: offsets_start as u32,
            buckets_start: buckets_start as u32,
            prefix_start: prefix_start as u32,
            prefix_len,
            count,
            buckets: (bucket_count > 0).then(|| Buckets::new(bucket_count, count)),
            flags,
            sequence_width,
            expiry_width,
            meta_width: u8::from(flags & FLAG_KINDS != 0) + sequence_width + expiry_width,
            sequence_base: word(0),
            expiry_base: word(8),
            bytes,
        };
        block.entries_start = block.check_offsets()?;
        Ok(block)
    }

    /// Checks D1: offsets start at 0, rise by the width of the meta at least, and end where the
    /// next part begins. Answers with where the entries start.
    fn check_offsets(&self) -> Result<u32, Damage> {
        let (entry_end, value_end) = self.pair(self.count);
        let meta_width = u32::from(self.meta_width);
        let mut sound = self.pair(0) == (0, 0)
            && u64::from(entry_end) + u64::from(value_end) == u64::from(self.offsets_start);
        let mut below = (0, 0);
        for i in 1..=self.count {
            let pair = self.pair(i);
            sound &= pair.0 >= below.0 && pair.0 - below.0 >= meta_width && pair.1 >= below.1;
            below = pair;
        }
        if sound {
            Ok(value_end)
        } else {
            Err(Damage::new(
                self.offsets_start as usize,
                "offsets of a block out of order",
            ))
        }
    }

    #[inline]
    fn pair(&self, i: u32) -> (u32, u32) {
        let start = self.offsets_start as usize;
        if self.flags & FLAG_WIDE == 0 {
            let pair = u32::from_le_bytes(read(&self.bytes, start + 4 * i as usize));
            (pair & 0xffff, pair >> 16)
        } else {
            let pair = u64::from_le_bytes(read(&self.bytes, start + 8 * i as usize));
            (pair as u32, (pair >> 32) as u32)
        }
    }

    /// How many entries there are; one at least.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.count as usize
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

    /// Where the `i`-th entry stands. Past the last one: nowhere that matters, but inside.
    #[inline]
    pub(crate) fn place(&self, i: usize) -> Place {
        let (start, base) = (self.offsets_start as usize, self.entries_start);
        if self.flags & FLAG_WIDE == 0 {
            let both = u64::from_le_bytes(read(&self.bytes, start + 4 * i));
            Place {
                entry: base + (both & 0xffff) as u32,
                value: (both >> 16 & 0xffff) as u32,
                entry_end: base + (both >> 32 & 0xffff) as u32,
                value_end: (both >> 48) as u32,
            }
        } else {
            let both = u128::from_le_bytes(read(&self.bytes, start + 8 * i));
            Place {
                entry: base.wrapping_add(both as u32),
                value: (both >> 32) as u32,
                entry_end: base.wrapping_add((both >> 64) as u32),
                value_end: (both >> 96) as u32,
            }
        }
    }

    /// The key at `place` without the prefix.
    #[inline]
    pub(crate) fn suffix(&self, place: Place) -> &[u8] {
        let start = place.entry as usize + usize::from(self.meta_width);
        self.slice(start, place.entry_end as usize)
    }

    /// All but key and value of the entry at `place`.
    #[inline]
    pub(crate) fn meta(&self, place: Place) -> EntryMeta {
        let at = place.entry as usize;
        let kinds = self.flags & FLAG_KINDS != 0;
        let deletes = self.flags & FLAG_DELETES != 0;
        let is_put = if kinds {
            self.byte(at) & 1 == 1
        } else {
            !deletes
        };
        let at = at + usize::from(kinds);
        let sequence = self.sequence_base + self.integer(at, self.sequence_width);
        let code = self.integer(at + usize::from(self.sequence_width), self.expiry_width);
        EntryMeta {
            sequence: sequence.min(SEQUENCE_MAX),
            kind: if is_put { Kind::Put } else { Kind::Delete },
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

    /// The newest version of `key` up to `sequence_max`; `hash` is the key's.
    pub(crate) fn find(&self, key: &[u8], hash: u64, sequence_max: u64) -> Lookup {
        let Some(suffix) = key.strip_prefix(self.prefix()) else {
            return Lookup::Absent;
        };
        if let Some(buckets) = self.buckets {
            let bytes = self.slice(self.buckets_start as usize, self.prefix_start as usize);
            let is_it = |i| i < self.len() && self.suffix(self.place(i)) == suffix;
            let Some(newest) = buckets.find(bytes, hash, is_it) else {
                return Lookup::Absent;
            };
            let place = self.place(newest);
            let meta = self.meta(place);
            if meta.sequence <= sequence_max {
                return Lookup::Found(meta, place);
            }
        }
        let at = self.lower_bound(key, sequence_max);
        if at < self.len() {
            let place = self.place(at);
            if self.suffix(place) == suffix {
                return Lookup::Found(self.meta(place), place);
            }
        } else if self.suffix(self.place(at - 1)) == suffix {
            return Lookup::Beyond;
        }
        Lookup::Absent
    }

    /// The number of the first entry not before `key` at `sequence`; the count where none is.
    pub(crate) fn lower_bound(&self, key: &[u8], sequence: u64) -> usize {
        let prefix = self.prefix();
        let Some(suffix) = key.strip_prefix(prefix) else {
            return if key < prefix { 0 } else { self.len() };
        };
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let place = self.place(middle);
            let before = match self.suffix(place).cmp(suffix) {
                Ordering::Less => true,
                Ordering::Equal => self.meta(place).sequence > sequence,
                Ordering::Greater => false,
            };
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Checks what [`decode`](Self::decode) takes on trust: kinds, lengths of keys, the order of
    /// entries, and that the hash index (by `hash`) leads to the newest version of every key.
    pub(crate) fn check(&self, hash: impl Fn(&[u8]) -> u64) -> Result<(), Damage> {
        let mut before: Option<(&[u8], u64)> = None;
        let mut key = self.prefix().to_vec();
        for i in 0..self.len() {
            let place = self.place(i);
            let fault = |what| Err(Damage::new(place.entry as usize, what));
            let (suffix, sequence) = (self.suffix(place), self.meta(place).sequence);
            if self.flags & FLAG_KINDS != 0 && self.byte(place.entry as usize) > 1 {
                return fault("unknown kind of an entry");
            }
            if self.prefix_len as usize + suffix.len() > KEY_BYTES_MAX {
                return fault("key longer than the limit");
            }
            let order = before.map(|b| super::entry::compare(b, (suffix, sequence)));
            if order.is_some_and(Ordering::is_ge) {
                return fault("entries of a block out of order");
            }
            key.truncate(self.prefix_len as usize);
            key.extend_from_slice(suffix);
            let is_newest = before.is_none_or(|b| b.0 != suffix);
            let found = self.find(&key, hash(&key), SEQUENCE_MAX);
            if is_newest && !matches!(found, Lookup::Found(_, at) if at == place) {
                return fault("hash index of a block misses a key");
            }
            before = Some((suffix, sequence));
        }
        Ok(())
    }

    #[inline]
    fn byte(&self, at: usize) -> u8 {
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
    fn slice(&self, start: usize, end: usize) -> &[u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// The `N` bytes at `at`; zeros where they are not all there, which D1 rules out.
#[inline]
fn read<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(chunk) => *chunk,
        None => [0; N],
    }
}
