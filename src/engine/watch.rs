//! Following what is committed to a range of keys.
//!
//! A watch is told every commit after the moment it was made, in commit order, and what expires,
//! in between. Commits put their events into its queue and never wait for it: where there is no
//! room, they are counted and the watch tells how many it missed.
//!
//! Nothing in the engine happens at the moment at which a record expires, so it is the watch that
//! keeps the times: of the records found at its start, by a walk over the keys, and of those put
//! since.
//!
//! - W1: the walk sees the snapshot that the watch began with, and is done before the first event
//!   is given; so the timers always stand for the state after the last event given.
//! - W2: an expiry at `e` is given after the commits that became visible before `e`, and before all
//!   others. So what was overwritten or touched in time does not expire, however late one looks,
//!   and what was not has expired before it was written again.
//! - W3: after a gap the timers begin anew, from a snapshot taken when the gap is told. What
//!   expires between the two is part of what was missed.
//!
//! One owner at a time, on any thread. It does not keep the engine open, and nothing of it is kept
//! over a reopen.

use super::core::Core;
use super::cursor::Cursor;
use super::key_range::KeyRange;
use super::lsm::Engine;
use super::snapshot::Snapshot;
use super::watch_event::{WatchChange, WatchEvent, WatchOptions};
use super::watch_ring::{Popped, Ring};
use super::watch_timers::{Due, Timers};
use crate::clock::Stopwatch;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::Arc;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::RangeBounds;
use std::task::{Context, Poll};
use std::time::Duration;

/// How many records one call walks over at the start.
const WALK_RECORDS: usize = 16_384;

/// How often the clock is looked at while something is to expire: it may be set.
const CLOCK_LOOK: Duration = Duration::from_secs(1);

/// How long to sleep where nothing will happen by itself.
const NO_LOOK: Duration = Duration::from_secs(3600);

impl Engine {
    /// Follows the commits to `range` from now on.
    ///
    /// Costs writers the copying of what they write to the range, for each commit. Waits for a
    /// commit or ingest that is under way. Unless `options` want no expiries, the first calls for
    /// an event walk over the keys of the range, not its values, 16,384 a call.
    ///
    /// ```
    /// use grainstore::engine::{Engine, EngineOptions, WatchChange, WatchOptions};
    /// # let dir = std::env::temp_dir().join(format!("grainstore-watch-{}", std::process::id()));
    /// # let engine = Engine::open(&dir, EngineOptions::default())?;
    /// let mut watch = engine.watch(b"hp/".as_slice()..b"hp0", WatchOptions::new())?;
    /// engine.put(b"hp/ada", b"100")?;
    /// engine.put(b"mp/ada", b"7")?; // not watched
    /// let event = watch.try_next().unwrap()?;
    /// assert!(matches!(event.change, WatchChange::Put { key, .. } if *key == *b"hp/ada"));
    /// assert!(watch.try_next().is_none());
    /// engine.close()?;
    /// assert!(watch.next().is_none());
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Closed`.
    pub fn watch<B: AsRef<[u8]>>(
        &self,
        range: impl RangeBounds<B>,
        options: WatchOptions,
    ) -> Result<Watch> {
        Watch::begin(self.core(), KeyRange::new(&range), options)
    }
}

/// The commits to a range of keys, and its expiries, as they happen.
///
/// Take events with [`try_next`](Self::try_next), which never waits, with
/// [`next_timeout`](Self::next_timeout), as an iterator, which waits for each and ends when the
/// engine is closed, or with [`poll_next`](Self::poll_next). Dropping it ends the watch.
///
/// Until the first event is asked for, the watch holds a snapshot of the moment it began, so that
/// its maker can read the state and then follow it without a gap:
///
/// ```
/// use grainstore::engine::{Engine, EngineOptions, WatchOptions};
/// # let dir = std::env::temp_dir().join(format!("grainstore-watch2-{}", std::process::id()));
/// # let engine = Engine::open(&dir, EngineOptions::default())?;
/// engine.put(b"a", b"1")?;
/// let mut watch = engine.watch::<&[u8]>(.., WatchOptions::new())?;
/// engine.put(b"b", b"2")?;
/// let start = watch.snapshot()?;
/// assert_eq!(engine.scan_at::<&[u8]>(&start, ..)?.count(), 1);
/// let event = watch.try_next().unwrap()?; // the second put
/// assert!(event.position > start.sequence() && event.ends_commit);
/// # drop(start);
/// # engine.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
pub struct Watch {
    core: Arc<Core>,
    ring: Arc<Ring>,
    range: KeyRange,
    mark: fn(&[u8]) -> u64,
    since: u64,
    /// The beginning, until the first event is asked for.
    start: Option<Snapshot>,
    walk: Walk,
    timers: Timers,
    /// Taken out of the queue, and preceded by what expired before it.
    held: Option<WatchEvent>,
    /// The position of the last event given.
    position: u64,
    /// Every commit not given yet became visible at this time or later (W2).
    settled_ms: u64,
    /// Some events of a commit are given and some are not.
    in_commit: bool,
    ended: bool,
}

/// How far the search for records that expire has come (W1).
enum Walk {
    Done,
    Due(Snapshot),
    On(Box<Cursor>),
}

/// What a look for an event comes to.
enum Step {
    Event(WatchEvent),
    Failed(Error),
    /// There is no event now.
    Idle,
    /// The walk goes on.
    Walking,
    Ended,
}

impl Watch {
    pub(crate) fn begin(core: &Arc<Core>, range: KeyRange, options: WatchOptions) -> Result<Self> {
        let ring = Ring::new(range.clone(), options.events_max, options.bytes_max);
        let ring = Arc::new(ring);
        // Under this lock nothing becomes visible: what the snapshot does not see will be told.
        let log = core.log.lock();
        core.check_open()?;
        let start = Snapshot::take(core);
        core.watchers.join(&ring);
        drop(log);
        let mut watch = Self {
            core: Arc::clone(core),
            ring,
            range,
            mark: options.mark,
            since: 0,
            start: None,
            walk: Walk::Done,
            timers: Timers::new(options.expiries_max),
            held: None,
            position: 0,
            settled_ms: 0,
            in_commit: false,
            ended: false,
        };
        watch.set_out(start);
        Ok(watch)
    }

    /// The commit it follows on: it tells every later one and none up to it. As
    /// [`Snapshot::sequence`].
    #[must_use]
    pub fn since(&self) -> u64 {
        self.since
    }

    /// The state that the first event changes.
    ///
    /// # Errors
    /// `InvalidInput` where an event was asked for already: the beginning is let go then.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.start.clone().ok_or_else(|| {
            let text = "the watch has gone on from its beginning; take the snapshot before the \
                        first event, or restart the watch";
            Error::new(ErrorKind::InvalidInput, text)
        })
    }

    /// Forgets what waits and begins anew, now; answers the state that the next event changes.
    ///
    /// # Errors
    /// `Closed`.
    pub fn restart(&mut self) -> Result<Snapshot> {
        let log = self.core.log.lock();
        self.core.check_open()?;
        let start = Snapshot::take(&self.core);
        self.ring.clear();
        drop(log);
        self.held = None;
        self.in_commit = false;
        let answer = start.clone();
        self.set_out(start);
        Ok(answer)
    }

    /// True where the engine was closed and every event has been given.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// The next event, where there is one now. Never waits.
    ///
    /// # Errors
    /// `Corruption` or `Io` where the walk over the keys at the start meets one. That is told once;
    /// events go on, without the expiries that the walk had yet to find.
    pub fn try_next(&mut self) -> Option<Result<WatchEvent>> {
        match self.step() {
            Step::Event(event) => Some(Ok(event)),
            Step::Failed(error) => Some(Err(error)),
            Step::Idle | Step::Walking | Step::Ended => None,
        }
    }

    /// The next event, waiting for it for `timeout` at most; `None` where there was none, or where
    /// the watch [has ended](Self::is_ended).
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Result<WatchEvent>> {
        let watch = Stopwatch::start();
        loop {
            let step = self.step();
            match step {
                Step::Event(event) => return Some(Ok(event)),
                Step::Failed(error) => return Some(Err(error)),
                Step::Ended => return None,
                Step::Idle | Step::Walking => {}
            }
            let left = timeout.saturating_sub(watch.elapsed());
            if left.is_zero() {
                return None;
            }
            if matches!(step, Step::Idle) {
                let look = self.due_in().map_or(NO_LOOK, |due| due.min(CLOCK_LOOK));
                self.ring.wait(left.min(look));
            }
        }
    }

    /// The next event for a task: `Ready(None)` once the watch has ended, and otherwise the waker
    /// is woken by the next commit to the range. Nothing wakes it for an expiry: set a timer for
    /// [`due_in`](Self::due_in) beside it and poll again.
    ///
    /// ```text
    /// // In a `Stream` on tokio; `sleep: Pin<Box<Sleep>>`.
    /// fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
    ///     loop {
    ///         if let ready @ Poll::Ready(_) = self.watch.poll_next(cx) { return ready }
    ///         let Some(due) = self.watch.due_in() else { return Poll::Pending };
    ///         self.sleep.as_mut().reset(Instant::now() + due);
    ///         ready!(self.sleep.as_mut().poll(cx));
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<WatchEvent>>> {
        loop {
            match self.step() {
                Step::Event(event) => return Poll::Ready(Some(Ok(event))),
                Step::Failed(error) => return Poll::Ready(Some(Err(error))),
                Step::Ended => return Poll::Ready(None),
                Step::Walking => {
                    // Others have their turn first.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Step::Idle if self.ring.call_later(cx.waker()) => return Poll::Pending,
                Step::Idle => {}
            }
        }
    }

    /// How long until something expires that the watch knows of, by the engine's clock, at least a
    /// millisecond unless it has expired already; `None` where nothing will. Overwrites and deletes
    /// that still wait may change it.
    #[must_use]
    pub fn due_in(&self) -> Option<Duration> {
        let due_ms = self.timers.next_ms()?;
        let left_ms = due_ms.saturating_sub(self.core.clock.now_ms());
        Some(Duration::from_millis(left_ms))
    }

    /// The position of the last event given, and its time: where an error stands.
    pub(crate) fn stands_at(&self) -> (u64, u64) {
        (self.position, self.settled_ms)
    }

    /// Begins at `start`.
    fn set_out(&mut self, start: Snapshot) {
        self.since = start.sequence();
        self.position = start.sequence();
        self.settled_ms = start.time_ms();
        self.look_for_expiries(start.clone());
        self.start = Some(start);
    }

    /// Lets the timers begin anew, from the records of `snapshot`.
    fn look_for_expiries(&mut self, snapshot: Snapshot) {
        self.timers.clear();
        if self.timers.are_kept() {
            self.walk = Walk::Due(snapshot);
        }
    }

    fn step(&mut self) -> Step {
        if self.ended {
            return Step::Ended;
        }
        self.start = None;
        match self.walk_on() {
            Ok(true) => {}
            Ok(false) => return Step::Walking,
            Err(error) => {
                self.walk = Walk::Done;
                return Step::Failed(error);
            }
        }
        loop {
            if !self.in_commit
                && let Some(due) = self.timers.take_due(self.settled_ms)
            {
                return Step::Event(self.tell_due(due));
            }
            if let Some(event) = self.held.take() {
                return Step::Event(self.tell(event));
            }
            let popped = match self.ring.pop() {
                Popped::Empty if self.is_due() => {
                    let (now_ms, popped) = self.core.watchers.settle(&self.core.clock, &self.ring);
                    if matches!(popped, Popped::Empty) {
                        self.settled_ms = now_ms; // and what is due has come due
                        continue;
                    }
                    popped
                }
                popped => popped,
            };
            match popped {
                Popped::Event(event) => {
                    // What comes due by a gap may have been replaced or deleted in it.
                    if !matches!(event.change, WatchChange::Missed { .. }) {
                        self.settled_ms = event.time_ms;
                    }
                    self.held = Some(event);
                }
                Popped::Empty => return Step::Idle,
                Popped::Closed => {
                    self.ended = true;
                    return Step::Ended;
                }
            }
        }
    }

    /// Only where there are timers is the clock looked at.
    fn is_due(&self) -> bool {
        self.due_in().is_some_and(|left| left.is_zero())
    }

    /// Walks on; `true` where the walk is done (W1).
    fn walk_on(&mut self) -> Result<bool> {
        let mut cursor = match std::mem::replace(&mut self.walk, Walk::Done) {
            Walk::Done => return Ok(true),
            // Nothing expires any more for a watch that is about to end.
            _ if self.core.check_open().is_err() => return Ok(true),
            Walk::Due(snapshot) => {
                let view = self.core.view.load_full();
                let range = self.range.clone();
                let mut cursor = Box::new(Cursor::new(view, snapshot.point(), range)?);
                cursor.seek_to_first()?;
                cursor
            }
            Walk::On(cursor) => cursor,
        };
        for _ in 0..WALK_RECORDS {
            if !cursor.valid() {
                return Ok(true);
            }
            if cursor.expiry_ms() != 0 {
                let (key, mark) = (cursor.key().into(), (self.mark)(cursor.value()));
                self.timers.set(&key, cursor.expiry_ms(), mark);
            }
            cursor.next()?;
        }
        self.walk = Walk::On(cursor);
        Ok(false)
    }

    /// Gives an event of a commit, after setting the timers by it.
    fn tell(&mut self, mut event: WatchEvent) -> WatchEvent {
        self.position = event.position;
        self.in_commit = !event.ends_commit;
        match &event.change {
            WatchChange::Put {
                key,
                value,
                expiry_ms,
            } if *expiry_ms != 0 => {
                let mark = (self.mark)(value);
                self.timers.set(key, *expiry_ms, mark);
            }
            WatchChange::Put { key, .. } | WatchChange::Delete { key } => self.timers.cancel(key),
            WatchChange::DeleteRange { start, end } => self.timers.cancel_range(start, end),
            WatchChange::Expired { .. } => {}
            WatchChange::Missed { .. } => event.time_ms = self.begin_timers_anew(event.time_ms),
        }
        event
    }

    /// Gives what has come due.
    fn tell_due(&mut self, due: Due) -> WatchEvent {
        let (time_ms, change) = match due {
            Due::Expired {
                key,
                expiry_ms,
                mark,
            } => (expiry_ms, WatchChange::Expired { key, mark }),
            Due::Lost(expiries) => {
                let missed = WatchChange::Missed {
                    events: 0,
                    expiries,
                };
                (self.begin_timers_anew(self.settled_ms), missed)
            }
        };
        WatchEvent {
            position: self.position,
            time_ms,
            ends_commit: true,
            change,
        }
    }

    /// After a gap told at `time_ms` the timers are those of a snapshot taken now; answers from
    /// when on nothing is missed (W3).
    fn begin_timers_anew(&mut self, time_ms: u64) -> u64 {
        self.settled_ms = time_ms;
        if !self.timers.are_kept() {
            return time_ms;
        }
        let snapshot = Snapshot::take(&self.core);
        let from_ms = snapshot.time_ms();
        self.look_for_expiries(snapshot);
        from_ms
    }
}

impl Iterator for Watch {
    type Item = Result<WatchEvent>;

    /// The next event, waiting for it; `None` once the engine is closed and all were given.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.next_timeout(NO_LOOK);
            if next.is_some() || self.ended {
                return next;
            }
        }
    }
}

impl FusedIterator for Watch {}

impl Drop for Watch {
    fn drop(&mut self) {
        self.core.watchers.leave(&self.ring);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("range", &self.range)
            .field("since", &self.since)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
