//! `/metrics` over TCP, as Prometheus asks for it: what it says is what was done.

#![cfg(feature = "metrics")]
// What stands around the tests is test too; they use the disk and start programs.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use grainstore::engine::{Engine, EngineOptions};
use grainstore::fs::{CrashDisk, Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use grainstore::{Background, Db, ErrorKind, metrics};
use prometheus_parse::{Scrape, Value};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// The status, the head and the body of the answer to `request`.
fn ask(addr: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(addr).unwrap();
    let request = format!("{request} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

fn scrape(addr: SocketAddr) -> Scrape {
    let (status, head, body) = ask(addr, "GET /metrics");
    assert_eq!(status, 200, "{body}");
    assert!(
        head.contains("content-type: application/openmetrics-text"),
        "{head}"
    );
    assert!(body.ends_with("# EOF\n"));
    Scrape::parse(body.lines().map(|line| Ok(line.to_owned()))).unwrap()
}

/// The value of `name`, with `label` where it has more than one.
fn value(scrape: &Scrape, name: &str, label: Option<(&str, &str)>) -> f64 {
    let full = format!("grainstore_{name}");
    let is_it = |sample: &&prometheus_parse::Sample| {
        let labelled = label.is_none_or(|(key, value)| sample.labels.get(key) == Some(value));
        sample.metric == full && labelled
    };
    let sample = scrape.samples.iter().find(is_it);
    match sample.unwrap_or_else(|| panic!("{full} is missing")).value {
        Value::Counter(v) | Value::Gauge(v) | Value::Untyped(v) => v,
        ref other => panic!("{full} is {other:?}"),
    }
}

fn open(disk: impl grainstore::fs::FileSystem) -> Engine {
    let mut options = EngineOptions::default();
    options.file_system = Arc::new(disk);
    options.background = Background::Inline;
    options.memtable_bytes = 8 << 10;
    Engine::open("/db", options).unwrap()
}

#[test]
fn scrape_of_a_running_store_tells_what_was_written_read_and_is_held() {
    let engine = open(CrashDisk::new());
    let server = metrics::serve(&engine, "127.0.0.1:0").unwrap();
    for n in 0..500u32 {
        engine.put(&n.to_be_bytes(), &[1; 60]).unwrap();
    }
    engine.flush().unwrap();
    for n in 0..100u32 {
        assert!(engine.get(&n.to_be_bytes()).unwrap().is_some());
        assert!(engine.get_with(&[n as u8], |_| ()).unwrap().is_none());
    }
    let snapshot = engine.snapshot();
    let scrape = scrape(server.addr());
    let stats = engine.stats();
    let get = |name| value(&scrape, name, None);
    assert_eq!(get("commits_total"), 500.0);
    assert_eq!(get("commit_groups_total"), 500.0);
    assert_eq!(get("commit_group_batches_count"), 500.0);
    assert!(get("written_bytes_total") >= 500.0 * 64.0);
    assert_eq!(get("wal_bytes_total"), stats.wal_bytes as f64);
    assert_eq!(get("wal_syncs_total"), 500.0);
    assert_eq!(get("flushes_total"), stats.flushes as f64);
    assert!(get("flushed_bytes_total") > 30_000.0);
    assert_eq!(get("compacted_bytes_total"), stats.compacted_bytes as f64);
    let gets = |result| value(&scrape, "gets_total", Some(("result", result)));
    assert_eq!((gets("found"), gets("missed")), (100.0, 100.0));
    let blocks = |result| value(&scrape, "cache_blocks_total", Some(("result", result)));
    assert_eq!(blocks("miss"), stats.cache_misses as f64);
    assert!(blocks("hit") > 50.0);
    assert_eq!(get("snapshots"), 1.0);
    assert_eq!(get("memtables"), 1.0);
    assert_eq!((get("latched"), get("work_failing")), (0.0, 0.0));
    assert_eq!(get("disk_bytes"), engine.disk_bytes().unwrap() as f64);
    assert!(engine.disk_bytes().unwrap() > stats.table_bytes());
    for (level, held) in stats.levels.iter().enumerate() {
        let level = level.to_string();
        let of = |name| value(&scrape, name, Some(("level", &level)));
        assert_eq!(of("level_tables"), held.tables as f64);
        assert_eq!(of("level_bytes"), held.bytes as f64);
        assert_eq!(of("level_entries"), held.entries as f64);
        assert_eq!(of("level_tombstones"), held.tombstones as f64);
    }
    drop(snapshot);
    check_with_promtool(&metrics::encode(&engine).unwrap());
}

/// Lets Prometheus' own tool read the text, where it is installed.
fn check_with_promtool(text: &str) {
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = started else { return };
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let done = promtool.wait_with_output().unwrap();
    // 3 is for remarks on style; anything else is no metrics.
    let code = done.status.code();
    assert!(
        matches!(code, Some(0 | 3)),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn failures_are_told_and_so_is_their_end() {
    let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
    let engine = open(disk.clone());
    let server = metrics::serve(&engine, "127.0.0.1:0").unwrap();
    engine.put(b"a", &[1; 100]).unwrap();
    let fault = |kind, at, calls| Fault {
        kind,
        at,
        mode: FaultMode::Once,
        calls,
    };
    let failing = || {
        let scrape = scrape(server.addr());
        let get = |name| value(&scrape, name, None);
        (
            get("work_failures_total"),
            get("work_failing"),
            get("latched"),
        )
    };
    // A log segment is made and named first, and then the table.
    disk.arm(fault(FaultKind::Enospc, 2, FaultCalls::Names));
    assert!(engine.flush().is_err());
    assert_eq!(failing(), (1.0, 1.0, 0.0));
    engine.flush().unwrap();
    assert_eq!(failing(), (1.0, 0.0, 0.0));
    disk.arm(fault(FaultKind::Eio, 0, FaultCalls::Syncs));
    assert!(engine.put(b"b", b"1").is_err());
    assert_eq!(failing().2, 1.0);
}

#[test]
fn only_gets_of_one_page_are_answered_and_a_bad_client_stops_nobody() {
    let db = Db::builder("/db")
        .file_system(CrashDisk::new())
        .open()
        .unwrap();
    let server = metrics::serve(&db, "127.0.0.1:0").unwrap();
    let addr = server.addr();
    assert_eq!(ask(addr, "GET /").0, 404);
    assert_eq!(ask(addr, "GET /metrics/more").0, 404);
    let (status, head, _) = ask(addr, "POST /metrics");
    assert!(status == 405 && head.contains("allow: get, head"), "{head}");
    let (status, head, body) = ask(addr, "HEAD /metrics");
    assert!(
        status == 200 && body.is_empty() && head.contains("content-length"),
        "{head}"
    );
    assert_eq!(ask(addr, "GET /metrics?name=x").0, 200);
    // Clients that say nothing, or nonsense, or too much, and others beside them.
    let silent: Vec<_> = (0..8).map(|_| TcpStream::connect(addr).unwrap()).collect();
    let mut noisy = TcpStream::connect(addr).unwrap();
    noisy
        .write_all(b"\x16\x03\x01 no http at all\r\n\r\n")
        .unwrap();
    let mut long = TcpStream::connect(addr).unwrap();
    let _ = long.write_all(format!("GET /{} HTTP/1.1\r\n", "x".repeat(1 << 20)).as_bytes());
    assert!(value(&scrape(addr), "commits_total", None) >= 0.0);
    drop((silent, noisy, long));
}

#[test]
fn server_ends_when_it_is_dropped_and_holds_no_database_open() {
    let disk = CrashDisk::new();
    let open = || Db::builder("/db").file_system(disk.clone()).open();
    let db = open().unwrap();
    let server = metrics::serve(&db, "127.0.0.1:0").unwrap();
    let addr = server.addr();
    let taken = metrics::serve(&db, addr).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Io);
    assert!(
        taken.to_string().contains("cannot serve metrics"),
        "{taken}"
    );
    drop(db);
    let again = open().expect("the server holds it open");
    let (status, _, body) = ask(addr, "GET /metrics");
    assert!(status == 503 && body.contains("closed"), "{status} {body}");
    drop(server);
    // The port is free then, and another test may be given it.
    let gone = |db: &Db| {
        let server = metrics::serve(db, "127.0.0.1:0").unwrap();
        let addr = server.addr();
        drop(server);
        TcpStream::connect(addr).is_err()
    };
    let is_silent = TcpStream::connect(addr).is_err() || (0..3).any(|_| gone(&again));
    assert!(is_silent, "somebody still listens");
    again.close().unwrap();
    assert_eq!(
        metrics::encode(&again).unwrap_err().kind(),
        ErrorKind::Closed
    );
}
