//! What a watch tells: events, and the options that bound how many of them may wait.
//!
//! Pure data; any thread.

use crate::sync::Arc;
use std::fmt;

/// How much a watch may hold, and what it tells of expiry.
///
/// ```
/// use grainstore::engine::WatchOptions;
/// let options = WatchOptions::new().capacity_events(256).capacity_expiries(0);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "options do nothing until a watch is made with them"]
pub struct WatchOptions {
    pub(crate) events_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) expiries_max: usize,
    pub(crate) mark: fn(&[u8]) -> u64,
}

impl WatchOptions {
    /// The defaults: 8,192 events, 8 MiB, 65,536 expiries.
    pub fn new() -> Self {
        Self {
            events_max: 8_192,
            bytes_max: 8 << 20,
            expiries_max: 65_536,
            mark: |_| 0,
        }
    }

    /// How many events may wait; at least 1. A commit with more in the watched range than fit is
    /// missed whole, so this is also the largest batch that can be told. Default 8,192.
    pub fn capacity_events(mut self, events: usize) -> Self {
        self.events_max = events.max(1);
        self
    }

    /// How many bytes of waiting events, counting keys, values and 64 bytes for each. Default
    /// 8 MiB.
    pub fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// How many records that will expire are followed at the same time; 0 for none, which also
    /// spares the walk over the keys at the start. Keys beyond 256 bytes count as several. Default
    /// 65,536.
    pub fn capacity_expiries(mut self, records: usize) -> Self {
        self.expiries_max = records;
        self
    }

    /// What to remember of the value of a record that will expire, and to tell when it has: a
    /// version in its first bytes, say. Default: nothing, 0.
    pub fn mark(mut self, mark: fn(&[u8]) -> u64) -> Self {
        self.mark = mark;
        self
    }
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// One event of a watch: what happened, and at which place in the order of commits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchEvent {
    /// The commit it belongs to: the last sequence number of the batch, as a
    /// [snapshot's](crate::engine::Snapshot::sequence). Rises from commit to commit and is the same
    /// for all events of one; an expiry has that of the commit before it, a gap that of the last
    /// one missed.
    pub position: u64,
    /// From when on readers found it so, by the engine's clock, in ms since the epoch.
    pub time_ms: u64,
    /// True for the last event of a commit: what came up to here is one step.
    pub ends_commit: bool,
    /// What happened.
    pub change: WatchChange,
}

/// What happened in a watched range.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchChange {
    /// A key has got a value.
    Put {
        /// The key.
        key: Arc<[u8]>,
        /// The value.
        value: Arc<[u8]>,
        /// When it stops existing, in ms since the epoch; 0 for never.
        expiry_ms: u64,
    },
    /// A key was removed, whether or not it was there.
    Delete {
        /// The key.
        key: Arc<[u8]>,
    },
    /// Every key from `start` up to and without `end` was removed.
    DeleteRange {
        /// The first key there can be; not below the watched range.
        start: Arc<[u8]>,
        /// The first key beyond; not beyond the watched range.
        end: Arc<[u8]>,
    },
    /// The record under a key has reached its expiry, the event's time. Told once, and not of
    /// records that were overwritten, touched or deleted before.
    Expired {
        /// The key.
        key: Arc<[u8]>,
        /// What [`WatchOptions::mark`] made of its value.
        mark: u64,
    },
    /// Events are missing in this place. To know the state again, [restart] the watch, or read a
    /// snapshot taken now and pass over the events that [are in it](WatchEvent::is_in).
    ///
    /// [restart]: crate::engine::Watch::restart
    Missed {
        /// Exactly so many events of commits did not fit.
        events: u64,
        /// Up to so many records more than can be followed expire from here on without a word.
        expiries: u64,
    },
}

impl WatchChange {
    /// What a waiting event counts for besides the bytes of its key and value.
    pub(crate) const OVERHEAD_BYTES: usize = 64;

    /// What it counts for while it waits.
    pub(crate) fn bytes(&self) -> usize {
        Self::OVERHEAD_BYTES
            + match self {
                Self::Put { key, value, .. } => key.len() + value.len(),
                Self::Delete { key } | Self::Expired { key, .. } => key.len(),
                Self::DeleteRange { start, end } => start.len() + end.len(),
                Self::Missed { .. } => 0,
            }
    }
}

/// Shows the keys and none of the values: records may be secrets.
impl fmt::Debug for WatchChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put {
                key,
                value,
                expiry_ms,
            } => {
                let (key, bytes) = (key.escape_ascii(), value.len());
                write!(f, "Put(\"{key}\", {bytes} bytes, until {expiry_ms})")
            }
            Self::Delete { key } => write!(f, "Delete(\"{}\")", key.escape_ascii()),
            Self::DeleteRange { start, end } => {
                let (start, end) = (start.escape_ascii(), end.escape_ascii());
                write!(f, "DeleteRange(\"{start}\"..\"{end}\")")
            }
            Self::Expired { key, mark } => {
                write!(f, "Expired(\"{}\", {mark})", key.escape_ascii())
            }
            Self::Missed { events, expiries } => write!(f, "Missed({events}, {expiries})"),
        }
    }
}
