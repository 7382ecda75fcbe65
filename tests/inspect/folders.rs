//! Directories in every state: what is told of their files, and whether an open would succeed.

use crate::golden::{DIR, golden, in_dir};
use grainstore::Background;
use grainstore::engine::{Engine, EngineOptions};
use grainstore::fs::{CrashDisk, FileSystem};
use grainstore::inspect::{Diagnosis, FileRole, Inspector};
use std::path::Path;
use std::sync::Arc;

fn options(disk: &CrashDisk) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.file_system = Arc::new(disk.clone());
    options
}

/// Looks, and holds the answer to what an open says; nothing may change.
fn diagnose(disk: &CrashDisk) -> Diagnosis {
    let calls = disk.calls();
    let diagnosis = Inspector::new(disk.clone()).directory(DIR).unwrap();
    assert_eq!(disk.calls(), calls, "a diagnosis changed the disk");
    let opened = Engine::open(DIR, options(&disk.fork()));
    match (&diagnosis.refusal, opened) {
        (None, Ok(_)) => {}
        (Some(refusal), Err(error)) => {
            assert_eq!(Some(&*refusal.file), error.path());
            assert_eq!(Some(refusal.offset), error.offset());
        }
        (told, opened) => panic!("told {told:?}, and the open gives {opened:?}"),
    }
    diagnosis
}

fn role(diagnosis: &Diagnosis, name: &str) -> FileRole {
    let file = diagnosis.files.iter().find(|file| file.name == name);
    file.unwrap_or_else(|| panic!("{name} is not told")).role
}

#[test]
fn missing_foreign_spare_temporary_and_obsolete_files_are_told_apart() {
    let disk = golden();
    disk.write_file(&in_dir("notes.txt"), b"mine").unwrap();
    disk.write_file(&in_dir("000002.spare"), b"anything")
        .unwrap();
    disk.write_file(&in_dir("CURRENT.tmp"), b"cut short")
        .unwrap();
    disk.write_file(&in_dir("000005.table"), b"compacted")
        .unwrap();
    let diagnosis = diagnose(&disk);
    for (name, expected) in [
        ("notes.txt", FileRole::Foreign),
        ("000002.spare", FileRole::Spare),
        ("CURRENT.tmp", FileRole::Temporary),
        ("000005.table", FileRole::Obsolete),
        ("000006.table", FileRole::InUse),
        ("000004.wal", FileRole::InUse),
    ] {
        assert_eq!(role(&diagnosis, name), expected, "{name}");
    }
    disk.lose_file(&in_dir("000006.table")).unwrap();
    disk.lose_file(&in_dir("000005.table")).unwrap();
    let diagnosis = diagnose(&disk);
    assert_eq!(role(&diagnosis, "000006.table"), FileRole::Missing);
    assert!(!diagnosis.damage.is_empty());
}

#[test]
fn whatever_file_is_lost_or_damaged_the_refusal_is_that_of_an_open() {
    let disk = golden();
    let files = [
        "CURRENT",
        "manifest-000001",
        "000004.wal",
        "000006.table",
        "000008.table",
    ];
    let mut refused = 0;
    for name in files {
        let lost = disk.fork();
        lost.lose_file(&in_dir(name)).unwrap();
        refused += usize::from(diagnose(&lost).refusal.is_some());
        for at in [0, 12, 30, 100, 190, 250] {
            let damaged = disk.fork();
            if damaged.flip_bit(&in_dir(name), at, 2).is_ok() {
                refused += usize::from(diagnose(&damaged).refusal.is_some());
            }
        }
    }
    assert!(refused > 15, "only {refused} refusals");
}

#[test]
fn a_database_that_is_open_is_told_as_a_moving_picture() {
    let disk = CrashDisk::new();
    let engine = Engine::open(DIR, options(&disk)).unwrap();
    engine.put(b"a", b"1").unwrap();
    let inspector = Inspector::new(disk.clone());
    let diagnosis = inspector.directory(DIR).unwrap();
    assert_eq!((diagnosis.in_use, diagnosis.closed), (Some(true), None));
    assert_eq!(diagnosis.log.operations, 1);
    assert!(diagnosis.refusal.is_none());
    assert!(inspector.verify(DIR).unwrap().is_sound());
    engine.put(b"b", b"2").unwrap();
    engine.close().unwrap();
    let diagnosis = diagnose(&disk);
    assert_eq!(diagnosis.in_use, Some(false));
    assert!(diagnosis.closed.is_some() && diagnosis.log.operations == 2);
}

#[test]
fn an_empty_or_missing_directory_and_names_of_no_file_are_refused_or_told() {
    let disk = CrashDisk::new();
    let inspector = Inspector::new(disk.clone());
    assert!(inspector.directory("/nowhere").is_err());
    disk.create_dir_all(Path::new(DIR)).unwrap();
    let diagnosis = inspector.directory(DIR).unwrap();
    assert!(diagnosis.files.is_empty() && diagnosis.refusal.is_none());
    assert!(inspector.table(in_dir("copy.table")).is_err());
    assert!(inspector.log(in_dir("000001.table")).is_err());
    assert!(inspector.manifest(in_dir("CURRENT")).is_err());
    let error = inspector.table(in_dir("000001.table")).unwrap_err();
    assert_eq!(error.kind(), grainstore::ErrorKind::Io);
}
