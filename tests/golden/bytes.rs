//! The golden files against what this build reads and writes.

use crate::history::{self, DIR, World};
use grainstore::fs::{CrashDisk, FileSystem};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// Asks for the golden files to be written anew.
const WRITE: &str = "GRAIN_WRITE_GOLDEN";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn golden_files() -> BTreeMap<String, Vec<u8>> {
    static REWRITTEN: Once = Once::new();
    REWRITTEN.call_once(rewrite_if_asked);
    files_there()
}

fn files_there() -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder()).unwrap().map(Result::unwrap);
    let files = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read(entry.path()).unwrap())
    });
    files.collect()
}

fn files_of(disk: &CrashDisk) -> BTreeMap<String, Vec<u8>> {
    let paths = disk.paths().into_iter();
    let files = paths.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, disk.read_file(&path).unwrap())
    });
    files.collect()
}

/// Writes the golden files anew where that was asked for.
fn rewrite_if_asked() {
    if std::env::var_os(WRITE).is_none() {
        return;
    }
    for name in files_there().keys() {
        std::fs::remove_file(folder().join(name)).unwrap();
    }
    for (name, bytes) in files_of(&history::written()) {
        std::fs::write(folder().join(name), bytes).unwrap();
    }
}

#[test]
fn golden_files_open_with_the_contents_written_down_and_are_written_the_same_today() {
    let golden = golden_files();
    let disk = CrashDisk::new();
    disk.create_dir_all(Path::new(DIR)).unwrap();
    for (name, bytes) in &golden {
        disk.write_file(&Path::new(DIR).join(name), bytes).unwrap();
    }
    let world = World::open(disk.clone()).unwrap();
    world.assert_contents();
    world.db.compact().unwrap();
    world.assert_contents();
    world.db.close().unwrap();
    World::open(disk.clone()).unwrap().assert_contents();
    assert_same_bytes(&golden, &files_of(&history::written()));
}

fn assert_same_bytes(golden: &BTreeMap<String, Vec<u8>>, today: &BTreeMap<String, Vec<u8>>) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(golden),
        names(today),
        "other files than the golden ones"
    );
    for (name, old) in golden {
        let new = &today[name];
        let at = old.iter().zip(new).position(|(a, b)| a != b);
        assert!(
            old == new,
            "{name} has other bytes than the golden file, from {} on ({} bytes, then {}). Files \
             that exist must stay readable: raise the format version and keep v1, or, before the \
             first release, run {WRITE}=1 cargo test --test golden",
            at.unwrap_or(old.len().min(new.len())),
            old.len(),
            new.len()
        );
    }
}

#[test]
fn golden_files_are_of_every_kind_and_small() {
    let golden = golden_files();
    for kind in ["LOCK", "CURRENT", "manifest-", ".wal", ".table"] {
        assert!(golden.keys().any(|name| name.contains(kind)), "no {kind}");
    }
    let bytes: usize = golden.values().map(Vec::len).sum();
    assert!((2_000..32_000).contains(&bytes), "{bytes} bytes");
}
