//! The index of a table: which block may hold a key.
//!
//! Each block has a separator: a key not before its last key and before the first key of the next
//! block, as short as that allows. Where the versions of one key go on in the next block, the
//! separator is that key (I1). So the first block whose separator is not before a key is the first
//! that may hold it.
//!
//! ```text
//! index = blocks: varint | prefix length: varint | prefix | per block:
//!         length on disk: varint | separator length: varint | separator
//!
//! separators leave out the prefix that all have in common; blocks lie one after the other from
//! the start of the file, so lengths are enough to find them
//!
//! blocks of 100 and 300 bytes up to "ab" and "ac": 02 01 61 64 01 62 AC 02 01 63
//! ```
//!
//! In memory the first eight bytes of every separator stand as one integer in an array of their
//! own. A line through the first and the last of them guesses the place of a key; how far off the
//! line is at worst is measured when the index is read, and only so much is searched (I2). Ties go
//! through the bytes behind. A decoded index never changes: any thread may search.

use super::block_builder::common_prefix;
use super::bytes::{Reader, leading_word, put_slice, put_varint, without_prefix};
use super::damage::Damage;
use super::guided_search::{partition_point_near, share_of};
use std::cmp::Ordering;

/// Collects the blocks of a table.
#[derive(Debug, Default)]
pub(crate) struct IndexBuilder {
    blocks: Vec<(u64, usize)>,
    separators: Vec<u8>,
}

impl IndexBuilder {
    /// Adds a block of `len` bytes on disk that ends with the key `last`, before the key `next`.
    pub(crate) fn add(&mut self, len: u64, last: &[u8], next: Option<&[u8]>) {
        put_separator(&mut self.separators, last, next);
        self.blocks.push((len, self.separators.len()));
    }

    /// About how long the encoded index is.
    pub(crate) fn bytes(&self) -> usize {
        self.separators.len() + self.blocks.len() * 4
    }

    /// How many blocks were added.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Appends the bytes of the module's documentation.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let separator = |start, end| self.separators.get(start..end).unwrap_or_default();
        let end_of = |i: Option<usize>| i.and_then(|i| self.blocks.get(i)).map_or(0, |b| b.1);
        let first = separator(0, end_of(Some(0)));
        let last = separator(end_of(self.len().checked_sub(2)), self.separators.len());
        let prefix_len = common_prefix(first, last);
        put_varint(out, self.blocks.len() as u64);
        put_slice(out, first.get(..prefix_len).unwrap_or_default());
        let mut start = 0;
        for &(len, end) in &self.blocks {
            put_varint(out, len);
            put_slice(out, separator(start + prefix_len, end));
            start = end;
        }
    }
}

/// Appends the shortest key that is not before `last` and before `next` (I1).
fn put_separator(out: &mut Vec<u8>, last: &[u8], next: Option<&[u8]>) {
    let Some(next) = next else {
        return out.extend_from_slice(last);
    };
    let common = common_prefix(last, next);
    let (Some(&a), Some(&b)) = (last.get(common), next.get(common)) else {
        return out.extend_from_slice(last);
    };
    let head = last.get(..common).unwrap_or_default();
    debug_assert!(a < b, "I1: blocks in order");
    if a + 1 < b || next.len() > common + 1 {
        out.extend_from_slice(head);
        out.push(a + 1);
        return;
    }
    // The next key is just one step up at its last byte: raise a later byte of the last key.
    let raised = (common + 1..last.len()).find(|&i| last.get(i).is_some_and(|&byte| byte < 0xff));
    match raised {
        Some(i) if i + 1 < last.len() => {
            out.extend_from_slice(last.get(..i).unwrap_or_default());
            out.push(last.get(i).map_or(0xff, |byte| byte + 1));
        }
        _ => out.extend_from_slice(last),
    }
}

/// The index of an open table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    prefix: Box<[u8]>,
    words: Box<[u64]>,
    ends: Box<[u32]>,
    separators: Box<[u8]>,
    offsets: Box<[u64]>,
    line: Line,
}

/// A line through the words, and how far off it is at worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Line {
    first: u64,
    slope: u64,
    error: usize,
}

impl Line {
    fn through(words: &[u64]) -> Self {
        let first = words.first().copied().unwrap_or(0);
        let steps = words.len().saturating_sub(1) as u64;
        let span = words.last().map_or(0, |last| last - first);
        let mut line = Self {
            first,
            slope: 0,
            error: words.len(),
        };
        if span > steps {
            line.slope = ((u128::from(steps) << 64) / u128::from(span)) as u64;
            let distance = |(i, &word)| line.guess(word).abs_diff(i);
            line.error = words.iter().enumerate().map(distance).max().unwrap_or(0);
        }
        line
    }

    fn guess(self, word: u64) -> usize {
        let distance = u128::from(word.saturating_sub(self.first));
        ((distance * u128::from(self.slope)) >> 64) as usize
    }
}

impl Index {
    /// Reads an index whose blocks fill `data_bytes` bytes of the file.
    pub(crate) fn decode(bytes: &[u8], data_bytes: u64) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        let count = reader.length()?;
        let prefix = reader.slice()?;
        // A block takes two bytes here at least, so the bytes left bound the count.
        if count > reader.remaining() / 2 || u32::try_from(bytes.len()).is_err() {
            return Err(Damage::new(0, "index of impossible size"));
        }
        let mut words = Vec::with_capacity(count);
        let mut ends = Vec::with_capacity(count);
        let mut offsets = Vec::with_capacity(count + 1);
        let mut separators = Vec::with_capacity(reader.remaining() - 2 * count);
        let (mut offset, mut before): (u64, &[u8]) = (0, &[]);
        offsets.push(offset);
        for _ in 0..count {
            let at = reader.offset();
            offset = offset
                .checked_add(reader.varint()?)
                .filter(|&end| end <= data_bytes)
                .ok_or(Damage::new(at, "block of the index beyond the data"))?;
            let separator = reader.slice()?;
            if separator < before {
                return Err(Damage::new(at, "index out of order"));
            }
            before = separator;
            offsets.push(offset);
            words.push(leading_word(separator));
            separators.extend_from_slice(separator);
            ends.push(separators.len() as u32);
        }
        if !reader.is_at_end() || offset != data_bytes {
            return Err(Damage::new(
                reader.offset(),
                "index does not cover the data",
            ));
        }
        Ok(Self {
            prefix: prefix.into(),
            line: Line::through(&words),
            words: words.into(),
            ends: ends.into(),
            separators: separators.into(),
            offsets: offsets.into(),
        })
    }

    /// How many blocks there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// Offset and length in the file of the `i`-th block; `None` past the last.
    #[inline]
    pub(crate) fn block(&self, i: usize) -> Option<(u64, usize)> {
        let (start, end) = (self.offsets.get(i)?, self.offsets.get(i + 1)?);
        Some((*start, (end - start) as usize))
    }

    /// What the index takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        let words = self.words.len() + self.offsets.len();
        8 * words + 4 * self.ends.len() + self.prefix.len() + self.separators.len()
    }

    /// The first block that may hold `key`; the number of blocks where none may.
    #[inline]
    pub(crate) fn find(&self, key: &[u8]) -> usize {
        let Some(suffix) = self.strip_prefix(key) else {
            return if key < &*self.prefix { 0 } else { self.len() };
        };
        let wanted = leading_word(suffix);
        let at = self.first_word_from(wanted);
        if self.words.get(at) == Some(&wanted) && self.suffix(at) < suffix {
            self.first_separator_from(at + 1, suffix)
        } else {
            at
        }
    }

    /// The first word that is not below `wanted`, looked for around the guess (I2).
    #[inline]
    fn first_word_from(&self, wanted: u64) -> usize {
        let (guess, error) = (self.line.guess(wanted), self.line.error);
        let high = guess.saturating_add(error + 1).min(self.len());
        let low = guess.saturating_sub(error).min(high);
        let window = self.words.get(low..high).unwrap_or_default();
        low + window.partition_point(|&word| word < wanted)
    }

    /// As [`find`](Self::find), with how far within the block the key is likely to stand, from 0 to
    /// 1: between the separators around it, if keys are evenly spread between them.
    #[inline]
    pub(crate) fn find_share(&self, key: &[u8]) -> (usize, Option<f64>) {
        let at = self.find(key);
        let before = at.checked_sub(1).and_then(|before| self.words.get(before));
        let share = match (before, self.words.get(at), self.strip_prefix(key)) {
            (Some(&start), Some(&end), Some(suffix)) => {
                share_of(leading_word(suffix), (start, end))
            }
            _ => None,
        };
        (at, share)
    }

    /// The first separator from `start` on that is not below `suffix`.
    #[cold]
    fn first_separator_from(&self, start: usize, suffix: &[u8]) -> usize {
        let wanted = leading_word(suffix);
        let words = self.words.get(start..).unwrap_or_default();
        let tied = words.partition_point(|&w| w <= wanted);
        start + partition_point_near(tied, tied / 2, |i| self.suffix(start + i) < suffix)
    }

    /// The separator of the `i`-th block against `key`.
    pub(crate) fn compare_separator(&self, i: usize, key: &[u8]) -> Ordering {
        match self.strip_prefix(key) {
            Some(suffix) => self.suffix(i).cmp(suffix),
            None => (*self.prefix).cmp(key),
        }
    }

    /// The separator of the `i`-th block: no key in it is behind, none of the next before it.
    pub(crate) fn separator(&self, i: usize) -> Vec<u8> {
        [&self.prefix, self.suffix(i)].concat()
    }

    /// `key` without what all separators begin with.
    #[inline]
    fn strip_prefix<'a>(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        without_prefix(key, &self.prefix)
    }

    fn suffix(&self, i: usize) -> &[u8] {
        let start = i.checked_sub(1).and_then(|i| self.ends.get(i));
        let start = start.map_or(0, |&end| end as usize);
        let end = self.ends.get(i).map_or(start, |&end| end as usize);
        self.separators.get(start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn index_has_the_bytes_of_the_documentation() {
        let mut builder = IndexBuilder::default();
        builder.add(100, b"ab", Some(b"ab0"));
        builder.add(300, b"ac", None);
        let mut out = Vec::new();
        builder.encode(&mut out);
        assert_eq!(out, [2, 1, 0x61, 0x64, 1, 0x62, 0xac, 2, 1, 0x63]);
        let index = Index::decode(&out, 400).unwrap();
        assert_eq!(index.block(1), Some((100, 300)));
        assert_eq!(index.block(2), None);
        assert!(Index::decode(&out, 401).is_err());
        assert!(Index::decode(&out, 399).is_err());
    }

    #[test]
    fn an_index_out_of_order_or_of_impossible_size_is_refused_where_it_is() {
        let one = |key| [1, 1, key];
        let sound = [&[2, 0][..], &one(b'a'), &one(b'b')].concat();
        let index = Index::decode(&sound, 2).unwrap();
        assert_eq!(
            (index.separator(0), index.separator(1)),
            (vec![b'a'], vec![b'b'])
        );
        assert_eq!(index.memory_bytes(), 8 * 5 + 4 * 2 + 2);
        let refused = |bytes: &[u8]| Index::decode(bytes, 2).map(|index| index.len());
        let swapped = [&[2, 0][..], &one(b'b'), &one(b'a')].concat();
        assert_eq!(refused(&swapped), Err(Damage::new(5, "index out of order")));
        let crowded = [&[4, 0][..], &one(b'a'), &one(b'b')].concat();
        assert_eq!(
            refused(&crowded),
            Err(Damage::new(0, "index of impossible size"))
        );
        let large = [&[1, 0][..], &[3, 1, b'a']].concat();
        let what = "block of the index beyond the data";
        assert_eq!(refused(&large), Err(Damage::new(2, what)));
        let small = [&[1, 0][..], &one(b'a')].concat();
        assert_eq!(
            refused(&small),
            Err(Damage::new(5, "index does not cover the data"))
        );
    }

    #[test]
    fn line_finds_evenly_spread_words_within_a_step() {
        let words: Vec<u64> = (0..1000).map(|i| 77 + i * (1 << 50)).collect();
        assert!(Line::through(&words).error <= 1);
        assert_eq!(Line::through(&[5, 5]).error, 2);
    }

    fn key() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0u8), Just(1), Just(0xfe), Just(0xff), any::<u8>()];
        let random = any::<[u8; 12]>().prop_map(|k| k.to_vec());
        prop_oneof![prop::collection::vec(byte, 0..12), random]
    }

    proptest! {
        #[test]
        fn separators_are_short_and_lie_between_the_blocks(a in key(), b in key()) {
            let (a, b) = (a.clone().min(b.clone()), a.max(b));
            let mut out = Vec::new();
            put_separator(&mut out, &a, Some(&b));
            prop_assert!(a <= out && (out < b || a == b), "{:?}", out);
            prop_assert!(out.len() <= a.len());
        }

        #[test]
        fn first_block_that_may_hold_a_key_is_found(
            mut keys in prop::collection::vec(key(), 1..if cfg!(miri) { 30 } else { 200 }),
            prefix in prop_oneof![Just(vec![]), Just(vec![7u8; 9])],
            wanted in key(),
        ) {
            keys.iter_mut().for_each(|k| k.splice(..0, prefix.clone()).for_each(drop));
            keys.sort();
            let mut builder = IndexBuilder::default();
            for (i, key) in keys.iter().enumerate() {
                builder.add(1, key, keys.get(i + 1).map(Vec::as_slice));
            }
            let mut out = Vec::new();
            builder.encode(&mut out);
            let index = Index::decode(&out, keys.len() as u64).unwrap();
            for key in keys.iter().chain([&wanted, &prefix]) {
                let expected = (0..index.len())
                    .find(|&i| index.compare_separator(i, key) != Ordering::Less)
                    .unwrap_or(index.len());
                prop_assert_eq!(index.find(key), expected);
                if let Ok(first) = keys.binary_search(key) {
                    prop_assert!(index.find(key) <= first);
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(mut bytes: Vec<u8>, count in 0u8..4, key in key()) {
            bytes.insert(0, count);
            let lens = bytes.iter().map(|&b| u64::from(b)).sum();
            for data_bytes in [lens, 5, u64::MAX] {
                if let Ok(index) = Index::decode(&bytes, data_bytes) {
                    prop_assert!(index.find(&key) <= index.len());
                }
            }
        }
    }
}
