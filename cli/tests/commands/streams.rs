//! Streams: colours, quiet, help, and readers that leave early.

use crate::runner::Folder;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

const ESCAPE: char = '\u{1b}';

fn filled(records: u32) -> Folder {
    let folder = Folder::new();
    let rows: String = (0..records)
        .map(|n| format!("{{\"id\":{n},\"text\":\"{}\"}}\n", "x".repeat(100)))
        .collect();
    let import = [
        "import",
        "db",
        "-s",
        "s",
        "--key",
        "id",
        "--key-type",
        "u32",
    ];
    assert_eq!(folder.run_with(&import, rows.as_bytes()).code, 0);
    folder
}

#[test]
fn colours_appear_where_they_are_wanted_and_never_under_no_color() {
    let folder = filled(1);
    let scan = ["scan", "db", "-s", "s"];
    let colored = |variables: &[(&str, &str)], more: &[&str]| {
        let mut command = folder.command(&[&scan[..], more].concat());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap().contains(ESCAPE)
    };
    assert!(!colored(&[], &[]), "a pipe is no terminal");
    assert!(colored(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(colored(&[("NO_COLOR", "1")], &["--color", "always"]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(!colored(&[], &["--color", "always", "--json"]));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = filled(5_000);
    for arguments in [
        &["scan", "db", "-s", "s"][..],
        &["scan", "db", "-s", "s", "--json"],
        &["export", "db", "-s", "s"],
        &["export", "db", "-s", "s", "--format", "csv"],
    ] {
        let mut command = folder.command(arguments);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        drop(output);
        let mut errors = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        assert!(child.wait().unwrap().success(), "{arguments:?}: {errors}");
        assert_eq!(errors, "", "{arguments:?}");
    }
    folder.ok(&["count", "db", "-s", "s"]); // and the database is well
}

#[test]
fn quiet_leaves_results_alone() {
    let folder = filled(1);
    assert_eq!(folder.ok(&["flush", "db", "--quiet"]), "");
    assert_eq!(folder.ok(&["count", "db", "-s", "s", "--quiet"]), "1\n");
    let empty = folder.run(&["init", "other", "-q"]);
    assert_eq!((empty.output.as_str(), empty.errors.as_str()), ("", ""));
}

#[test]
fn text_that_would_move_the_cursor_is_shown_escaped() {
    let folder = Folder::new();
    folder.ok(&["init", "db"]);
    folder.ok(&["put", "db", "\u{1b}[2J", "a\nb"]);
    assert_eq!(folder.ok(&["scan", "db"]), "\\u{1b}[2J\ta\\nb\n");
}

#[test]
fn the_help_tells_the_exit_codes_and_every_command() {
    let folder = Folder::new();
    let help = folder.ok(&["--help"]);
    assert!(help.contains("Exit codes:") && help.contains("another process has the database"));
    for line in help.lines().skip_while(|line| *line != "Commands:").skip(1) {
        let Some(name) = line
            .strip_prefix("  ")
            .and_then(|line| line.split(' ').next())
        else {
            break; // the end of the list
        };
        if !name.is_empty() {
            assert!(folder.ok(&["help", name]).contains("Usage:"), "{name}");
        }
    }
}
