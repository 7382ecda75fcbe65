//! The smallest failures that were once told wrongly, one a claim; and what a failed read may not
//! do.

use grainstore::ErrorKind;
use grainstore::engine::{Background, Engine, EngineOptions};
use grainstore::fs::{CrashDisk, Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use grainstore_proof::engine_run::DIR;
use std::io;
use std::path::Path;
use std::sync::Arc;

fn open(disk: &FaultDisk) -> Engine {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.memtable_bytes = 4 << 10;
    options.cache_bytes = 0;
    options.file_system = Arc::new(disk.clone());
    Engine::open(Path::new(DIR), options).unwrap()
}

fn fail(disk: &FaultDisk, calls: FaultCalls, at: u64) {
    arm(disk, FaultKind::Enospc, calls, at);
}

fn arm(disk: &FaultDisk, kind: FaultKind, calls: FaultCalls, at: u64) {
    disk.arm(Fault {
        kind,
        at,
        mode: FaultMode::Once,
        calls,
    });
}

#[test]
fn the_error_of_a_failed_commit_names_the_file_and_the_cause() {
    let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
    let engine = open(&disk);
    arm(&disk, FaultKind::Eio, FaultCalls::Writes, 0);
    let error = engine.put(b"a", b"1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.path(), Some(&*Path::new(DIR).join("000001.wal")));
    assert!(engine.put(b"a", b"1").unwrap_err().is_latched());
    assert!(engine.get(b"a").unwrap().is_none());
    let told = engine.stats().last_error.unwrap();
    assert!(
        engine.stats().is_latched && told == error.to_string(),
        "{told}"
    );
}

#[test]
fn a_commit_that_finds_the_disk_full_leaves_nothing_and_the_next_goes_well() {
    let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
    let engine = open(&disk);
    engine.put(b"a", b"1").unwrap();
    fail(&disk, FaultCalls::Writes, 0);
    let error = engine.put(b"a", b"2").unwrap_err();
    assert!(error.is_storage_full());
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
    assert_eq!(engine.get(b"a").unwrap().unwrap(), b"1");
    engine.put(b"b", b"3").unwrap();
    drop(engine);
    let engine = open(&disk);
    assert_eq!(engine.get(b"a").unwrap().unwrap(), b"1");
    assert_eq!(engine.get(b"b").unwrap().unwrap(), b"3");
}

#[test]
fn a_commit_that_cannot_be_taken_back_latches() {
    for calls in [FaultCalls::Writes, FaultCalls::All] {
        let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
        let engine = open(&disk);
        engine.put(b"a", b"1").unwrap();
        // The write, and then also the cut, or the sync behind it.
        disk.arm(Fault {
            kind: FaultKind::Enospc,
            at: 0,
            mode: FaultMode::FromThenOn,
            calls,
        });
        assert!(engine.put(b"a", b"2").is_err());
        disk.disarm();
        assert!(engine.put(b"a", b"2").unwrap_err().is_latched());
        assert_eq!(engine.get(b"a").unwrap().unwrap(), b"1");
        drop(engine);
        assert_eq!(open(&disk).get(b"a").unwrap().unwrap(), b"1");
    }
}

#[test]
fn a_committed_write_does_not_fail_with_the_flush_that_it_made_due() {
    let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
    let engine = open(&disk);
    engine.put(b"a", &[1; 5_000]).unwrap();
    // This one freezes the memtable: a new segment, its own record, and then the table.
    fail(&disk, FaultCalls::Names, 2);
    engine.put(b"b", b"2").unwrap();
    assert_eq!(disk.fired(), 1, "the flush did not fail");
    assert_eq!(engine.get(b"b").unwrap().unwrap(), b"2");
    let stats = engine.stats();
    assert_eq!((stats.work_failures, stats.is_latched), (1, false));
    let told = stats.last_error.unwrap();
    assert!(
        told.contains(".table") && told.contains("No space"),
        "{told}"
    );
    engine.put(b"c", b"3").unwrap();
    let stats = engine.stats();
    assert_eq!((stats.flushes, stats.last_error), (1, None));
    drop(engine);
    let engine = open(&disk);
    assert_eq!(engine.get(b"b").unwrap().unwrap(), b"2");
    assert_eq!(engine.get(b"c").unwrap().unwrap(), b"3");
}

#[test]
fn a_failed_read_is_an_error_of_that_read_alone() {
    let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
    let engine = open(&disk);
    engine.put(b"a", &[1; 500]).unwrap();
    engine.flush().unwrap();
    for at in 0.. {
        fail(&disk, FaultCalls::Reads, at);
        let read = engine.get(b"a");
        if disk.fired() == 0 {
            assert!(at > 0 && read.is_ok());
            break;
        }
        assert_eq!(
            read.unwrap_err().io_kind(),
            Some(io::ErrorKind::StorageFull)
        );
        assert_eq!(engine.get(b"a").unwrap().unwrap(), [1; 500]);
        engine.put(b"b", b"2").unwrap();
    }
}

#[test]
fn a_scan_that_met_an_error_ends_with_it() {
    let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
    let engine = open(&disk);
    for number in 0..100_u8 {
        engine.put(&[number], &[number; 200]).unwrap();
    }
    engine.flush().unwrap();
    let whole = engine.scan::<&[u8]>(..).unwrap().count();
    assert_eq!(whole, 100);
    for at in 0.. {
        fail(&disk, FaultCalls::Reads, at);
        let records: Vec<_> = engine.scan::<&[u8]>(..).unwrap().collect();
        if disk.fired() == 0 {
            assert!(at > 0 && records.len() == 100);
            break;
        }
        let (last, before) = records.split_last().unwrap();
        assert!(
            last.is_err() && before.iter().all(Result::is_ok),
            "call {at}"
        );
        let keys = before.iter().map(|record| record.as_ref().unwrap().0[0]);
        assert!(
            keys.eq(0..before.len() as u8),
            "call {at}: a record is missing"
        );
    }
}
