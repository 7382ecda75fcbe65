//! Closing: once, twice, through a clone, by dropping; and what a closed handle still answers.

use crate::work::options;
use grainstore::ErrorKind;
use grainstore::engine::{Background, Durability, Engine, WriteBatch};
use grainstore::fs::{CrashDisk, CrashImage};
use std::path::Path;
use std::sync::Arc;

fn open(disk: &CrashDisk, durability: Durability, background: Background) -> Engine {
    let mut options = options();
    options.durability = durability;
    options.background = background;
    options.file_system = Arc::new(disk.clone());
    Engine::open(Path::new("/db"), options).unwrap()
}

fn fill(engine: &Engine) {
    for number in 0..100_u8 {
        engine.put(&[number], &[number; 100]).unwrap();
    }
}

fn check(disk: &CrashDisk) {
    let engine = open(disk, Durability::Sync, Background::Inline);
    for number in 0..100_u8 {
        assert_eq!(engine.get(&[number]).unwrap().unwrap(), [number; 100]);
    }
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 100);
}

#[test]
fn a_closed_engine_refuses_everything_and_says_so() {
    let disk = CrashDisk::new();
    let engine = open(&disk, Durability::Sync, Background::Thread);
    fill(&engine);
    let (clone, snapshot) = (engine.clone(), engine.snapshot());
    clone.close().unwrap();
    let calls = disk.calls();
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"1").unwrap();
    let answers = [
        engine.put(b"a", b"1").err(),
        engine.write(batch).err(),
        engine.write(WriteBatch::new()).err(),
        engine.delete(b"a").err(),
        engine.delete_range(b"a", b"b").err(),
        engine.get(b"a").err(),
        engine.get_with(b"a", |_| ()).err(),
        engine.get_at(&snapshot, b"a").err(),
        engine.scan::<&[u8]>(..).err(),
        engine.cursor::<&[u8]>(..).err(),
        engine.flush().err(),
        engine.compact().err(),
        engine.run_due_work().err(),
        engine.sync().err(),
        engine.verify().err(),
        engine.checkpoint("/copy").err(),
        engine.ingest::<&[u8], &[u8]>([]).err(),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let kind = answer.map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::Closed), "answer {number}");
    }
    assert_eq!(disk.calls(), calls, "a closed engine changed the disk");
}

#[test]
fn closing_twice_is_closing_once() {
    let disk = CrashDisk::new();
    let engine = open(&disk, Durability::Sync, Background::Thread);
    fill(&engine);
    engine.close().unwrap();
    let calls = disk.calls();
    engine.close().unwrap();
    engine.clone().close().unwrap();
    drop(engine);
    assert_eq!(disk.calls(), calls);
    check(&disk);
}

#[test]
fn dropping_the_last_handle_makes_everything_durable() {
    let batched = Durability::Batch(std::time::Duration::from_millis(1));
    for durability in [Durability::Sync, Durability::Buffered, batched] {
        for background in [Background::Inline, Background::Thread] {
            let disk = CrashDisk::new();
            let engine = open(&disk, durability, background);
            fill(&engine);
            let clone = engine.clone();
            drop(engine);
            drop(clone);
            check(&disk.image(disk.calls(), CrashImage::DropUnsynced));
        }
    }
}

#[test]
fn a_walk_that_began_before_the_close_goes_on() {
    let disk = CrashDisk::new();
    let engine = open(&disk, Durability::Sync, Background::Thread);
    fill(&engine);
    let mut scan = engine.scan::<&[u8]>(..).unwrap();
    assert!(scan.next().unwrap().is_ok());
    engine.close().unwrap();
    drop(engine);
    // Somebody else opens, compacts and so removes the tables under the walk.
    let again = open(&disk, Durability::Sync, Background::Inline);
    again.compact().unwrap();
    assert_eq!(scan.filter(|record| record.is_ok()).count(), 99);
    again.close().unwrap();
    drop(again);
    check(&disk);
}

#[test]
fn an_open_and_close_of_a_closed_database_changes_nothing_in_it() {
    let disk = CrashDisk::new();
    let engine = open(&disk, Durability::Sync, Background::Inline);
    fill(&engine);
    engine.close().unwrap();
    for _ in 0..20 {
        open(&disk, Durability::Sync, Background::Inline)
            .close()
            .unwrap();
        check(&disk);
    }
    // Neither log segments nor spares nor tables pile up.
    assert!(disk.paths().len() < 20, "{:?}", disk.paths());
}
