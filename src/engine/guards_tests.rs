//! Range guards against every way a key can be written, and every place the write can lie by then.

use super::lsm::Engine;
use super::options::{Background, EngineOptions};
use super::write_batch::WriteBatch;
use crate::fs::crash_disk::CrashDisk;
use crate::sync::Arc;

fn open() -> Engine {
    let options = EngineOptions {
        background: Background::Inline,
        file_system: Arc::new(CrashDisk::new()),
        ..EngineOptions::default()
    };
    Engine::open("/guards", options).unwrap()
}

/// True where a batch that saw `[b, d)` at `seen` meets a conflict.
fn conflicts(engine: &Engine, seen: u64) -> bool {
    let mut batch = WriteBatch::new();
    batch.put(b"elsewhere", b"").unwrap();
    batch.guard_range(b"b", b"d", seen);
    match engine.write(batch) {
        Ok(()) => false,
        Err(error) => {
            assert!(error.is_conflict(), "{error}");
            true
        }
    }
}

/// Where a write may have got to before the guard is checked.
const PLACES: [fn(&Engine); 4] = [
    |_| {},
    |engine| engine.flush().unwrap(),
    |engine| engine.compact().unwrap(),
    |engine| {
        engine.flush().unwrap();
        engine.put(b"zz", b"").unwrap();
    },
];

#[test]
fn guarded_range_notices_every_kind_of_write_wherever_it_has_got_to() {
    let writes: [fn(&Engine); 5] = [
        |engine| engine.put(b"b", b"1").unwrap(),
        |engine| engine.put_with_expiry(b"czz", b"1", 1).unwrap(),
        |engine| engine.delete(b"c").unwrap(),
        |engine| engine.delete_range(b"a", b"bb").unwrap(),
        |engine| engine.delete_range(b"cc", b"z").unwrap(),
    ];
    for write in writes {
        for place in PLACES {
            let engine = open();
            engine.put(b"c", b"0").unwrap();
            let seen = engine.snapshot().sequence();
            write(&engine);
            place(&engine);
            assert!(conflicts(&engine, seen));
            assert!(!conflicts(&engine, engine.snapshot().sequence()));
        }
    }
}

#[test]
fn guarded_range_is_not_disturbed_by_writes_around_it() {
    let writes: [fn(&Engine); 4] = [
        |engine| engine.put(b"d", b"1").unwrap(),
        |engine| engine.delete(b"azz").unwrap(),
        |engine| engine.delete_range(b"a", b"b").unwrap(),
        |engine| engine.delete_range(b"d", b"z").unwrap(),
    ];
    for write in writes {
        for place in PLACES {
            let engine = open();
            engine.put(b"c", b"0").unwrap();
            // Held, so that a merge forgets nothing that is newer than it.
            let snapshot = engine.snapshot();
            write(&engine);
            place(&engine);
            assert!(!conflicts(&engine, snapshot.sequence()));
        }
    }
}

#[test]
fn batch_of_guards_alone_writes_nothing_and_tells_whether_they_hold() {
    let engine = open();
    engine.put(b"c", b"0").unwrap();
    let seen = engine.snapshot().sequence();
    let guards = |range: bool| {
        let mut batch = WriteBatch::new();
        match range {
            true => batch.guard_range(b"b", b"d", seen),
            false => batch.guard(b"c", seen),
        }
        engine.write(batch)
    };
    for range in [true, false] {
        guards(range).unwrap();
    }
    assert_eq!(engine.stats().sequence_last, seen);
    engine.delete(b"c").unwrap();
    for range in [true, false] {
        assert!(guards(range).unwrap_err().is_conflict());
    }
}

#[test]
fn batch_that_goes_back_to_a_savepoint_is_as_it_was() {
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"1").unwrap();
    let (before, bytes) = (batch.savepoint(), batch.bytes());
    batch.put(b"b", b"2").unwrap();
    batch.guard(b"b", 7);
    batch.raise_sequence_floor(9);
    batch.go_back_to(before);
    assert_eq!((batch.len(), batch.bytes()), (1, bytes));
    assert!(batch.guards().is_empty());
    let engine = open();
    engine.write(batch).unwrap();
    assert_eq!(engine.stats().sequence_last, 1);
}
