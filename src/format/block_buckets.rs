//! The hash index inside a data block: from a key's hash to the newest version of the key there.
//!
//! Open addressing with linear probing at a load of three quarters. A bucket is a `u16`: the
//! entry's number in the low bits (as many as the block's entry count needs) and bits of the hash
//! above them, so that nearly every probe that does not lead to the key is told by the bucket
//! alone. `FFFF` is an empty bucket; no entry's number is all ones, since the count itself fits
//! its bits (B1).
//!
//! ```text
//! home bucket = (low 32 bits of the hash × buckets) >> 32
//! bucket      = bits of (hash >> 48) where the entry's number has none | number of the entry
//! ```
//!
//! It does not hold the keys: whoever probes compares the entry's key.

use super::prefetch::prefetch_address;

/// The bytes of a bucket.
pub(crate) const BUCKET_BYTES: usize = 2;

/// Blocks of more entries have no hash index; up to here four bits at least tell keys apart.
pub(crate) const ENTRIES_MAX: usize = (1 << 12) - 1;

/// A search seldom reads more buckets than this.
const BUCKETS_AHEAD: usize = 8;

/// A bucket without an entry.
const EMPTY: u16 = u16::MAX;

/// How many buckets there are and how many bits of each number an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buckets {
    count: u32,
    index_bits: u32,
}

impl Buckets {
    /// `count` buckets of a block with `entries` entries.
    pub(crate) fn new(count: u32, entries: u32) -> Self {
        let index_bits = (u32::BITS - entries.leading_zeros()).min(u16::BITS - 1);
        Self { count, index_bits }
    }

    /// How many buckets `keys` different keys get.
    pub(crate) fn count_for(keys: usize) -> usize {
        keys + keys.div_ceil(3)
    }

    fn home(self, hash: u64) -> u32 {
        home(hash, self.count)
    }

    fn after(self, at: u32) -> u32 {
        if at + 1 == self.count { 0 } else { at + 1 }
    }

    fn bucket(self, hash: u64, entry: u32) -> u16 {
        let mask = (1u16 << self.index_bits) - 1;
        ((hash >> 48) as u16 & !mask) | (entry as u16 & mask)
    }

    /// Puts `entry` into the first free bucket for `hash`; there must be one.
    pub(crate) fn insert(self, buckets: &mut [u16], hash: u64, entry: u32) {
        let mut at = self.home(hash);
        for _ in 0..self.count {
            match buckets.get_mut(at as usize) {
                Some(bucket) if *bucket == EMPTY => {
                    *bucket = self.bucket(hash, entry);
                    return;
                }
                _ => at = self.after(at),
            }
        }
        debug_assert!(false, "B1: a hash index has more buckets than keys");
    }

    /// The first entry under `hash` that `is_it` takes for the key; `bytes` are the buckets.
    #[inline]
    pub(crate) fn find(
        self,
        bytes: &[u8],
        hash: u64,
        is_it: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mask = (1u16 << self.index_bits) - 1;
        let wanted = self.bucket(hash, 0);
        let mut at = self.home(hash);
        for _ in 0..self.count {
            let start = at as usize * BUCKET_BYTES;
            let bucket = match bytes.get(start..start + BUCKET_BYTES) {
                Some(&[low, high]) => u16::from_le_bytes([low, high]),
                _ => EMPTY,
            };
            if bucket == EMPTY {
                return None;
            }
            let entry = usize::from(bucket & mask);
            if bucket & !mask == wanted && is_it(entry) {
                return Some(entry);
            }
            at = self.after(at);
        }
        None
    }
}

/// Which of `count` buckets a search for `hash` begins with.
fn home(hash: u64, count: u32) -> u32 {
    ((u64::from(hash as u32) * u64::from(count)) >> 32) as u32
}

/// Asks for what a search for `hash` reads first, and what is behind it, of `count` buckets that
/// lie at `address`, or have been there once.
#[inline]
pub(crate) fn prefetch_home(address: usize, count: u32, hash: u64) {
    let home = address.wrapping_add(home(hash, count) as usize * BUCKET_BYTES);
    prefetch_address(home);
    prefetch_address(home.wrapping_add(BUCKETS_AHEAD * BUCKET_BYTES));
}

/// `count` empty buckets in `buckets`.
pub(crate) fn reset(buckets: &mut Vec<u16>, count: usize) {
    buckets.clear();
    buckets.resize(count, EMPTY);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::entry::key_hash;
    use proptest::prelude::*;

    #[test]
    fn bucket_of_entry_5_among_9_keeps_twelve_bits_of_the_hash() {
        let shape = Buckets::new(12, 9);
        assert_eq!(shape.bucket(0xabcd_0000_0000_0000, 5), 0xabc5);
        assert_eq!(shape.home(u64::from(u32::MAX)), 11);
    }

    #[test]
    fn probes_end_where_no_bucket_is_empty() {
        let shape = Buckets::new(12, 9);
        assert_eq!(shape.find(&[0; 24], 0, |_| false), None);
        assert_eq!(shape.find(&[0; 24], 0, |at| at == 0), Some(0));
    }

    proptest! {
        #[test]
        fn every_key_is_found_and_probes_end_even_in_garbage(
            count in 1..if cfg!(miri) { 60 } else { ENTRIES_MAX },
            other: u64,
            garbage: Vec<u8>,
        ) {
            let shape = Buckets::new(Buckets::count_for(count) as u32, count as u32);
            let mut buckets = vec![];
            reset(&mut buckets, Buckets::count_for(count));
            let hash = |i: usize| key_hash(&i.to_le_bytes());
            for i in 0..count {
                shape.insert(&mut buckets, hash(i), i as u32);
            }
            let bytes: Vec<u8> = buckets.iter().flat_map(|b| b.to_le_bytes()).collect();
            for i in 0..count {
                prop_assert_eq!(shape.find(&bytes, hash(i), |at| at == i), Some(i));
            }
            prop_assert_eq!(shape.find(&bytes, other, |_| false), None);
            prop_assert_eq!(shape.find(&garbage, other, |_| false), None);
        }
    }
}
