//! Ingest: a sorted stream straight into tables.

use grainstore::Background;
use grainstore::engine::{Engine, EngineOptions};
use grainstore::fs::{CrashDisk, CrashImage};
use grainstore::{Error, ErrorKind};
use std::sync::Arc;

fn open(disk: &CrashDisk) -> Engine {
    let mut options = EngineOptions::default();
    options.file_system = Arc::new(disk.clone());
    options.background = Background::Inline;
    options.memtable_bytes = 64 << 10;
    options.table_bytes = 4 << 10;
    Engine::open("/db", options).unwrap()
}

type Record = Result<(Vec<u8>, Vec<u8>, u64), Error>;

/// `count` records with this value, keys rising.
fn rising(count: u32, value: u8) -> impl Iterator<Item = Record> {
    (0..count).map(move |i| Ok((i.to_be_bytes().to_vec(), vec![value; 30], 0)))
}

fn values(engine: &Engine) -> Vec<u8> {
    let all = engine.scan::<&[u8]>(..).unwrap().map(Result::unwrap);
    all.map(|(_, value)| value[0]).collect()
}

#[test]
fn an_ingest_is_visible_whole_and_shadows_what_was_there() {
    let engine = open(&CrashDisk::new());
    engine.put(&5u32.to_be_bytes(), &[9; 30]).unwrap();
    engine.put(&2_000u32.to_be_bytes(), &[9; 30]).unwrap();
    let before = engine.snapshot();
    let reader = engine.clone();
    let watched = rising(1_000, 1).inspect(|_| {
        assert_eq!(values(&reader), [9, 9], "half of an ingest is visible");
    });
    // A reader that looks while the stream runs sees nothing of it.
    let every_100th = watched.enumerate().map(|(i, record)| match i % 100 {
        0 => record,
        _ => record,
    });
    assert_eq!(engine.ingest(every_100th).unwrap(), 1_000);
    assert_eq!(engine.get(&5u32.to_be_bytes()).unwrap().unwrap()[0], 1);
    let now = values(&engine);
    assert_eq!(now.len(), 1_001);
    assert!(now[..1_000].iter().all(|&value| value == 1) && now[1_000] == 9);
    // The snapshot does not see it.
    let old = engine.scan_at::<&[u8]>(&before, ..).unwrap();
    assert_eq!(old.count(), 2);
    let old = engine
        .get_at(&before, &5u32.to_be_bytes())
        .unwrap()
        .unwrap();
    assert_eq!(old[0], 9);
    // What comes later is newer.
    engine.put(&5u32.to_be_bytes(), &[7; 30]).unwrap();
    engine
        .delete_range(&10u32.to_be_bytes(), &20u32.to_be_bytes())
        .unwrap();
    assert_eq!(engine.get(&5u32.to_be_bytes()).unwrap().unwrap()[0], 7);
    assert_eq!(values(&engine).len(), 991);
    drop(before);
    engine.compact().unwrap();
    assert_eq!(values(&engine).len(), 991);
    engine.verify().unwrap();
}

#[test]
fn ingests_over_one_another_and_over_tables_show_the_newest() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    for value in 1..6 {
        let stream = rising(200, value).step_by(usize::from(value));
        engine.ingest(stream).unwrap();
        let newest = |i: usize| {
            (1..=value)
                .rev()
                .find(|v| i.is_multiple_of(usize::from(*v)))
        };
        let expected: Vec<u8> = (0..200).map(|i| newest(i).unwrap()).collect();
        assert_eq!(values(&engine), expected);
        engine.verify().unwrap();
    }
    let expected = values(&engine);
    engine.compact().unwrap();
    assert_eq!(values(&engine), expected);
    engine.close().unwrap();
    assert_eq!(values(&open(&disk)), expected);
}

#[test]
fn a_stream_that_does_not_rise_is_refused_and_changes_nothing() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    engine.put(b"there", b"1").unwrap();
    let falling = [(b"a", b"1", 0), (b"c", b"2", 0), (b"b", b"3", 0)];
    let double = [(b"a", b"1", 0), (b"b", b"2", 0), (b"b", b"3", 0)];
    for stream in [falling, double] {
        let refused = engine.ingest(stream.into_iter().map(Ok)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert!(refused.to_string().contains("sort them first"), "{refused}");
    }
    let long = vec![0; (64 << 10) + 1];
    let refused = engine.ingest([Ok((&long, b"", 0))]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    // The stream's own error comes back as it is.
    let tables = disk.paths();
    let broken = rising(500, 1).chain([Err(engine.ingest([Ok((&long, b"", 0))]).unwrap_err())]);
    assert_eq!(
        engine.ingest(broken).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    assert_eq!(
        disk.paths(),
        tables,
        "tables of a refused ingest stay behind"
    );
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 1);
    engine.put(b"writes", b"go on").unwrap();
    assert_eq!(engine.ingest(rising(0, 1)).unwrap(), 0);
    engine.close().unwrap();
    assert_eq!(open(&disk).scan::<&[u8]>(..).unwrap().count(), 2);
}

#[test]
fn power_lost_at_any_call_of_an_ingest_leaves_all_of_it_or_nothing() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    for i in 0..50u32 {
        engine.put(&(i * 3).to_be_bytes(), &[9; 30]).unwrap();
    }
    let first = disk.calls();
    engine.ingest(rising(300, 1)).unwrap();
    let done = disk.calls();
    engine.put(b"later", &[5; 30]).unwrap();
    let mut seen = [0; 2];
    for call in first..=disk.calls() {
        let kinds = [
            CrashImage::DropUnsynced,
            CrashImage::KeepAll,
            CrashImage::TornSectors { seed: call as u64 },
            CrashImage::MetadataAhead { seed: call as u64 },
        ];
        for kind in kinds {
            let left = open(&disk.image(call, kind));
            let what = || format!("{kind:?} after {}", disk.describe_call(call));
            let ones = values(&left).iter().filter(|&&value| value == 1).count();
            let nines = values(&left).iter().filter(|&&value| value == 9).count();
            match ones {
                0 => assert_eq!((nines, call < done), (50, true), "{}", what()),
                _ => assert_eq!((ones, nines), (300, 0), "{}", what()),
            }
            seen[usize::from(ones > 0)] += 1;
            left.verify().unwrap();
        }
    }
    assert!(seen[0] > 20 && seen[1] > 4, "{seen:?}");
}

#[test]
fn ingested_records_expire() {
    let engine = open(&CrashDisk::new());
    let now = engine.now_ms();
    let stream = [
        Ok((b"a", b"gone", 1)),
        Ok((b"b", b"here", now + 3_600_000)),
        Ok((b"c", b"stay", 0)),
    ];
    assert_eq!(engine.ingest(stream).unwrap(), 3);
    assert!(engine.get(b"a").unwrap().is_none());
    assert_eq!(engine.get(b"b").unwrap().unwrap(), b"here");
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 2);
}
