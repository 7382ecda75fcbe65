//! Range deletes, cut into pieces that do not overlap.
//!
//! Overlapping range deletes are fragmented at each other's ends, so that a key lies in at most
//! one fragment (R1) and a look-up is one binary search. A fragment keeps the sequence numbers of
//! all range deletes that cover it, newest first (R2), because an older snapshot may see only the
//! older ones.
//!
//! ```text
//! block    = count: varint | fragment …
//! fragment = start length: varint | start | end length: varint | end
//!          | sequences: varint | newest sequence: varint | steps down to the next: varint …
//!
//! [a, c) at 9 and 4    01 01 61 01 63 02 09 05
//! ```

use super::bytes::{Reader, put_slice, put_varint};
use super::damage::Damage;
use super::entry::{KEY_BYTES_MAX, SEQUENCE_MAX};
use std::collections::BTreeSet;

/// One range delete: every key from `start` up to and without `end`, as of `sequence`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RangeTombstone {
    /// The first key deleted.
    pub(crate) start: Box<[u8]>,
    /// The first key not deleted.
    pub(crate) end: Box<[u8]>,
    /// When, in the order of commits.
    pub(crate) sequence: u64,
}

/// A stretch of keys with the sequence numbers of all the range deletes over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// The first key covered.
    pub(crate) start: Box<[u8]>,
    /// The first key not covered.
    pub(crate) end: Box<[u8]>,
    /// The sequence numbers, newest first, none twice, never empty (R2).
    pub(crate) sequences: Box<[u64]>,
}

/// Range deletes as ordered fragments that do not overlap (R1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RangeTombstones {
    fragments: Vec<Fragment>,
}

impl RangeTombstones {
    /// Fragments `ranges`, which may overlap and come in any order; empty ranges are left out.
    pub(crate) fn from_ranges(mut ranges: Vec<RangeTombstone>) -> Self {
        ranges.retain(|r| r.start < r.end);
        ranges.sort_by(|a, b| a.start.cmp(&b.start));
        let ends = ranges.iter().flat_map(|r| [r.start.clone(), r.end.clone()]);
        let cuts: BTreeSet<Box<[u8]>> = ends.collect();
        let cuts: Vec<_> = cuts.into_iter().collect();
        let (mut fragments, mut next) = (Vec::new(), 0);
        let mut open: Vec<&RangeTombstone> = Vec::new();
        for pair in cuts.windows(2) {
            let [start, end] = pair else { continue };
            open.retain(|r| r.end > *start);
            while let Some(range) = ranges.get(next).filter(|r| r.start <= *start) {
                open.push(range);
                next += 1;
            }
            let mut sequences: Vec<u64> = open.iter().map(|r| r.sequence).collect();
            sequences.sort_unstable_by(|a, b| b.cmp(a));
            sequences.dedup();
            if !sequences.is_empty() {
                let (start, end) = (start.clone(), end.clone());
                fragments.push(Fragment {
                    start,
                    end,
                    sequences: sequences.into(),
                });
            }
        }
        Self { fragments }
    }

    /// True where nothing is deleted.
    pub(crate) fn is_empty(&self) -> bool {
        self.fragments.is_empty()
    }

    /// The fragments, in order.
    pub(crate) fn fragments(&self) -> &[Fragment] {
        &self.fragments
    }

    /// The fragments taken apart again into ranges with one sequence number each.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = RangeTombstone> + '_ {
        self.fragments.iter().flat_map(|f| {
            f.sequences.iter().map(|&sequence| RangeTombstone {
                start: f.start.clone(),
                end: f.end.clone(),
                sequence,
            })
        })
    }

    /// The newest sequence number up to `sequence_max` at which `key` was range-deleted.
    ///
    /// One binary search over the fragments and one over the covering fragment's numbers.
    pub(crate) fn covering(&self, key: &[u8], sequence_max: u64) -> Option<u64> {
        let after = self.fragments.partition_point(|f| &*f.start <= key);
        let fragment = self.fragments.get(after.checked_sub(1)?)?;
        if key >= &*fragment.end {
            return None;
        }
        let newer = fragment.sequences.partition_point(|&s| s > sequence_max);
        fragment.sequences.get(newer).copied()
    }

    /// What of the set lies in `[lower, upper)`; an open end is `None`.
    pub(crate) fn clip(&self, lower: Option<&[u8]>, upper: Option<&[u8]>) -> Self {
        let mut fragments = Vec::new();
        for fragment in &self.fragments {
            let start = lower.map_or(&*fragment.start, |l| l.max(&fragment.start));
            let end = upper.map_or(&*fragment.end, |u| u.min(&fragment.end));
            if start < end {
                let sequences = fragment.sequences.clone();
                fragments.push(Fragment {
                    start: start.into(),
                    end: end.into(),
                    sequences,
                });
            }
        }
        Self { fragments }
    }

    /// Appends the block of the module's documentation.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.fragments.len() as u64);
        for fragment in &self.fragments {
            put_slice(out, &fragment.start);
            put_slice(out, &fragment.end);
            put_varint(out, fragment.sequences.len() as u64);
            let mut above = 0;
            for (i, &sequence) in fragment.sequences.iter().enumerate() {
                put_varint(out, if i == 0 { sequence } else { above - sequence });
                above = sequence;
            }
        }
    }

    /// Reads a block that [`encode`](Self::encode) wrote, checking R1 and R2.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        let count = reader.length()?;
        let mut fragments: Vec<Fragment> = Vec::new();
        for _ in 0..count {
            let at = reader.offset();
            let fragment = decode_fragment(&mut reader)?;
            let ordered = fragments
                .last()
                .is_none_or(|before| before.end <= fragment.start);
            if !ordered || fragment.start >= fragment.end {
                return Err(Damage::new(at, "range tombstones out of order"));
            }
            fragments.push(fragment);
        }
        if !reader.is_at_end() {
            return Err(Damage::new(
                reader.offset(),
                "bytes after the last range tombstone",
            ));
        }
        Ok(Self { fragments })
    }
}

fn decode_fragment(reader: &mut Reader<'_>) -> Result<Fragment, Damage> {
    let at = reader.offset();
    let (start, end) = (reader.slice()?, reader.slice()?);
    let count = reader.length()?;
    // A sequence number takes a byte at least, so the bytes left bound the count.
    if count == 0 || count > reader.remaining() || start.len().max(end.len()) > KEY_BYTES_MAX {
        return Err(Damage::new(at, "range tombstone of impossible size"));
    }
    let mut sequences = Vec::with_capacity(count);
    let mut above = 0u64;
    for i in 0..count {
        let value = reader.varint()?;
        let sequence = if i == 0 {
            Some(value)
        } else {
            above.checked_sub(value.max(1))
        };
        above = sequence
            .filter(|&s| s <= SEQUENCE_MAX && (i == 0 || value > 0))
            .ok_or(Damage::new(
                at,
                "range tombstone with impossible sequence numbers",
            ))?;
        sequences.push(above);
    }
    Ok(Fragment {
        start: start.into(),
        end: end.into(),
        sequences: sequences.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(start: &[u8], end: &[u8], sequence: u64) -> RangeTombstone {
        RangeTombstone {
            start: start.into(),
            end: end.into(),
            sequence,
        }
    }

    #[test]
    fn block_has_the_bytes_of_the_documentation() {
        let set = RangeTombstones::from_ranges(vec![range(b"a", b"c", 4), range(b"a", b"c", 9)]);
        let mut out = Vec::new();
        set.encode(&mut out);
        assert_eq!(out, [1, 1, 0x61, 1, 0x63, 2, 9, 5]);
    }

    #[test]
    fn blocks_that_break_an_invariant_are_refused_where_they_do() {
        let fragment = |start, end, numbers: &[u8]| {
            let head = [1, start, 1, end, numbers.len() as u8];
            [&head[..], numbers].concat()
        };
        let (order, size) = (
            "range tombstones out of order",
            "range tombstone of impossible size",
        );
        let numbers = "range tombstone with impossible sequence numbers";
        let sound = fragment(b'a', b'c', &[9, 5]);
        for (bytes, offset, what) in [
            ([&[1], &fragment(b'c', b'a', &[5])[..]].concat(), 1, order),
            ([&[1], &fragment(b'a', b'a', &[5])[..]].concat(), 1, order),
            (
                [&[2], &sound[..], &fragment(b'b', b'd', &[5])].concat(),
                8,
                order,
            ),
            ([&[1], &fragment(b'a', b'c', &[])[..]].concat(), 1, size),
            ([&[1], &[1, b'a', 1, b'c', 3, 9][..]].concat(), 1, size),
            (
                [&[1], &fragment(b'a', b'c', &[5, 0])[..]].concat(),
                1,
                numbers,
            ),
            (
                [&[1], &fragment(b'a', b'c', &[5, 6])[..]].concat(),
                1,
                numbers,
            ),
            (
                [&[1], &sound[..], &[0]].concat(),
                8,
                "bytes after the last range tombstone",
            ),
        ] {
            let refused = RangeTombstones::decode(&bytes);
            assert_eq!(refused, Err(Damage::new(offset, what)), "{bytes:?}");
        }
    }

    fn ranges() -> impl Strategy<Value = Vec<RangeTombstone>> {
        let key = || prop::collection::vec(0u8..4, 0..3);
        let one = (key(), key(), 1u64..50).prop_map(|(a, b, s)| range(&a, &b, s));
        prop::collection::vec(one, 0..12)
    }

    proptest! {
        #[test]
        fn fragments_cover_exactly_what_the_ranges_cover(
            ranges in ranges(),
            key in prop::collection::vec(0u8..4, 0..3),
            sequence_max in 0u64..60,
        ) {
            let expected = ranges
                .iter()
                .filter(|r| *r.start <= *key && *key < *r.end && r.sequence <= sequence_max)
                .map(|r| r.sequence)
                .max();
            let set = RangeTombstones::from_ranges(ranges);
            prop_assert_eq!(set.covering(&key, sequence_max), expected);
            let below = set.clip(None, Some(&[2])).covering(&key, sequence_max);
            prop_assert_eq!(below, expected.filter(|_| key[..] < [2][..]));
            let above = set.clip(Some(&[2]), None).covering(&key, sequence_max);
            prop_assert_eq!(above, expected.filter(|_| key[..] >= [2][..]));
            let again = RangeTombstones::from_ranges(set.ranges().collect());
            prop_assert_eq!(again.covering(&key, sequence_max), expected);
            let mut out = Vec::new();
            set.encode(&mut out);
            prop_assert_eq!(RangeTombstones::decode(&out), Ok(set));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = RangeTombstones::decode(&bytes);
        }
    }
}
