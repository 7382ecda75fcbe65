//! Looking at files and saving what can be read: diag, verify, the dumps and repair.

use crate::runner::{Folder, documents};
use grainstore::Db;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const RECORDS: u64 = 2_000;

/// A database `db` with a table of many blocks and some commits in the log, closed.
fn database() -> Folder {
    let folder = Folder::new();
    let db = Db::open(folder.join("db")).unwrap();
    let notes = db.bytes_store("notes").unwrap();
    for i in 0..RECORDS {
        let value = format!("value {i} {}", ".".repeat(100));
        notes.put(i.to_be_bytes(), value.as_bytes()).unwrap();
    }
    db.flush().unwrap();
    notes.delete(3u64.to_be_bytes()).unwrap();
    notes.put(b"in the log", b"\x00\xff").unwrap();
    db.close().unwrap();
    folder
}

fn file(folder: &Folder, end: &str) -> PathBuf {
    let files = fs::read_dir(folder.join("db")).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    let ends = |path: &PathBuf| path.to_string_lossy().contains(end);
    files.find(ends).unwrap()
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn flip(path: &PathBuf, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn one(folder: &Folder, code: i32, arguments: &[&str]) -> Value {
    let ran = folder.run(&[&["--json"], arguments].concat());
    assert_eq!(ran.code, code, "{arguments:?}: {}", ran.errors);
    let mut found = ran.documents();
    assert_eq!(found.len(), 1, "{}", ran.output);
    found.remove(0)
}

#[test]
fn verify_lists_all_damage_and_not_only_the_first() {
    let folder = database();
    let sound = one(&folder, 0, &["verify", "db"]);
    assert_eq!(sound["sound"], json!(true));
    // The two entries of the catalog come on top.
    assert_eq!(sound["entries"], json!(RECORDS + 2));
    assert_eq!(
        (&sound["tables"], &sound["records"]),
        (&json!(1), &json!(2))
    );
    assert!(folder.ok(&["verify", "db"]).contains("all of it is sound"));
    let table = file(&folder, ".table");
    for at in [100, 40_000, 90_000] {
        flip(&table, at);
    }
    flip(&file(&folder, ".wal"), 30);
    let damaged = one(&folder, 4, &["verify", "db"]);
    assert_eq!(damaged["damaged_tables"][0]["blocks_lost"], json!(3));
    let places = damaged["damage"].as_array().unwrap();
    assert_eq!(places.len(), 4, "{places:#?}");
    assert!(
        places
            .iter()
            .all(|place| place["file"].is_string() && place["offset"].is_u64())
    );
    let ran = folder.run(&["verify", "db"]);
    assert_eq!((ran.code, ran.output.matches("damage  ").count()), (4, 4));
    assert!(
        ran.errors.contains("4 places are damaged"),
        "{}",
        ran.errors
    );
}

#[test]
fn diag_tells_of_a_closed_an_open_and_a_broken_database() {
    let folder = database();
    let told = one(&folder, 0, &["diag", "db"]);
    assert_eq!(
        (&told["opens"], &told["in_use"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(told["log"]["operations"], json!(2));
    assert_eq!(told["closed"]["log"], told["log"]["last"]);
    assert_eq!(told["levels"].as_array().unwrap().len(), 1);
    assert!(folder.ok(&["diag", "db"]).contains("it opens"));
    let (closed, db) = (&told["closed"], Db::open(folder.join("db")).unwrap());
    let told = one(&folder, 0, &["diag", "db"]);
    // Nothing was written since.
    assert_eq!((&told["in_use"], &told["closed"]), (&json!(true), closed));
    db.flush().unwrap();
    let told = one(&folder, 0, &["diag", "db"]);
    assert_eq!(
        (&told["in_use"], &told["closed"]),
        (&json!(true), &Value::Null)
    );
    let error = folder.fails(3, &["verify", "db"]);
    assert!(error.contains("is open"), "{error}");
    assert_eq!(
        one(&folder, 0, &["verify", "db", "--live"])["sound"],
        json!(true)
    );
    db.close().unwrap();
    fs::remove_file(file(&folder, "CURRENT")).unwrap();
    let told = one(&folder, 4, &["diag", "db"]);
    assert_eq!(
        (&told["opens"], &told["manifest_complete"]),
        (&json!(false), &json!(true))
    );
    let refusal = told["refusal"]["what"].as_str().unwrap();
    assert!(refusal.contains("CURRENT is missing"), "{refusal}");
    let ran = folder.run(&["diag", "db"]);
    assert!(ran.output.contains("it does not open"), "{}", ran.output);
    folder.fails(1, &["diag", "nowhere"]);
    fs::create_dir(folder.join("empty")).unwrap();
    folder.fails(1, &["diag", "empty"]);
    folder.fails(1, &["verify", "empty"]);
}

#[test]
fn a_table_is_dumped_with_parts_blocks_and_entries_and_past_damage() {
    let folder = database();
    let table = file(&folder, ".table");
    let dump = |arguments: &[&str]| {
        let all = [&["--json", "dump-sstable", shown(&table)], arguments].concat();
        let ran = folder.run(&all);
        (ran.code, ran.documents())
    };
    let of = |items: &[Value], kind: &str| {
        items
            .iter()
            .filter(|item| item["item"] == kind)
            .cloned()
            .collect::<Vec<_>>()
    };
    let (code, items) = dump(&[
        "--keys",
        "hex",
        "--values",
        "text",
        "--value-bytes-max",
        "7",
    ]);
    assert_eq!(code, 0);
    let entries = of(&items, "entry");
    assert_eq!(entries.len() as u64, RECORDS + 2);
    assert_eq!(of(&items, "properties")[0]["entries"], json!(RECORDS + 2));
    let last = &entries[entries.len() - 1];
    assert_eq!(last["key"], json!("0100000000000007cf"));
    assert_eq!(
        (&last["value"], &last["kind"]),
        (&json!("value 1"), &json!("put"))
    );
    assert_eq!(last["value_bytes"], json!("value 1999 ".len() + 100));
    let blocks = of(&items, "block");
    assert!(blocks.len() > 10, "{} blocks", blocks.len());
    let (_, limited) = dump(&["--limit", "5"]);
    assert_eq!(of(&limited, "entry").len(), 5);
    assert!(of(&limited, "entry")[0].get("value").is_none());
    let (_, bare) = dump(&["--no-entries"]);
    assert_eq!(
        (of(&bare, "entry").len(), of(&bare, "block").len()),
        (0, blocks.len())
    );
    flip(&table, blocks[2]["offset"].as_u64().unwrap() as usize + 9);
    let (code, items) = dump(&[]);
    assert_eq!((code, of(&items, "damage").len()), (4, 1));
    let lost = blocks[2]["entries"].as_u64().unwrap();
    assert_eq!(of(&items, "entry").len() as u64, RECORDS + 2 - lost);
    let text = folder.run(&["dump-sstable", shown(&table), "--limit", "3"]);
    assert!(text.output.contains("block 0") && text.output.contains("properties"));
    folder.fails(2, &["dump-sstable", shown(&file(&folder, ".wal"))]);
    folder.fails(5, &["dump-sstable", "000099.table"]);
}

#[test]
fn a_log_and_a_manifest_are_dumped_in_order() {
    let folder = database();
    let log = file(&folder, ".wal");
    let ran = folder.run(&["--json", "dump-wal", shown(&log), "--values", "hex"]);
    assert_eq!(ran.code, 0, "{}", ran.errors);
    let items = ran.documents();
    let kinds: Vec<_> = items
        .iter()
        .map(|item| item["item"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["record", "operation", "record", "operation", "seal"]
    );
    assert_eq!(
        (&items[1]["kind"], &items[3]["value"]),
        (&json!("delete"), &json!("00ff"))
    );
    assert_eq!(items[3]["key"], json!("\\x01in the log"));
    assert_eq!(items[4]["reason"], json!("closed"));
    let text = folder.ok(&["dump-wal", shown(&log)]);
    assert!(text.contains("put \\x01in the log  2 bytes"), "{text}");
    assert!(text.contains("closed cleanly"), "{text}");
    let bare = folder.ok(&["dump-wal", shown(&log), "--no-operations"]);
    assert!(!bare.contains("put ") && bare.contains("commit"), "{bare}");

    let manifest = file(&folder, "manifest-");
    let ran = folder.run(&["--json", "dump-manifest", shown(&manifest)]);
    let edits = ran.documents();
    assert_eq!((ran.code, &edits[0]["item"]), (0, &json!("snapshot")));
    let added: Vec<_> = edits
        .iter()
        .flat_map(|edit| edit["added"].as_array().unwrap())
        .collect();
    assert_eq!(
        (added.len(), &added[0]["entries"]),
        (1, &json!(RECORDS + 2))
    );
    let text = folder.ok(&[
        "dump-manifest",
        shown(&manifest),
        "--keys",
        "hex",
        "--limit",
        "99",
    ]);
    assert!(
        text.contains("+ table ") && text.contains(" on level 0, keys 00 to"),
        "{text}"
    );
    assert_eq!(
        documents(&folder.ok(&["--json", "dump-manifest", shown(&manifest), "--limit", "1",]))
            .len(),
        1
    );
    flip(&manifest, 70);
    let ran = folder.run(&["--json", "dump-manifest", shown(&manifest)]);
    let damaged = ran
        .documents()
        .iter()
        .filter(|item| item["item"] == "damage")
        .count();
    assert_eq!((ran.code, damaged), (4, 1));
}

#[test]
fn repair_saves_what_can_be_read_and_tells_what_was_lost() {
    let folder = database();
    let whole = one(&folder, 0, &["repair", "db", "whole"]);
    assert_eq!(
        (&whole["complete"], &whole["doubts_total"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(
        folder.ok(&["count", "whole", "-s", "notes"]).trim(),
        RECORDS.to_string()
    );

    let blocks = folder.run(&[
        "--json",
        "dump-sstable",
        shown(&file(&folder, ".table")),
        "--no-entries",
    ]);
    let blocks = blocks.documents();
    let block = blocks.iter().find(|item| item["number"] == 4).unwrap();
    flip(
        &file(&folder, ".table"),
        block["offset"].as_u64().unwrap() as usize + 50,
    );
    fs::remove_file(file(&folder, "manifest-")).unwrap();
    let before = fs::read(file(&folder, ".table")).unwrap();
    let ran = folder.run(&["repair", "db", "saved", "--report", "report.json"]);
    assert_eq!(ran.code, 4, "{}", ran.errors);
    assert!(
        ran.output.contains("lost  ") && ran.output.contains("saved "),
        "{}",
        ran.output
    );
    assert!(
        ran.output.contains("the manifest is not complete"),
        "{}",
        ran.output
    );
    assert_eq!(fs::read(file(&folder, ".table")).unwrap(), before);
    let report = fs::read_to_string(folder.join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["tables"][0]["blocks_lost"], json!(1));
    assert!(report["lost"][0]["key_from_hex"].is_string(), "{report:#}");
    let left = RECORDS - block["entries"].as_u64().unwrap();
    assert_eq!(
        folder.ok(&["count", "saved", "-s", "notes"]).trim(),
        left.to_string()
    );
    assert_eq!(one(&folder, 0, &["verify", "saved"])["sound"], json!(true));
}

#[test]
fn repair_refuses_what_would_harm() {
    let folder = database();
    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/mine"), "").unwrap();
    assert!(
        folder
            .fails(2, &["repair", "db", "full"])
            .contains("not empty")
    );
    folder.fails(2, &["repair", "db", "db/new"]);
    folder.fails(1, &["repair", "nowhere", "new"]);
    folder.fails(2, &["repair", "full", "new"]);
    let db = Db::open(folder.join("db")).unwrap();
    folder.fails(3, &["repair", "db", "new"]);
    db.close().unwrap();
    assert!(!folder.join("new").exists());
}
