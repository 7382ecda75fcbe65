//! Nonsense behind sound checksums, as a bug of another build could write it, in a compaction.

use grainstore::engine::{Background, Engine, EngineOptions};
use grainstore::fs::CrashDisk;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn open(disk: &CrashDisk) -> Engine {
    let mut options = EngineOptions::default();
    options.level0_tables = 1;
    options.table_bytes = 4 << 10;
    options.block_bytes = 64;
    options.background = Background::Inline;
    options.file_system = Arc::new(disk.clone());
    Engine::open("/db", options).unwrap()
}

/// A closed database with the records of each of `tables` in a table of level 1; in the first one
/// `key`, which stands there once before all checksums, is `other` instead.
fn damaged(tables: &[&[(u8, usize)]], key: u8, other: u8) -> (CrashDisk, PathBuf) {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    for records in tables {
        for &(key, value_bytes) in *records {
            engine.put(&[key], &vec![0; value_bytes]).unwrap();
        }
        engine.flush().unwrap(); // moves down as it is
    }
    engine.close().unwrap();
    let path = disk
        .paths()
        .into_iter()
        .find(|path| is_table(path))
        .unwrap();
    let mut bytes = disk.read_file(&path).unwrap();
    let at = bytes.iter().position(|&byte| byte == key).unwrap();
    bytes[at] = other;
    grainstore::fuzzing::reseal(&path.file_name().unwrap().to_string_lossy(), &mut bytes);
    disk.write_file(&path, &bytes).unwrap();
    (disk, path)
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "table")
}

/// Merges a new record of `key` into the damaged table at `path`.
fn assert_told(disk: &CrashDisk, path: &Path, key: u8) {
    let engine = open(disk);
    engine.put(&[key], b"again").unwrap();
    let before = disk.paths();
    let error = engine.flush().and_then(|()| engine.run_due_work());
    let error = error.unwrap_err();
    assert!(error.is_corruption(), "{error}");
    assert_eq!(error.path(), Some(path), "{error}");
    // The table of the flush is there, those of the compaction are not.
    let new = disk.paths().into_iter();
    let new = new.filter(|path| is_table(path) && !before.contains(path));
    assert_eq!(new.count(), 1);
    assert_eq!(engine.get(&[key]).unwrap().unwrap(), b"again");
}

#[test]
fn a_key_beyond_what_its_table_says_is_damage_of_that_table_and_no_fault_of_the_caller() {
    let (disk, path) = damaged(&[&[(0xb7, 0)], &[(0xc7, 0)]], 0xb7, 0xe7);
    assert_told(&disk, &path, 0xb7);
}

#[test]
fn a_key_out_of_order_where_one_new_table_ends_is_damage_of_the_table_it_came_from() {
    let records: &[(u8, usize)] = &[(0xa1, 0), (0xb3, 5_000), (0xb7, 0)];
    let (disk, path) = damaged(&[records], 0xb7, 0xa5);
    assert_told(&disk, &path, 0xa1);
}
