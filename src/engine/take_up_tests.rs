//! What an open does to a directory that was closed cleanly: nothing, until somebody writes.

use super::lsm::Engine;
use super::options::{Background, EngineOptions};
use crate::error::Result;
use crate::fs::crash_disk::CrashDisk;
use crate::fs::crash_image::CrashImage;
use crate::fs::fault_disk::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;

fn open(fs: &Arc<dyn FileSystem>, background: Background) -> Result<Engine> {
    let options = EngineOptions {
        background,
        file_system: Arc::clone(fs),
        ..EngineOptions::default()
    };
    Engine::open("/db", options)
}

/// A database with a record in a table and one in the log, closed cleanly.
fn closed(crash: &CrashDisk, expiry_ms: u64) -> Arc<dyn FileSystem> {
    let fs: Arc<dyn FileSystem> = Arc::new(crash.clone());
    let engine = open(&fs, Background::Inline).unwrap();
    engine.put(b"in a table", b"1").unwrap();
    engine.flush().unwrap();
    let put = engine.put_with_expiry(b"in the log", b"2", expiry_ms);
    put.unwrap();
    engine.close().unwrap();
    fs
}

fn assert_whole(engine: &Engine) {
    assert_eq!(engine.get(b"in a table").unwrap().unwrap(), b"1");
    assert_eq!(engine.get(b"in the log").unwrap().unwrap(), b"2");
}

#[test]
fn a_database_that_is_only_read_is_left_as_it_was_and_has_no_thread() {
    let crash = CrashDisk::new();
    let fs = closed(&crash, 0);
    for _ in 0..3 {
        let before = crash.calls();
        let engine = open(&fs, Background::Thread).unwrap();
        assert_whole(&engine);
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 2);
        let snapshot = engine.snapshot();
        engine.verify().unwrap();
        engine.sync().unwrap();
        drop(snapshot);
        assert!(engine.core().threads.lock().is_empty());
        engine.close().unwrap();
        assert_eq!(crash.calls(), before, "something was written");
    }
}

#[test]
fn the_first_write_takes_it_up_with_its_threads_and_so_does_other_work() {
    let works: [fn(&Engine); 4] = [
        |engine| engine.put(b"more", b"3").unwrap(),
        |engine| engine.flush().unwrap(),
        |engine| engine.compact().unwrap(),
        |engine| engine.checkpoint("/copy").unwrap(),
    ];
    for work in works {
        let crash = CrashDisk::new();
        let fs = closed(&crash, 0);
        let engine = open(&fs, Background::Thread).unwrap();
        work(&engine);
        assert_eq!(engine.core().threads.lock().len(), 1);
        assert_whole(&engine);
        engine.close().unwrap();
        assert_whole(&open(&fs, Background::Inline).unwrap());
    }
}

#[test]
fn where_a_record_expires_the_open_leaves_its_time_behind() {
    let crash = CrashDisk::new();
    let fs = closed(&crash, u64::MAX - 1);
    let before = crash.calls();
    assert_whole(&open(&fs, Background::Inline).unwrap());
    assert!(crash.calls() > before);
}

#[test]
fn power_lost_at_any_call_of_the_first_write_leaves_all_that_was_there() {
    let crash = CrashDisk::new();
    let fs = closed(&crash, 0);
    let engine = open(&fs, Background::Inline).unwrap();
    let before = crash.calls();
    engine.put(b"more", b"3").unwrap();
    let acknowledged = crash.calls();
    for call in before..=acknowledged {
        for kind in CrashImage::all(call as u64) {
            let left: Arc<dyn FileSystem> = Arc::new(crash.image(call, kind));
            let engine = open(&left, Background::Inline).unwrap();
            assert_whole(&engine);
            let is_there = engine.get(b"more").unwrap().is_some();
            assert!(is_there || call < acknowledged, "an acknowledged write");
        }
    }
}

#[test]
fn failure_at_any_call_of_the_first_write_loses_nothing_and_a_full_disk_only_delays() {
    for kind in [FaultKind::Eio, FaultKind::Enospc] {
        for at in 0.. {
            let crash = CrashDisk::new();
            let _ = closed(&crash, 0);
            let disk = FaultDisk::new(Arc::new(crash));
            let fs: Arc<dyn FileSystem> = Arc::new(disk.clone());
            let engine = open(&fs, Background::Inline).unwrap();
            disk.arm(Fault {
                kind,
                at,
                mode: FaultMode::Once,
                calls: FaultCalls::All,
            });
            let written = engine.put(b"more", b"3");
            let fired = disk.fired();
            disk.disarm();
            assert_whole(&engine);
            if written.is_err() && !engine.stats().is_latched {
                engine.put(b"more", b"3").unwrap();
            }
            let acknowledged = written.is_ok() || !engine.stats().is_latched;
            drop(engine);
            let engine = open(&fs, Background::Inline).unwrap();
            assert_whole(&engine);
            assert!(!acknowledged || engine.get(b"more").unwrap().is_some());
            if fired == 0 {
                assert!(at > 8, "{at} calls");
                break;
            }
        }
    }
}
