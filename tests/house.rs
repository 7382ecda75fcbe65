//! The laws of the house, checked at every test run.
//!
//! This file is the laws as data: the floors, the sizes, the doors, the banned words. The machinery
//! that holds them against every file of the repository stands beside it in `house/`, with tests
//! that every law can fail. All that is found is told at once, each line as
//! `path:line: what, and what to do`.
//!
//! It promises to read Rust by its tokens, so that no string or comment misleads it; it does not
//! expand macros and does not follow `#[path]`.

// The tests read the repository itself, not a store.
#![allow(clippy::disallowed_methods)]

#[path = "house/bans.rs"]
mod bans;
#[path = "house/floors.rs"]
mod floors;
#[path = "house/imports.rs"]
mod imports;
#[path = "house/links.rs"]
mod links;
#[path = "house/shape.rs"]
mod shape;
#[path = "house/source.rs"]
mod source;
#[path = "house/token.rs"]
mod token;

use source::Source;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The floors: a room imports from lower ones only. docs/architecture.md draws the same table.
const FLOORS: &[(u8, &[&str])] = &[
    (1, &["error", "clock", "sync", "planted", "memory"]),
    (2, &["format", "fs", "key", "codec"]),
    (3, &["memtable", "wal", "table", "manifest"]),
    (4, &["engine"]),
    (5, &["backend", "inspect", "metrics", "fuzzing"]),
    (6, &["store", "journal", "asynchronous"]),
    (7, &["lib"]),
    (8, &["cli"]),
];

/// Rooms that may import a room of their own floor: who, whom, why.
const SIBLINGS: &[(&str, &str, &str)] = &[
    ("clock", "sync", "the floor of a clock is an atomic"),
    ("memory", "sync", "threads share its free cells"),
    (
        "sync",
        "error",
        "work that a runtime cannot take ends in an error",
    ),
    ("asynchronous", "store", "the same stores as async methods"),
    (
        "key",
        "format",
        "a range of keys ends as any range of bytes does",
    ),
];

/// Where the sources of the packages lie; only `src` has floors.
const PACKAGES: &[&str] = &["src", "derive/src", "cli/src"];

/// Folders with Rust that obeys the laws of shape.
const FOLDERS: &[&str] = &[
    "src", "derive", "cli", "proof", "xtask", "tests", "examples", "benches", "bench", "fuzz",
    "models", "docs",
];

const FILE_LINES_MAX: usize = 500;
/// From `fn` to the closing brace, both counted, comments too.
const FUNCTION_LINES_MAX: usize = 70;
/// In characters.
const COLUMNS_MAX: usize = 100;

/// Names of files, folders and modules that say nothing.
const NAMES_BANNED: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];

/// Marks of unfinished work in comments.
const MARKS_BANNED: &[&str] = &["TODO", "FIXME"];

/// The document that opens files to `unsafe`; without it there is none.
const UNSAFE_LIST: &str = "docs/unsafe.md";

/// The one way to something outside of the program.
struct Door {
    to: &'static str,
    /// The files that are the door.
    files: &'static [&'static str],
    /// What nobody else names, outside of test code.
    paths: &'static [&'static str],
    use_this: &'static str,
}

const DOORS: &[Door] = &[
    Door {
        to: "the disk",
        files: &["src/fs/real_disk.rs"],
        paths: &["std::fs", "std::os::unix::fs", "std::os::windows::fs"],
        use_this: "crate::fs::file_system",
    },
    Door {
        to: "time",
        files: &["src/clock.rs"],
        paths: &["SystemTime::now", "Instant::now"],
        use_this: "crate::clock",
    },
    Door {
        to: "threads, locks and atomics",
        files: &["src/sync.rs", "src/sync/locks.rs"],
        paths: &[
            "std::thread",
            "std::sync::atomic",
            "core::sync::atomic",
            "std::sync::Mutex",
            "std::sync::RwLock",
            "std::sync::Condvar",
            "parking_lot",
        ],
        use_this: "crate::sync",
    },
];

/// Sources that are meant not to compile; they need no doc.
fn is_compile_fail(path: &str) -> bool {
    path.starts_with("tests/ui/") || path.starts_with("derive/tests/ui/")
}

/// A law that a line breaks.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    what: String,
}

impl Violation {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        let (path, what) = (path.to_owned(), what.into());
        Self { path, line, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Holds every law against `files` (path → text).
fn check(files: &BTreeMap<String, String>) -> Vec<Violation> {
    let rust = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    let in_folders = rust.filter(|(path, _)| {
        let folder = path.split('/').next().unwrap_or_default();
        FOLDERS.contains(&folder)
    });
    let mut sources: Vec<_> = in_folders
        .map(|(path, text)| Source::new(path, text))
        .collect();
    let tests = floors::test_files(&sources);
    for source in &mut sources {
        source.test |= tests.contains(source.path);
    }
    let list = files.get(UNSAFE_LIST).map_or("", String::as_str);
    let unsafe_files = bans::unsafe_files(list);
    let mut found = Vec::new();
    floors::check(&sources, &mut found);
    for source in &sources {
        shape::check(source, &mut found);
        bans::check(source, &unsafe_files, &mut found);
    }
    bans::check_unsafe_list(&sources, &unsafe_files, &mut found);
    links::check(files, &mut found);
    found.sort();
    found
}

/// What is wrong in a made-up repository.
fn found_in(files: &[(&str, &str)]) -> Vec<String> {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    check(&files.collect())
        .iter()
        .map(Violation::to_string)
        .collect()
}

/// Reads the repository: the text of Rust and markdown, the bare names of everything else.
fn read(root: &Path, folder: &str, files: &mut BTreeMap<String, String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        if entry.file_type()?.is_dir() {
            // A folder that tags itself as a cache is what a build left behind.
            let is_cache = entry.path().join("CACHEDIR.TAG").exists();
            if !is_cache && name != ".git" && name != "target" {
                read(root, &path, files)?;
            }
        } else if [".rs", ".md"].iter().any(|end| name.ends_with(end)) {
            files.insert(path, std::fs::read_to_string(entry.path())?);
        } else {
            files.insert(path, String::new());
        }
    }
    Ok(())
}

#[test]
fn the_house_is_in_order() -> std::io::Result<()> {
    let mut files = BTreeMap::new();
    read(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files)?;
    assert!(
        files.contains_key("src/lib.rs"),
        "the sources were not found"
    );
    let found = check(&files);
    let lines: Vec<_> = found.iter().map(Violation::to_string).collect();
    assert!(
        found.is_empty(),
        "laws broken: {}\n{}",
        found.len(),
        lines.join("\n")
    );
    Ok(())
}

#[test]
fn a_missing_doc_is_told_with_its_place() {
    let found = found_in(&[("src/lib.rs", "fn f() {}")]);
    assert_eq!(
        found,
        ["src/lib.rs:1: the file does not open with `//!`; say what it is and what it promises"]
    );
}
