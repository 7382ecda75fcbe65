//! What an open says of directories and logs that it cannot go on with, and what it sweeps away.

use super::lsm::Engine;
use super::options::{Background, Durability, EngineOptions};
use super::sweep;
use super::witness;
use crate::error::{Error, ErrorKind, Result};
use crate::format::log_record::CloseMark;
use crate::fs::crash_disk::CrashDisk;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use crate::wal::segment::WalOptions;
use crate::wal::writer::WalWriter;
use std::path::Path;

fn open(disk: &CrashDisk, dir: &str) -> Result<Engine> {
    let options = EngineOptions {
        background: Background::Inline,
        durability: Durability::Buffered,
        wal_segment_bytes: 4 << 10,
        file_system: Arc::new(disk.clone()),
        ..EngineOptions::default()
    };
    Engine::open(dir, options)
}

#[track_caller]
fn assert_corrupt(error: &Error, path: &str, text: &str) {
    assert!(error.is_corruption(), "{error}");
    assert_eq!(error.path(), Some(Path::new(path)), "{error}");
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn paths_that_no_database_can_be_at_are_refused_with_the_reason() {
    let disk = CrashDisk::new();
    let error = open(&disk, "").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = "the path of the database is empty; the current directory is \".\"";
    assert!(error.to_string().contains(text), "{error}");
    disk.write_file(Path::new("/file"), b"").unwrap();
    let error = open(&disk, "/file").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let text = "cannot create directory /file: a file is there, and a database is a directory";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[test]
fn segment_that_is_not_the_last_and_lost_its_seal_is_damage_where_it_ends() {
    let disk = CrashDisk::new();
    let engine = open(&disk, "/db").unwrap();
    engine.put(b"a", b"1").unwrap();
    let once = disk.fork();
    let engine_again = open(&once, "/db").unwrap();
    engine_again.put(b"b", b"2").unwrap();
    let killed = once.fork();
    let first = Path::new("/db/000001.wal");
    let bytes = killed.file_len(first).unwrap();
    killed.truncate(first, bytes - 8).unwrap();
    let error = open(&killed, "/db").unwrap_err();
    let text = "a log segment that is not the last ends without its seal";
    assert_corrupt(&error, "/db/000001.wal", text);
    assert!(error.offset().unwrap() < bytes);
}

#[test]
fn segment_that_nothing_names_and_that_was_in_use_is_damage() {
    let mark = CloseMark {
        manifest: 1,
        manifest_bytes: 64,
        time_ms: 0,
    };
    let options = WalOptions {
        segment_bytes: 4 << 10,
        prewrite: false,
        announce: false,
    };
    let leave: [fn(&mut WalWriter, CloseMark); 3] = [
        |_, _| {},
        |log, _| assert!(!log.roll(None).unwrap()),
        |log, mark| assert_eq!(log.seal_closed(mark).unwrap(), 24),
    ];
    for (case, leave) in leave.iter().enumerate() {
        let disk = CrashDisk::new();
        let dir = Path::new("/db");
        disk.create_dir_all(dir).unwrap();
        let file_system = Arc::new(disk.clone());
        let mut log = WalWriter::create(file_system, dir, 5, None, options).unwrap();
        leave(&mut log, mark);
        let files = sweep::list(&disk, dir).unwrap();
        let checked = witness::check_beyond(&disk, dir, &files, 5);
        if case == 0 {
            checked.unwrap();
            continue;
        }
        let error = checked.unwrap_err();
        assert_corrupt(
            &error,
            "/db/000005.wal",
            "the log segment was in use, but neither",
        );
        assert_eq!(error.offset(), Some(24), "the seal");
        witness::check_beyond(&disk, dir, &files, 7).unwrap();
    }
}

#[test]
fn what_a_creation_that_was_cut_short_left_is_swept_away() {
    let disk = CrashDisk::new();
    disk.create_dir_all(Path::new("/db")).unwrap();
    for name in [
        "/db/manifest-000001",
        "/db/manifest-000007",
        "/db/CURRENT.tmp",
    ] {
        disk.write_file(Path::new(name), b"half").unwrap();
    }
    let engine = open(&disk, "/db").unwrap();
    engine.put(b"k", b"v").unwrap();
    engine.close().unwrap();
    let names: Vec<_> = disk.paths();
    for gone in ["/db/manifest-000007", "/db/CURRENT.tmp"] {
        assert!(
            !names.iter().any(|name| name == Path::new(gone)),
            "{names:?}"
        );
    }
    let engine = open(&disk, "/db").unwrap();
    assert_eq!(engine.get(b"k").unwrap().unwrap(), b"v");
}
