//! Single records, and walks over them.

use crate::runner::{Folder, documents};
use grainstore::{Db, Expiry, Key, Ttl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Session {
    token: String,
    hp: u32,
}

#[derive(Key, Debug, PartialEq, Eq)]
struct SessionKey {
    tenant: String,
    user: u64,
}

fn session(token: &str, hp: u32) -> Session {
    let token = token.to_owned();
    Session { token, hp }
}

/// A database with a store that a program has made.
fn sessions() -> Folder {
    let folder = Folder::new();
    let db = Db::open(folder.join("db")).unwrap();
    let store = db.store::<SessionKey, Session>("sessions").unwrap();
    store.put(&("acme", 7), &session("x", 100)).unwrap();
    store.put(&("acme", 8), &session("y", 50)).unwrap();
    store.put(&("zeta", 1), &session("z", 1)).unwrap();
    db.close().unwrap();
    folder
}

#[test]
fn a_record_of_a_program_is_shown_by_its_types() {
    let folder = sessions();
    let get = ["get", "db", "--store", "sessions", r#"["acme",7]"#];
    assert_eq!(folder.ok(&get), "{\"token\":\"x\",\"hp\":100}\n");
    let document = documents(&folder.ok(&[&get[..], &["--json"]].concat())).remove(0);
    assert_eq!(document["key"], json!(["acme", 7]));
    assert_eq!(document["value"], json!({ "token": "x", "hp": 100 }));
    assert!(document["version"].as_u64().unwrap() > 0);
    assert_eq!(document["expires_at_ms"], json!(null));
}

#[test]
fn a_record_that_is_put_is_one_of_the_program() {
    let folder = sessions();
    let key = r#"["acme",9]"#;
    let value = r#"{"token":"new","hp":3}"#;
    folder.ok(&["put", "db", "-s", "sessions", key, value, "--ttl", "1h"]);
    let again = folder.run_with(&["put", "db", "-s", "sessions", key], value.as_bytes());
    assert_eq!(again.code, 0, "{}", again.errors);

    let db = Db::open(folder.join("db")).unwrap();
    let store = db.store::<SessionKey, Session>("sessions").unwrap();
    let seen = store.get_versioned(&("acme", 9)).unwrap().unwrap();
    assert_eq!(seen.value, session("new", 3));
    // The second put kept the lifetime that the first one gave.
    assert!(seen.expires_at.is_some());
    let before = store.get_versioned(&("acme", 8)).unwrap().unwrap();
    assert!(seen.version > before.version);
    store.put(&("acme", 9), &session("program", 4)).unwrap();
    let after = store.get_versioned(&("acme", 9)).unwrap().unwrap();
    assert!(after.version > seen.version);
}

#[test]
fn a_scan_shows_a_range_in_the_order_of_the_keys() {
    let folder = sessions();
    let keys = |more: &[&str]| {
        let scan = [&["scan", "db", "-s", "sessions", "--keys"], more].concat();
        let keys = folder.ok(&scan);
        keys.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let all = [r#"["acme",7]"#, r#"["acme",8]"#, r#"["zeta",1]"#];
    assert_eq!(keys(&[]), all);
    assert_eq!(keys(&["--prefix", r#"["acme"]"#]), all[..2]);
    assert_eq!(keys(&["--from", r#"["acme",8]"#]), all[1..]);
    assert_eq!(keys(&["--to", r#"["acme",8]"#]), all[..1]);
    assert_eq!(keys(&["--from", r#"["b"]"#]), all[2..]);
    assert_eq!(keys(&["--reverse", "-n", "1"]), all[2..]);

    let lines = folder.ok(&["scan", "db", "-s", "sessions", "-n", "1"]);
    assert_eq!(lines, "[\"acme\",7]\t{\"token\":\"x\",\"hp\":100}\n");
    let found = folder.ok(&["scan", "db", "-s", "sessions", "--json"]);
    assert_eq!(documents(&found)[2]["key"], json!(["zeta", 1]));
    let only_keys = folder.ok(&["scan", "db", "-s", "sessions", "--json", "--keys"]);
    assert_eq!(documents(&only_keys)[0], json!({ "key": ["acme", 7] }));
    let hex = [
        "scan",
        "db",
        "-s",
        "sessions",
        "-n1",
        "-k",
        "--key-format",
        "hex",
    ];
    assert_eq!(folder.ok(&hex), "0x61636d65000000000000000007\n");
}

#[test]
fn records_are_counted_and_removed_one_by_one_and_by_prefix() {
    let folder = sessions();
    assert_eq!(folder.ok(&["count", "db", "-s", "sessions"]), "3\n");
    let count = [
        "count",
        "db",
        "-s",
        "sessions",
        "--prefix",
        r#"["acme"]"#,
        "--json",
    ];
    assert_eq!(documents(&folder.ok(&count))[0], json!({ "count": 2 }));
    folder.ok(&["del", "db", "-s", "sessions", r#"["zeta",1]"#]);
    let again = folder.fails(1, &["del", "db", "-s", "sessions", r#"["zeta",1]"#]);
    assert!(again.contains("no record under the key"), "{again}");
    let del = [
        "del",
        "db",
        "-s",
        "sessions",
        "--prefix",
        r#"["acme"]"#,
        "--json",
    ];
    assert_eq!(documents(&folder.ok(&del))[0], json!({ "deleted": 2 }));
    assert_eq!(folder.ok(&["count", "db", "-s", "sessions"]), "0\n");
    assert_eq!(
        folder.ok(&["del", "db", "-s", "sessions", "--all"]),
        "deleted 0 records\n"
    );
}

#[test]
fn lifetimes_are_shown_and_set() {
    let folder = sessions();
    let ttl = ["ttl", "db", "-s", "sessions", r#"["acme",7]"#];
    assert_eq!(folder.ok(&ttl), "never\n");
    folder.ok(&[&ttl[..], &["--set", "90s"]].concat());
    let left = documents(&folder.ok(&[&ttl[..], &["--json"]].concat()))[0]["ttl_ms"].clone();
    assert!((1..=90_000).contains(&left.as_u64().unwrap()), "{left}");
    folder.ok(&[&ttl[..], &["--set", "2099-01-01T00:00:00Z"]].concat());
    let db = Db::open(folder.join("db")).unwrap();
    let store = db.store::<SessionKey, Session>("sessions").unwrap();
    let year = Duration::from_secs(365 * 86_400);
    assert!(matches!(store.ttl(&("acme", 7)).unwrap(), Expiry::In(left) if left > year));
    db.close().unwrap();
    folder.ok(&[&ttl[..], &["--set", "0s"]].concat());
    folder.fails(1, &ttl);
}

#[test]
fn stores_of_every_kind_have_a_form_for_their_values() {
    let folder = Folder::new();
    let db = Db::open(folder.join("db")).unwrap();
    db.u32_store("scores").unwrap().put(7, 99).unwrap();
    db.bytes_store("blobs")
        .unwrap()
        .put(b"k\xff", b"v\xff")
        .unwrap();
    let packed = db.store_with::<u8, (u8, u8), _>("packed", grainstore::Bincode);
    packed.unwrap().put(&1, &(2, 3)).unwrap();
    let json = db
        .store_with::<String, f64, _>("floats", grainstore::Json)
        .unwrap();
    json.put_with("half", &0.5, Ttl::Never).unwrap();
    db.close().unwrap();

    assert_eq!(folder.ok(&["scan", "db", "-s", "scores"]), "7\t99\n");
    folder.ok(&["put", "db", "-s", "scores", "8", "4294967295"]);
    assert_eq!(
        folder.ok(&["get", "db", "-s", "scores", "8"]),
        "4294967295\n"
    );
    let hex = "{\"hex\":\"6bff\"}";
    assert_eq!(
        folder.ok(&["scan", "db", "-s", "blobs"]),
        format!("{hex}\t0x76ff\n")
    );
    assert_eq!(folder.ok(&["get", "db", "-s", "blobs", hex]), "0x76ff\n");
    let raw = folder
        .command(&["get", "db", "-s", "blobs", hex, "--raw"])
        .output();
    assert_eq!(raw.unwrap().stdout, b"v\xff");
    folder.ok(&["put", "db", "-s", "blobs", "plain", "text"]);
    assert_eq!(
        folder.ok(&["scan", "db", "-s", "blobs", "--prefix", "pl"]),
        "\"plain\"\ttext\n"
    );
    assert_eq!(folder.ok(&["get", "db", "-s", "packed", "1"]), "0x0203\n");
    folder.ok(&["put", "db", "-s", "packed", "2", "0405"]);
    // A single text may come with its quotes or without.
    assert_eq!(folder.ok(&["get", "db", "-s", "floats", "half"]), "0.5\n");
    assert_eq!(
        folder.ok(&["get", "db", "-s", "floats", "\"half\""]),
        "0.5\n"
    );
    folder.ok(&["put", "db", "-s", "floats", "-x", "1e3"]);
    assert_eq!(
        folder.ok(&["scan", "db", "-s", "floats", "--prefix", "-"]),
        "\"-x\"\t1e3\n"
    );

    let db = Db::open(folder.join("db")).unwrap();
    let packed = db.store_with::<u8, (u8, u8), _>("packed", grainstore::Bincode);
    assert_eq!(packed.unwrap().get(&2).unwrap(), Some((4, 5)));
    let json = db
        .store_with::<String, f64, _>("floats", grainstore::Json)
        .unwrap();
    assert_eq!(json.get("-x").unwrap(), Some(1e3));
}

#[test]
fn bare_engines_have_text_and_hex() {
    let folder = Folder::new();
    folder.ok(&["init", "db"]);
    folder.ok(&["put", "db", "a", "1"]);
    folder.ok(&["put", "db", "ab", "two words", "--ttl", "5m"]);
    folder.ok(&[
        "put",
        "db",
        "ff00",
        "00ff",
        "--key-format",
        "hex",
        "--value-format",
        "hex",
    ]);
    assert_eq!(folder.ok(&["get", "db", "ab"]), "two words\n");
    assert_eq!(folder.ok(&["count", "db", "--prefix", "a"]), "2\n");
    assert_eq!(
        folder.ok(&["scan", "db", "--reverse", "-n1"]),
        "0xff00\t0x00ff\n"
    );
    let documents = documents(&folder.ok(&["scan", "db", "--json"]));
    assert_eq!(documents[2]["key_hex"], json!("ff00"));
    assert_eq!(documents[0]["value"], json!("1"));
    assert!(documents[1]["expires_at_ms"].is_u64());
    folder.ok(&["ttl", "db", "ab", "--set", "never"]);
    assert_eq!(folder.ok(&["ttl", "db", "ab"]), "never\n");
    folder.ok(&["del", "db", "--prefix", "a"]);
    assert_eq!(folder.ok(&["count", "db"]), "1\n");
}
