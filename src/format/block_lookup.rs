//! Finding a key in a block.
//!
//! A get goes through the hash index where the block has one. A seek guesses: so small a piece of
//! the order is nearly evenly spread, so the place of a key follows from the words around it, and
//! few entries are compared to be sure. A search by halves would wait for memory at each step; here
//! the waits for keys and values overlap. All of it answers from any decoded block, whose keys may
//! be in no order at all where nobody has called [`Block::check`]; then the answers are of no use,
//! but they come.

use super::block::{Block, Place};
use super::bytes::leading_word;
use super::damage::Damage;
use super::entry::{EntryMeta, KEY_BYTES_MAX, SEQUENCE_MAX, compare};
use super::guided_search::{partition_point_near, share_of};
use super::prefetch::{LINE_BYTES, prefetch_lines};
use std::cmp::Ordering;

/// How far ahead of a walk values are loaded.
const LINES_AHEAD: u32 = 12;
/// So many entries before a guess values are loaded, too.
const ENTRIES_BEFORE_GUESS: usize = 2;

/// Blocks of fewer entries are searched by halves from the start.
const GUESS_ENTRIES_MIN: usize = 16;

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
    /// The newest version of `key` up to `sequence_max`; `hash` is the key's.
    pub(crate) fn find(&self, key: &[u8], hash: u64, sequence_max: u64) -> Lookup {
        let Some(suffix) = key.strip_prefix(self.prefix()) else {
            return Lookup::Absent;
        };
        if let Some(buckets) = self.buckets {
            let bytes = self.bucket_bytes();
            let is_it = |i| {
                let place = self.place(i);
                self.prefetch_lines(place.value, 1);
                i < self.len() && self.suffix(place) == suffix
            };
            let Some(newest) = buckets.find(bytes, hash, is_it) else {
                return Lookup::Absent;
            };
            let place = self.place(newest);
            let meta = self.meta(place);
            if meta.sequence <= sequence_max {
                return Lookup::Found(meta, place);
            }
        }
        let at = self.lower_bound(key, sequence_max, None);
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
    /// `share` is how far within the block it is believed to stand, from 0 to 1; begins to load the
    /// values there, too.
    pub(crate) fn lower_bound(&self, key: &[u8], sequence: u64, share: Option<f64>) -> usize {
        let guess = share.map(|share| self.entry_at(share));
        if let Some(guess) = guess {
            self.prefetch_values_from(self.place(guess.saturating_sub(ENTRIES_BEFORE_GUESS)));
        }
        let prefix = self.prefix();
        let Some(suffix) = key.strip_prefix(prefix) else {
            return if key < prefix { 0 } else { self.len() };
        };
        let wanted = leading_word(suffix);
        let is_before = |i| {
            let place = self.place(i);
            let other = self.suffix(place);
            // The words nearly always tell, at a fraction of the cost.
            let order = leading_word(other).cmp(&wanted);
            match order.then_with(|| other.cmp(suffix)) {
                Ordering::Less => true,
                Ordering::Equal => self.meta(place).sequence > sequence,
                Ordering::Greater => false,
            }
        };
        // Without a guess a search from the middle is one by halves, nearly.
        let guess = guess.or_else(|| self.guess(suffix));
        partition_point_near(self.len(), guess.unwrap_or(self.len() / 2), is_before)
    }

    /// Where an entry with `suffix` would stand if the entries were evenly spread, as they nearly
    /// are in so small a piece of the order; `None` where nothing can be said.
    ///
    /// A search by halves waits for memory at every step; this one waits for both ends at once,
    /// and then for one place.
    #[inline]
    fn guess(&self, suffix: &[u8]) -> Option<usize> {
        if self.len() < GUESS_ENTRIES_MIN {
            return None;
        }
        let word_at = |i| leading_word(self.suffix(self.place(i)));
        let ends = (word_at(0), word_at(self.len() - 1));
        share_of(leading_word(suffix), ends).map(|share| self.entry_at(share))
    }

    #[inline]
    fn entry_at(&self, share: f64) -> usize {
        let end = self.len() - 1;
        ((share * end as f64) as usize).min(end)
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
            if self.kinds && self.byte(place.entry as usize) > 1 {
                return fault("unknown kind of an entry");
            }
            if self.prefix_len as usize + suffix.len() > KEY_BYTES_MAX {
                return fault("key longer than the limit");
            }
            let order = before.map(|b| compare(b, (suffix, sequence)));
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

    /// Begins to load the values from the one at `place` on, for somebody who is about to walk over
    /// them: the waits for the first of them overlap.
    #[inline]
    fn prefetch_values_from(&self, place: Place) {
        self.prefetch_lines(place.value, LINES_AHEAD);
    }

    /// Begins to load what a walk that has come to `place` will come to soon.
    #[inline]
    pub(crate) fn prefetch_values_ahead(&self, place: Place) {
        let ahead = LINES_AHEAD * LINE_BYTES as u32;
        self.prefetch_lines(place.value.saturating_add(ahead), lines_per_step(place));
    }

    /// As [`prefetch_values_ahead`](Self::prefetch_values_ahead) for a walk that goes backward.
    #[inline]
    pub(crate) fn prefetch_values_behind(&self, place: Place) {
        let lines = lines_per_step(place);
        let ahead = (LINES_AHEAD + lines) * LINE_BYTES as u32;
        self.prefetch_lines(place.value.saturating_sub(ahead), lines);
    }

    #[inline]
    fn prefetch_lines(&self, from: u32, lines: u32) {
        prefetch_lines(self.slice(from as usize, self.bytes()), lines as usize);
    }
}

/// How many lines of values a step from `place` to its neighbour has loaded.
#[inline]
fn lines_per_step(place: Place) -> u32 {
    let len = place.value_end.saturating_sub(place.value);
    len.div_ceil(LINE_BYTES as u32).min(LINES_AHEAD)
}
