//! What the engine publishes without a lock: the view, the visible sequence number, the list of
//! snapshots, the watermark of expiry.
//!
//! The list and the clock are the library's sources. The rest stands in functions that need files
//! around them, so its steps are written here again, in the order in which `engine::commit`,
//! `engine::rotate`, `engine::background` and `engine::lsm` take them.

use crate::Model;
use crate::clock::{Clock, MonotonicClock};
use crate::format::entry::key_hash;
use crate::memtable::map::Memtable;
use crate::memtable::{insert, small};
use crate::sync::{Arc, ArcSwapOption, AtomicU64, Mutex, Ordering};
use loom::thread;
use snapshots::SnapshotList;

#[path = "../../src/engine/snapshots.rs"]
mod snapshots;

pub(crate) const MODELS: &[Model] = &[
    ("view_holds_what_is_visible", view_holds_what_is_visible),
    (
        "compaction_misses_no_snapshot",
        compaction_misses_no_snapshot,
    ),
    (
        "expired_memtable_is_frozen_whole",
        expired_memtable_is_frozen_whole,
    ),
];

/// A clock that another thread sets.
#[derive(Debug)]
struct Source(AtomicU64);

impl Clock for Source {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

struct View {
    active: Arc<Memtable>,
    frozen: Option<Arc<Memtable>>,
}

impl View {
    fn newest(&self, key: &[u8], sequence_max: u64) -> u64 {
        let memtables = [Some(&self.active), self.frozen.as_ref()];
        let mut memtables = memtables.into_iter().flatten();
        let found = memtables.find_map(|m| m.get(key, key_hash(key), sequence_max));
        found.map_or(0, |entry| entry.meta.sequence)
    }
}

/// A reader takes the view, then the number. What it then reads is the state after some commit:
/// each write with all before it, and no older one than a reader that is done has seen.
fn view_holds_what_is_visible() {
    let view = Arc::new(ArcSwapOption::default());
    let (first, second) = (small(), small());
    view.store(Some(Arc::new(View {
        active: Arc::clone(&first),
        frozen: None,
    })));
    let visible = Arc::new(AtomicU64::new(0));
    let reader = {
        let (view, visible) = (Arc::clone(&view), Arc::clone(&visible));
        thread::spawn(move || {
            let mut before = 0;
            for _ in 0..2 {
                let view: Arc<View> = view.load_full().unwrap();
                let sequence = visible.load(Ordering::Acquire);
                let (a, b) = (view.newest(b"a", sequence), view.newest(b"b", sequence));
                assert!(
                    [(0, 0), (1, 0), (1, 2), (3, 2)].contains(&(a, b)),
                    "{a} {b}"
                );
                assert!(before <= a.max(b), "a later read sees less");
                before = a.max(b);
            }
        })
    };
    insert(&first, b"a", 1);
    visible.store(1, Ordering::Release);
    insert(&first, b"b", 2);
    visible.store(2, Ordering::Release);
    view.store(Some(Arc::new(View {
        active: Arc::clone(&second),
        frozen: Some(first),
    })));
    insert(&second, b"a", 3);
    visible.store(3, Ordering::Release);
    reader.join().unwrap();
}

/// S2, S3: a compaction that goes by its copy of the list takes nothing from a snapshot.
fn compaction_misses_no_snapshot() {
    let source = Arc::new(Source(AtomicU64::new(10)));
    let clock = Arc::new(MonotonicClock::new(source.clone(), 0));
    let list = Arc::new(SnapshotList::default());
    let visible = Arc::new(AtomicU64::new(1));
    let holder = {
        let (list, visible) = (Arc::clone(&list), Arc::clone(&visible));
        let clock = Arc::clone(&clock);
        thread::spawn(move || list.acquire(&visible, &clock))
    };
    let hour = {
        let source = Arc::clone(&source);
        thread::spawn(move || source.0.store(20, Ordering::SeqCst))
    };
    visible.store(2, Ordering::Release);
    let (now_ms, points) = list.now_and_points(&clock);
    let point = holder.join().unwrap();
    hour.join().unwrap();
    if !points.contains(&point) {
        assert_eq!(
            point.sequence, 2,
            "version 1 is dropped, though a snapshot sees it"
        );
        assert!(
            point.time_ms >= now_ms,
            "what expired by {now_ms} is dropped too early"
        );
    }
    assert_eq!(list.count(), 1);
    list.release(point);
    assert_eq!(list.count(), 0);
}

/// The background thread puts a memtable aside once all in it has expired. It looks at the
/// watermark twice: without the log's lock, and under it.
fn expired_memtable_is_frozen_whole() {
    let watermark = Arc::new(AtomicU64::new(0));
    let log = Arc::new(Mutex::new(Vec::new()));
    let background = {
        let (watermark, log) = (Arc::clone(&watermark), Arc::clone(&log));
        thread::spawn(move || {
            let is_over = || {
                let last_ms = watermark.load(Ordering::Relaxed);
                last_ms != 0 && last_ms <= 50
            };
            if !is_over() {
                return;
            }
            let mut memtable: crate::sync::MutexGuard<'_, Vec<u64>> = log.lock();
            if is_over() {
                assert!(
                    memtable.iter().all(|&ms| ms <= 50),
                    "frozen with live records"
                );
                memtable.clear();
                watermark.store(0, Ordering::Relaxed);
            }
        })
    };
    for expiry_ms in [40, 60] {
        let mut memtable = log.lock();
        memtable.push(expiry_ms);
        let before = watermark.load(Ordering::Relaxed);
        if before < expiry_ms {
            watermark.store(expiry_ms, Ordering::Relaxed);
        }
    }
    background.join().unwrap();
}
