//! What no line may say: the doors, the panics, the prints, unproven `unsafe`, and unfinished work.

use crate::source::Source;
use crate::token::{Kind, Token};
use crate::{DOORS, MARKS_BANNED, PACKAGES, UNSAFE_LIST, Violation, imports};
use std::collections::BTreeSet;

/// Checks one file; `unsafe_files` are those that docs/unsafe.md names.
pub(crate) fn check(
    source: &Source<'_>,
    unsafe_files: &BTreeSet<String>,
    found: &mut Vec<Violation>,
) {
    let mut report = |line, what: String| found.push(Violation::new(source.path, line, what));
    check_marks(source, &mut report);
    check_unsafe(source, unsafe_files, &mut report);
    if is_library(source.path) {
        check_words(source, &mut report);
    }
    if source.path.starts_with("src/") {
        check_doors(source, &mut report);
    }
}

/// The paths of Rust files in code marks: what docs/unsafe.md opens to `unsafe`.
pub(crate) fn unsafe_files(markdown: &str) -> BTreeSet<String> {
    let marked = markdown.split('`').skip(1).step_by(2);
    let paths = marked.filter(|text| text.contains('/') && text.ends_with(".rs"));
    paths.map(str::to_owned).collect()
}

/// A file that is named but needs no `unsafe` any more is a door left open.
pub(crate) fn check_unsafe_list(
    sources: &[Source<'_>],
    files: &BTreeSet<String>,
    found: &mut Vec<Violation>,
) {
    let uses = |source: &Source<'_>| source.code.iter().any(|token| token.is("unsafe"));
    for file in files {
        if !sources
            .iter()
            .any(|source| source.path == file && uses(source))
        {
            let what = format!("`{file}` has no `unsafe`; take it off the list");
            found.push(Violation::new(UNSAFE_LIST, 1, what));
        }
    }
}

/// The packages but the command line, which talks to the terminal.
fn is_library(path: &str) -> bool {
    let mut libraries = PACKAGES.iter().filter(|root| **root != "cli/src");
    libraries.any(|root| {
        path.strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('/'))
    })
}

fn check_marks(source: &Source<'_>, report: &mut impl FnMut(usize, String)) {
    for comment in source.tokens.iter().filter(|token| token.is_comment()) {
        for (at, line) in comment.text.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            if let Some(mark) = words.find(|word| MARKS_BANNED.contains(word)) {
                let what = format!("`{mark}`: finish it, or write it down where work is planned");
                report(comment.line + at, what);
            }
        }
    }
}

/// Law 8: damaged input is an error, and a library does not talk to the terminal.
fn check_words(source: &Source<'_>, report: &mut impl FnMut(usize, String)) {
    let code = &source.code;
    let is = |at: usize, text| code.get(at).is_some_and(|token: &Token<'_>| token.is(text));
    for (at, token) in code
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == Kind::Word)
    {
        let test = source.in_test(token.start);
        let is_macro = is(at + 1, "!") && !is(at + 2, "=");
        let is_method = is(at + 1, "(") && at > 0 && is(at - 1, ".");
        let is_named = at > 0 && is(at - 1, "::");
        let what = match token.text {
            "dbg" | "todo" | "unimplemented" if is_macro => "finish it before it is committed",
            "println" | "eprintln" | "print" | "eprint" if is_macro && !test => {
                "a library does not talk to the terminal; return what there is to say"
            }
            "panic" if is_macro && !test => "return an Error, or assert an invariant by its number",
            "unwrap" | "expect" if (is_method || is_named) && !test => {
                "return an Error, or take the case apart with `let else`"
            }
            _ => continue,
        };
        let mark = if is_macro { "!" } else { "()" };
        report(token.line, format!("`{}{mark}`: {what}", token.text));
    }
}

/// Law 10: one door each.
fn check_doors(source: &Source<'_>, report: &mut impl FnMut(usize, String)) {
    for path in imports::paths(source) {
        for door in DOORS
            .iter()
            .filter(|door| !door.files.contains(&source.path))
        {
            if source.in_test(path.start) || !door.paths.iter().any(|wall| path.names(wall)) {
                continue;
            }
            let (text, to) = (path.text(), door.to);
            let what = format!(
                "`{text}` goes past the door to {to}; go through {}",
                door.use_this
            );
            report(path.line, what);
        }
    }
}

/// Law 9: `unsafe` in few files, each named, each use with the reason it is sound.
fn check_unsafe(
    source: &Source<'_>,
    files: &BTreeSet<String>,
    report: &mut impl FnMut(usize, String),
) {
    for (at, token) in source.tokens.iter().enumerate() {
        if !token.is("unsafe") {
            continue;
        }
        if !files.contains(source.path) {
            let what = format!("`unsafe` in a file that {UNSAFE_LIST} does not name; do without");
            report(token.line, what);
        } else if !is_pointer_type(&source.tokens[at..]) && !has_reason(&source.tokens[..at]) {
            let what = "`unsafe` without a `SAFETY:` comment above; cite the invariant it rests on";
            report(token.line, what.to_owned());
        }
    }
}

/// `unsafe fn(..)` and `unsafe extern "C" fn(..)` as types promise nothing themselves.
fn is_pointer_type(tokens: &[Token<'_>]) -> bool {
    let mut tail = tokens[1..].iter().filter(|token| !token.is_comment());
    let mut next = tail.next();
    while next.is_some_and(|token| token.is("extern") || token.kind == Kind::Literal) {
        next = tail.next();
    }
    next.is_some_and(|token| token.is("fn")) && tail.next().is_some_and(|token| token.is("("))
}

/// True where a comment of the same statement, or right above it, gives the reason.
fn has_reason(before: &[Token<'_>]) -> bool {
    let statement = before
        .iter()
        .rev()
        .take_while(|token| !(token.is(";") || token.is("{") || token.is("}")));
    let mut comments = statement.filter(|token| token.is_comment());
    comments.any(|token| token.text.contains("SAFETY:") || token.text.contains("# Safety"))
}

#[cfg(test)]
mod tests {
    use crate::found_in;

    /// What is found in one file of the ground floor.
    fn found(text: &str) -> Vec<String> {
        let text = format!("//! x\n{text}");
        found_in(&[("src/lib.rs", "//! x\nmod error;"), ("src/error.rs", &text)])
    }

    fn each_fires(texts: &[&str], expected: &str) {
        for text in texts {
            let found = found(text);
            assert_eq!(found.len(), 1, "{text}: {found:#?}");
            assert!(
                found[0].starts_with("src/error.rs:2: "),
                "{text}: {found:#?}"
            );
            assert!(found[0].contains(expected), "{text}: {found:#?}");
        }
    }

    #[test]
    fn panics_are_for_tests() {
        each_fires(
            &[
                "fn f() { x.unwrap(); }",
                "fn f() { x.expect(\"y\"); }",
                "fn f() { x.map(Option::unwrap) }",
                "fn f() { panic!(); }",
                "fn f() { std::panic!(\"x\") }",
            ],
            "return an Error",
        );
        for text in [
            "#[cfg(test)]\nmod tests { fn f() { x.unwrap(); panic!() } }",
            "#[expect(unused)]\nfn f() { x.unwrap_or(1); }",
            "// x.unwrap()\n/// panic!()\nconst A: &str = \"todo!()\";",
            "fn unwrap(self) {}",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn unfinished_work_is_found() {
        each_fires(&["todo!()", "unimplemented!()", "dbg!(x)"], "finish it");
        each_fires(&["#[cfg(test)] mod tests { todo!(); }"], "finish it");
        let marks =
            ["TO", "FIX"].map(|half| half.to_owned() + if half == "TO" { "DO" } else { "ME" });
        for mark in marks {
            each_fires(&[&format!("// {mark}: x"), &format!("/* {mark} */")], &mark);
            let found = found_in(&[("examples/a.rs", &format!("//! x\n\n// ({mark}) y"))]);
            assert!(found[0].starts_with("examples/a.rs:3: "), "{found:#?}");
            assert!(found_in(&[("tests/a.rs", &format!("//! x\n/* {mark}S */"))]).is_empty());
        }
    }

    #[test]
    fn a_library_does_not_talk_to_the_terminal() {
        let prints = [
            "println!()",
            "eprintln!()",
            "print!(\"x\")",
            "eprint!(\"x\")",
        ];
        each_fires(&prints, "does not talk to the terminal");
        let cli = found_in(&[("cli/src/main.rs", "//! x\nfn main() { println!(); }")]);
        assert!(cli.is_empty(), "{cli:#?}");
    }

    #[test]
    fn each_door_is_the_only_one() {
        each_fires(
            &[
                "use std::fs;",
                "use std::{fs::File};",
                "fn f() { std::fs::read(p); }",
                "use std::os::unix::fs::FileExt;",
            ],
            "past the door to the disk",
        );
        each_fires(
            &[
                "fn f() { Instant::now(); }",
                "fn f() { std::time::SystemTime::now(); }",
            ],
            "past the door to time",
        );
        each_fires(
            &[
                "use std::thread;",
                "use std::sync::{Mutex};",
                "use parking_lot::Mutex;",
                "use std::sync::atomic::AtomicU64;",
                "fn f() { ::std::thread::spawn(g); }",
            ],
            "past the door to threads",
        );
        assert!(found("use std::sync::Arc; use std::time::SystemTime;").is_empty());
        assert!(found("#[cfg(test)]\nmod tests { use std::thread; }").is_empty());
        let door = [
            ("src/lib.rs", "//! x\nmod sync;"),
            ("src/sync.rs", "//! x\nuse std::thread;"),
        ];
        assert!(found_in(&door).is_empty());
    }

    /// What is found in a file that docs/unsafe.md names.
    fn found_in_open(text: &str) -> Vec<String> {
        let text = format!("//! x\n{text}");
        found_in(&[
            ("src/lib.rs", "//! x\nmod error;"),
            ("src/error.rs", &text),
            ("docs/unsafe.md", "# Unsafe\n\n- `src/error.rs`: x\n"),
        ])
    }

    #[test]
    fn unsafe_stands_in_named_files_only() {
        each_fires(
            &["fn f() { unsafe { g() } }", "unsafe impl A for B {}"],
            "does not name",
        );
        assert!(found("// unsafe\nconst A: &str = \"unsafe\";").is_empty());
        assert!(found_in_open("// SAFETY: U1.\nunsafe impl A for B {}").is_empty());
        let stale = found_in_open("fn f() {}");
        assert_eq!(
            stale,
            ["docs/unsafe.md:1: `src/error.rs` has no `unsafe`; take it off the list"]
        );
    }

    #[test]
    fn each_unsafe_gives_its_reason() {
        for text in [
            "fn f() { unsafe { g() } }",
            "// SAFETY: U1.\nfn f() { unsafe { g() } }",
            "// SAFETY: U1.\nunsafe impl A for B {}\nunsafe impl C for B {}",
            "unsafe fn f() {}",
        ] {
            let found = found_in_open(text);
            assert_eq!(found.len(), 1, "{text}: {found:#?}");
            assert!(found[0].contains("without a `SAFETY:`"), "{found:#?}");
        }
        for text in [
            "fn f() {\n// SAFETY: U1.\nlet x =\n unsafe { g() };\n}",
            "fn f() { h(\n// SAFETY: U1.\nunsafe { g() }) }",
            "/// # Safety\n/// x\n#[inline]\npub unsafe fn f() {}\ntype F = unsafe fn(u8);",
        ] {
            let with = format!("{text}\n// SAFETY: U2.\nunsafe impl A for B {{}}");
            assert_eq!(found_in_open(&with), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_module_file_under_cfg_test_is_test_code() {
        let found = found_in(&[
            ("src/lib.rs", "//! x\nmod error; mod wal;"),
            ("src/error.rs", "//! x\n#[cfg(test)]\nmod tests;"),
            ("src/error/tests.rs", "//! x\nfn f() { x.unwrap(); }"),
            ("src/wal/mod.rs", "//! x\n#[cfg(test)]\nmod claims;"),
            ("src/wal/claims.rs", "//! x\nfn f() { panic!() }"),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }
}
