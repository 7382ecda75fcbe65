//! The records that will expire, by key and by time: a bounded set.
//!
//! - T1: at most one timer a key, that of the last put that was seen; an overwrite or a delete
//!   takes it back.
//! - T2: where there is no room, the timer that is due last gives way, and it is remembered from
//!   when on the set knows too little.
//!
//! Used by one watcher, from whatever thread it is on.

use crate::sync::Arc;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Keys of more bytes than this count as several.
const KEY_BYTES: usize = 256;

/// The timers of one watch.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_key: BTreeMap<Arc<[u8]>, Timer>,
    by_time: BTreeSet<(u64, Arc<[u8]>)>,
    weight: usize,
    weight_max: usize,
    /// What had no room: how many, and when the first of them is due (T2).
    lost: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Timer {
    expiry_ms: u64,
    mark: u64,
}

/// What has come due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A record has expired.
    Expired {
        key: Arc<[u8]>,
        expiry_ms: u64,
        mark: u64,
    },
    /// From here on, expiries of up to so many records are not known (T2).
    Lost(u64),
}

impl Timers {
    /// A set for `weight_max` records; none at all where that is 0.
    pub(crate) fn new(weight_max: usize) -> Self {
        Self {
            weight_max,
            ..Self::default()
        }
    }

    /// True where expiry is followed.
    pub(crate) fn are_kept(&self) -> bool {
        self.weight_max > 0
    }

    /// The record under `key` expires at `expiry_ms` (T1, T2).
    pub(crate) fn set(&mut self, key: &Arc<[u8]>, expiry_ms: u64, mark: u64) {
        if !self.are_kept() {
            return;
        }
        self.cancel(key);
        self.by_key
            .insert(Arc::clone(key), Timer { expiry_ms, mark });
        self.by_time.insert((expiry_ms, Arc::clone(key)));
        self.weight += weight(key);
        while self.weight > self.weight_max
            && let Some((expiry_ms, key)) = self.by_time.pop_last()
        {
            self.by_key.remove(&key);
            self.weight -= weight(&key);
            let (count, first_ms) = self.lost.unwrap_or((0, u64::MAX));
            self.lost = Some((count + 1, first_ms.min(expiry_ms)));
        }
    }

    /// The record under `key` expires no more.
    pub(crate) fn cancel(&mut self, key: &Arc<[u8]>) {
        if let Some(timer) = self.by_key.remove(key) {
            self.by_time.remove(&(timer.expiry_ms, Arc::clone(key)));
            self.weight -= weight(key);
        }
    }

    /// The records from `start` up to and without `end` expire no more.
    pub(crate) fn cancel_range(&mut self, start: &[u8], end: &[u8]) {
        if start >= end {
            return;
        }
        let bounds = (Bound::Included(start), Bound::Excluded(end));
        let within = self.by_key.range::<[u8], _>(bounds);
        let keys: Vec<Arc<[u8]>> = within.map(|(key, _)| Arc::clone(key)).collect();
        for key in keys {
            self.cancel(&key);
        }
    }

    /// When the next thing is due, in ms since the epoch.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        let first = self.by_time.first().map(|(expiry_ms, _)| *expiry_ms);
        let lost = self.lost.map(|(_, first_ms)| first_ms);
        first.into_iter().chain(lost).min()
    }

    /// Takes what has come due by `now_ms`, the earliest first.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Option<Due> {
        let due_ms = self.next_ms().filter(|due_ms| *due_ms <= now_ms)?;
        if let Some((count, first_ms)) = self.lost
            && first_ms <= due_ms
        {
            self.lost = None;
            return Some(Due::Lost(count));
        }
        let (expiry_ms, key) = self.by_time.pop_first()?;
        let timer = self.by_key.remove(&key)?;
        self.weight -= weight(&key);
        Some(Due::Expired {
            key,
            expiry_ms,
            mark: timer.mark,
        })
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.weight_max);
    }
}

fn weight(key: &[u8]) -> usize {
    1 + key.len() / KEY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Arc<[u8]> {
        text.as_bytes().into()
    }

    fn expired(text: &str, expiry_ms: u64, mark: u64) -> Option<Due> {
        let key = key(text);
        Some(Due::Expired {
            key,
            expiry_ms,
            mark,
        })
    }

    #[test]
    fn timers_come_due_in_the_order_of_time_and_only_the_last_of_a_key() {
        let mut timers = Timers::new(10);
        timers.set(&key("b"), 200, 1);
        timers.set(&key("a"), 300, 2);
        timers.set(&key("b"), 400, 3);
        timers.set(&key("c"), 250, 4);
        timers.set(&key("d"), 260, 5);
        timers.cancel(&key("c"));
        timers.cancel_range(b"d", b"e");
        timers.cancel_range(b"z", b"a");
        assert_eq!(timers.next_ms(), Some(300));
        assert_eq!(timers.take_due(299), None);
        assert_eq!(timers.take_due(500), expired("a", 300, 2));
        assert_eq!(timers.take_due(500), expired("b", 400, 3));
        assert_eq!((timers.take_due(500), timers.weight), (None, 0));
    }

    #[test]
    fn where_there_is_no_room_the_last_due_gives_way_and_is_told_when_it_was_due() {
        let mut timers = Timers::new(2);
        timers.set(&key("late"), 900, 0);
        timers.set(&key("later"), 950, 0);
        timers.set(&key("soon"), 100, 1);
        timers.set(&key("soonest"), 50, 2);
        assert_eq!(timers.take_due(899), expired("soonest", 50, 2));
        assert_eq!(timers.take_due(899), expired("soon", 100, 1));
        assert_eq!((timers.take_due(899), timers.next_ms()), (None, Some(900)));
        assert_eq!(timers.take_due(900), Some(Due::Lost(2)));
        assert_eq!(timers.take_due(2_000), None);
    }

    #[test]
    fn long_keys_count_as_several() {
        let mut timers = Timers::new(3);
        timers.set(&vec![7; 1_024].into(), 10, 0);
        assert_eq!(
            (timers.take_due(20), timers.weight),
            (Some(Due::Lost(1)), 0)
        );
        let mut none = Timers::new(0);
        none.set(&key("a"), 10, 0);
        assert_eq!(none.take_due(20), None);
    }
}
