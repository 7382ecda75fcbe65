//! What is refused: in which words, with which exit code.

use crate::places::{damage_a_table, flushed};
use crate::runner::Folder;
use grainstore::{Db, Index};
use serde_json::{Value, json};
use std::fs;

/// Commands that read or write an existing database, with what else they need.
const COMMANDS: &[&[&str]] = &[
    &["get", "db", "k"],
    &["put", "db", "k", "v"],
    &["del", "db", "k"],
    &["scan", "db"],
    &["count", "db"],
    &["ttl", "db", "k"],
    &["stores", "db"],
    &["drop-store", "db", "names"],
    &["stats", "db"],
    &["flush", "db"],
    &["compact", "db"],
    &["checkpoint", "db", "copy"],
    &["restore", "db", "copy"],
    &["export", "db"],
    &["import", "db", "rows"],
];

#[test]
fn a_folder_that_is_not_there_is_told_and_not_made() {
    let folder = Folder::new();
    fs::write(folder.join("rows"), "").unwrap();
    for command in COMMANDS {
        let error = folder.fails(1, command);
        assert!(
            error.contains("there is no folder db"),
            "{command:?}: {error}"
        );
        assert!(!folder.join("db").exists(), "{command:?}");
    }
}

#[test]
fn a_folder_without_a_database_is_told_and_left_alone() {
    let folder = Folder::new();
    fs::write(folder.join("rows"), "").unwrap();
    fs::create_dir(folder.join("db")).unwrap();
    for command in COMMANDS {
        let error = folder.fails(1, command);
        assert!(error.contains("db is no database"), "{command:?}: {error}");
        assert_eq!(
            fs::read_dir(folder.join("db")).unwrap().count(),
            0,
            "{command:?}"
        );
    }
}

#[test]
fn a_database_that_a_program_has_open_is_left_alone() {
    let folder = Folder::new();
    fs::write(folder.join("rows"), "").unwrap();
    let _db = Db::open(folder.join("db")).unwrap();
    for command in COMMANDS {
        let error = folder.fails(3, command);
        assert!(error.contains("open"), "{command:?}: {error}");
    }
    let error = folder.fails(3, &["get", "db", "k", "--json"]);
    let error: Value = serde_json::from_str(&error).unwrap();
    assert_eq!(error["error"]["kind"], json!("locked"));
    assert_eq!(error["error"]["exit_code"], json!(3));
    assert!(
        error["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("stop the program")
    );
}

#[test]
fn damage_is_told_with_its_file_and_its_offset() {
    let folder = flushed();
    let table = damage_a_table(&folder, "db");
    for command in [
        &["scan", "db", "-s", "names"][..],
        &["export", "db", "-s", "names"],
        &["compact", "db"],
        &["checkpoint", "db", "copy", "--verify"],
    ] {
        let error = folder.fails(4, command);
        assert!(
            error.contains(&table) && error.contains("offset"),
            "{error}"
        );
    }
    folder.fails(4, &["export", "db", "-s", "names", "-o", "out"]);
    assert!(!folder.join("out").exists() && !folder.join("out.part").exists());
}

#[test]
fn a_store_that_is_not_there_is_told_with_those_that_are() {
    let folder = flushed();
    let error = folder.fails(1, &["get", "db", "-s", "name", "1"]);
    assert!(
        error.contains("no store \"name\"") && error.contains("names"),
        "{error}"
    );
    let error = folder.fails(1, &["get", "db", "1"]);
    assert!(error.contains("--store"), "{error}");
    fs::write(folder.join("rows"), "{}").unwrap();
    let error = folder.fails(1, &["import", "db", "rows", "-s", "new", "--key", "id"]);
    assert!(error.contains("--key-type makes it"), "{error}");
}

#[test]
fn bare_bytes_are_not_written_under_stores() {
    let folder = flushed();
    fs::write(folder.join("rows"), "{\"key\":\"a\",\"value\":\"b\"}").unwrap();
    for command in [
        &["put", "db", "k", "v"][..],
        &["del", "db", "--prefix", "\u{1}"],
        &["ttl", "db", "k", "--set", "1h"],
        &["import", "db", "rows"],
    ] {
        let error = folder.fails(2, command);
        assert!(error.contains("has stores (names)"), "{command:?}: {error}");
    }
}

#[test]
fn a_store_with_indexes_is_shown_and_not_written() {
    let folder = Folder::new();
    let db = Db::open(folder.join("db")).unwrap();
    let by_length = Index::one("by length", |name: &String| name.len() as u64);
    let names = db.grains::<u32, String>("names").index(&by_length);
    names.open().unwrap().put(&7, &"ada".to_owned()).unwrap();
    db.close().unwrap();
    drop(db);
    assert_eq!(folder.ok(&["scan", "db", "-s", "names"]), "7\t\"ada\"\n");
    assert!(folder.ok(&["stores", "db"]).contains("indexes by length"));
    fs::write(folder.join("rows"), "{\"key\":7,\"value\":\"x\"}").unwrap();
    for command in [
        &["put", "db", "-s", "names", "7", "\"bob\""][..],
        &["del", "db", "-s", "names", "7"],
        &["del", "db", "-s", "names", "--all"],
        &["ttl", "db", "-s", "names", "7", "--set", "1h"],
        &["import", "db", "rows", "-s", "names"],
    ] {
        let error = folder.fails(2, command);
        assert!(
            error.contains("has indexes (by length)"),
            "{command:?}: {error}"
        );
    }
}

#[test]
fn keys_and_values_of_another_type_are_refused() {
    let folder = Folder::new();
    folder.ok(&["init", "db", "-s", "s", "--key-type", "str,u8"]);
    for (arguments, says) in [
        (&["get", "db", "-s", "s", "acme"][..], "JSON array"),
        (&["get", "db", "-s", "s", r#"["acme"]"#], "is no {str,u8}"),
        (&["get", "db", "-s", "s", r#"["acme",256]"#], "0 to 255"),
        (
            &["get", "db", "-s", "s", "0g", "--key-format", "hex"],
            "hexadecimal",
        ),
        (
            &["get", "db", "-s", "s", "61", "--key-format", "text"],
            "not text",
        ),
        (
            &["put", "db", "-s", "s", "61", "1", "--key-format", "hex"],
            "no key of {str,u8}",
        ),
        (&["put", "db", "-s", "s", r#"["a",1]"#, "{"], "no JSON"),
        (
            &["put", "db", "-s", "s", r#"["a",1]"#, "1", "--ttl", "soon"],
            "a lifetime is",
        ),
        (
            &["scan", "db", "-s", "s", "--prefix", r#"["a",1,2]"#],
            "no prefix",
        ),
        (
            &["scan", "db", "-s", "s", "--prefix", "a", "--from", "b"],
            "cannot be used with",
        ),
        (
            &["init", "db", "-s", "t", "--key-type", "u7"],
            "no types of keys",
        ),
        (&["init", "db", "-s", "t"], "--key-type"),
        (&["get", "db"], "KEY"),
        (&["nonsense"], "unrecognized subcommand"),
        (
            &["export", "db", "-s", "s", "--values", "--format", "csv"],
            "--columns",
        ),
    ] {
        let error = folder.fails(2, arguments);
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
    assert_eq!(folder.ok(&["count", "db", "-s", "s"]), "0\n");
}
