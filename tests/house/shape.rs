//! Sizes, names, module docs and faces.

use crate::source::Source;
use crate::token::Kind;
use crate::{
    COLUMNS_MAX, FILE_LINES_MAX, FUNCTION_LINES_MAX, NAMES_BANNED, Violation, is_compile_fail,
};

/// Checks the shape of one file.
pub(crate) fn check(source: &Source<'_>, found: &mut Vec<Violation>) {
    let mut report = |line, what: String| found.push(Violation::new(source.path, line, what));
    check_sizes(source, &mut report);
    check_names(source, &mut report);
    if !is_compile_fail(source.path) {
        check_doc(source, &mut report);
    }
    if source.file_name() == "mod.rs" {
        check_face(source, &mut report);
    }
}

fn check_sizes(source: &Source<'_>, report: &mut impl FnMut(usize, String)) {
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        let what = format!("{lines} lines (most: {FILE_LINES_MAX}); split the file by its nouns");
        report(FILE_LINES_MAX + 1, what);
    }
    for (at, line) in source.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS_MAX {
            report(
                at + 1,
                format!("{columns} columns (most: {COLUMNS_MAX}); break the line"),
            );
        }
    }
    for function in source.functions() {
        let (name, lines) = (function.name, function.lines);
        if lines > FUNCTION_LINES_MAX {
            let most = format!("(most: {FUNCTION_LINES_MAX})");
            let what = format!("`fn {name}` has {lines} lines {most}; give its parts names");
            report(function.line, what);
        }
    }
}

fn check_names(source: &Source<'_>, report: &mut impl FnMut(usize, String)) {
    let is_banned = |name: &str| NAMES_BANNED.contains(&name);
    let advice = "says nothing; name it by the noun it holds";
    for part in source
        .path
        .split('/')
        .filter_map(|part| part.split('.').next())
    {
        if is_banned(part) {
            report(1, format!("the name `{part}` {advice}"));
        }
    }
    for module in source.declared_modules() {
        if module.inline && is_banned(module.name) {
            report(module.line, format!("the name `{}` {advice}", module.name));
        }
    }
}

fn check_doc(source: &Source<'_>, report: &mut impl FnMut(usize, String)) {
    let first = source
        .tokens
        .first()
        .filter(|token| token.kind == Kind::InnerDoc);
    let says = first.is_some_and(|doc| doc.text.chars().any(char::is_alphanumeric));
    if !says {
        let what = "the file does not open with `//!`; say what it is and what it promises";
        report(1, what.to_owned());
    }
}

/// Law 2: a face declares modules and passes names on.
fn check_face(source: &Source<'_>, report: &mut impl FnMut(usize, String)) {
    let definitions = [
        "fn",
        "struct",
        "enum",
        "union",
        "impl",
        "trait",
        "const",
        "static",
        "type",
        "macro_rules",
    ];
    let code = &source.code;
    for (at, token) in code.iter().enumerate() {
        let inline = token.is("mod") && code.get(at + 2).is_some_and(|next| next.is("{"));
        if inline || definitions.iter().any(|word| token.is(word)) {
            let what = format!(
                "`{}` in a face; move the definition to a file of its own",
                token.text
            );
            report(token.line, what);
            return; // one is enough: what is inside the definition would be told too
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::found_in;
    use crate::{COLUMNS_MAX, FILE_LINES_MAX, FUNCTION_LINES_MAX};

    fn found(path: &str, text: &str) -> Vec<String> {
        found_in(&[(path, text)])
    }

    #[test]
    fn a_file_has_a_most_of_lines() {
        let text = |lines: usize| format!("//! x\n{}", "\n".repeat(lines - 1));
        assert!(found("tests/a.rs", &text(FILE_LINES_MAX)).is_empty());
        let found = found("tests/a.rs", &text(FILE_LINES_MAX + 1));
        assert_eq!(
            found,
            ["tests/a.rs:501: 501 lines (most: 500); split the file by its nouns"]
        );
    }

    #[test]
    fn a_line_has_a_most_of_columns_counted_in_characters() {
        let text = |columns: usize| format!("//! x\n// {}\n", "é".repeat(columns - 3));
        assert!(found("benches/a.rs", &text(COLUMNS_MAX)).is_empty());
        let found = found("benches/a.rs", &text(COLUMNS_MAX + 1));
        assert_eq!(
            found,
            ["benches/a.rs:2: 101 columns (most: 100); break the line"]
        );
    }

    #[test]
    fn a_function_has_a_most_of_lines() {
        let text = |lines: usize| format!("//! x\n\nfn f() {{{}}}\n", "\n".repeat(lines - 1));
        assert!(found("examples/a.rs", &text(FUNCTION_LINES_MAX)).is_empty());
        let found = found("examples/a.rs", &text(FUNCTION_LINES_MAX + 1));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("examples/a.rs:3: `fn f` has 71 lines (most: 70)"));
    }

    #[test]
    fn every_file_opens_with_its_doc_but_the_compile_fail_ones() {
        for text in ["", "fn f() {}", "// x\n", "//!\n", "use a::b;\n//! x"] {
            let found = found("derive/tests/a.rs", text);
            assert!(found[0].contains("does not open with `//!`"), "{text}");
        }
        assert!(found("derive/tests/ui/a.rs", "fn f() {}").is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        for path in [
            "tests/util.rs",
            "tests/common/mod.rs",
            "benches/helpers/a.rs",
        ] {
            assert!(found(path, "//! x\n")[0].contains("says nothing"), "{path}");
        }
        assert_eq!(found("tests/a.rs", "//! x\nmod misc {}").len(), 1);
        assert!(found("tests/utility_of_gold.rs", "//! x\nlet common = 1;").is_empty());
    }

    #[test]
    fn a_face_defines_nothing() {
        let face = |text: &str| found("tests/a/mod.rs", &format!("//! x\n{text}"));
        assert!(face("mod a;\n#[cfg(test)]\nmod b;\npub(crate) use a::{B, C};").is_empty());
        for text in [
            "fn f() {}",
            "pub struct A;",
            "enum A {}",
            "impl A {}",
            "pub(crate) trait A {}",
            "const A: u8 = 1;",
            "type A = u8;",
            "macro_rules! a { () => {} }",
            "#[cfg(test)]\nmod tests { }",
        ] {
            let found = face(text);
            assert_eq!(found.len(), 1, "{text}: {found:#?}");
            assert!(found[0].contains("in a face"), "{text}");
        }
    }
}
