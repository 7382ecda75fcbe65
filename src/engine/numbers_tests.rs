//! Sequence numbers and numbers of files at their end: a clear error, and reads go on.
//!
//! Databases that begin near the end, which no number of writes would bring about.

use super::lsm::Engine;
use super::options::{Background, EngineOptions};
use super::write_batch::WriteBatch;
use crate::error::ErrorKind;
use crate::format::database_format::FormatWindow;
use crate::format::entry::SEQUENCE_MAX;
use crate::format::file_name::FILE_NUMBER_END;
use crate::fs::crash_disk::CrashDisk;
use crate::fs::file_system::FileSystem;
use crate::manifest::edit_log::Manifest;
use crate::manifest::state::ManifestState;
use crate::sync::Arc;
use std::path::Path;

const DIR: &str = "/db";

fn options(disk: &CrashDisk) -> EngineOptions {
    EngineOptions {
        background: Background::Inline,
        memtable_bytes: 4 << 10,
        table_bytes: 4 << 10,
        file_system: Arc::new(disk.clone()),
        ..EngineOptions::default()
    }
}

/// An empty database whose last sequence number and next file number are these.
fn beginning_at(sequence_last: u64, file_number_next: u64) -> (CrashDisk, Engine) {
    let disk = CrashDisk::new();
    disk.create_dir_all(Path::new(DIR)).unwrap();
    let state = ManifestState {
        log_first: 1,
        sequence_last,
        file_number_next,
        ..ManifestState::default()
    };
    let fs: Arc<dyn FileSystem> = Arc::new(disk.clone());
    Manifest::create(fs, Path::new(DIR), 1, &state, FormatWindow::BUILT.newest).unwrap();
    let engine = Engine::open(DIR, options(&disk)).unwrap();
    (disk, engine)
}

#[test]
fn the_last_sequence_number_is_used_and_none_beyond_it() {
    let (disk, engine) = beginning_at(SEQUENCE_MAX - 4, 2);
    engine.put(b"a", b"1").unwrap();
    let snapshot = engine.snapshot();
    let mut batch = WriteBatch::new();
    for key in [b"b", b"c", b"d", b"e"] {
        batch.put(key, b"too many").unwrap();
    }
    let full = |error: crate::error::Error| {
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        assert!(error.to_string().contains("sequence numbers"), "{error}");
    };
    full(engine.write(batch).unwrap_err());
    engine.put(b"b", b"2").unwrap();
    engine.delete(b"a").unwrap();
    engine.put(b"c", b"3").unwrap();
    assert_eq!(engine.stats().sequence_last, SEQUENCE_MAX);
    full(engine.put(b"d", b"4").unwrap_err());
    full(engine.delete_range(b"a", b"z").unwrap_err());
    full(engine.ingest([Ok((b"d", b"4", 0))]).unwrap_err());
    let check = |engine: &Engine| {
        assert!(engine.get(b"a").unwrap().is_none() && engine.get(b"d").unwrap().is_none());
        assert_eq!(engine.get(b"c").unwrap().unwrap(), b"3");
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 2);
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().rev().count(), 2);
    };
    check(&engine);
    assert_eq!(engine.get_at(&snapshot, b"a").unwrap().unwrap(), b"1");
    engine.flush().unwrap();
    check(&engine);
    drop(snapshot);
    engine.compact().unwrap();
    engine.verify().unwrap();
    check(&engine);
    engine.checkpoint("/copy").unwrap();
    engine.close().unwrap();
    for dir in [DIR, "/copy"] {
        let engine = Engine::open(dir, options(&disk)).unwrap();
        check(&engine);
        full(engine.put(b"d", b"4").unwrap_err());
        assert!(!engine.stats().is_latched);
    }
}

#[test]
fn the_last_sequence_number_survives_in_the_log() {
    let (disk, engine) = beginning_at(SEQUENCE_MAX - 1, 2);
    engine.put(b"a", b"1").unwrap();
    std::mem::forget(engine);
    let engine = Engine::open(DIR, options(&disk.fork())).unwrap();
    assert_eq!(engine.get(b"a").unwrap().unwrap(), b"1");
    assert!(engine.put(b"b", b"2").is_err());
}

#[test]
fn numbers_of_files_end_with_an_error_that_says_so_and_reads_go_on() {
    let (disk, engine) = beginning_at(0, FILE_NUMBER_END - 4);
    engine.put(b"a", b"1").unwrap();
    engine.flush().unwrap(); // takes two: one for the run
    let mut written = 0u32;
    let error = loop {
        match engine.put(&written.to_be_bytes(), &[7; 100]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("numbers of files"), "{error}");
    assert!(written > 30, "memory was there for more than {written}");
    let check = |engine: &Engine| {
        assert_eq!(engine.get(b"a").unwrap().unwrap(), b"1");
        let records = engine.scan::<&[u8]>(..).unwrap().map(Result::unwrap);
        assert_eq!(records.count(), written as usize + 1);
        assert!(engine.flush().is_err() && engine.compact().is_err());
        engine.verify().unwrap();
    };
    check(&engine);
    engine.close().unwrap(); // what is not in tables stays in the log
    drop(engine);
    let engine = Engine::open(DIR, options(&disk)).unwrap();
    check(&engine);
}
