//! Every path a file names, with `use` trees taken apart.
//!
//! `use crate::a::{b, c::{self, D as E}};` names `crate::a::b`, `crate::a::c` and `crate::a::c::D`;
//! `crate::a::b::f()` in a body names itself. Paths of one segment say nothing about who imports
//! whom and are left out. Text in strings and comments is not a path.

use crate::source::Source;
use crate::token::{Kind, Token};

/// A path as it is written.
#[derive(Debug)]
pub(crate) struct Path<'a> {
    /// `["crate", "wal", "reader", "Reader"]`; a glob ends in `*`.
    pub(crate) segments: Vec<&'a str>,
    /// Written with a leading `::`.
    pub(crate) global: bool,
    pub(crate) line: usize,
    pub(crate) start: usize,
}

impl Path<'_> {
    /// The path as a text for a message.
    pub(crate) fn text(&self) -> String {
        self.segments.join("::")
    }

    /// True where `window` (`"std::fs"`, `"Instant::now"`) stands in the path.
    pub(crate) fn names(&self, window: &str) -> bool {
        let window: Vec<&str> = window.split("::").collect();
        let whole_crate = window.len() == 1;
        let mut windows = self.segments.windows(window.len());
        // A single name means a crate and stands first: `parking_lot` in `crate::x::parking_lot`
        // would be something else.
        if whole_crate {
            return self.segments.first() == window.first();
        }
        windows.any(|found| found == window)
    }

    /// The path from the root of the crate, for a file with module path `here` (inline modules
    /// included); `None` for a path out of the crate. `children` are the modules that the file
    /// declares: a path may begin with one.
    pub(crate) fn absolute(&self, here: &[String], children: &[String]) -> Option<Vec<String>> {
        if self.global {
            return None;
        }
        let supers = self.segments.iter().filter(|s| **s == "super").count();
        let (base, skip) = match *self.segments.first()? {
            "crate" => (&here[..0], 1),
            "self" => (&here[..here.len().checked_sub(supers)?], 1 + supers),
            "super" => (&here[..here.len().checked_sub(supers)?], supers),
            first if children.iter().any(|child| child == first) => (here, 0),
            _ => return None,
        };
        let tail = self.segments[skip..].iter().map(|s| (*s).to_owned());
        Some(base.iter().cloned().chain(tail).collect())
    }
}

/// Every path of two segments or more in `source`.
pub(crate) fn paths<'a>(source: &Source<'a>) -> Vec<Path<'a>> {
    let code = &source.code;
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let token = code[at];
        let captures = code.get(at + 1).is_some_and(|next| next.is("<"));
        if token.is("use") && !captures {
            let mut tree = Tree {
                code,
                at: at + 1,
                found: &mut found,
                global: false,
            };
            tree.read(&mut Vec::new());
            at = tree.at.max(at + 1);
        } else if token.kind == Kind::Word && begins(code, at) {
            at = inline(code, at, &mut found);
        } else {
            at += 1;
        }
    }
    found.retain(|path| path.segments.len() > 1);
    found
}

/// True where the word at `at` is the first of a path: nothing but a global `::` before it, and
/// not the `crate` of `pub(crate)` or `pub(in crate::a)`.
fn begins(code: &[Token<'_>], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| code[at]);
    let is = |back, text| before(back).is_some_and(|token: Token<'_>| token.is(text));
    if is(1, "in") && is(2, "(") && is(3, "pub") {
        return false;
    }
    !is(1, ".") && (!is(1, "::") || is_global(code, at - 1))
}

/// True where the `::` at `at` begins a path instead of going on with one.
fn is_global(code: &[Token<'_>], at: usize) -> bool {
    let keyword = |token: Token<'_>| {
        [
            "use", "as", "in", "return", "mut", "dyn", "impl", "for", "match", "if", "else",
            "where",
        ]
        .iter()
        .any(|word| token.is(word))
    };
    match at.checked_sub(1).map(|before| code[before]) {
        Some(before) if before.kind == Kind::Word => keyword(before),
        Some(before) => !before.is(">"),
        None => true,
    }
}

/// Reads a path out of a body or a type; returns the index behind it.
fn inline<'a>(code: &[Token<'a>], mut at: usize, found: &mut Vec<Path<'a>>) -> usize {
    let first = code[at];
    let mut segments = vec![first.text];
    let global = at > 0 && code[at - 1].is("::");
    while at + 2 < code.len() && code[at + 1].is("::") && code[at + 2].kind == Kind::Word {
        at += 2;
        segments.push(code[at].text);
    }
    found.push(Path {
        segments,
        global,
        line: first.line,
        start: first.start,
    });
    at + 1
}

struct Tree<'a, 'b> {
    code: &'b [Token<'a>],
    at: usize,
    found: &'b mut Vec<Path<'a>>,
    global: bool,
}

impl<'a> Tree<'a, '_> {
    /// Reads one branch behind `stem`, up to its comma, closing brace or semicolon.
    fn read(&mut self, stem: &mut Vec<&'a str>) {
        let depth = stem.len();
        while let Some(token) = self.code.get(self.at).copied() {
            match token.text {
                "::" => self.global |= stem.is_empty(),
                "{" => {
                    self.branches(stem);
                    break;
                }
                "as" => self.at += 1,
                "," | "}" | ";" => {
                    self.leaf(stem, self.code[self.at - 1]);
                    break;
                }
                "$" => {}
                text => stem.push(text),
            }
            self.at += 1;
        }
        stem.truncate(depth);
    }

    /// Reads `{a, b::{c}}`; leaves `at` behind the closing brace.
    fn branches(&mut self, stem: &mut Vec<&'a str>) {
        while let Some(token) = self.code.get(self.at).copied() {
            self.at += 1;
            if token.is("}") || token.is(";") {
                break;
            }
            if !self.code.get(self.at).is_some_and(|next| next.is("}")) {
                self.read(stem);
            }
        }
    }

    fn leaf(&mut self, stem: &[&'a str], last: Token<'a>) {
        let segments = match stem {
            [path @ .., "self"] if !path.is_empty() => path.to_vec(),
            path => path.to_vec(),
        };
        if !segments.is_empty() {
            let (line, start, global) = (last.line, last.start, self.global);
            self.found.push(Path {
                segments,
                global,
                line,
                start,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        paths(&Source::new("src/a/b.rs", text))
            .iter()
            .map(Path::text)
            .collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        assert_eq!(named("use crate::a::B;"), ["crate::a::B"]);
        assert_eq!(
            named("pub(crate) use crate::a::{B as C, d};"),
            ["crate::a::B", "crate::a::d"]
        );
        assert_eq!(
            named("use crate::{\n  a::{self, b::{C, D}},\n  e::*,\n};\nuse std::io;"),
            [
                "crate::a",
                "crate::a::b::C",
                "crate::a::b::D",
                "crate::e::*",
                "std::io"
            ]
        );
        assert_eq!(named("use {crate::a::B, std::{fs, thread}};").len(), 3);
        assert_eq!(named("use super::super::c::D;"), ["super::super::c::D"]);
    }

    #[test]
    fn paths_in_bodies_types_and_macros_are_found() {
        assert_eq!(named("fn f(x: crate::a::B) { crate::c::d(); }").len(), 2);
        assert_eq!(
            named("m!($crate::a::b, <crate::c::D as X>::e)"),
            ["crate::a::b", "crate::c::D"]
        );
        assert_eq!(
            named("fn f() -> impl X + use<'a> { std::fs::read::<u8>() }").len(),
            1
        );
        assert_eq!(
            named("let x = ::std::thread::spawn(f);"),
            ["std::thread::spawn"]
        );
        assert_eq!(named("Vec::<u8>::new(); a.b.c(); d"), Vec::<String>::new());
    }

    #[test]
    fn visibility_strings_and_comments_are_no_paths() {
        assert!(named("pub(in crate::a) fn f() {} // crate::a::b\nx(\"crate::a::b\")").is_empty());
    }

    #[test]
    fn paths_are_followed_to_the_root() {
        let here = ["a".to_owned(), "b".to_owned(), "tests".to_owned()];
        let children = ["c".to_owned()];
        let absolute = |text: &'static str| {
            let source = Source::new("src/a/b.rs", text);
            let path = paths(&source).remove(0);
            path.absolute(&here, &children).map(|path| path.join("::"))
        };
        assert_eq!(absolute("use crate::x::y;").unwrap(), "x::y");
        assert_eq!(absolute("use super::*;").unwrap(), "a::b::*");
        assert_eq!(absolute("use self::super::super::D;").unwrap(), "a::D");
        assert_eq!(absolute("use super::super::super::e::F;").unwrap(), "e::F");
        assert_eq!(absolute("c::g();").unwrap(), "a::b::tests::c::g");
        assert_eq!(absolute("use ::c::g;"), None);
        assert_eq!(absolute("use std::fs;"), None);
    }
}
