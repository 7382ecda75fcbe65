//! Checkpoints: databases of their own, whatever becomes of the original.

use crate::counting_disk::CountingDisk;
use crate::{builder, new_db};
use grainstore::fs::{CrashDisk, CrashImage, FileSystem, OpenMode, RealDisk};
use grainstore::fs::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use grainstore::{Background, Db, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every pair of a store.
fn pairs(db: &Db) -> Vec<(u32, Vec<u8>)> {
    let grains = db.store::<u32, Vec<u8>>("grains").unwrap();
    let entries = grains.iter().map(Result::unwrap);
    entries.map(|entry| (entry.key, entry.value)).collect()
}

fn fill(db: &Db, from: u32, value: u8) {
    let grains = db.store::<u32, Vec<u8>>("grains").unwrap();
    for key in from..from + 300 {
        grains.put(&key, &vec![value; 50]).unwrap();
    }
}

/// Small logs and memtables, so that files turn over fast.
fn busy(disk: &CrashDisk, dir: &str) -> Db {
    Db::builder(dir)
        .file_system(disk.clone())
        .background(Background::Inline)
        .memtable_bytes(8 << 10)
        .engine_options(|options| {
            options.wal_segment_bytes = 8 << 10;
            options.table_bytes = 8 << 10;
            options.level1_bytes = 16 << 10;
            options.level0_tables = 2;
        })
        .open()
        .unwrap()
}

#[test]
fn a_checkpoint_is_a_database_of_its_own_while_the_original_goes_on() {
    let disk = CrashDisk::new();
    let db = busy(&disk, "/db");
    fill(&db, 0, 1);
    fill(&db, 200, 2);
    db.checkpoint("/copy").unwrap();
    let then = pairs(&db);
    let files: Vec<_> = disk
        .paths()
        .into_iter()
        .filter(|p| p.starts_with("/copy"))
        .collect();
    let bytes: Vec<_> = files
        .iter()
        .map(|path| disk.read_file(path).unwrap())
        .collect();
    // The original writes on: new logs out of old ones, compactions, files removed.
    for round in 3..9 {
        fill(&db, 150 * u32::from(round), round);
        fill(&db, 0, round);
    }
    db.compact().unwrap();
    for (path, bytes) in files.iter().zip(bytes) {
        assert_eq!(
            disk.read_file(path).unwrap(),
            bytes,
            "{} has changed",
            path.display()
        );
    }
    let copy = busy(&disk, "/copy");
    assert_eq!(pairs(&copy), then);
    copy.verify().unwrap();
    // And the copy on its own does not reach back.
    let now = pairs(&db);
    fill(&copy, 0, 99);
    copy.compact().unwrap();
    copy.close().unwrap();
    assert_eq!(pairs(&db), now);
    db.verify().unwrap();
    db.close().unwrap();
    assert_eq!(pairs(&busy(&disk, "/db")), now);
}

#[test]
fn a_checkpoint_is_durable_when_it_returns() {
    let disk = CrashDisk::new();
    let db = busy(&disk, "/db");
    fill(&db, 0, 1);
    db.checkpoint("/backups/monday/copy").unwrap();
    for kind in [
        CrashImage::DropUnsynced,
        CrashImage::TornSectors { seed: 3 },
    ] {
        let left = disk.image(usize::MAX, kind);
        assert_eq!(
            pairs(&busy(&left, "/backups/monday/copy")),
            pairs(&db),
            "{kind:?}"
        );
    }
}

#[test]
fn a_checkpoint_to_another_file_system_is_copied_and_is_as_durable() {
    let disk = CountingDisk::default();
    let builder = Db::builder("/db").file_system(disk.clone());
    let db = builder.background(Background::Inline).open().unwrap();
    fill(&db, 0, 1);
    disk.refuse_links();
    db.checkpoint("/copy").unwrap();
    let left = disk.disk.image(usize::MAX, CrashImage::DropUnsynced);
    assert_eq!(pairs(&busy(&left, "/copy")), pairs(&db));
    busy(&left, "/copy").verify().unwrap();
    fill(&db, 100, 2);
    assert_eq!(pairs(&db).len(), 400);
    assert_eq!(pairs(&busy(&left, "/copy")).len(), 300);
}

#[test]
fn a_table_that_is_damaged_is_not_copied_to_another_file_system() {
    let disk = CountingDisk::default();
    let builder = Db::builder("/db").file_system(disk.clone());
    let db = builder.background(Background::Inline).open().unwrap();
    fill(&db, 0, 1);
    db.flush().unwrap();
    let is_table = |path: &PathBuf| path.extension() == Some("table".as_ref());
    let path = disk.disk.paths().into_iter().find(is_table).unwrap();
    let file = disk.disk.open(&path, OpenMode::Write).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 100).unwrap();
    file.write_all_at(&[byte[0] ^ 1], 100).unwrap();
    disk.refuse_links();
    let error = db.checkpoint("/copy").unwrap_err();
    assert!(error.is_corruption() && error.path() == Some(&path));
    let left = disk.disk.paths();
    assert!(!left.iter().any(|path| path.starts_with("/copy")));
}

#[test]
fn a_checkpoint_that_fails_at_any_call_leaves_nothing_behind() {
    for links in [true, false] {
        let disk = CountingDisk::default();
        let faulty = FaultDisk::new(Arc::new(disk.clone()));
        let builder = Db::builder("/db").file_system(faulty.clone());
        let db = builder.background(Background::Inline).open().unwrap();
        fill(&db, 0, 1);
        db.flush().unwrap();
        if !links {
            disk.refuse_links();
        }
        let mut failed = 0;
        loop {
            faulty.arm(Fault {
                kind: FaultKind::Eio,
                at: failed,
                mode: FaultMode::Once,
                calls: FaultCalls::All,
            });
            let made = db.checkpoint(format!("/copy/{failed}"));
            faulty.disarm();
            if faulty.fired() == 0 {
                made.unwrap();
                break;
            }
            // Whether the names of the last step are durable may be known too late.
            if made.is_err() {
                let left = disk.disk.paths();
                assert!(
                    !left.iter().any(|path| path.starts_with("/copy/")),
                    "call {failed}"
                );
            }
            failed += 1;
            for made in 0..failed {
                drop_copy(&disk.disk, &format!("/copy/{made}"));
            }
        }
        assert!(failed > 15, "{failed}");
        assert_eq!(
            pairs(&busy(&disk.disk.fork(), &format!("/copy/{failed}"))),
            pairs(&db)
        );
        assert!(!db.stats().is_latched);
        fill(&db, 100, 2);
    }
}

fn drop_copy(disk: &CrashDisk, dir: &str) {
    for path in disk.paths() {
        if path.starts_with(dir) {
            disk.remove_file(&path).unwrap();
        }
    }
}

#[test]
fn a_checkpoint_that_fails_on_the_real_disk_removes_the_directories_that_it_made() {
    let dir = std::env::temp_dir().join(format!("grainstore-checkpoint-{}", std::process::id()));
    let faulty = FaultDisk::new(Arc::new(RealDisk));
    let db = Db::builder(dir.join("db"))
        .file_system(faulty.clone())
        .open()
        .unwrap();
    fill(&db, 0, 1);
    db.flush().unwrap();
    faulty.arm(Fault {
        kind: FaultKind::Enospc,
        at: 0,
        mode: FaultMode::Once,
        calls: FaultCalls::Writes,
    });
    let error = db.checkpoint(dir.join("backups/monday")).unwrap_err();
    assert!(error.is_storage_full(), "{error}");
    assert!(!dir.join("backups").exists());
    db.checkpoint(dir.join("backups/monday")).unwrap();
    db.close().unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_checkpoint_needs_a_directory_without_anything_in_it() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    fill(&db, 0, 1);
    db.checkpoint("/copy").unwrap();
    for dir in ["/copy", "/db"] {
        let refused = db.checkpoint(dir).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{refused:?}");
        let text = refused.to_string();
        assert!(text.contains(dir) && text.contains("not empty"), "{text}");
    }
    db.verify().unwrap();
}

#[test]
fn a_checkpoint_of_an_empty_database_is_an_empty_database() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    db.checkpoint("/copy").unwrap();
    let copy = busy(&disk, "/copy");
    assert!(copy.store_names().unwrap().is_empty());
    assert!(pairs(&copy).is_empty());
    assert!(
        disk.paths()
            .iter()
            .any(|path| path.starts_with(Path::new("/copy")))
    );
}

#[test]
fn a_checkpoint_keeps_lifetimes_versions_and_stores() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let hp = db.store::<u32, u32>("hp").unwrap();
    let version = hp.put_if(&1, &5, grainstore::If::Absent).unwrap();
    db.checkpoint("/copy").unwrap();
    let copy = busy(&disk, "/copy");
    let there = copy.store::<u32, u32>("hp").unwrap();
    assert_eq!(there.get_versioned(&1).unwrap().unwrap().version, version);
    let next = there
        .put_if(&1, &6, grainstore::If::Version(version))
        .unwrap();
    assert!(next > version);
    let mismatch = copy.store::<String, u32>("hp").unwrap_err();
    assert_eq!(mismatch.kind(), ErrorKind::SchemaMismatch);
    drop(new_db());
}
