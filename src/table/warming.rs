//! Telling the system what will be read soon, so that a database that it has forgotten warms up
//! fast.
//!
//! Reads of single blocks all over a file that is not in the system's memory cost a visit to the
//! device each, and so do the steps of a scan where the system reads too little ahead. A get that
//! had to wait for the device asks for the surroundings of its block, as long as the cache has room
//! for all of the table; a walk asks for what comes next in its direction, block after block that
//! it misses. These are hints: nothing that is read or written depends on them, nor on the times
//! that they go by.
//!
//! Any thread may ask [`Surroundings`]; a [`Headway`] belongs to one cursor.

use crate::sync::{AtomicU64, Ordering};
use std::ops::Range;
use std::time::Duration;

/// What is asked for at once.
const WINDOW_BYTES: u64 = 2 << 20;

/// A read that took longer went to a device; the system's memory answers in a few microseconds.
const DEVICE_LEAST: Duration = Duration::from_micros(40);

/// Blocks in a row that a walk must have missed before more are asked for.
const MISSES_LEAST: u32 = 2;

/// Which windows of a table gets have asked for.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// The last one; `u64::MAX` for none.
    window_last: AtomicU64,
}

impl Surroundings {
    /// Nothing was asked for yet.
    pub(crate) fn new() -> Self {
        Self {
            window_last: AtomicU64::new(u64::MAX),
        }
    }

    /// What to ask for after a block at `offset` took so long to read; `end` is where blocks end.
    pub(crate) fn of(&self, offset: u64, end: u64, took: Duration) -> Option<Range<u64>> {
        if took < DEVICE_LEAST {
            return None;
        }
        let window = offset / WINDOW_BYTES;
        if self.window_last.swap(window, Ordering::Relaxed) == window {
            return None;
        }
        let start = window * WINDOW_BYTES;
        Some(start..end.min(start + WINDOW_BYTES))
    }
}

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
    fn a_slow_read_asks_for_its_window_once() {
        let around = Surroundings::new();
        let slow = Duration::from_millis(1);
        assert_eq!(around.of(3 * MIB, 64 * MIB, Duration::from_micros(5)), None);
        assert_eq!(around.of(3 * MIB, 64 * MIB, slow), Some(2 * MIB..4 * MIB));
        assert_eq!(around.of(2 * MIB, 64 * MIB, slow), None);
        assert_eq!(
            around.of(63 * MIB, 63 * MIB + 9, slow),
            Some(62 * MIB..63 * MIB + 9)
        );
    }

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
