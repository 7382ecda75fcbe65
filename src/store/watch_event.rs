//! What a watch of a store tells.
//!
//! Pure data; any thread.

use super::entry::Entry;
use super::keyspace::Keyspace;
use super::version::Version;
use crate::engine::snapshot::Snapshot;
use crate::engine::watch_event::WatchEvent;
use crate::error::Result;
use crate::key::key_part::KeyRef;
use crate::sync::Arc;
use std::fmt;
use std::marker::PhantomData;
use std::time::SystemTime;

/// One event of a [`Watch`](super::watch::Watch): what happened, and at which place in the order of
/// commits.
#[derive(Debug)]
#[non_exhaustive]
pub struct Watched<K, V> {
    /// The commit it belongs to, as [`Snapshot::sequence`] gives it: rises from commit to commit
    /// and is the same for all events of one batch. An expiry has the position of the commit
    /// before it, a gap that of the last commit missed.
    ///
    /// It is larger than the [`Version`] of every record in the commit. Versions are given out
    /// before writers queue up for their commits, so between two keys they need not rise in the
    /// order of commits; positions do.
    pub position: u64,
    /// True for the last event of a commit: who applies what came since the one before, applies
    /// the batch whole.
    pub ends_commit: bool,
    /// From when on readers found it so: of a commit when it became visible, of an expiry when the
    /// record stopped existing.
    pub time: SystemTime,
    /// What happened; an error where the record of this event does not decode. The events after it
    /// are not affected.
    pub event: Result<Event<K, V>>,
    pub(crate) place: Place,
}

/// Where an event is among commits and in time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) time_ms: u64,
}

impl Place {
    pub(crate) fn of(event: &WatchEvent) -> Self {
        Self {
            position: event.position,
            time_ms: event.time_ms,
        }
    }
}

impl<K, V> Watched<K, V> {
    /// True where `snapshot`, of the same database, shows the state after this event already, so
    /// that who has read the snapshot passes over it.
    #[must_use]
    pub fn is_in(&self, snapshot: &Snapshot) -> bool {
        let Place { position, time_ms } = self.place;
        position <= snapshot.sequence() && time_ms <= snapshot.time_ms()
    }
}

/// What happened in a watched store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<K, V> {
    /// A record was put. A touch is one, too: the same value and version with another expiry.
    Put(Entry<K, V>),
    /// The record under this key was removed, whether or not there was one.
    Deleted(K),
    /// The record under `key` has reached the end of its life. Told once, and not of records that
    /// were overwritten, touched or deleted before.
    Expired {
        /// The key.
        key: K,
        /// The version of the record that has expired. Stores that keep no versions (`U32Store`,
        /// `BytesStore`) say 0 here and in [`Put`](Self::Put).
        version: Version,
    },
    /// Every watched record whose key [lies in this range](Cleared::covers) was removed.
    Cleared(Cleared<K>),
    /// Events are missing in this place. To know the state again, read it from a snapshot taken
    /// now and pass over what [is in it](Watched::is_in), or
    /// [restart](super::watch::Watch::restart) the watch.
    Missed {
        /// Exactly so many events of commits did not fit.
        events: u64,
        /// Up to so many records more than can be followed expire from here on without a word.
        expiries: u64,
    },
}

/// The keys of a prefix or range that was deleted as one.
pub struct Cleared<K> {
    keyspace: Keyspace,
    start: Arc<[u8]>,
    end: Arc<[u8]>,
    types: PhantomData<fn() -> K>,
}

impl<K> Cleared<K> {
    pub(crate) fn new(keyspace: Keyspace, start: Arc<[u8]>, end: Arc<[u8]>) -> Self {
        Self {
            keyspace,
            start,
            end,
            types: PhantomData,
        }
    }

    /// True where `key` was removed, if it was there.
    pub fn covers<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> bool {
        let mut bytes = self.keyspace.bytes().to_vec();
        key.encode(&mut bytes);
        *self.start <= *bytes && *bytes < *self.end
    }
}

impl<K> Clone for Cleared<K> {
    fn clone(&self) -> Self {
        Self::new(
            self.keyspace,
            Arc::clone(&self.start),
            Arc::clone(&self.end),
        )
    }
}

impl<K> PartialEq for Cleared<K> {
    fn eq(&self, other: &Self) -> bool {
        (self.keyspace, &self.start, &self.end) == (other.keyspace, &other.start, &other.end)
    }
}

impl<K> Eq for Cleared<K> {}

impl<K> fmt::Debug for Cleared<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.keyspace.strip(&self.start).escape_ascii();
        write!(f, "Cleared(from \"{start}\")")
    }
}
