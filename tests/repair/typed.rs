//! Catalog, versions, lifetimes and codecs of typed stores come through a repair.

#![cfg(feature = "msgpack")]

use crate::sample::{DIR, NEW, NOW_MS, current, ending, files, manifest, repair_options};
use grainstore::clock::ManualClock;
use grainstore::fs::CrashDisk;
use grainstore::{Background, Db, Expiry, Ttl, Version};
use std::time::Duration;

fn open(disk: &CrashDisk, dir: &str) -> Db {
    let clock = ManualClock::new(NOW_MS);
    let builder = Db::builder(dir).file_system(disk.clone()).clock(clock);
    let builder = builder.engine_options(|options| options.block_bytes = 256);
    builder.background(Background::Inline).open().unwrap()
}

/// A database with two stores, closed; answers the last version that was given out.
fn filled(disk: &CrashDisk, compacted: bool) -> Version {
    let db = open(disk, DIR);
    let names = db.store::<u32, String>("names").unwrap();
    let blobs = db.bytes_store("blobs").unwrap();
    for i in 0..40 {
        names.put(&i, &format!("name {i}")).unwrap();
        blobs.put(i.to_be_bytes(), b"blob").unwrap();
    }
    names
        .put_with(
            &3,
            &"for an hour".into(),
            Ttl::After(Duration::from_secs(3_600)),
        )
        .unwrap();
    names.delete(&4).unwrap();
    if compacted {
        db.compact().unwrap();
    } else {
        db.flush().unwrap();
    }
    names.put(&5, &"in the log".into()).unwrap();
    let last = names.get_versioned(&5).unwrap().unwrap().version;
    db.close().unwrap();
    last
}

/// Repairs and holds what was `filled`, but for what is only in the log where that is lost.
fn check(disk: &CrashDisk, last: Version, has_log: bool) {
    grainstore::inspect::repair(DIR, NEW, &repair_options(disk)).unwrap();
    let db = open(disk, NEW);
    assert_eq!(db.store_names().unwrap(), ["blobs", "names"]);
    let names = db.store::<u32, String>("names").unwrap();
    let blobs = db.bytes_store("blobs").unwrap();
    assert_eq!(
        (names.iter().count().unwrap(), blobs.iter().count()),
        (39, 40)
    );
    let hour = Expiry::In(Duration::from_secs(3_600));
    assert_eq!(names.ttl(&3).unwrap(), hour);
    assert!(!names.contains(&4).unwrap());
    assert_eq!(names.get(&5).unwrap().unwrap() == "in the log", has_log);
    // A version that was given out never comes again, those of lost records neither.
    names.put(&6, &"later".into()).unwrap();
    let next = names.get_versioned(&6).unwrap().unwrap().version;
    assert!(next > last, "{next} after {last}");
    db.close().unwrap();
}

#[test]
fn a_typed_database_is_saved_with_names_lifetimes_and_versions() {
    for compacted in [false, true] {
        let disk = CrashDisk::new();
        let last = filled(&disk, compacted);
        check(&disk, last, true);
    }
}

#[test]
fn versions_go_on_upwards_where_all_that_tells_of_them_is_lost() {
    let disk = CrashDisk::new();
    let last = filled(&disk, true);
    disk.lose_file(&current()).unwrap();
    disk.lose_file(&manifest(&disk)).unwrap();
    for log in ending(&disk, ".wal") {
        disk.lose_file(&log).unwrap();
    }
    check(&disk, last, false);
}

#[test]
fn a_store_made_after_its_catalog_was_lost_does_not_get_the_records_of_another() {
    let disk = CrashDisk::new();
    filled(&disk, true);
    for table in ending(&disk, ".table") {
        disk.flip_bit(&table, 20, 0).unwrap(); // the catalog stands first
    }
    let report = grainstore::inspect::repair(DIR, NEW, &repair_options(&disk)).unwrap();
    assert!(
        !report.lost.is_empty() && report.records > 40,
        "{report:#?}"
    );
    let db = open(&disk, NEW);
    assert!(db.store_names().unwrap().is_empty());
    let other = db.store::<u32, u64>("other").unwrap();
    assert_eq!(other.iter().count().unwrap(), 0);
    let third = db.store::<u32, u64>("third").unwrap();
    third.put(&7, &7).unwrap();
    assert_eq!(other.get(&7).unwrap(), None);
    other.put(&1, &1).unwrap();
    assert_eq!(other.get(&1).unwrap(), Some(1));
    db.close().unwrap();
    assert!(!files(&disk).is_empty());
}
