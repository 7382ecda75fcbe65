//! Full queues, gaps, and the way on after them.

use crate::{drain, new_engine, told, watch_all};
use grainstore::engine::{WatchOptions, WriteBatch};

#[test]
fn a_full_queue_stops_no_writer_and_tells_the_exact_number_missed_in_its_place() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_events(3));
    for i in 0..10 {
        engine.put(format!("k{i}").as_bytes(), b"").unwrap();
    }
    // Room for one; the gap before it stays where it is.
    let first = watch.try_next().unwrap().unwrap();
    assert_eq!(crate::short(&first), "+k0=;");
    engine.put(b"l0", b"").unwrap();
    engine.put(b"l1", b"").unwrap();
    engine.delete_range(b"l", b"m").unwrap();
    let events = drain(&mut watch);
    let told_all: Vec<String> = events.iter().map(crate::short).collect();
    assert_eq!(told_all, ["+k1=;", "+k2=;", "?7", "+l0=;", "?2"]);
    let positions: Vec<u64> = events.iter().map(|e| e.position - first.position).collect();
    assert_eq!(
        positions,
        [1, 2, 9, 10, 12],
        "a gap stands at the last commit missed"
    );
    assert!(told(&mut watch).is_empty());
    engine.put(b"m", b"").unwrap();
    assert_eq!(told(&mut watch), "+m=;");
}

#[test]
fn a_batch_is_told_whole_or_missed_whole() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_events(3));
    let batch = |count: usize| {
        let mut batch = WriteBatch::new();
        (0..count).for_each(|i| batch.put(&[b'a' + i as u8], b"").unwrap());
        batch
    };
    engine.write(batch(2)).unwrap();
    engine.write(batch(2)).unwrap();
    engine.put(b"z", b"").unwrap();
    assert_eq!(told(&mut watch), "+a= +b=; ?2 +z=;");
    engine.write(batch(4)).unwrap(); // more than it can ever hold
    engine.write(batch(3)).unwrap();
    assert_eq!(told(&mut watch), "?4 +a= +b= +c=;");
}

#[test]
fn bytes_are_bounded_as_events_are() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_bytes(64 + 101));
    engine.put(b"a", &[b'x'; 101]).unwrap(); // a byte too many
    engine.put(b"b", &[b'x'; 100]).unwrap();
    engine.put(b"c", b"").unwrap();
    let events = drain(&mut watch);
    let told_all: Vec<String> = events.iter().map(crate::short).collect();
    assert_eq!(told_all.len(), 3);
    assert!(told_all[0] == "?1" && told_all[1].starts_with("+b=") && told_all[2] == "?1");
    // What was taken makes room again.
    engine.put(b"d", &[b'x'; 100]).unwrap();
    assert_eq!(drain(&mut watch).len(), 1);
}

#[test]
fn after_a_gap_a_snapshot_says_what_to_pass_over() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_events(2));
    for key in [b"a", b"b", b"c"] {
        engine.put(key, b"1").unwrap();
    }
    let early = engine.snapshot();
    assert_eq!(crate::short(&watch.try_next().unwrap().unwrap()), "+a=1;");
    engine.put(b"d", b"1").unwrap();
    let late = engine.snapshot();
    assert_eq!(crate::short(&watch.try_next().unwrap().unwrap()), "+b=1;");
    engine.put(b"e", b"1").unwrap();
    let rest = drain(&mut watch);
    let told_all: Vec<String> = rest.iter().map(crate::short).collect();
    assert_eq!(told_all, ["?1", "+d=1;", "+e=1;"]);
    let in_early: Vec<bool> = rest.iter().map(|event| event.is_in(&early)).collect();
    let in_late: Vec<bool> = rest.iter().map(|event| event.is_in(&late)).collect();
    assert_eq!(in_early, [true, false, false]);
    assert_eq!(in_late, [true, true, false]);
}

#[test]
fn a_restart_forgets_what_waits_and_answers_the_state_to_go_on_from() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new().capacity_events(2));
    for key in [b"a", b"b", b"c"] {
        engine.put(key, b"1").unwrap();
    }
    assert!(watch.try_next().is_some());
    assert!(watch.snapshot().is_err(), "its beginning is let go");
    let now = watch.restart().unwrap();
    assert_eq!(now.sequence(), watch.since());
    assert_eq!(watch.snapshot().unwrap().sequence(), watch.since());
    assert_eq!(engine.scan_at::<&[u8]>(&now, ..).unwrap().count(), 3);
    engine.put(b"d", b"1").unwrap();
    assert_eq!(told(&mut watch), "+d=1;");
}
