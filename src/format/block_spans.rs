//! Where the parts of a column begin and end: of the entries of a block, or of its values.
//!
//! Parts of equal length need no bytes to say so; a reader computes where they are instead of
//! loading it. Others have their offsets, of the first up to the end of the last.
//!
//! ```text
//! equal    nothing
//! narrow   count + 1 offsets, u16 LE
//! wide     count + 1 offsets, u32 LE
//!
//! parts of 3, 0 and 5 bytes, narrow: 00 00 03 00 03 00 08 00
//! ```

/// How a column says where its parts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spans {
    /// Every part has this length.
    Equal(u32),
    /// Offsets in two bytes each.
    Narrow,
    /// Offsets in four bytes each.
    Wide,
}

impl Spans {
    /// The way that takes least for parts that end at `ends`.
    pub(crate) fn choose(ends: impl Iterator<Item = usize> + Clone) -> Self {
        let mut steps = ends.clone().scan(0, |before, end| {
            let step = end - *before;
            *before = end;
            Some(step)
        });
        let first = steps.next().unwrap_or(0);
        match ends.last().unwrap_or(0) {
            _ if steps.all(|step| step == first) => Self::Equal(first as u32),
            len if len <= usize::from(u16::MAX) => Self::Narrow,
            _ => Self::Wide,
        }
    }

    /// How many bytes the offsets of `count` parts take.
    pub(crate) fn bytes(self, count: u32) -> u64 {
        let each = match self {
            Self::Equal(_) => return 0,
            Self::Narrow => 2,
            Self::Wide => 4,
        };
        each * (u64::from(count) + 1)
    }

    /// Appends the offsets of parts that end at `ends`.
    pub(crate) fn encode(self, out: &mut Vec<u8>, ends: impl Iterator<Item = usize>) {
        for at in std::iter::once(0).chain(ends) {
            match self {
                Self::Equal(_) => return,
                Self::Narrow => out.extend_from_slice(&(at as u16).to_le_bytes()),
                Self::Wide => out.extend_from_slice(&(at as u32).to_le_bytes()),
            }
        }
    }

    /// Begin and end of the `i`-th part, relative to the column, by the offsets at `start`.
    #[inline]
    pub(crate) fn get(self, bytes: &[u8], start: u32, i: usize) -> (u32, u32) {
        match self {
            Self::Equal(len) => {
                let begin = (i as u32).wrapping_mul(len);
                (begin, begin.wrapping_add(len))
            }
            Self::Narrow => {
                let both = u32::from_le_bytes(read(bytes, start as usize + 2 * i));
                (both & 0xffff, both >> 16)
            }
            Self::Wide => {
                let both = u64::from_le_bytes(read(bytes, start as usize + 4 * i));
                (both as u32, (both >> 32) as u32)
            }
        }
    }

    /// True where `count` parts of `len_min` bytes at least fill a column of `len` bytes.
    pub(crate) fn fill(self, bytes: &[u8], start: u32, count: u32, len_min: u32, len: u32) -> bool {
        if let Self::Equal(each) = self {
            return each >= len_min && u64::from(each) * u64::from(count) == u64::from(len);
        }
        let mut sound = true;
        let mut end_before = 0;
        for i in 0..count as usize {
            let (begin, end) = self.get(bytes, start, i);
            sound &= begin == end_before && end >= begin && end - begin >= len_min;
            end_before = end;
        }
        sound && end_before == len
    }
}

/// The `N` bytes at `at`; zeros where they are not all there, which checked bounds rule out.
#[inline]
pub(crate) fn read<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(chunk) => *chunk,
        None => [0; N],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_have_the_bytes_of_the_documentation() {
        let ends = [3usize, 3, 8].into_iter();
        let mut out = Vec::new();
        assert_eq!(Spans::choose(ends.clone()), Spans::Narrow);
        Spans::Narrow.encode(&mut out, ends);
        assert_eq!(out, [0, 0, 3, 0, 3, 0, 8, 0]);
        assert_eq!(Spans::choose([4, 8].into_iter()), Spans::Equal(4));
        assert_eq!(Spans::choose([1, 65_535].into_iter()), Spans::Narrow);
        assert_eq!(Spans::choose([1, 65_536].into_iter()), Spans::Wide);
    }

    #[test]
    fn bytes_that_are_not_there_read_as_zeros() {
        assert_eq!(read(&[1, 2, 3], 1), [2, 3]);
        assert_eq!(read(&[1, 2, 3], 2), [0, 0]);
        assert_eq!(read(&[1, 2, 3], 4), [0]);
    }

    proptest! {
        #[test]
        fn parts_are_found_where_they_were_put(
            lens in prop_oneof![
                prop::collection::vec(0usize..9, 1..50),
                prop::collection::vec(0usize..70_000, 1..5),
                (0usize..9, 1usize..20).prop_map(|(len, times)| vec![len; times]),
            ],
            len_min in 0u32..3,
        ) {
            let ends: Vec<usize> = (1..=lens.len()).map(|n| lens[..n].iter().sum()).collect();
            let spans = Spans::choose(ends.iter().copied());
            let mut out = vec![9];
            spans.encode(&mut out, ends.iter().copied());
            let (count, len) = (lens.len() as u32, ends[lens.len() - 1] as u32);
            prop_assert_eq!(out.len() as u64 - 1, spans.bytes(count));
            let enough = lens.iter().all(|&len| len >= len_min as usize);
            prop_assert_eq!(spans.fill(&out, 1, count, len_min, len), enough);
            prop_assert!(!spans.fill(&out, 1, count, len_min, len + 1));
            for (i, &part) in lens.iter().enumerate() {
                let end = ends[i] as u32;
                prop_assert_eq!(spans.get(&out, 1, i), (end - part as u32, end));
            }
        }
    }
}
