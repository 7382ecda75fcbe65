//! Files in the directory that are not the database's: never read, changed or removed.

use super::judge::{Outcome, judge_twice};
use super::sample::{self, DIR};
use grainstore::BlockCompression;
use grainstore::engine::Engine;
use std::path::Path;

const NAMES: [&str; 16] = [
    "notes.txt",
    "00001.table",
    "000001.tables",
    "000001.table.bak",
    "x000001.table",
    "00000a.wal",
    "-000001.wal",
    "000001.WAL",
    "000001",
    "manifest",
    "manifest-1",
    "manifest-000001.old",
    "CURRENT.bak",
    "LOCK.old",
    "current",
    "99999999999999999999999.wal",
];

#[test]
fn foreign_files_are_left_alone_and_change_nothing() {
    let sample = sample::in_motion("in motion", BlockCompression::None);
    for name in NAMES {
        let path = Path::new(DIR).join(name);
        sample.disk.write_file(&path, name.as_bytes()).unwrap();
    }
    assert_eq!(judge_twice(&sample, &sample.disk), Ok(Outcome::Harmless));
    let engine = Engine::open(DIR, sample.options(&sample.disk)).unwrap();
    engine.put(b"more", &[1; 5_000]).unwrap();
    engine.compact().unwrap();
    engine.verify().unwrap();
    engine.close().unwrap();
    for name in NAMES {
        let path = Path::new(DIR).join(name);
        assert_eq!(sample.disk.read_file(&path).unwrap(), name.as_bytes());
    }
}

#[test]
fn a_directory_with_foreign_files_alone_becomes_a_database_beside_them() {
    let sample = sample::in_motion("in motion", BlockCompression::None);
    let disk = grainstore::fs::CrashDisk::new();
    grainstore::fs::FileSystem::create_dir_all(&disk, Path::new(DIR)).unwrap();
    for name in NAMES {
        disk.write_file(&Path::new(DIR).join(name), b"mine")
            .unwrap();
    }
    let engine = Engine::open(DIR, sample.options(&disk)).unwrap();
    engine.put(b"key", b"value").unwrap();
    engine.close().unwrap();
    let engine = Engine::open(DIR, sample.options(&disk)).unwrap();
    assert_eq!(engine.get(b"key").unwrap().unwrap(), b"value");
    for name in NAMES {
        assert_eq!(disk.read_file(&Path::new(DIR).join(name)).unwrap(), b"mine");
    }
}

#[test]
fn the_directory_of_another_program_with_names_of_ours_is_refused_and_left_as_it_is() {
    // Other engines have a CURRENT, too, and logs and tables that could be ours by their names.
    let leveldb: &[(&str, &[u8])] = &[
        ("CURRENT", b"MANIFEST-000005\n"),
        ("MANIFEST-000005", b"theirs"),
        ("000012.log", b"theirs"),
        ("000013.sst", b"theirs"),
        ("IDENTITY", b"theirs"),
        ("LOCK", b""),
    ];
    let tables: &[(&str, &[u8])] = &[("000001.table", b"a table of food"), ("LOCK", b"theirs")];
    let logs: &[(&str, &[u8])] = &[("000001.wal", b"a log of a ship")];
    let sample = sample::in_motion("in motion", BlockCompression::None);
    for files in [leveldb, tables, logs] {
        let disk = grainstore::fs::CrashDisk::new();
        grainstore::fs::FileSystem::create_dir_all(&disk, Path::new(DIR)).unwrap();
        for (name, bytes) in files {
            disk.write_file(&Path::new(DIR).join(name), bytes).unwrap();
        }
        let refused = Engine::open(DIR, sample.options(&disk)).unwrap_err();
        assert!(refused.is_corruption(), "{refused}");
        for (name, bytes) in files {
            let path = Path::new(DIR).join(name);
            assert_eq!(disk.read_file(&path).unwrap(), *bytes, "{name}");
        }
        // Nothing but the lock has come to it.
        let known = |path: &&std::path::PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name == Some("LOCK") || files.iter().any(|(file, _)| name == Some(file))
        };
        let paths = disk.paths();
        assert_eq!(paths.iter().filter(known).count(), paths.len(), "{paths:?}");
    }
}

#[test]
fn files_of_a_work_cut_short_are_swept_away() {
    let sample = sample::at_rest("at rest", BlockCompression::None);
    let left = ["000900.table", "manifest-000901", "CURRENT.tmp"];
    for name in left {
        let path = Path::new(DIR).join(name);
        sample.disk.write_file(&path, b"half").unwrap();
    }
    assert_eq!(judge_twice(&sample, &sample.disk), Ok(Outcome::Harmless));
    let paths = sample.disk.paths();
    for name in left {
        assert!(!paths.contains(&Path::new(DIR).join(name)), "{name} stays");
    }
}
