//! Several sorted sources walked as one.
//!
//! All versions of all keys, in the order of entries, both ways. The source that gave the last
//! entry is compared with the best of the others only, since runs of neighbours mostly come from
//! one source; all are looked at again only when it loses (M1: `rival` is the best of the others).
//! One source alone is never compared at all, and where the entries of a block come one after the
//! other the caller may step through them alone (M2: until a lent stretch comes back, the merge is
//! only to be placed anew).

use super::pinned_bytes::PinnedBytes;
use super::source::Source;
use super::stretch::{self, Stretch};
use crate::error::Result;
use crate::format::entry::{EntryMeta, compare};
use std::cmp::Ordering;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// A merge of sorted sources. After an error it stands nowhere, and stays there.
pub(crate) struct MergeCursor {
    sources: Vec<Source>,
    direction: Direction,
    /// The source whose entry comes next.
    winner: Option<usize>,
    /// The source that would come after it (M1).
    rival: Option<usize>,
    /// The winner gave the entry before, too.
    repeats: bool,
}

impl MergeCursor {
    /// A merge of `sources`, standing nowhere. No two sources hold the same version of a key.
    pub(crate) fn new(sources: Vec<Source>) -> Self {
        Self {
            sources,
            direction: Direction::Forward,
            winner: None,
            rival: None,
            repeats: false,
        }
    }

    /// Goes to the first entry.
    pub(crate) fn seek_to_first(&mut self) -> Result<()> {
        self.place(Direction::Forward, Source::seek_to_first)
    }

    /// Goes to the last entry.
    pub(crate) fn seek_to_last(&mut self) -> Result<()> {
        self.place(Direction::Backward, Source::seek_to_last)
    }

    /// Goes to the first entry at or after `key` at `sequence`.
    pub(crate) fn seek(&mut self, key: &[u8], sequence: u64) -> Result<()> {
        self.place(Direction::Forward, |s| s.seek(key, sequence))
    }

    /// Goes to the last entry whose key is less than `key`.
    pub(crate) fn seek_before(&mut self, key: &[u8]) -> Result<()> {
        self.place(Direction::Backward, |s| s.seek_before(key))
    }

    /// Goes on to the next entry. Only after a forward seek or another `next`.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<()> {
        debug_assert_eq!(self.direction, Direction::Forward);
        self.step(Source::next)
    }

    /// Goes back to the entry before. Only after a backward seek or another `prev`.
    #[inline]
    pub(crate) fn prev(&mut self) -> Result<()> {
        debug_assert_eq!(self.direction, Direction::Backward);
        self.step(Source::prev)
    }

    /// True where the cursor stands on an entry.
    #[inline]
    pub(crate) fn valid(&self) -> bool {
        self.winner.is_some()
    }

    /// The key of the entry; empty where there is none.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        self.current().map_or(&[], Source::key)
    }

    /// Key, meta and value of the entry at once, which is cheaper than one after the other.
    #[inline]
    pub(crate) fn entry(&self) -> Option<(&[u8], EntryMeta, &[u8])> {
        self.current()?.entry()
    }

    /// The value of the entry; empty where there is none.
    #[inline]
    pub(crate) fn value(&self) -> &[u8] {
        self.current().map_or(&[], Source::value)
    }

    /// The value of the entry, pinned.
    pub(crate) fn pinned_value(&self) -> Option<PinnedBytes> {
        self.current()?.pinned_value()
    }

    #[inline]
    fn current(&self) -> Option<&Source> {
        self.sources.get(self.winner?)
    }

    /// Places every source and finds the winner among them.
    fn place(
        &mut self,
        direction: Direction,
        mut seek: impl FnMut(&mut Source) -> Result<()>,
    ) -> Result<()> {
        (self.direction, self.winner, self.rival) = (direction, None, None);
        self.repeats = false;
        for source in &mut self.sources {
            seek(source)?;
        }
        self.choose();
        Ok(())
    }

    #[inline]
    fn step(&mut self, advance: impl FnOnce(&mut Source) -> Result<()>) -> Result<()> {
        let Some(winner) = self.winner else {
            return Ok(());
        };
        let Some(source) = self.sources.get_mut(winner) else {
            return Ok(());
        };
        if let Err(error) = advance(source) {
            (self.winner, self.rival) = (None, None);
            return Err(error);
        }
        let valid = source.valid();
        match self.rival {
            None if valid => {}
            Some(rival) if valid && self.wins(winner, rival) => {}
            _ => self.choose(),
        }
        self.repeats = self.winner == Some(winner);
        Ok(())
    }

    /// Lends the stretch that goes forward from the entry, where a table gives it: up to `upper`,
    /// or to where another source comes in (M2).
    #[inline]
    pub(crate) fn lend_forward(&mut self, upper: Option<&[u8]>) -> Option<Stretch> {
        debug_assert_eq!(self.direction, Direction::Forward);
        let walk = self.current()?.walk()?;
        let end = stretch::end_of(walk, upper, self.rival_key()?)?;
        let walk = self.sources.get_mut(self.winner?)?.lend()?;
        Some(Stretch::forward(walk, end))
    }

    /// Lends the stretch that goes backward from the entry, where a table gives it: down to
    /// `lower`, or to where another source comes in (M2).
    pub(crate) fn lend_backward(&mut self, lower: &[u8]) -> Option<Stretch> {
        debug_assert_eq!(self.direction, Direction::Backward);
        let walk = self.current()?.walk()?;
        let start = stretch::start_of(walk, lower, self.rival_key()?)?;
        let walk = self.sources.get_mut(self.winner?)?.lend()?;
        Some(Stretch::backward(walk, start))
    }

    /// Takes back what was lent, and stands where that stands now (M2).
    pub(crate) fn take_back(&mut self, stretch: Stretch) {
        let winner = self.winner.and_then(|winner| self.sources.get_mut(winner));
        if let Some(source) = winner {
            source.take_back(stretch.into_walk());
            self.repeats = true;
        }
    }

    /// The key of the rival, which is `None` where there is none; nothing at all where a stretch
    /// is not likely, because the sources take turns.
    #[inline]
    fn rival_key(&self) -> Option<Option<&[u8]>> {
        match self.rival {
            None => Some(None),
            Some(_) if !self.repeats => None,
            Some(rival) => Some(self.sources.get(rival).map(Source::key)),
        }
    }

    /// True where source `a` comes before source `b` in the walk; both stand on entries.
    #[inline]
    fn wins(&self, a: usize, b: usize) -> bool {
        let (Some(a), Some(b)) = (self.sources.get(a), self.sources.get(b)) else {
            return false;
        };
        let order = compare(a.standing(), b.standing());
        match self.direction {
            Direction::Forward => order == Ordering::Less,
            Direction::Backward => order == Ordering::Greater,
        }
    }

    /// Looks at all sources for the winner and its rival (M1).
    fn choose(&mut self) {
        let (mut winner, mut rival) = (None, None);
        for i in 0..self.sources.len() {
            if !self.sources.get(i).is_some_and(Source::valid) {
                continue;
            }
            match winner {
                None => winner = Some(i),
                Some(w) if self.wins(i, w) => (winner, rival) = (Some(i), winner),
                Some(_) if rival.is_none_or(|r| self.wins(i, r)) => rival = Some(i),
                Some(_) => {}
            }
        }
        (self.winner, self.rival) = (winner, rival);
    }
}
