//! One source file, read once and asked by every law.
//!
//! Knows where its test code stands (items under `#[cfg(test)]` or `#[test]`), which modules are
//! written inline, how long its functions are, and which path it has inside its crate.

use crate::token::{Kind, Token, tokens};
use std::ops::Range;

/// A file of Rust.
pub(crate) struct Source<'a> {
    /// From the root of the repository, with forward slashes.
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    /// Every token.
    pub(crate) tokens: Vec<Token<'a>>,
    /// Every token but the comments.
    pub(crate) code: Vec<Token<'a>>,
    /// The whole file is test code.
    pub(crate) test: bool,
    tests: Vec<Range<usize>>,
    inline_modules: Vec<(&'a str, Range<usize>)>,
}

/// A function with a body.
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace, both counted.
    pub(crate) lines: usize,
}

/// A `mod name;` or `mod name {`.
pub(crate) struct Declared<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    pub(crate) test: bool,
    pub(crate) inline: bool,
}

impl<'a> Source<'a> {
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        let tokens = tokens(text);
        let code: Vec<_> = tokens.iter().filter(|t| !t.is_comment()).copied().collect();
        let mut source = Self {
            path,
            text,
            tokens,
            code,
            test: false,
            tests: Vec::new(),
            inline_modules: Vec::new(),
        };
        source.find_tests();
        source.find_inline_modules();
        source
    }

    /// True where the byte at `offset` belongs to test code.
    pub(crate) fn in_test(&self, offset: usize) -> bool {
        self.test || self.tests.iter().any(|range| range.contains(&offset))
    }

    /// The names of the inline modules around `offset`, outermost first.
    pub(crate) fn inline_modules_at(&self, offset: usize) -> impl Iterator<Item = &'a str> {
        let around = self.inline_modules.iter();
        around
            .filter(move |(_, range)| range.contains(&offset))
            .map(|(name, _)| *name)
    }

    /// True for a file that only names what others define: `mod.rs`, `lib.rs`, `main.rs`.
    pub(crate) fn is_face(&self) -> bool {
        matches!(self.file_name(), "mod.rs" | "lib.rs" | "main.rs")
    }

    pub(crate) fn file_name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The path inside the crate whose sources lie in `root`: `src/wal/reader.rs` is `wal`,
    /// `reader`; a face is the folder it stands in. `None` where the file lies elsewhere.
    pub(crate) fn module_path(&self, root: &str) -> Option<Vec<String>> {
        let inside = self.path.strip_prefix(root)?.strip_prefix('/')?;
        let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
        let file = parts.pop()?;
        if !self.is_face() {
            parts.push(file.strip_suffix(".rs")?.to_owned());
        }
        Some(parts)
    }

    /// Every function with a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function<'a>> {
        let mut found = Vec::new();
        for (at, token) in self
            .code
            .iter()
            .enumerate()
            .filter(|(_, token)| token.is("fn"))
        {
            // `fn $name` of a macro has a length like any other; `fn(u8)` is a type.
            let in_macro = self.code.get(at + 1).is_some_and(|next| next.is("$"));
            let name = self.code.get(at + 1 + usize::from(in_macro));
            let Some(name) = name.filter(|name| name.kind == Kind::Word) else {
                continue;
            };
            let end = self.item_end(at);
            if !self.code[end].is("}") {
                continue;
            }
            found.push(Function {
                name: name.text,
                line: token.line,
                lines: self.code[end].line - token.line + 1,
            });
        }
        found
    }

    /// Every module that the file declares.
    pub(crate) fn declared_modules(&self) -> Vec<Declared<'a>> {
        let code = &self.code;
        let words = code
            .windows(3)
            .filter(|w| w[0].is("mod") && w[1].kind == Kind::Word);
        let named = words.filter(|w| w[2].is(";") || w[2].is("{"));
        named
            .map(|w| Declared {
                name: w[1].text,
                line: w[1].line,
                test: self.in_test(w[1].start),
                inline: w[2].is("{"),
            })
            .collect()
    }

    /// The index in `code` of the bracket that closes the one at `open`; the last token where
    /// nothing does.
    pub(crate) fn closing(&self, open: usize) -> usize {
        let close = match self.code[open].text {
            "{" => "}",
            "[" => "]",
            _ => ")",
        };
        let mut depth = 0_usize;
        for (at, token) in self.code.iter().enumerate().skip(open) {
            if token.is(self.code[open].text) {
                depth += 1;
            } else if token.is(close) {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
        }
        self.code.len() - 1
    }

    /// The index in `code` of the last token of the item that begins at `at`: its semicolon or its
    /// closing brace.
    fn item_end(&self, mut at: usize) -> usize {
        while let Some(token) = self.code.get(at) {
            match token.text {
                _ if token.kind != Kind::Mark => {}
                "(" | "[" => at = self.closing(at),
                "{" => return self.closing(at),
                ";" | "}" | ")" | "]" => return at,
                _ => {}
            }
            at += 1;
        }
        self.code.len().saturating_sub(1)
    }

    /// What an attribute on something smaller than an item covers: a field, an arm, a statement.
    fn part_end(&self, mut at: usize) -> usize {
        while let Some(token) = self.code.get(at) {
            match token.text {
                _ if token.kind != Kind::Mark => {}
                "(" | "[" | "{" => at = self.closing(at),
                ";" | "," | "}" | ")" | "]" => return at,
                _ => {}
            }
            at += 1;
        }
        self.code.len().saturating_sub(1)
    }

    fn find_tests(&mut self) {
        let mut at = 0;
        while at + 2 < self.code.len() {
            let inner = self.code[at].is("#") && self.code[at + 1].is("!");
            let open = at + 1 + usize::from(inner);
            if !self.code[at].is("#") || !self.code[open].is("[") {
                at += 1;
                continue;
            }
            let close = self.closing(open);
            if !is_test_attribute(&self.code[open + 1..close]) {
                at = close + 1;
                continue;
            }
            if inner {
                self.test = true;
                return;
            }
            let end = self.attributed_end(close + 1);
            let behind = self.code[end].start + self.code[end].text.len();
            self.tests.push(self.code[at].start..behind);
            at = end + 1;
        }
    }

    /// The last token of what an attribute that ends before `at` stands on.
    fn attributed_end(&self, mut at: usize) -> usize {
        while at + 1 < self.code.len() && self.code[at].is("#") {
            at = self.closing(at + 1) + 1;
        }
        let begin = at;
        if self.code.get(at).is_some_and(|t| t.is("pub")) {
            at += 1;
            if self.code.get(at).is_some_and(|t| t.is("(")) {
                at = self.closing(at) + 1;
            }
        }
        let items = [
            "mod",
            "fn",
            "use",
            "impl",
            "struct",
            "enum",
            "union",
            "const",
            "static",
            "type",
            "trait",
            "unsafe",
            "async",
            "extern",
            "macro_rules",
        ];
        match self.code.get(at) {
            Some(token) if items.iter().any(|item| token.is(item)) => self.item_end(at),
            _ => self.part_end(begin),
        }
    }

    fn find_inline_modules(&mut self) {
        for at in 0..self.code.len().saturating_sub(2) {
            if self.code[at].is("mod") && self.code[at + 2].is("{") {
                let end = self.code[self.closing(at + 2)].start;
                let range = self.code[at + 2].start..end;
                self.inline_modules.push((self.code[at + 1].text, range));
            }
        }
    }
}

/// True for `test` and for a `cfg` that holds in tests alone: `cfg(test)`, `cfg(all(test, ..))`,
/// but neither `cfg(not(test))` nor `cfg(any(test, ..))`, which ship.
fn is_test_attribute(inside: &[Token<'_>]) -> bool {
    match inside {
        [only] => only.is("test"),
        [first, rest @ ..] if first.is("cfg") => {
            let has = |word| rest.iter().any(|token| token.is(word));
            has("test") && !has("not") && !has("any")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(text: &str, needle: &str) -> bool {
        Source::new("src/a.rs", text).in_test(text.find(needle).unwrap())
    }

    #[test]
    fn test_code_is_what_stands_under_cfg_test() {
        let text = "fn a() { x }\n#[cfg(test)]\n#[allow(y)]\nmod tests { fn b() { z } }\nfn c() {}";
        assert!(!tested(text, "x }"));
        assert!(tested(text, "z }"));
        assert!(!tested(text, "fn c"));
        assert!(tested("#![cfg(test)]\nfn a() {}", "fn a"));
        assert!(tested("#[cfg(all(test, unix))] fn a() {}", "fn a"));
        assert!(tested("#[test]\nfn a() {}", "fn a"));
        assert!(!tested("#[cfg(not(test))] fn a() {}", "fn a"));
        assert!(!tested(
            "#[cfg(any(test, feature = \"sim\"))] fn a() {}",
            "fn a"
        ));
        let field = "struct A { #[cfg(test)] pub(crate) a: u8, b: u8 }";
        assert!(tested(field, "a: u8"));
        assert!(!tested(field, "b: u8"));
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let text = "fn a<T>(f: fn(u8) -> [u8; 2]) -> char\nwhere T: X,\n{\n  '{'\n}\n\
                    fn b() { \"}\n\" }\ntrait T { fn none(&self); }";
        let found = Source::new("src/a.rs", text).functions();
        let sizes: Vec<_> = found.iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(sizes, [("a", 1, 5), ("b", 6, 2)]);
    }

    #[test]
    fn a_file_knows_its_path_in_the_crate() {
        let path = |path| Source::new(path, "").module_path("src");
        assert_eq!(path("src/wal/reader.rs").unwrap(), ["wal", "reader"]);
        assert_eq!(path("src/wal/mod.rs").unwrap(), ["wal"]);
        assert!(path("src/lib.rs").unwrap().is_empty());
        assert!(path("tests/house.rs").is_none());
    }

    #[test]
    fn modules_are_found_declared_and_inline() {
        let text = "mod a;\n#[cfg(test)]\nmod b;\nmod c { mod d { here } }";
        let source = Source::new("src/x.rs", text);
        let found: Vec<_> = source.declared_modules();
        let found: Vec<_> = found
            .iter()
            .map(|m| (m.name, m.line, m.test, m.inline))
            .collect();
        let (yes, no) = (true, false);
        assert_eq!(
            found,
            [
                ("a", 1, no, no),
                ("b", 3, yes, no),
                ("c", 4, no, yes),
                ("d", 4, no, yes)
            ]
        );
        let around: Vec<_> = source
            .inline_modules_at(text.find("here").unwrap())
            .collect();
        assert_eq!(around, ["c", "d"]);
    }
}
