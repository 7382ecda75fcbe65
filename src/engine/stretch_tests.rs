//! Walks through stretches of blocks against a map: over several layers of versions, both ways,
//! with turns, within bounds and at older commit points.

use super::cursor::Cursor;
use super::lsm::Engine;
use super::options::{Background, EngineOptions};
use crate::clock::ManualClock;
use crate::fs::crash_disk::CrashDisk;
use crate::sync::Arc;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;

const KEYS: u8 = 60;
const NOW_MS: u64 = 1_000;

type Model = BTreeMap<Vec<u8>, u16>;

#[derive(Debug, Clone)]
enum Change {
    Put(u8),
    PutExpired(u8),
    Delete(u8),
    Flush,
    Compact,
    /// From here on the walk sees what is there now, if it is the last of its kind.
    Snapshot,
}

#[derive(Debug, Clone)]
enum Step {
    First,
    Last,
    Seek(u8),
    SeekBefore(u8),
    Next,
    Prev,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        60 => (0..KEYS).prop_map(Change::Put),
        2 => (0..KEYS).prop_map(Change::PutExpired),
        4 => (0..KEYS).prop_map(Change::Delete),
        2 => Just(Change::Flush),
        1 => Just(Change::Compact),
        1 => Just(Change::Snapshot),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::First),
        1 => Just(Step::Last),
        2 => (0..KEYS).prop_map(Step::Seek),
        2 => (0..KEYS).prop_map(Step::SeekBefore),
        20 => Just(Step::Next),
        20 => Just(Step::Prev),
    ]
}

/// Long keys now and then, so that blocks have keys of several lengths.
fn key(number: u8) -> Vec<u8> {
    let tail = if number % 16 == 5 { 70 } else { 0 };
    [b"key", &[number][..], &vec![7; tail]].concat()
}

/// Large values now and then, so that there are blocks of one entry.
fn value(number: u16) -> Vec<u8> {
    let tail = if number.is_multiple_of(3) { 120 } else { 0 };
    [&number.to_be_bytes()[..], &vec![0; tail]].concat()
}

fn engine() -> Engine {
    let options = EngineOptions {
        background: Background::Inline,
        file_system: Arc::new(CrashDisk::new()),
        clock: Arc::new(ManualClock::new(NOW_MS)),
        block_bytes: 128,
        level0_tables: 8,
        ..EngineOptions::default()
    };
    Engine::open("/stretch", options).unwrap()
}

/// Where the model stands after `step`, by the number of the record.
fn model_step(keys: &[Vec<u8>], at: Option<usize>, step: &Step) -> Option<usize> {
    let from = |number| keys.partition_point(|k| *k < key(number));
    let place = match *step {
        Step::First => Some(0),
        Step::Last => keys.len().checked_sub(1),
        Step::Seek(number) => Some(from(number)),
        Step::SeekBefore(number) => from(number).checked_sub(1),
        Step::Next => at.map(|at| at + 1),
        Step::Prev => at.and_then(|at| at.checked_sub(1)),
    };
    place.filter(|&at| at < keys.len())
}

fn take(cursor: &mut Cursor, step: &Step) {
    match *step {
        Step::First => cursor.seek_to_first(),
        Step::Last => cursor.seek_to_last(),
        Step::Seek(number) => cursor.seek(&key(number)),
        Step::SeekBefore(number) => cursor.seek_before(&key(number)),
        Step::Next => cursor.next(),
        Step::Prev => cursor.prev(),
    }
    .unwrap();
}

proptest! {
    #[test]
    fn walks_over_layers_of_versions_show_what_a_map_has(
        base in prop::collection::vec(0..KEYS, 0..40),
        changes in prop::collection::vec(change(), 0..80),
        steps in prop::collection::vec(step(), 1..120),
        bounds in (0..KEYS, 0..KEYS, any::<[bool; 2]>()),
    ) {
        let engine = engine();
        let (mut model, mut number): (Model, u16) = Default::default();
        let mut seen = None;
        let base = base.into_iter().map(Change::Put).chain([Change::Compact]);
        for change in base.chain(changes) {
            number += 1;
            let value = value(number);
            match change {
                Change::Put(k) => {
                    engine.put(&key(k), &value).unwrap();
                    model.insert(key(k), number);
                }
                Change::PutExpired(k) => {
                    engine.put_with_expiry(&key(k), &value, NOW_MS - 1).unwrap();
                    model.remove(&key(k));
                }
                Change::Delete(k) => {
                    engine.delete(&key(k)).unwrap();
                    model.remove(&key(k));
                }
                Change::Flush => engine.flush().unwrap(),
                Change::Compact => engine.compact().unwrap(),
                Change::Snapshot => seen = Some((engine.snapshot(), model.clone())),
            }
        }
        let (snapshot, model) = seen.map_or((None, model), |(at, then)| (Some(at), then));
        let (low, high) = (bounds.0.min(bounds.1), bounds.0.max(bounds.1));
        let bound = |open: bool, bound| if open { Bound::Unbounded } else { bound };
        let range = (
            bound(bounds.2[0], Bound::Included(key(low))),
            bound(bounds.2[1], Bound::Excluded(key(high))),
        );
        let within = model.iter().filter(|(k, _)| std::ops::RangeBounds::contains(&range, *k));
        let (keys, values): (Vec<_>, Vec<_>) = within.map(|(k, v)| (k.clone(), *v)).unzip();
        let range = super::key_range::KeyRange::new(&range);
        let mut cursor = engine.cursor_in(snapshot.as_ref(), range).unwrap();
        let mut at = None;
        for step in &steps {
            take(&mut cursor, step);
            at = model_step(&keys, at, step);
            let wanted = at.map(|at| (&keys[at][..], value(values[at])));
            prop_assert_eq!(cursor.valid(), wanted.is_some(), "{:?}", step);
            if let Some((key, value)) = wanted {
                prop_assert_eq!(cursor.key(), key, "{:?}", step);
                prop_assert_eq!(cursor.value(), &value);
                prop_assert_eq!(cursor.pinned_value().unwrap(), value);
                prop_assert_eq!(cursor.expiry_ms(), 0);
            }
        }
    }
}
