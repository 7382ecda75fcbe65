//! Telling the system what a walk will read soon, so that a cold scan need not wait for each block.
//!
//! The system reads a little ahead of reads that follow one another; a walk that misses block after
//! block asks for more, in its direction. These are hints: nothing that is read or written depends
//! on them. Gets do not ask for the surroundings of their block: tried, and slower.
//!
//! A [`Headway`] belongs to one cursor.

use std::ops::Range;

/// What is asked for at once.
const WINDOW_BYTES: u64 = 2 << 20;

/// Blocks in a row that a walk must have missed before more are asked for.
const MISSES_LEAST: u32 = 2;

/// How far a walk over blocks has asked.
#[derive(Debug, Default)]
pub(crate) struct Headway {
    misses: u32,
    asked: Range<u64>,
}

impl Headway {
    /// What to ask for before the block at `offset` is read on the way forward.
    pub(crate) fn forward(&mut self, offset: u64, end: u64) -> Option<Range<u64>> {
        let is_asked = self.asked.start <= offset && offset + WINDOW_BYTES / 2 < self.asked.end;
        let next = offset..end.min(offset + WINDOW_BYTES);
        self.ask(is_asked || self.asked.end >= end, next)
    }

    /// What to ask for before the block at `offset` is read on the way back.
    pub(crate) fn backward(&mut self, offset: u64) -> Option<Range<u64>> {
        let is_asked = offset < self.asked.end && self.asked.start + WINDOW_BYTES / 2 < offset;
        let next = offset.saturating_sub(WINDOW_BYTES)..offset;
        self.ask(
            is_asked || (offset < self.asked.end && self.asked.start == 0),
            next,
        )
    }

    fn ask(&mut self, is_asked: bool, next: Range<u64>) -> Option<Range<u64>> {
        self.misses = self.misses.saturating_add(1);
        if is_asked || self.misses <= MISSES_LEAST || next.is_empty() {
            return None;
        }
        self.asked = next.clone();
        Some(next)
    }

    /// The walk begins anew somewhere else.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_walk_stays_half_a_window_ahead_and_asks_for_nothing_twice() {
        let (mut walk, block) = (Headway::default(), 16 << 10);
        let asked = (0..64 * MIB)
            .step_by(block)
            .filter_map(|at| walk.forward(at, 64 * MIB));
        let asked: Vec<_> = asked.collect();
        assert!((60..70).contains(&asked.len()), "{} times", asked.len());
        assert!(asked.iter().all(|range| range.end <= 64 * MIB));
        assert_eq!(asked.last().unwrap().end, 64 * MIB);
        walk.restart();
        let back = (0..4_096u64).rev().map(|at| at * block as u64);
        let asked: Vec<_> = back.filter_map(|at| walk.backward(at)).collect();
        assert!((60..70).contains(&asked.len()), "{} times", asked.len());
        assert_eq!(asked.last().unwrap().start, 0);
    }

    #[test]
    fn a_few_steps_ask_for_nothing() {
        let mut walk = Headway::default();
        assert_eq!((walk.forward(0, MIB), walk.forward(9, MIB)), (None, None));
    }
}
