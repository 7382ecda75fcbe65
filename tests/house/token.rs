//! Rust source as tokens.
//!
//! Just enough of a lexer for the laws: it knows comments (nested too), strings of every prefix,
//! characters and lifetimes, so that a brace in a string or a banned word in a comment misleads
//! nobody. It knows no grammar and never fails: what it cannot name is a mark of one character.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword; raw names keep their `r#`.
    Word,
    /// `'a`.
    Lifetime,
    /// A number, a string or a character.
    Literal,
    /// Punctuation: `::` or a single character.
    Mark,
    /// A comment that documents nothing.
    Comment,
    /// `///` or `/** */`: documents what follows.
    OuterDoc,
    /// `//!` or `/*! */`: documents what it stands in.
    InnerDoc,
}

/// One token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Offset of the first byte.
    pub(crate) start: usize,
    /// Line of the first byte, from 1.
    pub(crate) line: usize,
}

impl Token<'_> {
    /// True for the word or mark `text`; never for a comment or a literal.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark) && self.text == text
    }

    /// True for every kind of comment.
    pub(crate) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Comment | Kind::OuterDoc | Kind::InnerDoc)
    }

    /// Line of the last byte.
    pub(crate) fn line_last(&self) -> usize {
        self.line + self.text.matches('\n').count()
    }
}

/// All tokens of `text`, in order.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut start, mut line) = (0, 1);
    while let Some(first) = text[start..].chars().next() {
        if first.is_whitespace() {
            line += usize::from(first == '\n');
            start += first.len_utf8();
            continue;
        }
        let (kind, length) = measure(&text[start..]);
        let token = Token {
            kind,
            text: &text[start..start + length],
            start,
            line,
        };
        line = token.line_last();
        start += length;
        found.push(token);
    }
    found
}

/// Kind and length of the token that `rest` begins with.
fn measure(rest: &str) -> (Kind, usize) {
    if let Some(comment) = comment(rest) {
        return comment;
    }
    if let Some(length) = string(rest) {
        return (Kind::Literal, length);
    }
    if rest.starts_with("b'") {
        return (Kind::Literal, 1 + quote(&rest[1..]).1);
    }
    if rest.starts_with('\'') {
        return quote(rest);
    }
    let name = |text: &str| text.chars().take_while(|c| is_name(*c)).count();
    let raw = rest.strip_prefix("r#").map_or(0, name);
    if raw > 0 {
        return (Kind::Word, 2 + bytes_of(&rest[2..], raw));
    }
    let length = bytes_of(rest, name(rest));
    match rest.bytes().next() {
        Some(b'0'..=b'9') => (Kind::Literal, number(rest, length)),
        _ if length > 0 => (Kind::Word, length),
        _ if rest.starts_with("::") => (Kind::Mark, 2),
        _ => (Kind::Mark, bytes_of(rest, 1)),
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length in bytes of the first `count` characters.
fn bytes_of(text: &str, count: usize) -> usize {
    text.chars().take(count).map(char::len_utf8).sum()
}

/// A number goes on behind its point where a digit follows: `1.5`, but neither `1..2` nor `1.max`.
fn number(rest: &str, length: usize) -> usize {
    let tail = &rest.as_bytes()[length..];
    if tail.first() == Some(&b'.') && tail.get(1).is_some_and(u8::is_ascii_digit) {
        let fraction = &rest[length + 1..];
        return length + 1 + fraction.chars().take_while(|c| is_name(*c)).count();
    }
    length
}

fn comment(rest: &str) -> Option<(Kind, usize)> {
    if rest.starts_with("//") {
        let length = rest.find('\n').unwrap_or(rest.len());
        let kind = match rest.as_bytes().get(2) {
            Some(b'!') => Kind::InnerDoc,
            Some(b'/') if !rest.starts_with("////") => Kind::OuterDoc,
            _ => Kind::Comment,
        };
        return Some((kind, length));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let kind = match rest.as_bytes().get(2) {
        Some(b'!') => Kind::InnerDoc,
        Some(b'*') if !rest.starts_with("/***") && !rest.starts_with("/**/") => Kind::OuterDoc,
        _ => Kind::Comment,
    };
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let step = match rest.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth + 1, 2),
            Some(b"*/") => (depth - 1, 2),
            _ => (depth, 1),
        };
        (depth, at) = (step.0, at + step.1);
        if depth == 0 {
            return Some((kind, at));
        }
    }
    Some((kind, rest.len()))
}

/// The length of the string that `rest` begins with: plain, byte, C and raw ones.
fn string(rest: &str) -> Option<usize> {
    ["br", "cr", "b", "c", "r", ""]
        .into_iter()
        .find_map(|prefix| {
            let body = rest.strip_prefix(prefix)?;
            let raw = prefix.ends_with('r');
            let hashes = if raw {
                body.bytes().take_while(|b| *b == b'#').count()
            } else {
                0
            };
            let inside = body[hashes..].strip_prefix('"')?;
            let open = prefix.len() + hashes + 1;
            let length = if raw {
                let close = format!("\"{}", "#".repeat(hashes));
                inside.find(&close).map(|at| at + close.len())
            } else {
                escaped(inside)
            };
            Some(open + length.unwrap_or(inside.len()))
        })
}

/// The offset behind the quote that closes a string with escapes.
fn escaped(inside: &str) -> Option<usize> {
    let mut bytes = inside.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A character or a lifetime.
fn quote(rest: &str) -> (Kind, usize) {
    let mut inside = rest.chars().skip(1);
    match (inside.next(), inside.next()) {
        (Some('\\'), Some(_)) => {
            let tail = rest.get(3..).unwrap_or("");
            (
                Kind::Literal,
                3 + tail.find('\'').map_or(tail.len(), |at| at + 1),
            )
        }
        (Some(c), Some('\'')) => (Kind::Literal, 2 + c.len_utf8()),
        _ => {
            let name = rest[1..].chars().take_while(|c| is_name(*c)).count();
            (Kind::Lifetime, 1 + bytes_of(&rest[1..], name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        tokens(text).iter().map(|t| (t.kind, t.text)).collect()
    }

    #[test]
    fn strings_of_every_prefix_are_one_literal() {
        for text in [
            r#""a\"{b""#,
            r##"r#"a"}b"#"##,
            r#"b"\\""#,
            r##"br#"""#"##,
            r#"c"x""#,
            r#"r"\""#,
            "\"two\nlines\"",
        ] {
            assert_eq!(kinds(text), [(Kind::Literal, text)], "{text}");
        }
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        for text in ["'a'", r"'\''", r"'\u{1F600}'", "b'{'", "'é'", "'\"'"] {
            assert_eq!(kinds(text), [(Kind::Literal, text)], "{text}");
        }
        for text in ["'a", "'static", "'_"] {
            assert_eq!(kinds(text), [(Kind::Lifetime, text)], "{text}");
        }
    }

    #[test]
    fn comments_nest_and_know_what_they_document() {
        assert_eq!(kinds("/* a /* b */ c */x").len(), 2);
        let kinds: Vec<_> = kinds("//! a\n/// b\n//// c\n// d\n/*! e */ /** f */ /**/")
            .into_iter()
            .map(|(kind, _)| kind)
            .collect();
        use Kind::{Comment, InnerDoc, OuterDoc};
        assert_eq!(
            kinds,
            [
                InnerDoc, OuterDoc, Comment, Comment, InnerDoc, OuterDoc, Comment
            ]
        );
    }

    #[test]
    fn words_numbers_and_marks_are_told_apart() {
        let texts: Vec<_> = tokens("r#type::x(1.5, 0..2, 1.max(2), 0xFF_u8)")
            .iter()
            .map(|t| t.text)
            .collect();
        assert_eq!(
            texts.join(" "),
            "r#type :: x ( 1.5 , 0 . . 2 , 1 . max ( 2 ) , 0xFF_u8 )"
        );
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let lines: Vec<_> = tokens("a\n\"x\ny\" b\n/* \n */ c")
            .iter()
            .map(|t| t.line)
            .collect();
        assert_eq!(lines, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn any_text_is_taken_without_a_panic() {
        for text in [
            "'", "\"", "r#\"", "/*", "b'", "'\\", "é§", "r#", "b\"\\", "1.",
        ] {
            assert!(!tokens(text).is_empty(), "{text}");
        }
    }
}
