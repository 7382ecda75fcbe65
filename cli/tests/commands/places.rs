//! Databases as a whole: made, looked at, copied, measured.

use crate::runner::{Folder, documents};
use grainstore::Db;
use serde_json::json;
use std::fs;

/// A database with tables on disk.
pub(crate) fn flushed() -> Folder {
    let folder = Folder::new();
    let db = Db::open(folder.join("db")).unwrap();
    let store = db.store::<u32, String>("names").unwrap();
    for n in 0..1_000 {
        store.put(&n, &"x".repeat(50)).unwrap();
    }
    db.flush().unwrap();
    db.close().unwrap();
    folder
}

/// Flips a byte in the middle of a table; tells its name.
pub(crate) fn damage_a_table(folder: &Folder, database: &str) -> String {
    let dir = folder.join(database);
    let is_table = |name: &str| name.ends_with(".table");
    let name = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| is_table(name))
        .unwrap();
    let path = dir.join(&name);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(path, bytes).unwrap();
    name
}

#[test]
fn a_database_and_a_store_are_made_and_listed() {
    let folder = Folder::new();
    folder.ok(&["init", "db"]);
    let nothing = folder.run(&["stores", "db"]);
    assert_eq!((nothing.code, nothing.output.as_str()), (0, ""));
    assert!(nothing.errors.contains("no stores"), "{}", nothing.errors);
    let init = [
        "init",
        "db",
        "-s",
        "sessions",
        "--key-type",
        "str, desc(u64)",
    ];
    folder.ok(&init);
    folder.ok(&init); // is there already, and the same
    let other = ["init", "db", "-s", "sessions", "--key-type", "u64"];
    assert!(folder.fails(2, &other).contains("k1:{str,desc(u64)}"));
    folder.ok(&["put", "db", "-s", "sessions", r#"["a",1]"#, "{}"]);
    let listed = folder.ok(&["stores", "db", "--count"]);
    assert_eq!(
        listed,
        "sessions\tgrains k1:{str,desc(u64)}, json/1\t1 records\n"
    );
    let listed = documents(&folder.ok(&["stores", "db", "--json"]));
    assert_eq!(listed[0]["key_schema"], json!("k1:{str,desc(u64)}"));
    assert_eq!(listed[0]["records"], json!(null));

    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/file"), "").unwrap();
    assert!(folder.fails(2, &["init", "full"]).contains("not empty"));
}

#[test]
fn a_store_is_dropped_with_its_records() {
    let folder = flushed();
    folder.ok(&["drop-store", "db", "names"]);
    let again = folder.fails(1, &["drop-store", "db", "names"]);
    assert!(again.contains("no store \"names\""), "{again}");
    folder.ok(&["init", "db", "-s", "names", "--key-type", "u32"]);
    assert_eq!(folder.ok(&["count", "db", "-s", "names"]), "0\n");
}

#[test]
fn figures_are_shown_and_flush_and_compact_change_them() {
    let folder = Folder::new();
    folder.ok(&["init", "db"]);
    folder.ok(&["put", "db", "a", "1"]);
    let figures = |folder: &Folder| documents(&folder.ok(&["stats", "db", "--json"])).remove(0);
    assert_eq!(figures(&folder)["tables"], json!(0));
    folder.ok(&["flush", "db"]);
    assert_eq!(figures(&folder)["tables"], json!(1));
    folder.ok(&["del", "db", "a"]);
    let compacted = documents(&folder.ok(&["compact", "db", "--json"])).remove(0);
    assert_eq!(compacted["table_bytes"], json!(0));
    assert_eq!(figures(&folder)["tables"], json!(0));
    assert!(folder.ok(&["stats", "db"]).contains("last sequence number"));
}

#[test]
fn a_checkpoint_is_restored_elsewhere_and_neither_is_changed() {
    let folder = flushed();
    folder.ok(&["checkpoint", "db", "copy", "--verify"]);
    folder.fails(2, &["checkpoint", "db", "copy"]);
    let before = fs::read_dir(folder.join("copy")).unwrap().count();
    let restored = folder.ok(&["restore", "copy", "new"]);
    assert!(restored.contains("verified"), "{restored}");
    assert_eq!(fs::read_dir(folder.join("copy")).unwrap().count(), before);
    let all = ["scan", "db", "-s", "names"];
    assert_eq!(folder.ok(&["scan", "new", "-s", "names"]), folder.ok(&all));
    assert!(
        folder
            .fails(2, &["restore", "copy", "new"])
            .contains("there already")
    );
    assert!(!folder.join("new.part").exists());
}

#[test]
fn a_damaged_checkpoint_is_not_restored() {
    let folder = flushed();
    folder.ok(&["checkpoint", "db", "copy"]);
    let table = damage_a_table(&folder, "copy");
    let error = folder.fails(4, &["restore", "copy", "new"]);
    assert!(
        error.contains(&table) && error.contains("is damaged at offset"),
        "{error}"
    );
    assert!(!folder.join("new").exists() && !folder.join("new.part").exists());
}

#[test]
fn a_database_in_use_is_not_restored_from() {
    let folder = flushed();
    let db = Db::open(folder.join("db")).unwrap();
    let error = folder.fails(3, &["restore", "db", "new"]);
    assert!(error.contains("checkpoint"), "{error}");
    db.close().unwrap();
    drop(db);
    folder.ok(&["restore", "db", "new"]);
}

#[test]
fn a_bench_tells_its_figures_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let bench = ["bench", "--dir", ".", "-n", "500"];
    let figures = documents(&folder.ok(&[&bench[..], &["--json"]].concat()));
    let names: Vec<_> = figures
        .iter()
        .map(|figure| figure["name"].clone())
        .collect();
    let wanted = ["put, unsynced", "get", "scan, a record", "durable put"];
    assert_eq!(names, wanted.map(|name| json!(name)));
    assert!(
        figures[..3]
            .iter()
            .all(|figure| figure["operations"] == json!(500))
    );
    assert!(
        figures
            .iter()
            .all(|figure| figure["nanoseconds_each"].as_f64().unwrap() > 0.0)
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
