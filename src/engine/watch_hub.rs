//! Where commits and watchers meet.
//!
//! - H1: whoever makes a commit visible holds the log lock and offers the commit to every watcher
//!   before it lets go, so that watchers are told in commit order.
//! - H2: watchers join under the log lock: what was visible then is before them, and every later
//!   commit is offered to them.
//! - H3: becoming visible, reading the clock for it, and offering are one step under this lock. A
//!   watcher that finds its queue empty under it, at time t, knows that whatever comes later became
//!   visible at t or later.
//! - H4: with no watcher a commit pays one atomic load.
//!
//! Its lock comes after the log lock and before those of the queues. It is held for as long as the
//! offering takes, never while anything waits for the disk.

use super::watch_event::WatchChange;
use super::watch_ring::{CommitMark, Popped, Ring};
use crate::clock::MonotonicClock;
use crate::format::batch::{self, Operation};
use crate::sync::{Arc, AtomicU64, AtomicUsize, Mutex, Ordering};
use crate::wal::writer::Record;
use std::cell::OnceCell;
use std::task::Waker;

/// All the watchers of an engine.
#[derive(Debug, Default)]
pub(crate) struct WatchHub {
    count: AtomicUsize,
    rings: Mutex<Vec<Arc<Ring>>>,
}

/// Whom a commit has to wake, once it holds no lock.
#[derive(Debug, Default)]
#[must_use = "watchers that are not woken sleep on"]
pub(crate) struct Wakes(Vec<Waker>);

impl Wakes {
    /// Runs whatever waits for the commit; the caller holds no lock and owes nobody an answer.
    pub(crate) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }
}

impl WatchHub {
    /// Lets a watcher in. The caller holds the log lock (H2).
    pub(crate) fn join(&self, ring: &Arc<Ring>) {
        let mut rings = self.rings.lock();
        rings.push(Arc::clone(ring));
        self.count.store(rings.len(), Ordering::Relaxed);
    }

    /// Lets a watcher go.
    pub(crate) fn leave(&self, ring: &Arc<Ring>) {
        let mut rings = self.rings.lock();
        rings.retain(|other| !Arc::ptr_eq(other, ring));
        self.count.store(rings.len(), Ordering::Relaxed);
    }

    /// How many watchers there are.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Ends every watch after what it has been offered.
    pub(crate) fn close(&self) -> Wakes {
        let rings = self.rings.lock();
        Wakes(rings.iter().filter_map(|ring| ring.close()).collect())
    }

    /// Makes everything up to `sequence` visible, and tells the watchers of `records`. The caller
    /// holds the log lock (H1).
    pub(crate) fn show(
        &self,
        (visible, sequence): (&AtomicU64, u64),
        clock: &MonotonicClock,
        records: &[Record<'_>],
    ) -> Wakes {
        // Nobody joins while the caller holds the log lock (H2, H4).
        if self.count() == 0 {
            visible.store(sequence, Ordering::Release);
            return Wakes::default();
        }
        let rings = self.rings.lock();
        let time_ms = clock.now_ms();
        visible.store(sequence, Ordering::Release);
        let mut wakes = Wakes::default();
        for record in records {
            offer_record(&rings, record, time_ms, &mut wakes);
        }
        wakes
    }

    /// Collects what an ingest brings for the watchers there are; `None` where there are none. The
    /// caller holds the log lock.
    pub(crate) fn collect_ingest(&self) -> Option<IngestOffer> {
        if self.count() == 0 {
            return None;
        }
        let shares = self.rings.lock().iter().map(IngestShare::new).collect();
        Some(IngestOffer { shares })
    }

    /// As [`show`](Self::show) for an ingest.
    pub(crate) fn show_ingested(
        &self,
        (visible, sequence): (&AtomicU64, u64),
        clock: &MonotonicClock,
        offer: Option<IngestOffer>,
    ) -> Wakes {
        let _rings = self.rings.lock();
        let mark = CommitMark {
            position: sequence,
            time_ms: clock.now_ms(),
        };
        visible.store(sequence, Ordering::Release);
        let shares = offer.map(|offer| offer.shares).unwrap_or_default();
        let told = shares.into_iter().filter(|share| share.events > 0);
        Wakes(told.filter_map(|share| share.offer(mark)).collect())
    }

    /// The time, and what waited in `ring` at it (H3).
    pub(crate) fn settle(&self, clock: &MonotonicClock, ring: &Ring) -> (u64, Popped) {
        let _rings = self.rings.lock();
        (clock.now_ms(), ring.pop())
    }
}

/// An operation on its way to watchers, copied once for all of them.
struct Offered<'a> {
    operation: Operation<'a>,
    copied: OnceCell<WatchChange>,
}

impl<'a> Offered<'a> {
    fn new(operation: Operation<'a>) -> Self {
        let copied = OnceCell::new();
        Self { operation, copied }
    }

    /// What it counts for in `ring`; `None` where it is not of its range.
    fn bytes(&self, ring: &Ring) -> Option<usize> {
        let bytes = match self.operation {
            Operation::Put { key, value, .. } if ring.watches(key) => key.len() + value.len(),
            Operation::Delete { key } if ring.watches(key) => key.len(),
            Operation::DeleteRange { start, end } => ring
                .clip(start, end)
                .map(|(start, end)| start.len() + end.len())?,
            _ => return None,
        };
        Some(bytes + WatchChange::OVERHEAD_BYTES)
    }

    /// The change as `ring` is told it; `None` where it is not of its range.
    fn change(&self, ring: &Ring) -> Option<WatchChange> {
        match self.operation {
            Operation::Put {
                key,
                value,
                expiry_ms,
            } if ring.watches(key) => Some(self.copied(|| WatchChange::Put {
                key: key.into(),
                value: value.into(),
                expiry_ms,
            })),
            Operation::Delete { key } if ring.watches(key) => {
                Some(self.copied(|| WatchChange::Delete { key: key.into() }))
            }
            Operation::DeleteRange { start, end } => {
                let (start, end) = ring.clip(start, end)?;
                let (start, end) = (start.into(), end.into());
                Some(WatchChange::DeleteRange { start, end })
            }
            _ => None,
        }
    }

    fn copied(&self, copy: impl FnOnce() -> WatchChange) -> WatchChange {
        self.copied.get_or_init(copy).clone()
    }
}

fn offer_record(rings: &[Arc<Ring>], record: &Record<'_>, time_ms: u64, wakes: &mut Wakes) {
    let position = record.base_sequence + u64::from(record.operations).saturating_sub(1);
    let mark = CommitMark { position, time_ms };
    // The memtable has taken every one of them, so none is damaged.
    let operations = batch::operations(record.payload).map_while(Result::ok);
    let offered: Vec<Offered<'_>> = operations.map(Offered::new).collect();
    for ring in rings {
        let sizes = offered.iter().filter_map(|one| one.bytes(ring));
        let need = sizes.fold((0, 0), |(events, bytes), one| (events + 1, bytes + one));
        if need.0 > 0 {
            let changes = offered.iter().filter_map(|one| one.change(ring));
            wakes.0.extend(ring.offer(mark, need, changes));
        }
    }
}

/// What an ingest that runs brings for each watcher.
#[derive(Debug)]
pub(crate) struct IngestOffer {
    shares: Vec<IngestShare>,
}

#[derive(Debug)]
struct IngestShare {
    ring: Arc<Ring>,
    events: usize,
    bytes: usize,
    /// Nothing any more, once there are more than can wait.
    changes: Vec<WatchChange>,
}

impl IngestOffer {
    /// Adds what the ingest does.
    pub(crate) fn add(&mut self, operation: Operation<'_>) {
        let offered = Offered::new(operation);
        for share in &mut self.shares {
            let Some(bytes) = offered.bytes(&share.ring) else {
                continue;
            };
            share.events += 1;
            share.bytes += bytes;
            if share.ring.can_hold(share.events, share.bytes) {
                share.changes.extend(offered.change(&share.ring));
            } else {
                share.changes = Vec::new();
            }
        }
    }
}

impl IngestShare {
    fn new(ring: &Arc<Ring>) -> Self {
        Self {
            ring: Arc::clone(ring),
            events: 0,
            bytes: 0,
            changes: Vec::new(),
        }
    }

    fn offer(self, mark: CommitMark) -> Option<Waker> {
        let need = (self.events, self.bytes);
        self.ring.offer(mark, need, self.changes.into_iter())
    }
}
