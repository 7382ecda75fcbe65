//! Table files that are made elsewhere and join a database.

use crate::open;
use grainstore::ErrorKind;
use grainstore::engine::{Engine, EngineOptions, TableFileWriter};
use grainstore::fs::{CrashDisk, CrashImage, FileSystem, OpenMode};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PART: &str = "/part";

fn options(disk: &CrashDisk) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.file_system = Arc::new(disk.clone());
    options.block_bytes = 256;
    options
}

fn key(n: u32) -> [u8; 4] {
    n.to_be_bytes()
}

/// Puts of the even keys below 400, a delete of 401, range deletes of 500..600 and of 0..10.
fn write_part(disk: &CrashDisk) {
    let mut file = TableFileWriter::create(PART, &options(disk)).unwrap();
    file.delete_range(&key(500), &key(600)).unwrap();
    for n in (0..400).step_by(2) {
        file.put(&key(n), b"from the file", 0).unwrap();
    }
    file.delete_range(&key(0), &key(10)).unwrap();
    file.delete(&key(401)).unwrap();
    assert!(file.finish().unwrap() > 1_000);
    disk.sync_dir(Path::new("/")).unwrap();
}

fn fill(engine: &Engine) {
    for n in 0..700 {
        engine.put(&key(n), b"before").unwrap();
    }
}

/// What must be there: before the file, or after it.
fn assert_contents(engine: &Engine, ingested: bool, what: &str) {
    let found: Vec<_> = engine
        .scan::<&[u8]>(..)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let wanted = (0..700u32).filter_map(|n| {
        let value: Option<&[u8]> = match n {
            _ if !ingested => Some(b"before"),
            _ if n < 400 && n % 2 == 0 => Some(b"from the file"),
            0..10 | 401 | 500..600 => None,
            _ => Some(b"before"),
        };
        Some((key(n), value?))
    });
    let wanted: Vec<_> = wanted.collect();
    assert_eq!(found.len(), wanted.len(), "{what}");
    for ((key, value), (wanted_key, wanted_value)) in found.iter().zip(&wanted) {
        assert!(
            **key == *wanted_key && **value == **wanted_value,
            "{what}: {key:?}"
        );
        assert_eq!(engine.get(key).unwrap().unwrap(), *wanted_value);
    }
}

#[test]
fn table_file_joins_at_one_commit_point_and_its_deletes_spare_what_it_sets() {
    let disk = CrashDisk::new();
    write_part(&disk);
    let engine = open(&disk);
    fill(&engine);
    let before = engine.snapshot();
    assert_eq!(engine.ingest_table_file(PART).unwrap(), 201);
    assert_contents(&engine, true, "ingested");
    assert_eq!(engine.scan_at::<&[u8]>(&before, ..).unwrap().count(), 700);
    assert_eq!(engine.stats().sequence_last, 701);
    engine.verify().unwrap();
    // What comes later is newer, what is ingested again is newer still.
    engine.put(&key(2), b"later").unwrap();
    assert_eq!(engine.get(&key(2)).unwrap().unwrap(), b"later");
    drop(before);
    engine.compact().unwrap();
    engine.verify().unwrap();
    assert_eq!(engine.ingest_table_file(PART).unwrap(), 201);
    assert_contents(&engine, true, "ingested twice");
    engine.close().unwrap();
    drop(engine);
    assert_contents(&open(&disk), true, "reopened");
    assert!(disk.read_file(Path::new(PART)).is_ok(), "the file is gone");
}

#[test]
fn table_of_another_database_joins_with_its_newest_versions() {
    let disk = CrashDisk::new();
    let mut other_options = options(&disk);
    other_options.background = grainstore::Background::Inline;
    let other = Engine::open("/other", other_options).unwrap();
    let base = |value: &[u8]| {
        for n in 0..50 {
            other.put(&key(n), value).unwrap();
        }
    };
    base(b"old");
    let snapshot = other.snapshot();
    other.delete_range(&key(0), &key(20)).unwrap();
    let again = other.snapshot();
    for n in 10..30 {
        other.put(&key(n), b"new").unwrap();
    }
    other.delete(&key(40)).unwrap();
    other.flush().unwrap();
    drop((snapshot, again));
    let is_table = |path: &PathBuf| path.extension() == Some("table".as_ref());
    let path = disk.paths().into_iter().find(is_table).unwrap();
    let engine = open(&disk);
    fill(&engine);
    engine.ingest_table_file(&path).unwrap();
    let get = |n| engine.get(&key(n)).unwrap().map(|value| value.to_vec());
    let expected = |n| other.get(&key(n)).unwrap().map(|value| value.to_vec());
    for n in 0..50 {
        assert_eq!(get(n), expected(n), "key {n}");
    }
    assert_eq!(get(50).unwrap(), b"before");
    engine.compact().unwrap();
    assert_eq!((get(5), get(15)), (None, Some(b"new".to_vec())));
    engine.verify().unwrap();
}

#[test]
fn power_lost_at_any_call_of_an_ingest_of_a_file_leaves_all_of_it_or_nothing() {
    let disk = CrashDisk::new();
    write_part(&disk);
    let engine = open(&disk);
    fill(&engine);
    let first = disk.calls();
    engine.ingest_table_file(PART).unwrap();
    let done = disk.calls();
    engine.put(&key(2), b"from the file").unwrap();
    let mut seen = [0; 2];
    for call in first..=disk.calls() {
        for kind in CrashImage::all(call as u64) {
            let left = open(&disk.image(call, kind));
            let ingested = left.get(&key(550)).unwrap().is_none();
            assert!(ingested || call < done, "lost after it returned");
            let what = format!("{kind:?} after {}", disk.describe_call(call));
            assert_contents(&left, ingested, &what);
            left.verify().unwrap();
            seen[usize::from(ingested)] += 1;
        }
    }
    assert!(seen[0] > 20 && seen[1] > 4, "{seen:?}");
}

#[test]
fn damaged_or_renumbered_file_is_refused_before_anything_changes() {
    let disk = CrashDisk::new();
    write_part(&disk);
    let engine = open(&disk);
    fill(&engine);
    engine.flush().unwrap();
    let good = disk.read_file(Path::new(PART)).unwrap();
    let names = disk.paths();
    for at in (0..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let file = disk.open(Path::new(PART), OpenMode::Write).unwrap();
        file.write_all_at(&bad, 0).unwrap();
        let error = engine.ingest_table_file(PART).unwrap_err();
        assert!(error.is_corruption(), "byte {at}: {error}");
        file.write_all_at(&good, 0).unwrap();
    }
    disk.rename(Path::new(PART), Path::new("/000007.table"))
        .unwrap();
    let renumbered = engine.ingest_table_file("/000007.table").unwrap_err();
    assert!(renumbered.is_corruption(), "{renumbered}");
    disk.rename(Path::new("/000007.table"), Path::new(PART))
        .unwrap();
    assert_eq!(disk.paths(), names);
    assert_contents(&engine, false, "refused");
    let missing = engine.ingest_table_file("/no such file").unwrap_err();
    assert_eq!(missing.io_kind(), Some(std::io::ErrorKind::NotFound));
}

#[test]
fn writer_of_a_file_refuses_what_an_ingest_would_and_leaves_nothing_unfinished() {
    let disk = CrashDisk::new();
    let create = |path: &str| TableFileWriter::create(path, &options(&disk));
    assert_eq!(
        create("/000001.table").unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    let empty = create(PART).unwrap().finish().unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::InvalidInput);
    let mut file = create(PART).unwrap();
    file.put(b"b", b"", 0).unwrap();
    for key in [b"a", b"b"] {
        let refused = file.put(key, b"", 0).unwrap_err();
        assert!(refused.to_string().contains("must rise"), "{refused}");
    }
    let long = vec![0xff; (64 << 10) + 1];
    assert_eq!(file.delete(&long).unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(
        file.delete_range(b"a", &long).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    assert_eq!(
        file.delete_range(b"b", b"b").unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    drop(file);
    assert!(disk.paths().is_empty(), "an unfinished file stays behind");
}
