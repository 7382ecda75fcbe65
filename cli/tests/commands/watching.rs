//! Following the log of a program that runs: all of it, in order, once.

use crate::runner::{Folder, documents};
use grainstore::engine::{Engine, EngineOptions};
use grainstore::{Db, Json, Ttl};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

/// A watch that has found its place.
fn follow(folder: &Folder, more: &[&str]) -> Child {
    let mut command = folder.command(&[&["watch", "db"], more].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut errors = BufReader::new(child.stderr.as_mut().unwrap());
    errors.read_line(&mut line).unwrap();
    assert!(line.starts_with("following "), "{line}");
    child
}

fn operations(documents: &[Value]) -> Vec<Value> {
    let all = documents
        .iter()
        .filter_map(|it| it["operations"].as_array());
    all.flatten().cloned().collect()
}

#[test]
fn all_writes_of_a_running_program_appear_in_order_and_once() {
    let folder = Folder::new();
    let db = Db::open(folder.join("db")).unwrap();
    let names = db
        .store_with::<(String, u64), String, _>("names", Json)
        .unwrap();
    names.put(&("before".to_owned(), 1), &"x".into()).unwrap();
    let child = follow(&folder, &["--limit", "204"]);
    for n in 0..200 {
        names.put(&("now".to_owned(), n), &format!("v{n}")).unwrap();
    }
    names.delete(&("now".to_owned(), 7)).unwrap();
    let mut batch = db.batch();
    batch
        .put(&names, &("now".to_owned(), 300), &"first".into())
        .unwrap();
    batch.delete(&names, &("now".to_owned(), 8)).unwrap();
    batch.commit().unwrap();
    let soon = Ttl::After(Duration::from_secs(3_600));
    names
        .put_with(&("now".to_owned(), 400), &"late".into(), soon)
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    let text = String::from_utf8(done.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 205, "{text}");
    for (n, line) in lines[..200].iter().enumerate() {
        let start = format!("put  names  [\"now\",{n}]  \"v{n}\"  at ");
        assert!(
            line.starts_with(&start) && line.contains(", version "),
            "{line}"
        );
    }
    assert!(
        lines[200].starts_with("delete  names  [\"now\",7]"),
        "{text}"
    );
    assert!(lines[201].contains("2 operations"), "{text}");
    assert!(
        lines[202].starts_with("  put  names  [\"now\",300]"),
        "{text}"
    );
    assert!(
        lines[203].starts_with("  delete  names  [\"now\",8]"),
        "{text}"
    );
    assert!(lines[204].contains(", until 2"), "{text}");
    db.close().unwrap();
}

#[test]
fn a_watch_goes_on_over_flushes_and_new_segments_and_keeps_to_its_prefix() {
    let folder = Folder::new();
    let db = Db::open(folder.join("db")).unwrap();
    let names = db
        .store_with::<(String, u64), String, _>("names", Json)
        .unwrap();
    let other = db.store_with::<u64, String, _>("other", Json).unwrap();
    db.engine().flush().unwrap();
    let only = ["-s", "names", "--prefix", r#"["a"]"#, "-n", "100"];
    let child = follow(&folder, &only);
    for n in 0..100 {
        names.put(&("a".to_owned(), n), &"x".into()).unwrap();
        names.put(&("b".to_owned(), n), &"x".into()).unwrap();
        other.put(&n, &"x".into()).unwrap();
        if n % 40 == 39 {
            std::thread::sleep(Duration::from_millis(400));
            db.engine().flush().unwrap();
        }
    }
    let done = child.wait_with_output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let shown: Vec<&str> = text
        .lines()
        .filter(|it| !it.starts_with("missed"))
        .collect();
    assert_eq!(shown.len(), 100, "{text}");
    for (n, line) in shown.iter().enumerate() {
        assert!(
            line.starts_with(&format!("put  names  [\"a\",{n}]")),
            "{line}"
        );
    }
    db.close().unwrap();
}

#[test]
fn a_closed_database_shows_what_its_log_holds_until_the_time_is_over() {
    let folder = Folder::new();
    let engine = Engine::open(folder.join("db"), EngineOptions::default()).unwrap();
    engine.put(b"hp", b"100").unwrap();
    engine.delete_range(b"a", b"c").unwrap();
    engine.close().unwrap();
    let watch = ["--json", "watch", "db", "--timeout", "0"];
    let ran = folder.run(&[&watch[..], &["--from-start"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.errors);
    let all = operations(&ran.documents());
    assert_eq!(
        (&all[0]["key"], &all[0]["value"]),
        (&json!("hp"), &json!("100"))
    );
    assert_eq!(all[1]["kind"], "delete-range");
    assert_eq!((&all[1]["from"], &all[1]["to"]), (&json!("a"), &json!("c")));
    assert_eq!(folder.run(&watch).output, "", "only what comes now");
    folder.fails(1, &["watch", "db", "-s", "none"]);
    folder.fails(1, &["watch", "absent"]);
}

#[test]
fn damage_in_the_log_is_told_and_what_stands_behind_it_shown() {
    let folder = Folder::new();
    let engine = Engine::open(folder.join("db"), EngineOptions::default()).unwrap();
    for n in 0..10 {
        engine
            .put(format!("key{n}").as_bytes(), b"value-of-it")
            .unwrap();
    }
    engine.close().unwrap();
    let log = fs::read_dir(folder.join("db")).unwrap().flatten();
    let log = log
        .map(|it| it.path())
        .find(|it| it.extension().is_some_and(|e| e == "wal"));
    let log = log.unwrap();
    let mut bytes = fs::read(&log).unwrap();
    let at = bytes.windows(4).position(|it| it == b"key3").unwrap();
    bytes[at] ^= 1;
    fs::write(&log, bytes).unwrap();
    let ran = folder.run(&["--json", "watch", "db", "--from-start", "--timeout", "1"]);
    assert_eq!(ran.code, 4, "{}{}", ran.output, ran.errors);
    let all = documents(&ran.output);
    assert_eq!(all.len(), 10, "{}", ran.output);
    assert!(all[3]["damage"]["offset"].is_u64(), "{}", ran.output);
    let keys: Vec<Value> = operations(&all)
        .iter()
        .map(|it| it["key"].clone())
        .collect();
    let whole = [0, 1, 2, 4, 5, 6, 7, 8, 9].map(|n| json!(format!("key{n}")));
    assert_eq!(keys, whole);
}

#[cfg(unix)]
#[test]
fn writes_that_were_trimmed_before_they_were_read_are_told_as_missed() {
    let folder = Folder::new();
    let engine = Engine::open(folder.join("db"), EngineOptions::default()).unwrap();
    engine.put(b"a", b"1").unwrap();
    let child = follow(&folder, &["--limit", "1"]);
    let signal = |name: &str| {
        let id = child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([name, &id])
            .status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    engine.put(b"b", b"2").unwrap();
    engine.flush().unwrap();
    engine.put(b"c", b"3").unwrap();
    signal("-CONT");
    let done = child.wait_with_output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("missed") && lines[0].contains("after 1 before 3"),
        "{text}"
    );
    assert_eq!(lines[1..], ["put  c  3  at 3"], "{text}");
    engine.close().unwrap();
}
