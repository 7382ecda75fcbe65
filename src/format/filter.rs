//! The filter of a table: says of most keys that are not there that they are not.
//!
//! A Bloom filter in blocks of 64 bytes: a key's hash chooses one block and some bits in it, so a
//! question costs one cache line. A key that was added is always found (F1); of others about one
//! in a hundred passes at 10 bits a key.
//!
//! ```text
//! filter = probes: u8 | block …
//! block  = eight u64 LE
//!
//! block of hash h = ((h >> 32) × blocks) >> 32
//! bits: g = h × 9E3779B97F4A7C15; the low nine bits of g, then the next nine, seven times;
//!       then g × the same again, for the next seven: bit n is bit n % 64 of the (n / 64)-th u64
//!
//! no keys, or no filter wanted: no bytes at all
//! hash 1 alone, 1 probe:  01 | 00 00 20 00 00 00 00 00 and 56 bytes of 00
//! ```
//!
//! A decoded filter never changes: any thread may ask.

use super::damage::Damage;

const BLOCK_BYTES: usize = 64;
const BLOCK_BITS: u64 = 512;
const PROBES_MAX: u32 = 14;
const PROBES_PER_PRODUCT: u32 = 7;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// One cache line of bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(align(64))]
struct Line([u64; 8]);

/// A filter in memory. Without lines it lets everything pass.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    probes: u32,
    lines: Box<[Line]>,
}

impl Filter {
    /// The filter of keys with these hashes at `bits_per_key`; 0 bits for a filter of nothing.
    pub(crate) fn build(hashes: &[u64], bits_per_key: u32) -> Self {
        if hashes.is_empty() || bits_per_key == 0 {
            return Self::default();
        }
        // ln 2 bits of a key's share, as an integer: 10 bits make 6 probes.
        let probes = (bits_per_key.saturating_mul(69) / 100).clamp(1, PROBES_MAX);
        let bits = (hashes.len() as u64).saturating_mul(u64::from(bits_per_key));
        let count = bits.div_ceil(BLOCK_BITS).min(u64::from(u32::MAX));
        let lines = vec![Line::default(); count as usize].into();
        let mut filter = Self { probes, lines };
        for &hash in hashes {
            let at = filter.line(hash);
            if let Some(Line(words)) = filter.lines.get_mut(at) {
                each_bit(hash, probes, |word, bit| words[word] |= bit);
            }
        }
        filter
    }

    fn line(&self, hash: u64) -> usize {
        (((hash >> 32) * self.lines.len() as u64) >> 32) as usize
    }

    /// False where no added key has this hash (F1).
    #[inline]
    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        let Some(Line(words)) = self.lines.get(self.line(hash)) else {
            return true;
        };
        let mut all = true;
        each_bit(hash, self.probes, |word, bit| all &= words[word] & bit != 0);
        all
    }

    /// How many bits it has, and how many of them each key sets.
    pub(crate) fn shape(&self) -> (u64, u32) {
        (self.lines.len() as u64 * BLOCK_BITS, self.probes)
    }

    /// What the filter takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.lines.len() * BLOCK_BYTES
    }

    /// Appends the bytes of the module's documentation.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        if self.lines.is_empty() {
            return;
        }
        out.reserve(1 + self.memory_bytes());
        out.push(self.probes as u8);
        for Line(words) in &self.lines {
            for word in words {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
    }

    /// Reads a filter.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let Some((&probes, blocks)) = bytes.split_first() else {
            return Ok(Self::default());
        };
        let probes = u32::from(probes);
        let (chunks, rest) = blocks.as_chunks::<BLOCK_BYTES>();
        let count_fits = !chunks.is_empty() && u32::try_from(chunks.len()).is_ok();
        if !(1..=PROBES_MAX).contains(&probes) || !rest.is_empty() || !count_fits {
            return Err(Damage::new(0, "filter of impossible shape"));
        }
        let line = |chunk: &[u8; BLOCK_BYTES]| {
            let mut line = Line::default();
            for (word, bytes) in line.0.iter_mut().zip(chunk.as_chunks().0) {
                *word = u64::from_le_bytes(*bytes);
            }
            line
        };
        let lines = chunks.iter().map(line).collect();
        Ok(Self { probes, lines })
    }
}

/// Calls `visit` with word and bit of each of the `probes` bits of `hash`.
#[inline]
fn each_bit(hash: u64, probes: u32, mut visit: impl FnMut(usize, u64)) {
    let mut product = hash.wrapping_mul(MULTIPLIER);
    let mut bits = product;
    for i in 0..probes {
        if i == PROBES_PER_PRODUCT {
            product = product.wrapping_mul(MULTIPLIER);
            bits = product;
        }
        visit((bits >> 6 & 7) as usize, 1 << (bits & 63));
        bits >>= 9;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::entry::key_hash;
    use proptest::prelude::*;

    #[test]
    fn filter_has_the_bytes_of_the_documentation() {
        let mut out = Vec::new();
        Filter::build(&[], 10).encode(&mut out);
        Filter::build(&[1], 0).encode(&mut out);
        assert!(out.is_empty());
        Filter::build(&[1], 1).encode(&mut out);
        let mut golden = vec![1];
        golden.extend(0x0020_0000_u64.to_le_bytes());
        golden.resize(65, 0);
        assert_eq!(out, golden);
    }

    #[test]
    fn a_filter_of_nothing_is_no_bytes_and_lets_every_key_pass() {
        let nothing = Filter::decode(&[]).unwrap();
        assert_eq!(nothing, Filter::build(&[1], 0));
        assert!(nothing.may_contain(0) && nothing.may_contain(u64::MAX));
        assert_eq!((nothing.shape(), nothing.memory_bytes()), ((0, 0), 0));
        let one = Filter::build(&[1], 10);
        assert_eq!((one.shape(), one.memory_bytes()), ((512, 6), 64));
    }

    #[test]
    fn filters_of_impossible_shape_are_refused() {
        let refused = Err(Damage::new(0, "filter of impossible shape"));
        for (probes, blocks) in [(0, 64), (PROBES_MAX as u8 + 1, 64), (1, 63), (1, 0)] {
            let mut bytes = vec![0; 1 + blocks];
            bytes[0] = probes;
            assert_eq!(Filter::decode(&bytes), refused, "{probes} {blocks}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "long, and about shares alone")]
    fn one_foreign_key_in_a_hundred_passes_at_ten_bits_and_few_at_twenty() {
        let hash = |i: u32| key_hash(&i.to_le_bytes());
        let hashes: Vec<u64> = (0..20_000).map(hash).collect();
        let passing = |bits| {
            let filter = Filter::build(&hashes, bits);
            assert!(hashes.iter().all(|&h| filter.may_contain(h)));
            let foreign = 1_000_000..1_100_000;
            foreign.filter(|&i| filter.may_contain(hash(i))).count()
        };
        let (ten, twenty) = (passing(10), passing(20));
        assert!(ten < 1200, "{ten} of 100000 passed at 10 bits");
        assert!(twenty < 60, "{twenty} of 100000 passed at 20 bits");
    }

    proptest! {
        #[test]
        fn added_keys_are_found_before_and_after_a_trip_through_bytes(
            hashes in prop::collection::vec(any::<u64>(), 1..300),
            bits in 1u32..30,
        ) {
            let filter = Filter::build(&hashes, bits);
            let mut out = Vec::new();
            filter.encode(&mut out);
            let read = Filter::decode(&out).unwrap();
            prop_assert!(hashes.iter().all(|&h| read.may_contain(h)));
            prop_assert_eq!(read, filter);
        }

        #[test]
        fn arbitrary_bytes_never_panic(mut bytes: Vec<u8>, len in 0usize..4, hash: u64) {
            bytes.resize(1 + len * 64, 3);
            if let Ok(filter) = Filter::decode(&bytes) {
                filter.may_contain(hash);
            }
        }
    }
}
