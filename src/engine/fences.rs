//! Which tables of a level may hold a key, without a look at the tables.
//!
//! The bounds of a table are keys on the heap, two pointers away. A search by halves over them
//! waits for each. Here the first eight bytes of every bound behind what all have in common stand
//! side by side as integers, as in the index of a table; only where those are equal the bounds
//! themselves are compared. Made with the level, and never changed.

use crate::format::block_builder::common_prefix;
use crate::format::bytes::{leading_word, without_prefix};
use crate::format::guided_search::partition_point_near;
use std::cmp::Ordering;
use std::ops::Range;

/// The smallest key of a table, and the largest or the excluded end of a range tombstone.
pub(crate) type Bounds<'a> = (&'a [u8], &'a [u8]);

/// The bounds of the tables of a level below 0, in key order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fences {
    prefix: Box<[u8]>,
    firsts: Box<[u64]>,
    lasts: Box<[u64]>,
}

impl Fences {
    /// The fences of tables with these bounds, which are in key order and share at most an end.
    pub(crate) fn of<'a>(bounds: impl DoubleEndedIterator<Item = Bounds<'a>> + Clone) -> Self {
        let ends = (bounds.clone().next(), bounds.clone().next_back());
        let (Some((first, _)), Some((_, last))) = ends else {
            return Self::default();
        };
        let prefix = first.get(..common_prefix(first, last)).unwrap_or_default();
        let word = |key: &[u8]| leading_word(key.get(prefix.len()..).unwrap_or_default());
        Self {
            firsts: bounds.clone().map(|(first, _)| word(first)).collect(),
            lasts: bounds.map(|(_, last)| word(last)).collect(),
            prefix: prefix.into(),
        }
    }

    /// The numbers of the tables that span `key`; `bounds` knows those of each. Two neighbours may:
    /// the one's excluded end is the other's first key.
    #[inline]
    pub(crate) fn spanning<'a>(
        &self,
        key: &[u8],
        bounds: impl Fn(usize) -> Option<Bounds<'a>>,
    ) -> Range<usize> {
        let Some(suffix) = without_prefix(key, &self.prefix) else {
            return 0..0; // all keys of all tables have the prefix
        };
        let word = leading_word(suffix);
        let ends_before = |at| bounds(at).is_some_and(|(_, last)| last < key);
        let from = partition(&self.lasts, word, ends_before);
        let starts = |at: usize| match self.firsts.get(at).map(|first| first.cmp(&word)) {
            Some(Ordering::Equal) => bounds(at).is_some_and(|(first, _)| first <= key),
            order => order == Some(Ordering::Less),
        };
        let more = (from..).take(2).take_while(|at| starts(*at)).count();
        from..from + more
    }

    /// The number of the first table that does not end before `key`.
    #[inline]
    pub(crate) fn first_to_reach<'a>(
        &self,
        key: &[u8],
        bounds: impl Fn(usize) -> Option<Bounds<'a>>,
    ) -> usize {
        self.place(&self.lasts, key, |at| {
            bounds(at).is_some_and(|(_, last)| last < key)
        })
    }

    /// The number of the first table that does not begin before `key`.
    #[inline]
    pub(crate) fn first_from<'a>(
        &self,
        key: &[u8],
        bounds: impl Fn(usize) -> Option<Bounds<'a>>,
    ) -> usize {
        self.place(&self.firsts, key, |at| {
            bounds(at).is_some_and(|(first, _)| first < key)
        })
    }

    #[inline]
    fn place(&self, words: &[u64], key: &[u8], is_before: impl Fn(usize) -> bool) -> usize {
        match without_prefix(key, &self.prefix) {
            Some(suffix) => partition(words, leading_word(suffix), is_before),
            None if key < &*self.prefix => 0,
            None => words.len(),
        }
    }
}

/// The first place that `is_before` is not true of, where `words` tell of all whose word is not
/// `word`.
fn partition(words: &[u64], word: u64, is_before: impl Fn(usize) -> bool) -> usize {
    let from = words.partition_point(|other| *other < word);
    if words.get(from) != Some(&word) {
        return from;
    }
    let ties = words.get(from..).unwrap_or_default();
    let tied = ties.partition_point(|other| *other == word);
    from + partition_point_near(tied, tied / 2, |at| is_before(from + at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fences_lead_to_the_tables_that_bounds_lead_to(
            prefix in prop::sample::select(vec!["", "tenant|", "a-prefix-of-many-letters|"]),
            bounds in prop::collection::btree_set("[ab\u{0}]{0,12}", 0..24),
            share_ends: bool,
            keys in prop::collection::vec("[ab\u{0}]{0,13}", 40),
        ) {
            let ends: Vec<_> = bounds.iter().map(|b| format!("{prefix}{b}")).collect();
            let pairs = ends.windows(2).step_by(if share_ends { 1 } else { 2 });
            let bounds = |pair: &[String]| (pair[0].clone(), pair[1].clone());
            let owned: Vec<_> = pairs.map(bounds).collect();
            let tables: Vec<_> = owned.iter().map(|(a, b)| (a.as_bytes(), b.as_bytes())).collect();
            let fences = Fences::of(tables.iter().copied());
            let asked = keys.iter().map(|key| format!("{prefix}{key}"));
            for key in asked.chain(keys.iter().cloned()).chain(ends.iter().cloned()) {
                let key = key.as_bytes();
                let spans = |&i: &usize| tables[i].0 <= key && key <= tables[i].1;
                let expected: Vec<_> = (0..tables.len()).filter(spans).collect();
                let found = fences.spanning(key, |i| tables.get(i).copied());
                prop_assert_eq!(found.collect::<Vec<_>>(), expected);
                let reaches = fences.first_to_reach(key, |i| tables.get(i).copied());
                prop_assert_eq!(reaches, tables.partition_point(|(_, last)| *last < key));
                let from = fences.first_from(key, |i| tables.get(i).copied());
                prop_assert_eq!(from, tables.partition_point(|(first, _)| *first < key));
            }
        }
    }
}
