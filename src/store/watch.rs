//! Following a store: its commits and expiries as typed events.
//!
//! The typed side of the engine's watch: it decodes each event on the thread of its owner, so that
//! writers pay for none of it, and an event that does not decode is an error of its own.

use super::entry::key_error;
use super::lifetime::expiry_time;
use super::version::Version;
use super::watch_event::{Cleared, Event, Place, Watched};
use super::watch_store::{WatchStore, sealed};
use crate::engine::key_range::KeyRange;
use crate::engine::snapshot::Snapshot;
use crate::engine::watch::Watch as EngineWatch;
use crate::engine::watch_event::{WatchChange, WatchEvent, WatchOptions};
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use std::fmt;
use std::iter::FusedIterator;
use std::task::{Context, Poll};
use std::time::{Duration, UNIX_EPOCH};

/// The commits to a store or to a part of it, and what expires in it, as they happen.
///
/// Take events with [`try_next`](Self::try_next), which never waits, with
/// [`next_timeout`](Self::next_timeout), as an iterator, which waits for each and ends when the
/// database is closed, or with [`poll_next`](Self::poll_next). Dropping it ends the watch.
///
/// Writers never wait for a watch. What it has no room for it counts, and tells as
/// [`Event::Missed`] in the place of the gap; batches are told whole or missed whole.
///
/// To hold a copy of the state, read the [`snapshot`](Self::snapshot) that the watch begins with,
/// and apply what follows:
///
/// ```
/// use grainstore::{Db, Event};
/// use std::collections::BTreeMap;
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-watch-{}", std::process::id()));
/// # let db = Db::open(&dir)?;
/// let hp = db.store::<(String, u64), u32>("hp")?;
/// hp.put(&("acme", 7), &100)?;
///
/// let mut watch = hp.watch_prefix(("acme",))?;
/// let mut copy = BTreeMap::new();
/// let start = watch.snapshot()?;
/// for entry in hp.at(&start).prefix(("acme",)) {
///     let entry = entry?;
///     copy.insert(entry.key, entry.value);
/// }
/// drop(start);
///
/// hp.put(&("acme", 8), &90)?;
/// hp.put(&("other", 1), &10)?; // not watched
/// hp.delete(&("acme", 7))?;
/// while let Some(next) = watch.try_next() {
///     match next.event? {
///         Event::Put(entry) => drop(copy.insert(entry.key, entry.value)),
///         Event::Deleted(key) | Event::Expired { key, .. } => drop(copy.remove(&key)),
///         Event::Cleared(range) => copy.retain(|key, _| !range.covers(key)),
///         _ => {} // Missed: read the state again
///     }
/// }
/// assert_eq!(copy, BTreeMap::from([(("acme".to_owned(), 8), 90)]));
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
///
/// *Costs.* A commit to the watched part copies its keys and values once for all watches, and a
/// lock that is held for that long; commits elsewhere compare keys with the bounds of each watch.
/// The first calls for an event walk over the keys of the watched part, 16,384 a call, to know what
/// will expire; [`capacity_expiries(0)`](super::watch_builder::WatchBuilder::capacity_expiries)
/// spares that. A watch holds its beginning, as a snapshot does, until an event is asked for.
pub struct Watch<S> {
    store: S,
    watch: EngineWatch,
}

/// What a watch of `S` tells.
type Told<S> = Watched<<S as WatchStore>::Key, <S as WatchStore>::Value>;

impl<S: WatchStore> Watch<S> {
    pub(crate) fn begin(store: S, range: &ByteRange, options: WatchOptions) -> Result<Self> {
        let sealed::Raw(raw) = store.raw_store();
        let range = KeyRange::new::<Vec<u8>>(&raw.bounds(range));
        let watch = EngineWatch::begin(raw.db.engine.core(), range, options)?;
        Ok(Self { store, watch })
    }

    /// The commit it follows on: it tells every later one and none up to it.
    #[must_use]
    pub fn since(&self) -> u64 {
        self.watch.since()
    }

    /// The state that the first event changes.
    ///
    /// # Errors
    /// `InvalidInput` where an event was asked for already: the beginning is let go then.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.watch.snapshot()
    }

    /// Forgets what waits and begins anew, now; answers the state that the next event changes. The
    /// way on after [`Event::Missed`].
    ///
    /// # Errors
    /// `Closed`.
    pub fn restart(&mut self) -> Result<Snapshot> {
        self.watch.restart()
    }

    /// True where the database was closed and every event has been given.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.watch.is_ended()
    }

    /// The next event, where there is one now. Never waits.
    pub fn try_next(&mut self) -> Option<Told<S>> {
        let next = self.watch.try_next();
        next.map(|next| self.typed(next))
    }

    /// The next event, waiting for it for `timeout` at most, and waking in time for what expires;
    /// `None` where there was none, or where the watch [has ended](Self::is_ended).
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Told<S>> {
        let next = self.watch.next_timeout(timeout);
        next.map(|next| self.typed(next))
    }

    /// The next event for a task, to build a `Stream` on: `Ready(None)` once the watch has ended,
    /// and otherwise the waker is woken by the next commit to what is watched. Nothing wakes it for
    /// an expiry: set a timer for [`due_in`](Self::due_in) beside it and poll again. The engine's
    /// [`Watch`](EngineWatch::poll_next) shows how.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Told<S>>> {
        let next = self.watch.poll_next(cx);
        next.map(|next| next.map(|next| self.typed(next)))
    }

    /// How long until something expires that the watch knows of; `None` where nothing will.
    #[must_use]
    pub fn due_in(&self) -> Option<Duration> {
        self.watch.due_in()
    }

    fn typed(&self, next: Result<WatchEvent>) -> Told<S> {
        let (place, ends_commit, event) = match next {
            Ok(event) => {
                let place = Place::of(&event);
                (place, event.ends_commit, self.event(event.change))
            }
            Err(error) => (self.place(), true, Err(error)),
        };
        Watched {
            position: place.position,
            ends_commit,
            time: expiry_time(place.time_ms).unwrap_or(UNIX_EPOCH),
            event,
            place,
        }
    }

    /// Where an error of the walk stands: behind the last event given.
    fn place(&self) -> Place {
        let (position, time_ms) = self.watch.stands_at();
        Place { position, time_ms }
    }

    fn event(&self, change: WatchChange) -> Result<Event<S::Key, S::Value>> {
        Ok(match change {
            WatchChange::Put {
                key,
                value,
                expiry_ms,
            } => {
                let record = sealed::Stored {
                    key: &key,
                    value: &value,
                    expiry_ms,
                };
                Event::Put(self.store.entry(self.key(&key)?, record)?)
            }
            WatchChange::Delete { key } => Event::Deleted(self.key(&key)?),
            WatchChange::Expired { key, mark } => Event::Expired {
                key: self.key(&key)?,
                version: Version(mark),
            },
            WatchChange::DeleteRange { start, end } => {
                let sealed::Raw(raw) = self.store.raw_store();
                Event::Cleared(Cleared::new(raw.keyspace, start, end))
            }
            WatchChange::Missed { events, expiries } => Event::Missed { events, expiries },
        })
    }

    fn key(&self, key: &[u8]) -> Result<S::Key> {
        let sealed::Raw(raw) = self.store.raw_store();
        S::Key::decode_key(raw.keyspace.strip(key)).map_err(|error| key_error(raw, key, error))
    }
}

impl<S: WatchStore> Iterator for Watch<S> {
    type Item = Told<S>;

    /// The next event, waiting for it; `None` once the database is closed and all were given.
    fn next(&mut self) -> Option<Self::Item> {
        let next = self.watch.next();
        next.map(|next| self.typed(next))
    }
}

impl<S: WatchStore> FusedIterator for Watch<S> {}

impl<S> fmt::Debug for Watch<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.watch).finish()
    }
}
