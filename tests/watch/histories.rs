//! A copy kept by a watch against the engine, over random histories.
//!
//! Whatever is written, expires, is ingested or missed: whenever the watch has told all there is,
//! the copy holds what a scan finds. A gap is closed in one of two ways, by a restart or with a
//! snapshot that says what to pass over.

use crate::{START_MS, new_engine};
use grainstore::clock::ManualClock;
use grainstore::engine::{
    Engine, Snapshot, Watch, WatchChange, WatchEvent, WatchOptions, WriteBatch,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Keys are one byte below this; those from 2 to 9 are watched.
const KEYS: u8 = 12;
const WATCHED: std::ops::Range<u8> = 2..9;

#[derive(Debug, Clone)]
enum Write {
    /// A key, and when it expires from now; negative for in the past.
    Put(u8, Option<i16>),
    Delete(u8),
    DeleteRange(u8, u8),
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Write>),
    Ingest(Vec<(u8, Option<u8>)>),
    Advance(u8),
    /// Takes so many events.
    Follow(u8),
    /// Takes all there is, and compares.
    CatchUp,
    Flush,
    Compact,
}

fn write() -> impl Strategy<Value = Write> {
    let expiry = prop_oneof![2 => Just(None), 3 => (-20i16..120).prop_map(Some)];
    prop_oneof![
        6 => (0..KEYS, expiry).prop_map(|(key, expiry)| Write::Put(key, expiry)),
        2 => (0..KEYS).prop_map(Write::Delete),
        1 => (0..KEYS, 0..KEYS).prop_map(|(a, b)| Write::DeleteRange(a.min(b), a.max(b))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let record = (0..KEYS, prop_oneof![Just(None), (1u8..120).prop_map(Some)]);
    prop_oneof![
        8 => proptest::collection::vec(write(), 1..2).prop_map(Step::Commit),
        4 => proptest::collection::vec(write(), 1..6).prop_map(Step::Commit),
        1 => proptest::collection::vec(record, 1..5).prop_map(Step::Ingest),
        4 => (1u8..80).prop_map(Step::Advance),
        4 => (1u8..6).prop_map(Step::Follow),
        2 => Just(Step::CatchUp),
        1 => Just(Step::Flush),
        1 => Just(Step::Compact),
    ]
}

/// Value and expiry by key; 0 where the expiry is none or not known.
type Copy = BTreeMap<Arc<[u8]>, (Arc<[u8]>, u64)>;

struct Run {
    engine: Engine,
    clock: ManualClock,
    watch: Watch,
    copy: Copy,
    restarts: bool,
    /// What the copy was last read from, where it was read after a gap.
    read_from: Option<Snapshot>,
    missed_any: bool,
    written: u64,
    accounted: u64,
    last: u64,
    in_commit: bool,
    value: u32,
}

impl Run {
    fn new(capacity: usize, expiries: usize, restarts: bool, before: &[Step]) -> Self {
        let (engine, clock) = new_engine();
        let options = WatchOptions::new()
            .capacity_events(capacity)
            .capacity_expiries(expiries);
        let watch = || {
            let (from, to) = ([WATCHED.start], [WATCHED.end]);
            engine.watch(from..to, options).unwrap()
        };
        let mut run = Self {
            watch: watch(),
            engine: engine.clone(),
            clock,
            copy: BTreeMap::new(),
            restarts,
            read_from: None,
            missed_any: false,
            written: 0,
            accounted: 0,
            last: 0,
            in_commit: false,
            value: 0,
        };
        before.iter().for_each(|step| match step {
            Step::Follow(_) | Step::CatchUp => {}
            other => run.take_step(other),
        });
        // This is the watch that counts: it begins in the midst of things.
        run.watch = watch();
        run.last = run.watch.since();
        run.written = 0;
        let start = run.watch.snapshot().unwrap();
        run.read(&start);
        run
    }

    fn read(&mut self, snapshot: &Snapshot) {
        let range = [WATCHED.start]..[WATCHED.end];
        let mut live = BTreeMap::new();
        for record in self.engine.scan_at(snapshot, range).unwrap() {
            let (key, value) = record.unwrap();
            // The expiry is not in a scan; where it matters, its event says it.
            live.insert(Arc::from(key), (Arc::from(&value[..]), 0));
        }
        self.copy = live;
    }

    fn take_step(&mut self, step: &Step) {
        match step {
            Step::Commit(writes) => self.commit(writes),
            Step::Ingest(records) => self.ingest(records),
            Step::Advance(span_ms) => self.clock.advance(u64::from(*span_ms)),
            Step::Follow(events) => {
                for _ in 0..*events {
                    self.follow();
                }
            }
            Step::CatchUp => self.catch_up(),
            Step::Flush => self.engine.flush().unwrap(),
            Step::Compact => self.engine.compact().unwrap(),
        }
    }

    fn next_value(&mut self) -> [u8; 4] {
        self.value += 1;
        self.value.to_be_bytes()
    }

    fn commit(&mut self, writes: &[Write]) {
        let mut batch = WriteBatch::new();
        for write in writes {
            let told = match *write {
                Write::Put(key, expiry) => {
                    let after =
                        expiry.map(|ms| self.engine.now_ms().saturating_add_signed(ms.into()));
                    let value = self.next_value();
                    batch
                        .put_with_expiry(&[key], &value, after.unwrap_or(0))
                        .unwrap();
                    WATCHED.contains(&key)
                }
                Write::Delete(key) => {
                    batch.delete(&[key]).unwrap();
                    WATCHED.contains(&key)
                }
                Write::DeleteRange(start, end) => {
                    batch.delete_range(&[start], &[end]).unwrap();
                    start.max(WATCHED.start) < end.min(WATCHED.end)
                }
            };
            self.written += u64::from(told);
        }
        self.engine.write(batch).unwrap();
    }

    fn ingest(&mut self, records: &[(u8, Option<u8>)]) {
        let sorted: BTreeMap<u8, Option<u8>> = records.iter().copied().collect();
        self.written += sorted.keys().filter(|key| WATCHED.contains(key)).count() as u64;
        let now_ms = self.engine.now_ms();
        let value = self.next_value();
        let records = sorted
            .into_iter()
            .map(|(key, after)| Ok(([key], value, after.map_or(0, |ms| now_ms + u64::from(ms)))));
        self.engine.ingest(records).unwrap();
    }

    fn follow(&mut self) -> bool {
        let Some(event) = self.watch.try_next() else {
            return false;
        };
        let event = event.unwrap();
        self.check_order(&event);
        if self
            .read_from
            .as_ref()
            .is_some_and(|from| event.is_in(from))
        {
            self.account(&event.change);
            return true;
        }
        self.apply(&event);
        true
    }

    fn check_order(&mut self, event: &WatchEvent) {
        assert!(event.position >= self.last);
        let of_commit = !matches!(event.change, WatchChange::Expired { .. });
        let gap_of_expiries = matches!(event.change, WatchChange::Missed { events: 0, .. });
        if of_commit && !gap_of_expiries {
            assert!(self.in_commit == (event.position == self.last), "{event:?}");
        } else {
            assert!(!self.in_commit && event.ends_commit, "{event:?}");
        }
        self.last = event.position;
        self.in_commit = !event.ends_commit;
    }

    fn account(&mut self, change: &WatchChange) {
        self.accounted += match change {
            WatchChange::Expired { .. } => 0,
            WatchChange::Missed { events, .. } => *events,
            _ => 1,
        };
    }

    fn apply(&mut self, event: &WatchEvent) {
        self.account(&event.change);
        match &event.change {
            WatchChange::Put {
                key,
                value,
                expiry_ms,
            } => {
                let record = (Arc::clone(value), *expiry_ms);
                self.copy.insert(Arc::clone(key), record);
            }
            WatchChange::Delete { key } => {
                self.copy.remove(key);
            }
            WatchChange::DeleteRange { start, end } => {
                self.copy.retain(|key, _| !(start <= key && key < end));
            }
            WatchChange::Expired { key, .. } => {
                assert!(event.time_ms <= self.engine.now_ms());
                // Exactly the record that the copy holds, and once.
                let (_, expiry_ms) = self.copy.remove(key).unwrap();
                assert!(expiry_ms == 0 || expiry_ms == event.time_ms, "{event:?}");
            }
            WatchChange::Missed { events, .. } => {
                self.missed_any = true;
                if self.restarts {
                    let now = self.watch.restart().unwrap();
                    // What waited is forgotten and not accounted for.
                    self.accounted = self.written;
                    self.last = now.sequence();
                    self.read(&now);
                } else {
                    let now = self.engine.snapshot();
                    assert!(event.is_in(&now) && *events <= self.written);
                    self.read(&now);
                    self.read_from = Some(now);
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn catch_up(&mut self) {
        while self.follow() {}
        assert_eq!(
            self.accounted, self.written,
            "each event is told or counted"
        );
        assert!(!self.in_commit);
        let range = [WATCHED.start]..[WATCHED.end];
        let live = self.engine.scan(range).unwrap().map(Result::unwrap);
        let live: Vec<_> = live
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect();
        let copy = self.copy.iter();
        let copy: Vec<_> = copy
            .map(|(key, (value, _))| (key.to_vec(), value.to_vec()))
            .collect();
        assert_eq!(copy, live, "at {} ms", self.engine.now_ms() - START_MS);
    }
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1_000)
    })]

    #[test]
    fn a_copy_kept_by_a_fast_watch_is_the_state(before in steps(12), steps in steps(60)) {
        let mut run = Run::new(10_000, 1_000, true, &before);
        steps.iter().for_each(|step| run.take_step(step));
        run.catch_up();
        assert!(!run.missed_any);
    }

    #[test]
    fn a_copy_kept_by_a_slow_watch_is_the_state_after_every_gap(
        before in steps(12),
        steps in steps(60),
        capacity in 1usize..8,
        expiries in prop_oneof![1usize..4, Just(100)],
        restarts: bool,
    ) {
        let mut run = Run::new(capacity, expiries, restarts, &before);
        steps.iter().for_each(|step| run.take_step(step));
        run.catch_up();
    }
}

#[test]
fn nothing_is_told_to_expire_that_was_deleted_within_a_gap() {
    let commit = Step::Commit;
    let steps = [
        commit(vec![Write::Put(2, None), Write::Put(2, Some(0))]),
        commit(vec![Write::Put(2, None); 3]),
        Step::Follow(2),
        Step::Ingest(vec![(3, None), (6, Some(1)), (2, None)]),
        Step::Ingest(vec![(2, None)]),
        commit(vec![Write::Delete(6)]),
        Step::Follow(2),
        Step::Advance(1),
        commit(vec![Write::Delete(2)]),
    ];
    let mut run = Run::new(3, 1, false, &[]);
    for step in &steps {
        run.take_step(step);
    }
    run.catch_up();
}
