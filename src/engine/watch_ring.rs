//! The events that wait for one watcher: a bounded queue that a writer never waits at.
//!
//! - R1: a commit goes in whole or is missed whole; what is missed is counted in the place of the
//!   gap, and every event goes into the count or into the queue.
//! - R2: the queue holds at most the events and bytes it was made for, and between any two of them
//!   at most one gap.
//! - R3: nothing of anybody else runs under the lock: wakers are handed out to be woken later.
//!
//! Writers push from within a commit, one at a time; the one watcher pops from any thread.

use super::key_range::KeyRange;
use super::watch_event::{WatchChange, WatchEvent};
use crate::planted::{Mistake, planted};
use crate::sync::{Condvar, Mutex};
use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

/// A queue of events, and the range they are of.
#[derive(Debug)]
pub(crate) struct Ring {
    range: KeyRange,
    events_max: usize,
    bytes_max: usize,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    slots: VecDeque<WatchEvent>,
    /// How many of the slots are no gaps.
    events: usize,
    bytes: usize,
    closed: bool,
    sleeping: bool,
    waker: Option<Waker>,
}

/// Where in the order of commits a commit is, and since when readers see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommitMark {
    pub(crate) position: u64,
    pub(crate) time_ms: u64,
}

/// What a look into the queue found.
#[derive(Debug)]
pub(crate) enum Popped {
    Event(WatchEvent),
    Empty,
    /// Nothing is left and nothing will come.
    Closed,
}

impl Ring {
    pub(crate) fn new(range: KeyRange, events_max: usize, bytes_max: usize) -> Self {
        Self {
            range,
            events_max,
            bytes_max,
            state: Mutex::default(),
            arrived: Condvar::new(),
        }
    }

    /// True where `key` is watched.
    pub(crate) fn watches(&self, key: &[u8]) -> bool {
        self.range.reaches_down_to(key) && self.range.reaches_up_to(key)
    }

    /// The watched part of the keys from `start` up to and without `end`; `None` where there is
    /// none.
    pub(crate) fn clip<'a>(
        &'a self,
        start: &'a [u8],
        end: &'a [u8],
    ) -> Option<(&'a [u8], &'a [u8])> {
        let start = start.max(&self.range.lower);
        let end = self
            .range
            .upper
            .as_deref()
            .map_or(end, |upper| end.min(upper));
        (start < end).then_some((start, end))
    }

    /// True where so much could wait if nothing else did.
    pub(crate) fn can_hold(&self, events: usize, bytes: usize) -> bool {
        events <= self.events_max && bytes <= self.bytes_max
    }

    /// Offers the changes of a commit, `events` of them and at least one, which count for `bytes`
    /// (R1). Whom to wake once no lock is held is the answer (R3).
    pub(crate) fn offer(
        &self,
        mark: CommitMark,
        (events, bytes): (usize, usize),
        changes: impl Iterator<Item = WatchChange>,
    ) -> Option<Waker> {
        let mut state = self.state.lock();
        if self.can_hold(state.events + events, state.bytes + bytes) {
            state.events += events;
            state.bytes += bytes;
            for (i, change) in changes.enumerate() {
                let ends_commit = i + 1 == events;
                state.slots.push_back(mark.event(ends_commit, change));
            }
        } else {
            state.miss(mark, events as u64);
        }
        self.call(&mut state)
    }

    /// Takes the oldest event out.
    pub(crate) fn pop(&self) -> Popped {
        let mut state = self.state.lock();
        match state.slots.pop_front() {
            Some(event) => {
                if !matches!(event.change, WatchChange::Missed { .. }) {
                    state.events -= 1;
                    state.bytes -= event.change.bytes();
                }
                Popped::Event(event)
            }
            None if state.closed => Popped::Closed,
            None => Popped::Empty,
        }
    }

    /// Forgets what waits.
    pub(crate) fn clear(&self) {
        let mut state = self.state.lock();
        state.slots.clear();
        (state.events, state.bytes) = (0, 0);
    }

    /// Lets nothing more in. Answers whom to wake (R3).
    pub(crate) fn close(&self) -> Option<Waker> {
        let mut state = self.state.lock();
        state.closed = true;
        self.call(&mut state)
    }

    /// Sleeps until something waits, for `span` at most.
    pub(crate) fn wait(&self, span: Duration) {
        let mut state = self.state.lock();
        if state.slots.is_empty() && !state.closed {
            state.sleeping = true;
            self.arrived.wait_for(&mut state, span);
            state.sleeping = false;
        }
    }

    /// Has `waker` woken by the next event; `false`, and no call, where one waits already.
    pub(crate) fn call_later(&self, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut state = self.state.lock();
        if !state.slots.is_empty() || state.closed {
            return false;
        }
        let before = state.waker.replace(waker);
        drop(state);
        drop(before); // not under the lock (R3)
        true
    }

    fn call(&self, state: &mut State) -> Option<Waker> {
        if state.sleeping {
            self.arrived.notify_one();
        }
        state.waker.take()
    }
}

impl State {
    /// Counts events that do not fit, in their place.
    fn miss(&mut self, mark: CommitMark, missed: u64) {
        if planted(Mistake::MissedUntold) {
            return;
        }
        if let Some(gap) = self.slots.back_mut()
            && let WatchChange::Missed { events, .. } = &mut gap.change
        {
            *events += missed;
            (gap.position, gap.time_ms) = (mark.position, mark.time_ms);
            return;
        }
        let (events, expiries) = (missed, 0);
        let gap = mark.event(true, WatchChange::Missed { events, expiries });
        self.slots.push_back(gap);
    }
}

impl CommitMark {
    fn event(self, ends_commit: bool, change: WatchChange) -> WatchEvent {
        WatchEvent {
            position: self.position,
            time_ms: self.time_ms,
            ends_commit,
            change,
        }
    }
}
