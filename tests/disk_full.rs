//! A disk that is full, at every byte: reads go on, nothing is lost, and writes go on with space.
//!
//! A small history runs on a simulated disk that holds so many bytes, for one number after the
//! other, and gets a little more each time that a write is refused. A refused write has left
//! nothing: not for reads, not after a power cut, not after a reopen. No write is ever latched,
//! because whatever did not fit could be taken back.

// What stands around the tests is test too; they use threads of their own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)]

#[path = "disk_full/run.rs"]
mod run;

use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Durability, Engine, EngineOptions};
use grainstore::fs::{CrashDisk, FileSystem, QuotaDisk};
use grainstore::{Db, ErrorKind};
use grainstore_proof::effort;
use grainstore_proof::engine_run::{DIR, START_MS};
use grainstore_proof::generate::changes;
use grainstore_proof::score::{self, Row};
use grainstore_proof::setting::{Setting, Style};
use run::{Filled, run};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A history with flushes, compactions and rolls in some tens of KiB.
const OPERATIONS: usize = 90;

const SMALL: Setting = Setting {
    level1_kib: 4,
    wal_segment_kib: 4,
    ..Setting::SMALL
};

/// Runs a history with every `step`-th number of bytes from the first on, up to `most`, on two
/// threads.
fn fill_at_every(step: u64, most: u64, setting: Setting) {
    let operations = changes(effort::seed(21), OPERATIONS);
    let next = AtomicU64::new(0);
    let one_thread = || {
        let (mut sum, mut findings) = (Filled::default(), Vec::new());
        loop {
            let quota = next.fetch_add(1, Ordering::Relaxed) * step;
            if quota > most || findings.len() > 2 {
                return (sum, findings);
            }
            match run(setting, &operations, quota) {
                Ok(filled) => sum.add(filled),
                Err(finding) => findings.push(format!("{quota} bytes: {finding}")),
            }
        }
    };
    let results = std::thread::scope(|scope| {
        let threads = [scope.spawn(one_thread), scope.spawn(one_thread)];
        threads.map(|thread| thread.join().unwrap())
    });
    let [(mut sum, mut findings), (more, found)] = results;
    sum.add(more);
    findings.extend(found);
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    println!("{setting:?}: {sum:?}");
    score::tell(Row::FailingCalls, sum.refused as u64);
    assert!(sum.refused > 100 && sum.work_failures > 10, "{sum:?}");
}

#[test]
fn a_disk_that_is_full_at_any_byte_loses_nothing_and_writes_go_on_with_space() {
    fill_at_every(31, 48_000, SMALL);
}

#[test]
fn so_does_one_with_buffered_writes() {
    let setting = Setting {
        durability: Durability::Buffered,
        ..SMALL
    };
    fill_at_every(83, 40_000, setting);
}

#[test]
fn so_does_one_with_size_tiered_compaction() {
    let setting = Setting {
        style: Style::SizeTiered,
        ..SMALL
    };
    fill_at_every(83, 40_000, setting);
}

#[test]
fn so_does_one_where_work_runs_beside_the_writer() {
    let setting = Setting {
        thread: true,
        ..SMALL
    };
    fill_at_every(311, 40_000, setting);
}

fn options(disk: &QuotaDisk) -> EngineOptions {
    let mut options = SMALL.options(4);
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(ManualClock::new(START_MS));
    options
}

fn open(disk: &QuotaDisk) -> Engine {
    Engine::open(Path::new(DIR), options(disk)).unwrap()
}

#[test]
fn the_error_of_a_full_disk_is_of_its_own_kind_for_every_way_to_write() {
    let disk = QuotaDisk::new(Arc::new(CrashDisk::new()), u64::MAX);
    let db = Db::builder(DIR)
        .file_system(disk.clone())
        .background(Background::Inline)
        .open()
        .unwrap();
    let store = db.store::<u32, Vec<u8>>("grains").unwrap();
    store.put(&1, &vec![1; 100]).unwrap();
    disk.set_quota(disk.used());
    let large = vec![2; 200_000];
    let mut batch = db.batch();
    batch.put(&store, &3, &large).unwrap();
    let refused = [
        store.put(&2, &large).unwrap_err(),
        store
            .put_if(&2, &large, grainstore::If::Absent)
            .map(drop)
            .unwrap_err(),
        batch.commit().unwrap_err(),
        db.flush().unwrap_err(),
        db.checkpoint("/srv/copy").unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
        assert!(error.is_storage_full() && error.path().is_some());
        assert!(error.to_string().contains("No space"), "{error}");
    }
    assert_eq!(store.get(&1).unwrap(), Some(vec![1; 100]));
    assert_eq!(store.get(&2).unwrap(), None);
    assert!(!db.stats().is_latched);
    disk.set_quota(u64::MAX);
    store.put(&2, &large).unwrap();
    db.checkpoint("/srv/copy").unwrap();
    db.close().unwrap();
}

#[test]
fn output_of_a_flush_or_compaction_that_does_not_fit_is_removed_and_made_again() {
    let disk = QuotaDisk::new(Arc::new(CrashDisk::new()), u64::MAX);
    let engine = open(&disk);
    for n in 0..400u32 {
        engine.put(&n.to_be_bytes(), &[n as u8; 60]).unwrap();
    }
    let tables = || {
        let names = disk.list_dir(Path::new(DIR)).unwrap();
        let names = names.iter().map(|name| name.to_string_lossy());
        names.filter(|name| name.ends_with(".table")).count()
    };
    engine.flush().unwrap();
    let before = engine.stats();
    disk.set_quota(disk.used() + 3_000);
    assert!(engine.compact().unwrap_err().is_storage_full());
    let stats = engine.stats();
    assert_eq!(stats.levels, before.levels);
    assert_eq!(tables(), stats.tables(), "what did not fit is still there");
    assert!(
        stats
            .last_error
            .is_some_and(|error| error.contains("No space"))
    );
    engine.put(b"in between", b"1").unwrap();
    disk.set_quota(u64::MAX);
    engine.compact().unwrap();
    assert_eq!(engine.stats().last_error, None);
    assert_eq!(tables(), engine.stats().tables());
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 401);
}

#[test]
fn deleting_frees_space_on_a_full_disk() {
    let disk = QuotaDisk::new(Arc::new(CrashDisk::new()), u64::MAX);
    let engine = open(&disk);
    for n in 0..600u32 {
        engine.put(&n.to_be_bytes(), &[n as u8; 100]).unwrap();
    }
    engine.flush().unwrap();
    engine.compact().unwrap();
    // What is free holds the deletion and its table, and not the records once more.
    disk.set_quota(disk.used() + 16_000);
    engine
        .delete_range(&0u32.to_be_bytes(), &590u32.to_be_bytes())
        .unwrap();
    engine.compact().unwrap();
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 10);
    for n in 0..100u32 {
        engine.put(&n.to_be_bytes(), &[1; 100]).unwrap();
    }
}
