//! The smallest histories that once went wrong, one a claim.

use grainstore::engine::{Background, Engine, EngineOptions};
use grainstore::fs::{CrashDisk, CrashImage};
use grainstore_proof::engine_run::DIR;
use std::path::Path;
use std::sync::Arc;

fn open(disk: &CrashDisk, memtable_bytes: usize) -> Engine {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.memtable_bytes = memtable_bytes;
    options.file_system = Arc::new(disk.clone());
    Engine::open(Path::new(DIR), options).unwrap()
}

#[test]
fn a_log_segment_of_which_half_is_in_tables_opens() {
    let disk = CrashDisk::new();
    let engine = open(&disk, 1 << 20);
    for number in 0..12_u8 {
        engine.put(&[number], &[number; 1_000]).unwrap();
    }
    engine.close().unwrap();
    // With smaller memtables the replay fills several, and all but the last become tables.
    let engine = open(&disk, 4 << 10);
    let stats = engine.stats();
    assert!(stats.tables() > 0 && stats.memtable_bytes > 0);
    engine.close().unwrap();
    let engine = open(&disk, 1 << 20);
    for number in 0..12_u8 {
        assert_eq!(engine.get(&[number]).unwrap().unwrap(), [number; 1_000]);
    }
}

#[test]
fn a_database_in_new_directories_survives_power_loss() {
    let disk = CrashDisk::new();
    let engine = open(&disk, 1 << 20);
    engine.put(b"a", b"1").unwrap();
    let disk = disk.image(disk.calls(), CrashImage::DropUnsynced);
    drop(engine);
    assert_eq!(open(&disk, 1 << 20).get(b"a").unwrap().unwrap(), b"1");
}
