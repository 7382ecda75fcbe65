//! Stats and verify: figures that fit what was done.

use crate::{builder, new_db};
use grainstore::fs::CrashDisk;

#[test]
fn stats_count_what_was_done() {
    let db = new_db();
    let before = db.stats();
    let hp = db.store::<u32, Vec<u8>>("hp").unwrap();
    for key in 0..100 {
        hp.put(&key, &vec![7; 100]).unwrap();
    }
    let stats = db.stats();
    assert_eq!(
        stats.commits - before.commits,
        101,
        "100 puts and the store itself"
    );
    assert!(stats.wal_bytes > 100 * 100 && stats.memtable_bytes > 100 * 100);
    assert_eq!(
        (stats.flushes, stats.compactions, stats.tables()),
        (0, 0, 0)
    );
    assert!(stats.sequence_last > before.sequence_last);
    db.flush().unwrap();
    let stats = db.stats();
    assert_eq!(
        (stats.flushes, stats.tables(), stats.levels[0].tables),
        (1, 1, 1)
    );
    assert!(stats.levels[0].entries >= 101 && stats.levels[0].bytes > 100 * 100);
    assert!(stats.flushed_bytes >= stats.levels[0].bytes);
    let held = (db.snapshot(), db.snapshot());
    assert_eq!(db.stats().snapshots, 2);
    drop(held);
    assert_eq!(db.stats().snapshots, 0);
    assert_eq!(hp.get(&1).unwrap().unwrap(), [7; 100]);
    assert!(db.stats().cache_bytes > 0);
    for key in 0..100 {
        hp.delete(&key).unwrap();
    }
    db.compact().unwrap();
    let stats = db.stats();
    assert!(
        stats.compactions > 0 && stats.records_dropped >= 200,
        "{stats:?}"
    );
    let entries: u64 = stats.levels.iter().map(|level| level.entries).sum();
    assert!(entries <= 2, "only the catalog is left: {stats:?}");
}

#[test]
fn verify_reads_every_table_and_writes_nothing() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let hp = db.store::<u32, Vec<u8>>("hp").unwrap();
    assert_eq!(db.verify().unwrap().tables, 0);
    for round in 0..3u8 {
        for key in 0..200 {
            hp.put(&(u32::from(round) * 100 + key), &vec![round; 60])
                .unwrap();
        }
        db.flush().unwrap();
    }
    let calls = disk.calls();
    let report = db.verify().unwrap();
    assert_eq!(
        disk.calls(),
        calls,
        "verify has called the disk to change it"
    );
    let stats = db.stats();
    let (bytes, entries) = stats
        .levels
        .iter()
        .fold((0, 0), |(b, e), level| (b + level.bytes, e + level.entries));
    assert_eq!(
        (report.tables, report.bytes, report.entries),
        (stats.tables(), bytes, entries)
    );
}

#[test]
fn verify_finds_damage_in_a_running_database_and_names_it() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let hp = db.store::<u32, Vec<u8>>("hp").unwrap();
    for key in 0..200 {
        hp.put(&key, &vec![3; 60]).unwrap();
    }
    db.flush().unwrap();
    hp.put(&1, &vec![4; 60]).unwrap();
    let files = disk.paths();
    let damaged = files.iter().filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".table") || name.contains("manifest") || name.ends_with("CURRENT")
    });
    for path in damaged {
        let good = disk.read_file(path).unwrap();
        for at in [10, good.len() / 2, good.len() - 3] {
            disk.flip_bit(path, at as u64, 3).unwrap();
            let error = db.verify().unwrap_err();
            assert!(error.is_corruption(), "{error:?}");
            assert_eq!(error.path(), Some(&**path), "{error}");
            assert!(error.offset().is_some());
            let text = error.to_string();
            assert!(text.contains("is damaged at offset"), "{text}");
            disk.write_file(path, &good).unwrap();
        }
    }
    db.verify().unwrap();
}
