//! Records that reach their end while they are watched.

use crate::{START_MS, drain, new_engine, told, watch_all};
use grainstore::engine::{Engine, WatchChange, WatchOptions, WriteBatch};
use std::collections::HashMap;

fn put(engine: &Engine, key: &str, value: &str, after_ms: u64) {
    let expiry_ms = engine.now_ms() + after_ms;
    engine
        .put_with_expiry(key.as_bytes(), value.as_bytes(), expiry_ms)
        .unwrap();
}

#[test]
fn a_record_expires_once_whether_it_was_there_before_or_put_since() {
    let (engine, clock) = new_engine();
    put(&engine, "old", "1", 100);
    engine.flush().unwrap();
    put(&engine, "recent", "1", 300);
    engine.put(b"for ever", b"1").unwrap();
    let mut watch = watch_all(&engine, WatchOptions::new());
    put(&engine, "new", "1", 200);
    assert_eq!(told(&mut watch), "+new=1;");
    clock.advance(99);
    assert_eq!(told(&mut watch), "");
    clock.advance(1);
    let events = drain(&mut watch);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].time_ms, START_MS + 100);
    assert!(matches!(&events[0].change, WatchChange::Expired { key, .. } if **key == *b"old"));
    clock.advance(1_000);
    assert_eq!(told(&mut watch), "!new !recent");
    engine.compact().unwrap();
    clock.advance(100_000);
    assert_eq!(told(&mut watch), "");
}

#[test]
fn a_record_that_was_overwritten_touched_or_deleted_in_time_does_not_expire() {
    let (engine, clock) = new_engine();
    for key in ["a", "b", "c", "d", "e"] {
        put(&engine, key, "1", 100);
    }
    let mut watch = watch_all(&engine, WatchOptions::new());
    clock.advance(50);
    put(&engine, "a", "1", 100); // touched, until 150
    engine.put(b"b", b"2").unwrap(); // overwritten
    engine.delete(b"c").unwrap();
    engine.delete_range(b"d", b"e").unwrap();
    // However late one looks: at 100 only `e` was still waiting to expire, and then `a` at 150.
    clock.advance(1_000);
    assert_eq!(told(&mut watch), "+a=1; +b=2; -c; -d..e; !e !a");
}

#[test]
fn what_expired_before_it_was_written_again_is_told_before_that() {
    let (engine, clock) = new_engine();
    put(&engine, "a", "1", 100);
    let mut watch = watch_all(&engine, WatchOptions::new());
    clock.advance(100); // at its expiry it is over
    put(&engine, "a", "2", 100);
    clock.advance(99);
    put(&engine, "a", "3", 100);
    clock.advance(1_000);
    assert_eq!(told(&mut watch), "!a +a=2; +a=3; !a");
}

#[test]
fn expiries_do_not_come_between_the_events_of_a_batch() {
    let (engine, clock) = new_engine();
    put(&engine, "old", "1", 100);
    let mut watch = watch_all(&engine, WatchOptions::new());
    clock.advance(500);
    let mut batch = WriteBatch::new();
    batch.put_with_expiry(b"a", b"1", START_MS).unwrap(); // over before it is written
    batch.put_with_expiry(b"b", b"1", START_MS).unwrap();
    batch.put(b"b", b"2").unwrap();
    engine.write(batch).unwrap();
    assert_eq!(told(&mut watch), "!old +a=1 +b=1 +b=2; !a");
}

#[test]
fn ingested_records_expire_as_others_do() {
    let (engine, clock) = new_engine();
    put(&engine, "b", "1", 100);
    let mut watch = watch_all(&engine, WatchOptions::new());
    let until = |after_ms: u64| START_MS + after_ms;
    let records = [Ok(("a", "2", until(50))), Ok(("b", "2", until(200)))];
    engine.ingest(records).unwrap();
    clock.advance(100);
    assert_eq!(told(&mut watch), "+a=2 +b=2; !a");
    clock.advance(100);
    assert_eq!(told(&mut watch), "!b");
}

#[test]
fn a_mark_remembers_what_the_value_said() {
    let (engine, clock) = new_engine();
    put(&engine, "old", "seven77", 100);
    let options = WatchOptions::new().mark(|value| value.len() as u64);
    let mut watch = watch_all(&engine, options);
    put(&engine, "new", "four", 100);
    clock.advance(100);
    let marks: Vec<_> = drain(&mut watch)
        .into_iter()
        .filter_map(|event| match event.change {
            WatchChange::Expired { mark, .. } => Some(mark),
            _ => None,
        })
        .collect();
    assert_eq!(marks, [4, 7]);
}

#[test]
fn without_room_for_expiries_none_is_told_and_no_key_is_walked() {
    let (engine, clock) = new_engine();
    put(&engine, "old", "1", 100);
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_expiries(0));
    put(&engine, "new", "1", 100);
    clock.advance(1_000);
    assert_eq!(told(&mut watch), "+new=1;");
    assert_eq!(watch.due_in(), None);
}

#[test]
fn more_expiries_than_there_is_room_for_are_told_as_a_gap_when_they_begin() {
    let (engine, clock) = new_engine();
    for i in 1..=5 {
        put(&engine, &format!("k{i}"), "", 100 * i);
    }
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_expiries(2));
    clock.advance(299);
    assert_eq!(told(&mut watch), "!k1 !k2");
    clock.advance(1);
    let gap = drain(&mut watch);
    assert_eq!(gap.iter().map(crate::short).collect::<Vec<_>>(), ["?0+3"]);
    // From the gap on it knows those that are left: `k3` was missed, two are followed again.
    assert!(gap[0].is_in(&engine.snapshot()));
    clock.advance(200);
    assert_eq!(told(&mut watch), "!k4 !k5");
}

#[test]
fn expiries_after_a_gap_are_those_of_the_state_after_it() {
    let (engine, clock) = new_engine();
    put(&engine, "kept", "1", 300);
    put(&engine, "gone", "1", 300);
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_events(1));
    engine.put(b"x", b"").unwrap();
    engine.put(b"gone", b"2").unwrap(); // missed
    put(&engine, "added", "1", 200); // missed
    assert_eq!(told(&mut watch), "+x=; ?2");
    clock.advance(1_000);
    assert_eq!(told(&mut watch), "!added !kept");
}

#[test]
fn a_long_walk_at_the_start_is_done_in_parts_and_loses_nothing() {
    let (engine, clock) = new_engine();
    let records = (0..40_000u32).map(|i| {
        let expiry_ms = if i % 10_000 == 5 { START_MS + 100 } else { 0 };
        Ok((i.to_be_bytes(), b"", expiry_ms))
    });
    engine.ingest(records).unwrap();
    let mut watch = watch_all(&engine, WatchOptions::new());
    engine.put(b"x", b"").unwrap();
    clock.advance(100);
    engine.put(&5u32.to_be_bytes(), b"").unwrap();
    for _ in 0..2 {
        assert!(watch.try_next().is_none(), "events wait for the walk");
    }
    let events = drain(&mut watch);
    let expired = events
        .iter()
        .filter(|event| matches!(event.change, WatchChange::Expired { .. }));
    assert_eq!((events.len(), expired.count()), (6, 4));
    assert!(matches!(&events[0].change, WatchChange::Put { .. }));
    assert!(
        matches!(&events[5].change, WatchChange::Put { .. }),
        "after its expiry"
    );
}

#[test]
fn commits_and_expiries_stay_in_the_order_of_time_while_writers_run() {
    let (engine, clock) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_events(100_000));
    let writers: Vec<_> = (0..2u64)
        .map(|writer| {
            let (engine, clock) = (engine.clone(), clock.clone());
            std::thread::spawn(move || {
                for i in 0..8_000u64 {
                    let after_ms = 1 + (i * 7 + writer * 3) % 5;
                    put(&engine, &format!("k{}", i % 7), "", after_ms);
                    clock.advance(1);
                }
                clock.advance(10);
            })
        })
        .collect();
    let (mut alive, mut expired_ms, mut done) = (HashMap::new(), 0, false);
    while !done {
        done = writers.iter().all(|writer| writer.is_finished());
        for event in drain(&mut watch) {
            match event.change {
                WatchChange::Put { key, expiry_ms, .. } => {
                    assert!(event.time_ms >= expired_ms, "told after what came later");
                    alive.insert(key, expiry_ms);
                }
                WatchChange::Expired { key, .. } => {
                    // Just the record put last, and once; or one that was over on arrival.
                    assert_eq!(alive.remove(&key), Some(event.time_ms));
                    expired_ms = event.time_ms;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(alive.is_empty() && expired_ms > START_MS);
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 0);
}

#[test]
fn a_clock_that_is_set_back_brings_nothing_back_and_tells_nothing_twice() {
    let (engine, clock) = new_engine();
    put(&engine, "a", "1", 100);
    put(&engine, "b", "1", 300);
    let mut watch = watch_all(&engine, WatchOptions::new());
    clock.advance(200);
    assert_eq!(told(&mut watch), "!a");
    clock.set(START_MS);
    assert_eq!(told(&mut watch), "");
    clock.set(START_MS + 300);
    assert_eq!(told(&mut watch), "!b");
}
