//! What a hot cache remembers, and the rules that keep it from ever being wrong.
//!
//! An entry is a value with its expiry, or the knowledge that there is none. Entries are spread
//! over slices, each under a lock that is held for a look only, never while the backend works.
//!
//! - H1: a write takes its keys out before it goes to the backend, and nothing is admitted for a
//!   key while a write to it is under way. So no reader meets an old entry after it could have met
//!   the new value in the backend.
//! - H2: what a read found is admitted only if no write to the key began or ended since the read
//!   began: it would be stale, or nobody could tell. (Keys share version counters, so a read may
//!   be turned away for another key's write; that costs a miss.)
//! - H3: what a write left is admitted only if it is known to be done, and no other write to the
//!   key was under way at any time beside it: their order in the backend is not known here.
//! - H4: after a write whose outcome is unknown its keys are not admitted again: it may yet happen.
//! - H5: an entry past its expiry is not answered with.
//! - H6: entries of several keys are answered with together only if no write of several keys was
//!   under way or began between the first look and the last.
//!
//! Any thread may call.

use super::lru::Lru;
use super::stored::Stored;
use crate::sync::{Arc, AtomicBool, AtomicU64, Mutex, Ordering};
use std::collections::{HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

/// Version counters of each slice.
const VERSIONS: usize = 64;
/// Beyond so many keys of unknown outcome the cache gives up altogether.
const DOUBTFUL_MAX: usize = 10_000;

/// A value that may be shared, and its end; `None` where there is no value.
type Entry = Option<(Arc<[u8]>, u64)>;

/// What the cache knows of a key.
#[derive(Debug)]
pub(crate) enum Look {
    /// The value, or that there is none.
    Known(Option<Stored>),
    /// Nothing; a read of the backend may be admitted with this ticket.
    Unknown(Ticket),
}

/// When a read began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    version: u64,
}

#[derive(Debug)]
struct Slice {
    entries: Lru<Entry>,
    /// Rises when a write to one of its keys begins and when it ends (H2).
    versions: [u64; VERSIONS],
    writes: HashMap<Box<[u8]>, Writes>,
}

/// Writes to one key that are under way.
#[derive(Debug, Default)]
struct Writes {
    count: usize,
    /// There were two at once (H3).
    overlapped: bool,
}

/// The entries of one hot cache.
#[derive(Debug)]
pub(crate) struct CacheTable {
    slices: Vec<Mutex<Slice>>,
    value_bytes_max: usize,
    /// Keys that are not admitted any more (H4).
    doubtful: Mutex<HashSet<Box<[u8]>>>,
    any_doubtful: AtomicBool,
    off: AtomicBool,
    groups_begun: AtomicU64,
    groups_ended: AtomicU64,
}

impl CacheTable {
    pub(crate) fn new(entries_max: usize, value_bytes_max: usize) -> Self {
        let slices = (entries_max / 64).clamp(1, 16);
        let slice = |_| {
            Mutex::new(Slice {
                entries: Lru::new(entries_max / slices),
                versions: [0; VERSIONS],
                writes: HashMap::new(),
            })
        };
        Self {
            slices: (0..slices).map(slice).collect(),
            value_bytes_max,
            doubtful: Mutex::default(),
            any_doubtful: AtomicBool::new(false),
            off: AtomicBool::new(entries_max == 0),
            groups_begun: AtomicU64::new(0),
            groups_ended: AtomicU64::new(0),
        }
    }

    /// True where nothing is remembered.
    pub(crate) fn is_off(&self) -> bool {
        self.off.load(Ordering::Acquire)
    }

    /// Forgets everything, for good.
    pub(crate) fn turn_off(&self) {
        self.off.store(true, Ordering::Release);
        for slice in &self.slices {
            slice.lock().entries.clear();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slices
            .iter()
            .map(|slice| slice.lock().entries.len())
            .sum()
    }

    /// Calls `act` with the slice of `key` and the place of its version.
    fn with<R>(&self, key: &[u8], act: impl FnOnce(&mut Slice, usize) -> R) -> Option<R> {
        let hash = xxh3_64(key);
        let at = hash as usize % self.slices.len().max(1);
        let slice = self.slices.get(at)?;
        Some(act(&mut slice.lock(), (hash >> 32) as usize % VERSIONS))
    }

    /// What is known of `key`; `now_ms` is asked only where an entry can expire.
    pub(crate) fn look(&self, key: &[u8], now_ms: impl FnOnce() -> u64) -> Look {
        let look = |slice: &mut Slice, place: usize| {
            let version = slice.versions.get(place).copied().unwrap_or_default();
            let unknown = Look::Unknown(Ticket { version });
            match slice.entries.get(key) {
                None => unknown,
                Some(None) => Look::Known(None),
                Some(Some((_, expiry_ms))) if *expiry_ms != 0 && *expiry_ms <= now_ms() => {
                    slice.entries.remove(key); // H5
                    unknown
                }
                Some(Some((value, expiry_ms))) => Look::Known(Some(Stored {
                    value: value.to_vec(),
                    expiry_ms: *expiry_ms,
                })),
            }
        };
        self.with(key, look)
            .unwrap_or(Look::Unknown(Ticket { version: 0 }))
    }

    /// Remembers what a read that began at `ticket` found (H2).
    pub(crate) fn admit(&self, key: &[u8], ticket: Ticket, found: Option<&Stored>) {
        if found.is_some_and(|stored| stored.value.len() > self.value_bytes_max)
            || self.is_doubtful(key)
        {
            return;
        }
        let entry = found.map(|stored| (stored.value.as_slice().into(), stored.expiry_ms));
        self.with(key, |slice, place| {
            let unchanged = slice.versions.get(place) == Some(&ticket.version);
            if unchanged && !slice.writes.contains_key(key) && !self.is_off() {
                slice.entries.insert(key, entry);
            }
        });
    }

    /// A write to `key` begins (H1).
    pub(crate) fn begin(&self, key: &[u8]) {
        self.with(key, |slice, place| {
            slice.entries.remove(key);
            slice.pass(place);
            let writes = slice.writes.entry(key.into()).or_default();
            writes.count += 1;
            writes.overlapped |= writes.count > 1;
        });
    }

    /// A write to `key` has ended; `left` is what it is known to have left there (H3).
    pub(crate) fn end(&self, key: &[u8], left: Option<Option<(&[u8], u64)>>) {
        let doubtful = self.is_doubtful(key);
        self.with(key, |slice, place| {
            slice.pass(place);
            let Some(writes) = slice.writes.get_mut(key) else {
                return;
            };
            writes.count -= 1;
            let overlapped = writes.overlapped;
            if writes.count == 0 {
                slice.writes.remove(key);
            }
            let Some(left) = left.filter(|_| !overlapped && !doubtful && !self.is_off()) else {
                return;
            };
            let fits = left.is_none_or(|(value, _)| value.len() <= self.value_bytes_max);
            if fits {
                let entry = left.map(|(value, expiry_ms)| (value.into(), expiry_ms));
                slice.entries.insert(key, entry);
            }
        });
    }

    /// Nobody knows what a write to `key` did (H4). Comes before its `end`.
    pub(crate) fn doubt(&self, key: &[u8]) {
        let mut doubtful = self.doubtful.lock();
        doubtful.insert(key.into());
        self.any_doubtful.store(true, Ordering::Release);
        if doubtful.len() > DOUBTFUL_MAX {
            drop(doubtful);
            self.turn_off();
        }
    }

    fn is_doubtful(&self, key: &[u8]) -> bool {
        self.any_doubtful.load(Ordering::Acquire) && self.doubtful.lock().contains(key)
    }

    /// A write of several keys begins, before any of them does.
    pub(crate) fn begin_group(&self) {
        self.groups_begun.fetch_add(1, Ordering::SeqCst);
    }

    /// A write of several keys has ended, after all of them have.
    pub(crate) fn end_group(&self) {
        self.groups_ended.fetch_add(1, Ordering::SeqCst);
    }

    /// The count of writes of several keys where none is under way; `None` where one is (H6).
    pub(crate) fn groups_at_rest(&self) -> Option<u64> {
        let ended = self.groups_ended.load(Ordering::SeqCst);
        let begun = self.groups_begun.load(Ordering::SeqCst);
        (begun == ended).then_some(begun)
    }

    /// True where none has begun since the count was `begun` (H6).
    pub(crate) fn none_since(&self, begun: u64) -> bool {
        self.groups_begun.load(Ordering::SeqCst) == begun
    }
}

impl Slice {
    fn pass(&mut self, place: usize) {
        if let Some(version) = self.versions.get_mut(place) {
            *version += 1;
        }
    }
}
