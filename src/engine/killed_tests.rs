//! What an open does after a kill: it reads, and the rest comes behind it.

use super::core::Core;
use super::held_disk::HeldDisk;
use super::lsm::Engine;
use super::options::{Background, Durability, EngineOptions};
use super::recovery;
use super::take_up::begin_log;
use crate::clock::Stopwatch;
use crate::error::{Error, Result};
use crate::fs::crash_disk::CrashDisk;
use crate::fs::crash_image::CrashImage;
use crate::fs::fault_disk::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use crate::fs::file_system::FileSystem;
use crate::sync::{Arc, sleep, spawn};
use std::path::Path;
use std::time::Duration;

/// Records that the killed process wrote, and those of them that it synced.
const WRITTEN: u8 = 12;
const SYNCED: u8 = 10;

fn options(fs: Arc<dyn FileSystem>, background: Background) -> EngineOptions {
    EngineOptions {
        background,
        durability: Durability::Buffered,
        wal_segment_bytes: 4 << 10,
        file_system: fs,
        ..EngineOptions::default()
    }
}

fn open(fs: &(impl FileSystem + Clone), background: Background) -> Result<Engine> {
    Engine::open("/db", options(Arc::new(fs.clone()), background))
}

/// What an open has read, before anybody takes it up.
fn read_only(fs: &(impl FileSystem + Clone)) -> Result<Arc<Core>> {
    let options = options(Arc::new(fs.clone()), Background::Thread);
    recovery::open(Path::new("/db"), options)
}

fn every(fs: &FaultDisk, kind: FaultKind, calls: FaultCalls) {
    fs.arm(Fault {
        kind,
        at: 0,
        mode: FaultMode::FromThenOn,
        calls,
    });
}

/// A disk as a killed process leaves it: with segments that were rolled, and in the last of them
/// records that nobody has synced.
fn killed_with_expiry(expiry_ms: u64) -> CrashDisk {
    let crash = CrashDisk::new();
    let disk = FaultDisk::new(Arc::new(crash.clone()));
    let engine = open(&disk, Background::Inline).unwrap();
    for i in 0..WRITTEN {
        let put = engine.put_with_expiry(&[i], &[i; 1 << 10], expiry_ms);
        put.unwrap();
        if i == SYNCED - 1 {
            engine.sync().unwrap();
        }
    }
    // Whoever is dead does no more calls.
    every(&disk, FaultKind::Eio, FaultCalls::All);
    drop(engine);
    crash
}

fn killed() -> CrashDisk {
    killed_with_expiry(0)
}

/// How many of the records are there, which are the first ones.
#[track_caller]
fn found(engine: &Engine) -> u8 {
    let is_there = |i: u8| engine.get(&[i]).unwrap().is_some();
    let count = (0..WRITTEN).take_while(|i| is_there(*i)).count() as u8;
    assert!(!(count..WRITTEN).any(is_there), "not the first {count}");
    count
}

#[track_caller]
fn assert_whole(engine: &Engine) {
    assert_eq!(found(engine), WRITTEN);
}

fn wait_until(what: impl Fn() -> bool) {
    let waited = Stopwatch::start();
    while !what() {
        assert!(waited.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(1));
    }
}

fn is_begun(engine: &Engine) -> bool {
    engine.core().log.lock().wal.is_some()
}

#[test]
fn an_open_returns_and_reads_are_answered_while_the_device_stands_still() {
    let disk = HeldDisk::new(killed());
    disk.hold_syncs();
    let engine = open(&disk, Background::Thread).unwrap();
    disk.wait_for_sync();
    assert_whole(&engine);
    assert_eq!(
        engine.scan::<&[u8]>(..).unwrap().count(),
        usize::from(WRITTEN)
    );
    assert_eq!(engine.snapshot().sequence(), u64::from(WRITTEN));
    let writer = engine.clone();
    let writer = spawn("writer", move || writer.put(b"more", b"").unwrap()).unwrap();
    sleep(Duration::from_millis(20));
    assert!(
        engine.get(b"more").unwrap().is_none(),
        "it was taken too early"
    );
    disk.let_go();
    writer.join().unwrap();
    assert!(engine.get(b"more").unwrap().is_some());
    engine.close().unwrap();
    assert_whole(&open(&disk, Background::Inline).unwrap());
}

#[test]
fn an_open_writes_nothing_before_it_is_taken_up() {
    let crash = killed();
    let before = crash.calls();
    let core = read_only(&crash).unwrap();
    assert_eq!(crash.calls(), before);
    let pending = core.log.lock().pending.as_ref().map(|it| it.is_quiet);
    assert_eq!(pending, Some(false));
    begin_log(&core).unwrap();
    assert!(crash.calls() > before);
    let after = crash.calls();
    begin_log(&core).unwrap();
    assert_eq!(crash.calls(), after, "once is enough");
}

#[test]
fn power_lost_at_any_call_of_the_taking_up_leaves_what_was_durable_and_no_hole() {
    let crash = killed();
    let before = crash.calls();
    let core = read_only(&crash).unwrap();
    begin_log(&core).unwrap();
    let end = crash.calls();
    drop(core);
    let mut fewest = WRITTEN;
    for call in before..=end {
        for kind in CrashImage::all(call as u64) {
            let left = crash.image(call, kind);
            let count = found(&open(&left, Background::Inline).unwrap());
            assert!(count >= SYNCED, "{count}: call {call} {kind:?}");
            assert!(call < end || count == WRITTEN, "it was taken up: {kind:?}");
            fewest = fewest.min(count);
        }
    }
    assert_eq!(fewest, SYNCED, "there was nothing to lose");
}

#[test]
fn power_lost_at_any_call_of_the_worker_and_of_the_first_write_leaves_no_hole() {
    for _ in 0..4 {
        let crash = killed();
        let before = crash.calls();
        let engine = open(&crash, Background::Thread).unwrap();
        engine.put(b"more", b"").unwrap();
        engine.sync().unwrap();
        let acknowledged = crash.calls();
        engine.close().unwrap();
        drop(engine);
        for call in before..=crash.calls() {
            for kind in CrashImage::all(call as u64) {
                let engine = open(&crash.image(call, kind), Background::Inline).unwrap();
                let (count, is_there) = (found(&engine), engine.get(b"more").unwrap().is_some());
                assert!(count >= SYNCED, "{count}: call {call} {kind:?}");
                assert!(!is_there || count == WRITTEN, "call {call} {kind:?}");
                assert!(is_there || call < acknowledged, "call {call} {kind:?}");
            }
        }
    }
}

#[test]
fn failure_at_any_call_of_the_taking_up_loses_nothing_and_a_full_disk_only_delays() {
    for kind in [FaultKind::Eio, FaultKind::Enospc] {
        let (mut delayed, mut latched) = (0, 0);
        for at in 0.. {
            let crash = killed();
            let disk = FaultDisk::new(Arc::new(crash.clone()));
            let core = read_only(&disk).unwrap();
            disk.arm(Fault {
                kind,
                at,
                mode: FaultMode::Once,
                calls: FaultCalls::All,
            });
            let mut begun = begin_log(&core);
            let fired = disk.fired();
            disk.disarm();
            if begun.is_err() && !core.latch.is_closed() {
                assert_eq!(kind, FaultKind::Enospc);
                begun = begin_log(&core);
                begun.as_ref().unwrap();
                delayed += 1;
            } else if begun.is_err() {
                assert!(begin_log(&core).unwrap_err().is_latched());
                latched += 1;
            }
            drop(core);
            let end = crash.calls();
            for image in CrashImage::all(at) {
                let count = found(&open(&crash.image(end, image), Background::Inline).unwrap());
                let least = if begun.is_ok() { WRITTEN } else { SYNCED };
                assert!(count >= least, "{count}: {kind:?} {at} {image:?}");
            }
            assert_whole(&open(&crash, Background::Inline).unwrap());
            if fired == 0 {
                assert!(at > 20, "{at} calls");
                break;
            }
        }
        assert!(latched > 0, "{kind:?}");
        assert_eq!(delayed > 0, kind == FaultKind::Enospc);
    }
}

#[test]
fn failure_at_any_call_of_an_open_or_behind_it_is_told_or_without_effect() {
    for kind in [FaultKind::Eio, FaultKind::Enospc] {
        for at in 0.. {
            let crash = killed();
            let disk = FaultDisk::new(Arc::new(crash.clone()));
            disk.arm(Fault {
                kind,
                at,
                mode: FaultMode::Once,
                calls: FaultCalls::All,
            });
            let opened = open(&disk, Background::Thread);
            let written = opened.as_ref().map_err(Error::copied).and_then(|engine| {
                assert_whole(engine);
                engine.put(b"more", b"")
            });
            let fired = disk.fired();
            disk.disarm();
            if let (Ok(engine), Err(_)) = (&opened, &written)
                && !engine.stats().is_latched
            {
                engine.put(b"more", b"").unwrap();
            }
            let acknowledged = written.is_ok();
            drop(opened);
            let engine = open(&crash, Background::Inline).unwrap();
            assert_whole(&engine);
            assert!(!acknowledged || engine.get(b"more").unwrap().is_some());
            if fired == 0 {
                assert!(at > 20, "{at} calls");
                break;
            }
        }
    }
}

#[test]
fn a_device_that_fails_refuses_writes_and_lets_reads_go_on() {
    let crash = killed();
    let disk = FaultDisk::new(Arc::new(crash.clone()));
    every(&disk, FaultKind::Eio, FaultCalls::Syncs);
    let engine = open(&disk, Background::Thread).unwrap();
    wait_until(|| engine.stats().is_latched);
    assert!(engine.stats().last_error.is_some());
    assert!(engine.put(b"more", b"").unwrap_err().is_latched());
    assert!(engine.sync().unwrap_err().is_latched());
    assert!(engine.flush().unwrap_err().is_latched());
    assert_whole(&engine);
    engine.close().unwrap();
    drop(engine);
    assert_whole(&open(&crash, Background::Inline).unwrap());
}

#[test]
fn a_full_disk_is_told_and_with_space_for_it_writes_go_on() {
    let disk = FaultDisk::new(Arc::new(killed()));
    every(&disk, FaultKind::Enospc, FaultCalls::Writes);
    let engine = open(&disk, Background::Thread).unwrap();
    wait_until(|| engine.stats().work_failures > 0);
    let told = engine.stats();
    assert!(!told.is_latched && told.last_error.is_some(), "{told:?}");
    assert!(engine.put(b"more", b"").unwrap_err().is_storage_full());
    assert!(engine.sync().unwrap_err().is_storage_full());
    assert_whole(&engine);
    disk.disarm();
    wait_until(|| is_begun(&engine));
    wait_until(|| engine.stats().last_error.is_none());
    engine.put(b"more", b"").unwrap();
    engine.close().unwrap();
    assert_whole(&open(&disk, Background::Inline).unwrap());
}

#[test]
fn a_sync_makes_durable_what_was_only_read() {
    let crash = killed();
    let engine = open(&crash, Background::Thread).unwrap();
    engine.sync().unwrap();
    let left = crash.image(crash.calls(), CrashImage::DropUnsynced);
    assert_whole(&open(&left, Background::Inline).unwrap());
}

#[test]
fn what_was_only_read_is_closed_cleanly() {
    let crash = killed();
    let engine = open(&crash, Background::Thread).unwrap();
    engine.close().unwrap();
    drop(engine);
    let left = crash.image(crash.calls(), CrashImage::DropUnsynced);
    let core = read_only(&left).unwrap();
    let manifest = core.manifest.lock();
    let state = manifest.state();
    assert_eq!(state.closed.map(|(log, _)| log), Some(state.log_last));
    drop(manifest);
    drop(core);
    assert_whole(&open(&left, Background::Inline).unwrap());
}

#[test]
fn every_segment_is_replayed_once_also_where_records_expire() {
    for expiry_ms in [0, u64::MAX - 1] {
        for background in [Background::Inline, Background::Thread] {
            let disk = HeldDisk::new(killed_with_expiry(expiry_ms));
            for life in 1..=2 {
                let engine = open(&disk, background).unwrap();
                assert_whole(&engine);
                assert_eq!(disk.times_read(Path::new("/db/000001.wal")), life);
                engine.close().unwrap();
            }
        }
    }
}

#[test]
fn where_records_expire_the_time_of_the_open_is_durable_when_it_returns() {
    let crash = killed_with_expiry(u64::MAX - 1);
    let core = read_only(&crash).unwrap();
    assert!(core.log.lock().pending.is_none());
    let now_ms = core.manifest.lock().state().clock_ms;
    assert!(now_ms > 0);
    let left = crash.image(crash.calls(), CrashImage::DropUnsynced);
    let again = read_only(&left).unwrap();
    assert!(again.manifest.lock().state().clock_ms >= now_ms);
}
