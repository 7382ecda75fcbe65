//! Documents that say which test holds a promise name tests that exist.
//!
//! A name is written `tests/file.rs::the_test`, or `tests/file.rs` for all of a file.

// The test reads the repository itself, not a store.
#![allow(clippy::disallowed_methods)]

use std::path::Path;

const DOCUMENTS: &[&str] = &[
    "docs/seeds.md",
    "docs/promises.md",
    "docs/testing.md",
    "README.md",
];
const FOLDERS: &[&str] = &["tests/", "cli/tests/", "examples/", "src/", "fuzz/"];

/// The names in backticks that begin with a folder of tests.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let spans = text.split('`').skip(1).step_by(2);
    // What stands for many names is written in capitals.
    let spans = spans.filter(|span| !span.contains("TARGET"));
    spans.filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder)))
}

/// What is wrong with a name; nothing where the file has such a function.
fn fault(root: &Path, name: &str) -> Option<String> {
    let (file, function) = match name.split_once("::") {
        Some((file, function)) => (file, Some(function)),
        None => (name, None),
    };
    let path = root.join(file);
    let Some(function) = function else {
        return (!path.exists()).then(|| format!("{name}: there is no such file"));
    };
    match std::fs::read_to_string(&path) {
        Err(error) => Some(format!("{name}: {error}")),
        Ok(text) if text.contains(&format!("fn {function}(")) => None,
        Ok(_) => Some(format!("{name}: the file has no such function")),
    }
}

#[test]
fn every_test_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    let mut faults = Vec::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root.join(document)).unwrap_or_default();
        assert!(!text.is_empty(), "{document} is missing or empty");
        for name in names(&text) {
            named += 1;
            faults.extend(fault(root, name).map(|what| format!("{document}: {what}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(named > 100, "only {named} names were found");
}

#[test]
fn a_name_that_leads_nowhere_is_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = "tests/named_tests.rs::a_name_that_leads_nowhere_is_told";
    assert_eq!(fault(root, here), None);
    assert!(fault(root, "tests/named_tests.rs::gone").is_some());
    assert!(fault(root, "tests/gone.rs").is_some());
    assert_eq!(
        names("say `tests/a.rs::b` and `c`").collect::<Vec<_>>(),
        ["tests/a.rs::b"]
    );
}
