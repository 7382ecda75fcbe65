//! A load and a dump of any size take little memory: read from the system, at the peak.
//!
//! 100,000 rows in a plain run; GRAIN_TEST_ROWS=1000000 for the long one.

#![cfg(target_os = "linux")]

use crate::runner::Folder;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

const MEMORY_MIB_MAX: u64 = 100;

fn rows() -> u64 {
    let rows = std::env::var("GRAIN_TEST_ROWS").ok();
    rows.map_or(100_000, |rows| rows.parse().unwrap())
}

/// The most memory that a running process has held so far.
fn peak_mib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1_024
}

#[test]
fn import_and_export_take_less_than_a_hundred_mebibytes() {
    let folder = Folder::new();
    let types = ["-s", "s", "--key", "id", "--key-type", "u64"];
    let mut command = folder.command(&[&["import", "db"], &types[..]].concat());
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut import = piped.spawn().unwrap();
    let mut stdin = import.stdin.take().unwrap();
    let mut chunk = String::new();
    for id in 0..rows() {
        let text = "x".repeat(60 + (id % 80) as usize);
        writeln!(chunk, "{{\"id\":{id},\"text\":\"{text}\"}}").unwrap();
        if chunk.len() > 60_000 || id + 1 == rows() {
            stdin.write_all(chunk.as_bytes()).unwrap();
            chunk.clear();
        }
    }
    // All but the last pipe's worth has been read by now, and the process waits for more.
    let peak = peak_mib(import.id());
    assert!(peak < MEMORY_MIB_MAX, "the import held {peak} MiB");
    drop(stdin);
    let output = import.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, format!("imported {} records\n", rows()));

    let mut command = folder.command(&["export", "db", "-s", "s", "--values"]);
    let mut export = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(export.stdout.take().unwrap());
    let (mut line, mut read) = (String::new(), 0);
    while lines.read_line(&mut line).unwrap() > 0 {
        read += 1;
        line.clear();
        // A pipe and its buffers hold less than the last fiftieth.
        if read == rows() / 50 * 49 {
            let peak = peak_mib(export.id());
            assert!(peak < MEMORY_MIB_MAX, "the export held {peak} MiB");
        }
    }
    assert_eq!(read, rows());
    assert!(export.wait().unwrap().success());
}
