//! Flushes and compactions that fail without leaving anything in doubt: writes go on.

use crate::unreadable::UnreadableTables;
use grainstore::ErrorKind;
use grainstore::engine::{Background, Engine, EngineOptions};
use grainstore::fs::{CrashDisk, FileSystem, OpenMode};
use grainstore_proof::engine_run::DIR;
use std::path::Path;
use std::sync::Arc;

fn open(disk: impl FileSystem, background: Background) -> Engine {
    let mut options = EngineOptions::default();
    options.background = background;
    options.memtable_bytes = 4 << 10;
    options.table_bytes = 4 << 10;
    options.level0_tables = 2;
    options.cache_bytes = 0;
    options.file_system = Arc::new(disk);
    Engine::open(Path::new(DIR), options).unwrap()
}

fn write(engine: &Engine, round: u8) {
    for n in 0..300u32 {
        let key = [n.to_be_bytes().as_slice(), b"key"].concat();
        engine.put(&key, &[round; 90]).unwrap();
    }
}

fn assert_all(engine: &Engine, round: u8) {
    let all: Vec<_> = engine
        .scan::<&[u8]>(..)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(all.len(), 300);
    assert!(all.iter().all(|(_, value)| *value == [round; 90][..]));
}

#[test]
fn a_compaction_whose_inputs_cannot_be_read_gives_up_and_writes_go_on() {
    for background in [Background::Inline, Background::Thread] {
        let disk = UnreadableTables::default();
        let engine = open(disk.clone(), background);
        write(&engine, 1);
        engine.flush().unwrap();
        disk.set_unreadable(true);
        for round in 2..10 {
            write(&engine, round);
        }
        assert_eq!(engine.compact().unwrap_err().kind(), ErrorKind::Io);
        let stats = engine.stats();
        assert!(stats.work_failures > 0 && !stats.is_latched);
        let told = stats.last_error.unwrap();
        assert!(told.contains("read") && told.contains(".table"), "{told}");
        let level0 = stats.levels[0].tables;
        assert!(
            level0 > 20,
            "{level0}: writers waited for a compaction that fails"
        );
        disk.set_unreadable(false);
        engine.run_due_work().unwrap();
        let stats = engine.stats();
        assert!(stats.levels[0].tables < 2 && stats.last_error.is_none());
        assert_all(&engine, 9);
        engine.close().unwrap();
        drop(engine);
        assert_all(&open(disk, background), 9);
    }
}

#[test]
fn a_flush_that_cannot_write_its_table_is_tried_again_and_memory_stays_within_bounds() {
    for background in [Background::Inline, Background::Thread] {
        let disk = CrashDisk::new();
        let engine = open(disk.clone(), background);
        let mut refused = None;
        let table = no_more_tables(&disk);
        for n in 0..2_000u32 {
            if let Err(error) = engine.put(&n.to_be_bytes(), &[7; 100]) {
                refused = Some((n, error));
                break;
            }
        }
        let (written, error) = refused.unwrap();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains(".table"), "{error}");
        let stats = engine.stats();
        assert!(!stats.is_latched && stats.memtables <= 4);
        assert_eq!(engine.get(&0u32.to_be_bytes()).unwrap().unwrap(), [7; 100]);
        table.allow();
        engine.run_due_work().unwrap();
        for n in written..2_000u32 {
            engine.put(&n.to_be_bytes(), &[7; 100]).unwrap();
        }
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 2_000);
        assert_eq!(engine.stats().last_error, None);
    }
}

#[test]
fn a_damaged_table_stops_its_compaction_and_nothing_else() {
    let inner = CrashDisk::new();
    let engine = open(inner.clone(), Background::Inline);
    write(&engine, 1);
    engine.compact().unwrap();
    let is_table = |path: &std::path::PathBuf| path.extension() == Some("table".as_ref());
    let path = inner.paths().into_iter().find(is_table).unwrap();
    let file = inner.open(&path, OpenMode::Write).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 200).unwrap();
    file.write_all_at(&[byte[0] ^ 1], 200).unwrap();
    write(&engine, 2);
    write(&engine, 3);
    let stats = engine.stats();
    assert!(!stats.is_latched && stats.work_failures > 0);
    let told = stats.last_error.unwrap();
    assert!(told.contains("damaged"), "{told}");
    assert_eq!(engine.compact().unwrap_err().kind(), ErrorKind::Corruption);
    write(&engine, 4);
}

/// Lets no table be made on `disk`, by standing in the way of the next names.
fn no_more_tables(disk: &CrashDisk) -> Blocked {
    let blocked = Blocked { disk: disk.clone() };
    for number in 1..4_000 {
        let path = blocked.path(number);
        if disk.file_len(&path).is_err() {
            disk.open(&path, OpenMode::CreateNew).unwrap();
        }
    }
    blocked
}

struct Blocked {
    disk: CrashDisk,
}

impl Blocked {
    fn path(&self, number: u64) -> std::path::PathBuf {
        Path::new(DIR).join(format!("{number:06}.table"))
    }

    fn allow(&self) {
        for number in 1..4_000 {
            let path = self.path(number);
            if self.disk.file_len(&path).is_ok_and(|bytes| bytes == 0) {
                self.disk.remove_file(&path).unwrap();
            }
        }
    }
}
