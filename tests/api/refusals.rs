//! What is refused: with which kind of error, and in words that say what, where and what to do.

use crate::{builder, new_db};
use grainstore::engine::EngineOptions;
use grainstore::fs::{CrashDisk, Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use grainstore::{Background, Db, Error, ErrorKind, If, Json, Snapshot};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// An option out of its bounds: what the text says of it, of its bounds, and how it is set.
type Case = (&'static str, &'static str, fn(&mut EngineOptions));

/// Asserts the kind of `error` and that its text has all of `words`.
fn assert_says(error: &Error, kind: ErrorKind, words: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

#[test]
fn a_database_that_is_open_already_is_refused() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let error = builder(&disk).open().unwrap_err();
    assert!(error.is_locked());
    assert_says(
        &error,
        ErrorKind::Locked,
        &["/db", "is open already", "cheap to clone"],
    );
    let clone = db.clone();
    drop(db);
    assert!(
        builder(&disk).open().unwrap_err().is_locked(),
        "a clone holds it open"
    );
    drop(clone);
    builder(&disk).open().unwrap();
}

#[test]
fn a_store_holds_its_database_open_and_lets_go_last() {
    let disk = CrashDisk::new();
    let hp = builder(&disk)
        .open()
        .unwrap()
        .store::<u32, u32>("hp")
        .unwrap();
    assert!(builder(&disk).open().unwrap_err().is_locked());
    hp.put(&1, &1).unwrap();
    drop(hp);
    let db = builder(&disk).open().unwrap();
    assert_eq!(
        db.store::<u32, u32>("hp").unwrap().get(&1).unwrap(),
        Some(1)
    );
}

#[test]
fn a_store_opened_as_something_else_is_refused_with_both_sides_told() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    db.store::<(String, u64), u32>("hp")
        .unwrap()
        .put(&("a", 1), &7)
        .unwrap();
    db.u32_store("scores").unwrap();
    db.bytes_store("blobs").unwrap();
    db.close().unwrap();
    let db = builder(&disk).open().unwrap();
    let mismatch = |error: Error, made: &str, opened: &str| {
        let words = ["made as:", "opened as:", made, opened, "copy its records"];
        assert_says(&error, ErrorKind::SchemaMismatch, &words);
    };
    mismatch(
        db.store::<u64, u32>("hp").unwrap_err(),
        "k1:{str,u64}",
        "k1:u64",
    );
    mismatch(
        db.store::<(String, i64), u32>("hp").unwrap_err(),
        "u64",
        "i64",
    );
    let json = db.store_with::<(String, u64), u32, _>("hp", Json);
    mismatch(json.unwrap_err(), "codec msgpack", "codec json");
    mismatch(db.u32_store("hp").unwrap_err(), "kind grains", "kind u32");
    mismatch(
        db.bytes_store("scores").unwrap_err(),
        "kind u32",
        "kind bytes",
    );
    mismatch(
        db.store::<u32, u32>("blobs").unwrap_err(),
        "kind bytes",
        "kind grains",
    );
    // Refused opens have changed nothing.
    let hp = db.store::<(String, u64), u32>("hp").unwrap();
    assert_eq!(hp.get(&("a", 1)).unwrap(), Some(7));
    assert_eq!(db.store_names().unwrap(), ["blobs", "hp", "scores"]);
}

#[test]
fn a_value_schema_goes_up_and_never_down_or_elsewhere() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let open = |name: &str, version| {
        let builder = db.grains::<u32, u32>("hp").value_schema(name, version);
        builder.open()
    };
    open("Hp", 2).unwrap();
    open("Hp", 2).unwrap();
    open("Hp", 5).unwrap().put(&1, &1).unwrap();
    let down = open("Hp", 4).unwrap_err();
    assert_says(
        &down,
        ErrorKind::SchemaMismatch,
        &["Hp version 5", "Hp version 4"],
    );
    let other = open("Mp", 5).unwrap_err();
    assert_says(
        &other,
        ErrorKind::SchemaMismatch,
        &["Hp version 5", "Mp version 5"],
    );
    let none = db.store::<u32, u32>("hp").unwrap_err();
    assert_says(&none, ErrorKind::SchemaMismatch, &["Hp version 5"]);
    let raised = open("Hp", 6).unwrap().get(&1).unwrap_err();
    let words = ["\"hp\"", "key 1", "version 5", "version 6", ".migrate(5"];
    assert_says(&raised, ErrorKind::SchemaMismatch, &words);
    let hp = db.grains::<u32, u32>("hp").value_schema("Hp", 6);
    assert_eq!(
        hp.readable_since(5).open().unwrap().get(&1).unwrap(),
        Some(1)
    );
}

#[test]
fn names_of_stores_are_one_to_255_bytes_without_nul() {
    let db = new_db();
    let (long, longest) = ("n".repeat(256), "n".repeat(255));
    for name in ["", "a\0b", "\0", &long] {
        let error = db.store::<u32, u32>(name).unwrap_err();
        let words = ["cannot name a store", "1 to 255 bytes"];
        assert_says(&error, ErrorKind::InvalidInput, &words);
        assert_eq!(
            db.u32_store(name).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
    for name in [&*longest, " ", "naïve/päth", "🌍"] {
        db.store::<u32, u32>(name).unwrap().put(&1, &2).unwrap();
        assert_eq!(db.store::<u32, u32>(name).unwrap().name(), name);
    }
    assert_eq!(db.store_names().unwrap().len(), 4);
}

#[test]
fn options_out_of_their_bounds_are_refused_by_name() {
    let with = |set: fn(&mut EngineOptions)| {
        let disk = CrashDisk::new();
        let refused = builder(&disk).engine_options(set).open().unwrap_err();
        assert!(disk.paths().is_empty(), "a refused open has made files");
        refused
    };
    let cases: [Case; 16] = [
        ("open_files_max is 0", "1 to 1000000", |o| {
            o.open_files_max = 0;
        }),
        ("open_files_max is 1000001", "1 to 1000000", |o| {
            o.open_files_max = 1_000_001;
        }),
        ("memtable_bytes is 4095", "4096 to", |o| {
            o.memtable_bytes = 4_095;
        }),
        ("memtable_bytes is 0", "4096 to", |o| o.memtable_bytes = 0),
        ("memtable_bytes", "to 4294967296", |o| {
            o.memtable_bytes = (4 << 30) + 1;
        }),
        ("memtables_max is 1", "2 to 64", |o| o.memtables_max = 1),
        ("block_bytes is 63", "64 to 4194304", |o| o.block_bytes = 63),
        ("block_bytes is 4194305", "64 to 4194304", |o| {
            o.block_bytes = (4 << 20) + 1;
        }),
        ("filter_bits_per_key is 65", "0 to 64", |o| {
            o.filter_bits_per_key = 65;
        }),
        ("table_bytes is 1", "4096 to", |o| o.table_bytes = 1),
        ("level0_tables is 0", "1 to 64", |o| o.level0_tables = 0),
        ("level0_tables is 65", "1 to 64", |o| o.level0_tables = 65),
        ("level1_bytes is 0", "4096 to", |o| o.level1_bytes = 0),
        ("level_ratio is 1", "2 to 100", |o| o.level_ratio = 1),
        ("wal_segment_bytes is 9", "4096 to", |o| {
            o.wal_segment_bytes = 9;
        }),
        ("wal_spares_max is 1025", "0 to 1024", |o| {
            o.wal_spares_max = 1_025;
        }),
    ];
    for (name, bounds, set) in cases {
        assert_says(
            &with(set),
            ErrorKind::InvalidInput,
            &["option", name, bounds],
        );
    }
    if cfg!(not(feature = "zstd")) {
        let error = with(|o| o.compression = grainstore::BlockCompression::Zstd);
        assert_says(
            &error,
            ErrorKind::InvalidInput,
            &["zstd", "enable grainstore's feature"],
        );
    }
}

#[test]
fn what_belongs_to_another_database_is_refused() {
    let (one, two) = (new_db(), new_db());
    let hp_one = one.store::<u32, u32>("hp").unwrap();
    let hp_two = two.store::<u32, u32>("hp").unwrap();
    hp_one.put(&1, &1).unwrap();
    let mut batch = two.batch();
    batch.put(&hp_two, &2, &2).unwrap();
    let words = ["\"hp\"", "of another database"];
    let error = batch.put(&hp_one, &1, &9).unwrap_err();
    assert_says(&error, ErrorKind::InvalidInput, &words);
    assert_says(
        &batch.delete(&hp_one, &1).unwrap_err(),
        ErrorKind::InvalidInput,
        &words,
    );
    assert_says(
        &batch.delete_prefix(&hp_one, ()).unwrap_err(),
        ErrorKind::InvalidInput,
        &words,
    );
    assert_eq!(batch.len(), 1, "a refused write leaves the batch as it was");
    batch.commit().unwrap();
    assert_eq!(
        (hp_one.get(&1).unwrap(), hp_two.get(&2).unwrap()),
        (Some(1), Some(2))
    );

    let foreign: Snapshot = two.snapshot();
    let words = ["taken from another database", "take one from this"];
    let error = hp_one.at(&foreign).get(&1).unwrap_err();
    assert_says(&error, ErrorKind::InvalidInput, &words);
    let error = hp_one.at(&foreign).iter().next().unwrap().unwrap_err();
    assert_says(&error, ErrorKind::InvalidInput, &words);
    assert_eq!(
        one.engine().get_at(&foreign, b"x").unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[test]
fn a_page_cursor_of_another_query_is_refused() {
    let db = new_db();
    let hp = db.store::<(String, u64), u32>("hp").unwrap();
    for user in 0..10 {
        hp.put(&("a", user), &1).unwrap();
        hp.put(&("b", user), &1).unwrap();
    }
    let cursor = hp.prefix(("a",)).limit(3).page().unwrap().next.unwrap();
    let words = ["belongs to another query"];
    for other in [
        hp.prefix(("b",)).after(&cursor).page(),
        hp.prefix(("a",)).rev().after(&cursor).page(),
        hp.iter().after(&cursor).page(),
    ] {
        assert_says(&other.unwrap_err(), ErrorKind::InvalidInput, &words);
    }
    let kept = grainstore::Cursor::from_bytes(cursor.as_bytes()).unwrap();
    assert_eq!(
        hp.prefix(("a",)).after(&kept).page().unwrap().items.len(),
        7
    );
    let junk = grainstore::Cursor::from_bytes(b"junk").unwrap_err();
    assert_says(&junk, ErrorKind::InvalidInput, &["no page cursor"]);
}

#[test]
fn a_conflict_says_what_was_expected_and_what_was_found() {
    let hp = new_db().store::<String, u32>("hp").unwrap();
    let error = hp.put_if("ada", &1, If::Present).unwrap_err();
    assert!(error.is_conflict());
    let words = ["hp", "ada", "a record was expected", "there is none"];
    assert_says(&error, ErrorKind::Conflict, &words);
    let version = hp.put_if("ada", &1, If::Absent).unwrap();
    let error = hp.put_if("ada", &1, If::Absent).unwrap_err();
    let found = format!("there is one of version {version}; read it and retry");
    assert_says(
        &error,
        ErrorKind::Conflict,
        &["no record was expected", &found],
    );
}

#[test]
fn a_value_of_another_type_is_an_error_that_names_store_and_key() {
    let db = new_db();
    db.store::<u32, String>("names")
        .unwrap()
        .put(&77, &"ada".into())
        .unwrap();
    let numbers = db.store::<u32, u64>("names").unwrap();
    let error = numbers.get(&77).unwrap_err();
    assert_says(&error, ErrorKind::Codec, &["names", "77", "its value"]);
    assert!(std::error::Error::source(&error).is_some());
    // Of many rows the others are still read.
    db.store::<u32, u64>("names").unwrap().put(&78, &5).unwrap();
    let rows: Vec<_> = numbers.iter().map(|row| row.map(|e| e.value)).collect();
    assert!(rows[0].is_err() && matches!(rows[1], Ok(5)), "{rows:?}");
}

#[test]
fn a_failing_disk_is_told_as_such_and_reopening_clears_it() {
    let crash = CrashDisk::new();
    let disk = FaultDisk::new(Arc::new(crash.clone()));
    let open = || {
        let builder = Db::builder("/db").file_system(disk.clone());
        builder.background(Background::Inline).open()
    };
    let db = open().unwrap();
    let hp = db.store::<u32, u32>("hp").unwrap();
    hp.put(&1, &1).unwrap();
    disk.arm(Fault {
        kind: FaultKind::Eio,
        at: 0,
        mode: FaultMode::Once,
        calls: FaultCalls::Writes,
    });
    let error = hp.put(&2, &2).unwrap_err();
    let cause = io::Error::from_raw_os_error(5).kind();
    assert_eq!(error.io_kind(), Some(cause), "{error:?}");
    let path = error.path().map(Path::to_owned).unwrap();
    assert!(path.to_string_lossy().ends_with(".wal"), "{error}");
    assert_says(&error, ErrorKind::Io, &["cannot write", ".wal"]);
    let error = hp.put(&3, &3).unwrap_err();
    assert!(error.is_latched());
    let words = [
        "writes are refused",
        "reads go on",
        "reopen the database",
        "cannot write",
    ];
    assert_says(&error, ErrorKind::Latched, &words);
    assert_eq!(hp.get(&1).unwrap(), Some(1));
    drop((hp, db));
    let hp = open().unwrap().store::<u32, u32>("hp").unwrap();
    hp.put(&3, &3).unwrap();
    assert_eq!(
        (hp.get(&1).unwrap(), hp.get(&3).unwrap()),
        (Some(1), Some(3))
    );
}
