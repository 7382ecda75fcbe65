//! Reads of an engine, each compared with the model.

use crate::engine_run::EngineRun;
use crate::operation::{Bounds, KEYS, KeyName, Operation, Step};
use crate::oracle::{Model, Record};
use crate::versions::Point;
use grainstore::engine::{Cursor, Engine, Scan, Snapshot};
use std::collections::VecDeque;
use std::ops::Bound;

type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

fn range(bounds: &Bounds) -> Range {
    let bound = |end: Option<(KeyName, bool)>| match end {
        None => Bound::Unbounded,
        Some((key, true)) => Bound::Included(key.bytes()),
        Some((key, false)) => Bound::Excluded(key.bytes()),
    };
    (bound(bounds.lower), bound(bounds.upper))
}

fn expected(model: &Model, range: &Range, point: Point) -> Vec<Record> {
    model.scan(range.clone(), point)
}

/// Panics where what a scan gave is not what it should have; lengths only where values differ.
fn assert_same<'a>(
    what: &str,
    found: &[(Vec<u8>, Vec<u8>)],
    wanted: impl Iterator<Item = &'a Record>,
) {
    let wanted: Vec<_> = wanted.collect();
    for (at, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        assert_eq!(
            found.0.escape_ascii().to_string(),
            wanted.0.escape_ascii().to_string(),
            "{what}: key {at}"
        );
        let lengths = (found.1.len(), wanted.1.len());
        assert!(
            found.1 == wanted.1,
            "{what}: value of {:?} differs, lengths {lengths:?}",
            found.0.escape_ascii().to_string()
        );
    }
    assert_eq!(found.len(), wanted.len(), "{what}: number of records");
}

fn collect<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    items: impl Iterator<Item = grainstore::Result<(K, V)>>,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = items.map(|item| {
        let (key, value) = item.unwrap();
        (key.as_ref().to_vec(), value.as_ref().to_vec())
    });
    pairs.collect()
}

/// One key, by every kind of get.
pub fn key(engine: &Engine, model: &Model, key: &[u8]) {
    let wanted = model.get(&key.to_vec(), model.now());
    let wanted = wanted.map(|(value, _)| value.as_slice());
    let shown = key.escape_ascii();
    let found = engine.get(key).unwrap();
    assert!(
        found.as_deref() == wanted,
        "get {shown}: found {:?} bytes, wanted {:?}",
        found.map(|v| v.len()),
        wanted.map(<[u8]>::len)
    );
    let same = engine.get_with(key, |value| Some(value) == wanted).unwrap();
    assert_eq!(same, wanted.map(|_| true), "get_with {shown}");
}

/// Every key and both full scans, now.
pub fn everything(engine: &Engine, model: &Model) {
    for name in 0..KEYS {
        key(engine, model, &KeyName(name).bytes());
    }
    let wanted = model.records(model.now());
    let forward = collect(engine.scan::<&[u8]>(..).unwrap());
    assert_same("full scan", &forward, wanted.iter());
    let backward = collect(engine.scan::<&[u8]>(..).unwrap().rev());
    assert_same("full scan backward", &backward, wanted.iter().rev());
}

/// All that a snapshot sees.
pub fn snapshot(engine: &Engine, model: &Model, snapshot: &Snapshot, point: Point) {
    for name in 0..KEYS {
        let key = KeyName(name).bytes();
        let wanted = model.get(&key, point).map(|(value, _)| value.as_slice());
        let found = engine.get_at(snapshot, &key).unwrap();
        assert!(
            found.as_deref() == wanted,
            "{name} in a snapshot of {point:?}"
        );
    }
    let wanted = model.records(point);
    let forward = collect(engine.scan_at::<&[u8]>(snapshot, ..).unwrap());
    assert_same("snapshot", &forward, wanted.iter());
    let backward = collect(engine.scan_at::<&[u8]>(snapshot, ..).unwrap().rev());
    assert_same("snapshot backward", &backward, wanted.iter().rev());
}

/// After a compaction without snapshots: one entry for each live record, and nothing else.
pub fn nothing_dead_on_disk(engine: &Engine, model: &Model) {
    let stats = engine.stats();
    let entries: u64 = stats.levels.iter().map(|level| level.entries).sum();
    let tombstones: u64 = stats.levels.iter().map(|level| level.tombstones).sum();
    let live = model.records(model.now()).len() as u64;
    assert_eq!(tombstones, 0, "tombstones are left");
    assert_eq!(entries, live, "entries on disk that are not live records");
    assert_eq!(stats.memtable_bytes, 0, "a memtable is left");
}

/// What a kept scan still has to give.
pub fn rest_of_scan(scan: Scan, rest: &VecDeque<Record>) {
    assert_same("kept scan", &collect(scan), rest.iter());
}

/// The operations that only read.
pub fn read(run: &mut EngineRun<'_>, operation: &Operation, held_max: usize) {
    let (engine, model) = (&run.engine, &run.model);
    match operation {
        Operation::ScanForward(bounds) => {
            let range = range(bounds);
            let wanted = expected(model, &range, model.now());
            assert_same("scan", &collect(engine.scan(range).unwrap()), wanted.iter());
        }
        Operation::ScanBackward(bounds) => {
            let range = range(bounds);
            let wanted = expected(model, &range, model.now());
            let found = collect(engine.scan(range).unwrap().rev());
            assert_same("scan backward", &found, wanted.iter().rev());
        }
        Operation::ScanBothEnds(bounds, ends) => both_ends(engine, model, bounds, ends),
        Operation::ScanPrefix(key, bytes) => {
            let key = key.bytes();
            let prefix = &key[..usize::from(*bytes).min(key.len())];
            let mut wanted = model.records(model.now());
            wanted.retain(|(key, ..)| key.starts_with(prefix));
            let found = collect(engine.scan_prefix(prefix).unwrap());
            assert_same("prefix scan", &found, wanted.iter());
            let found = collect(engine.scan_prefix(prefix).unwrap().rev());
            assert_same("prefix scan backward", &found, wanted.iter().rev());
        }
        Operation::Walk(bounds, steps) => walk(engine, model, bounds, steps),
        Operation::HoldScan(bounds, taken) => {
            let range = range(bounds);
            let mut rest = VecDeque::from(expected(model, &range, model.now()));
            let mut scan = engine.scan(range).unwrap();
            let taken: Vec<Record> = rest.drain(..usize::from(*taken).min(rest.len())).collect();
            let found = collect(scan.by_ref().take(taken.len()));
            assert_same("scan to keep", &found, taken.iter());
            if run.scans.len() == held_max {
                let (scan, rest) = run.scans.remove(0);
                rest_of_scan(scan, &rest);
            }
            // A scan that was not begun sees the moment it was made, too.
            run.scans.push((scan, rest));
        }
        Operation::FinishScan(n) => {
            if let Some(at) = usize::from(*n).checked_rem(run.scans.len()) {
                let (scan, rest) = run.scans.swap_remove(at);
                rest_of_scan(scan, &rest);
            }
        }
        Operation::ReadSnapshot(n) => {
            if let Some(at) = usize::from(*n).checked_rem(run.snapshots.len()) {
                let (held, point) = &run.snapshots[at];
                snapshot(engine, model, held, *point);
            }
        }
        other => panic!("{other:?} does not only read"),
    }
}

fn both_ends(engine: &Engine, model: &Model, bounds: &Bounds, ends: &[bool]) {
    let range = range(bounds);
    let mut wanted = VecDeque::from(expected(model, &range, model.now()));
    let mut scan = engine.scan(range).unwrap();
    for &front in ends {
        let (found, wanted) = if front {
            (scan.next(), wanted.pop_front())
        } else {
            (scan.next_back(), wanted.pop_back())
        };
        let found = collect(found.into_iter());
        assert_same("scan from both ends", &found, wanted.iter());
    }
    assert_same(
        "scan from both ends, its rest",
        &collect(scan.by_ref()),
        wanted.iter(),
    );
    assert!(
        scan.next().is_none() && scan.next_back().is_none(),
        "the end is the end"
    );
}

fn walk(engine: &Engine, model: &Model, bounds: &Bounds, steps: &[Step]) {
    let range = range(bounds);
    let records = expected(model, &range, model.now());
    let mut cursor = engine.cursor(range).unwrap();
    let mut at: Option<usize> = None;
    assert!(!cursor.valid(), "a cursor begins nowhere");
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::First => cursor.seek_to_first(),
            Step::Last => cursor.seek_to_last(),
            Step::Seek(key) => cursor.seek(&key.bytes()),
            Step::SeekBefore(key) => cursor.seek_before(&key.bytes()),
            Step::Next => cursor.next(),
            Step::Prev => cursor.prev(),
        }
        .unwrap();
        let from = |key: &[u8]| records.partition_point(|(k, ..)| k.as_slice() < key);
        at = match step {
            Step::First => Some(0),
            Step::Last => records.len().checked_sub(1),
            Step::Seek(key) => Some(from(&key.bytes())),
            Step::SeekBefore(key) => from(&key.bytes()).checked_sub(1),
            Step::Next => at.map(|at| at + 1),
            Step::Prev => at.and_then(|at| at.checked_sub(1)),
        };
        at = at.filter(|&at| at < records.len());
        stands_on(&cursor, at.and_then(|at| records.get(at)), number, *step);
    }
}

fn stands_on(cursor: &Cursor, record: Option<&Record>, number: usize, step: Step) {
    let place = format!("step {number}, {step:?}");
    assert_eq!(cursor.valid(), record.is_some(), "{place}: valid");
    let Some((key, value, expiry_ms)) = record else {
        assert!(cursor.key().is_empty() && cursor.value().is_empty());
        return;
    };
    assert!(
        cursor.key() == key,
        "{place}: stands on {}",
        cursor.key().escape_ascii()
    );
    assert!(cursor.value() == value, "{place}: value");
    assert!(
        cursor.pinned_value().as_deref() == Some(value),
        "{place}: pinned value"
    );
    assert_eq!(cursor.expiry_ms(), *expiry_ms, "{place}: expiry");
}
