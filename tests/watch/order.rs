//! Commit order, batches, the beginning, ranges.

use crate::{drain, new_engine, told, watch_all};
use grainstore::engine::{WatchChange, WatchOptions, WriteBatch};
use std::collections::HashMap;

const WRITERS: u32 = 4;
const EACH: u32 = 500;

#[test]
fn events_of_four_writers_come_in_the_order_of_their_commits() {
    let (engine, _) = new_engine();
    let options = WatchOptions::new().capacity_events((WRITERS * EACH * 3) as usize);
    let mut watch = watch_all(&engine, options);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let engine = engine.clone();
            std::thread::spawn(move || {
                for i in 0..EACH {
                    let value = (u64::from(writer) << 32 | u64::from(i)).to_be_bytes();
                    let mut batch = WriteBatch::new();
                    batch.put(b"shared", &value).unwrap();
                    batch.put(&writer.to_be_bytes(), &value).unwrap();
                    engine.write(batch).unwrap();
                }
            })
        })
        .collect();
    let (mut seen, mut position, mut last_shared) = (HashMap::new(), watch.since(), None);
    let mut in_commit = None;
    for _ in 0..WRITERS * EACH * 2 {
        let event = watch.next().unwrap().unwrap();
        let WatchChange::Put { key, value, .. } = event.change else {
            panic!("a put");
        };
        let number = u64::from_be_bytes(value[..].try_into().unwrap());
        match in_commit.take() {
            None => {
                assert!(event.position > position, "positions rise");
                assert!(&*key == b"shared" && !event.ends_commit);
                last_shared = Some(value);
                in_commit = Some(number);
            }
            Some(first) => {
                assert_eq!((first, event.position), (number, position), "one batch");
                assert!(event.ends_commit);
                let before = seen.insert(number >> 32, number & 0xffff_ffff);
                let next = before.map_or(0, |before| before + 1);
                assert_eq!(number & 0xffff_ffff, next, "each writer's in its order");
            }
        }
        position = event.position;
    }
    writers.into_iter().for_each(|w| w.join().unwrap());
    assert!(watch.try_next().is_none());
    let shared = engine.get(b"shared").unwrap().unwrap();
    assert_eq!(&shared[..], &last_shared.unwrap()[..], "the last event won");
    assert_eq!(position, engine.snapshot().sequence());
}

#[test]
fn nothing_before_the_start_is_told_and_nothing_after_it_is_lost() {
    let (engine, _) = new_engine();
    let writer = engine.clone();
    let thread = std::thread::spawn(move || {
        for i in 0..3_000u32 {
            writer.put(&i.to_be_bytes(), b"x").unwrap();
        }
    });
    // Watches that begin while a writer runs: snapshot and events are all there is, none twice.
    let options = WatchOptions::new().capacity_events(10_000);
    let mut watches = Vec::new();
    while !thread.is_finished() && watches.len() < 60 {
        watches.push(watch_all(&engine, options));
        std::thread::yield_now();
    }
    watches.push(watch_all(&engine, options));
    thread.join().unwrap();
    for mut watch in watches {
        let start = watch.snapshot().unwrap();
        assert_eq!(start.sequence(), watch.since());
        let at_start = engine.scan_at::<&[u8]>(&start, ..).unwrap().count() as u32;
        let events = drain(&mut watch);
        let keys = events.iter().map(|event| match &event.change {
            WatchChange::Put { key, .. } => u32::from_be_bytes(key[..].try_into().unwrap()),
            other => panic!("{other:?}"),
        });
        assert!(events.iter().all(|event| event.position > watch.since()));
        assert!(keys.eq(at_start..3_000));
    }
}

#[test]
fn a_batch_is_told_as_it_was_written_with_its_end_marked() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new());
    let mut part = engine
        .watch(b"b".as_slice()..b"c", WatchOptions::new())
        .unwrap();
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"1").unwrap();
    batch.delete_range(b"a", b"d").unwrap();
    batch.put(b"b", b"2").unwrap();
    batch.delete(b"c").unwrap();
    engine.write(batch).unwrap();
    engine.put(b"c", b"3").unwrap();
    let events = drain(&mut watch);
    assert_eq!(events[0].position, events[3].position);
    assert_eq!(events[3].position, watch.since() + 4);
    assert_eq!(events[4].position, watch.since() + 5);
    let told_all: Vec<String> = events.iter().map(crate::short).collect();
    assert_eq!(told_all, ["+a=1", "-a..d", "+b=2", "-c;", "+c=3;"]);
    // The range is clipped, and the end of the commit is that of what is watched.
    assert_eq!(told(&mut part), "-b..c +b=2;");
}

#[test]
fn every_watch_is_told_of_its_own_range_alone() {
    let (engine, _) = new_engine();
    let keys = |from: &'static [u8], to: &'static [u8]| {
        engine.watch(from..to, WatchOptions::new()).unwrap()
    };
    let mut watches = [keys(b"a", b"c"), keys(b"b", b"d"), keys(b"x", b"x")];
    let mut open_above = engine
        .watch(b"c".as_slice().., WatchOptions::new())
        .unwrap();
    for key in ["a", "b", "c", "d"] {
        engine.put(key.as_bytes(), b"").unwrap();
    }
    engine.delete_range(b"c", b"z").unwrap();
    engine.delete_range(b"", b"a").unwrap();
    engine.delete_range(b"z", b"a").unwrap(); // nothing at all
    let expected = ["+a=; +b=;", "+b=; +c=; -c..d;", ""];
    for (watch, expected) in watches.iter_mut().zip(expected) {
        assert_eq!(told(watch), expected);
    }
    assert_eq!(told(&mut open_above), "+c=; +d=; -c..z;");
}

#[test]
fn an_ingest_is_one_commit_of_puts() {
    let (engine, _) = new_engine();
    engine.put(b"b", b"0").unwrap();
    let mut watch = watch_all(&engine, WatchOptions::new());
    let mut small = engine
        .watch(b"b".as_slice().., WatchOptions::new().capacity_events(1))
        .unwrap();
    let mut other = engine
        .watch(..b"a".as_slice(), WatchOptions::new())
        .unwrap();
    let records = ["a", "b", "c"].map(|key| Ok((key, "1", 0)));
    assert_eq!(engine.ingest(records).unwrap(), 3);
    let failed = ["e", "d"].map(|key| Ok((key, "1", 0)));
    assert!(engine.ingest(failed).is_err(), "and then nothing is told");
    engine.put(b"b", b"2").unwrap();
    let events = drain(&mut watch);
    let told_all: Vec<String> = events.iter().map(crate::short).collect();
    assert_eq!(told_all, ["+a=1", "+b=1", "+c=1;", "+b=2;"]);
    assert!(events[0].position == events[2].position && events[3].position > events[2].position);
    assert_eq!(told(&mut small), "?2 +b=2;", "a gap takes no room");
    assert_eq!(told(&mut other), "");
}
