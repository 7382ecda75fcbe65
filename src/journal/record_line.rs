//! One record as one line: compact JSON and a newline.
//!
//! ```text
//! {"hp":7,"name":"ada"}\n        written after a sync of everything before it
//! {"hp":8,"name":"bob"} \n       written when the line before it was not synced yet
//! ```
//!
//! - L1: a line holds no newline but its last byte and no zero byte at all: JSON writes both as
//!   escapes inside texts, and between tokens they are replaced or impossible.
//! - L2: a line without a blank before its newline was written after everything before it was
//!   durable. So what is torn behind the last such line was not, and what is damaged before it was.
//! - L3: a line whose newline is missing is whole where it is an object, a list, a text, or a word:
//!   no part of those is a value. Of a number a part is (`12` of `123`), so without its newline
//!   it is not whole.
//!
//! Pure functions of the bytes, but for the paths in errors.

use crate::codec::json;
use crate::error::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::path::Path;

/// The mark of a line before which not everything was durable (L2).
const MARK: u8 = b' ';

/// Lines to append as one group.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// The length of the first one with its newline.
    first_bytes: usize,
}

impl Lines {
    /// Adds `record` as the last line; nothing where that fails. `path` is for errors.
    pub(super) fn add<R>(&mut self, record: &R, line_bytes_max: usize, path: &Path) -> Result<()>
    where
        R: Serialize + ?Sized,
    {
        let start = self.bytes.len();
        json::encode(record, &mut self.bytes).map_err(|cause| {
            let text = format!(
                "a record cannot be appended to the journal {}",
                path.display()
            );
            Error::caused(ErrorKind::Codec, text, cause)
        })?;
        let line = self.bytes.get_mut(start..).unwrap_or_default();
        for byte in line.iter_mut().filter(|byte| **byte == b'\n') {
            *byte = b' '; // raw JSON may have some between its tokens (L1)
        }
        let line_bytes = line.trim_ascii_end().len();
        self.bytes.truncate(start + line_bytes);
        if line_bytes > line_bytes_max {
            self.bytes.truncate(start);
            let text = format!(
                "a record of {line_bytes} bytes is too long for the journal {}, whose lines are \
                 limited to {line_bytes_max}; raise line_bytes_max, for its readers as well",
                path.display()
            );
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        if start > 0 {
            self.bytes.push(MARK); // L2
        }
        self.bytes.push(b'\n');
        if start == 0 {
            self.first_bytes = self.bytes.len();
        }
        Ok(())
    }

    /// Moves all of `others` behind the last line.
    pub(super) fn append(&mut self, mut others: Self) {
        if self.bytes.is_empty() {
            self.first_bytes = others.first_bytes;
        } else {
            others.mark_first();
        }
        self.bytes.extend_from_slice(&others.bytes);
    }

    /// Says of the first line that not everything before it is durable (L2).
    pub(super) fn mark_first(&mut self) {
        if let Some(newline) = self.first_bytes.checked_sub(1) {
            self.bytes.insert(newline, MARK);
            self.first_bytes += 1;
        }
    }

    /// The lines, one after the other.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// True where there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes all lines out, keeping room for the next ones where that is at most `bytes`.
    pub(super) fn clear(&mut self, bytes_kept: usize) {
        self.first_bytes = 0;
        self.bytes.clear();
        if self.bytes.capacity() > bytes_kept {
            self.bytes = Vec::new();
        }
    }
}

/// True where a newline behind `before` ends a line without the mark (L2). Where a zero stands
/// before it, nobody can tell any more.
pub(super) fn is_unmarked(before: u8) -> bool {
    before != MARK && before != 0
}

/// True where `line` is whole though its newline is missing (L3).
pub(super) fn is_whole(line: &[u8]) -> bool {
    match line.trim_ascii().first() {
        None | Some(b'-' | b'0'..=b'9') => false,
        Some(_) => is_json(line),
    }
}

/// A line that is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    /// Counted from 1; the header is the first.
    pub(super) number: u64,
    /// Where it begins, in bytes.
    pub(super) offset: u64,
}

/// The record in `line`.
///
/// # Errors
/// `Corruption` where the line is no JSON, `Codec` where it is, but no `R`.
pub(super) fn decode<R: DeserializeOwned>(line: &[u8], place: Place<'_>) -> Result<R> {
    json::decode(line).map_err(|cause| {
        let Place {
            path,
            number,
            offset,
        } = place;
        if is_json(line) {
            let text = format!(
                "line {number} of the journal {} (at offset {offset}) is no such record",
                path.display()
            );
            return Error::caused(ErrorKind::Codec, text, cause);
        }
        Error::corruption(path, offset, format!("line {number} is no JSON: {cause}"))
    })
}

fn is_json(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(records: &[&str]) -> Lines {
        let mut lines = Lines::default();
        for record in records {
            lines.add(*record, 100, Path::new("j")).unwrap();
        }
        lines
    }

    #[test]
    fn no_byte_of_a_text_breaks_its_line() {
        let all: String = (0..=0x2100_u32).filter_map(char::from_u32).collect();
        let mut lines = Lines::default();
        lines.add(&all, 1 << 20, Path::new("j")).unwrap();
        let (newline, line) = lines.bytes().split_last().unwrap();
        assert_eq!(*newline, b'\n');
        assert!(line.iter().all(|byte| *byte >= b' '));
        let place = Place {
            path: Path::new("j"),
            number: 2,
            offset: 25,
        };
        assert_eq!(decode::<String>(line, place).unwrap(), all);
    }

    #[test]
    fn all_lines_of_a_group_but_the_first_are_marked() {
        let mut group = lines(&["a", "b"]);
        assert_eq!(group.bytes(), b"\"a\"\n\"b\" \n");
        group.append(lines(&["c", "d"]));
        assert_eq!(group.bytes(), b"\"a\"\n\"b\" \n\"c\" \n\"d\" \n");
        group.mark_first();
        assert!(group.bytes().starts_with(b"\"a\" \n\"b\" \n"));
        group.clear(1 << 20);
        group.append(lines(&["e"]));
        assert_eq!(group.bytes(), b"\"e\"\n");
    }

    #[test]
    fn a_refused_record_leaves_the_group_as_it_was() {
        let mut group = lines(&["a"]);
        let long = "x".repeat(99);
        let error = group.add(&long, 100, Path::new("j")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let error = group.add(&f64::NAN, 100, Path::new("j")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Codec);
        assert_eq!(group.bytes(), b"\"a\"\n");
    }

    #[test]
    fn no_part_of_a_record_is_whole_and_a_number_never() {
        for record in [
            r#"{"a":[1,{"b":"}\""}]}"#,
            "[[],[1,2]]",
            r#""a\"b""#,
            "true",
            "null",
        ] {
            for bytes in 0..record.len() {
                assert!(
                    !is_whole(&record.as_bytes()[..bytes]),
                    "{bytes} of {record}"
                );
            }
            assert!(is_whole(record.as_bytes()));
        }
        assert!(!is_whole(b"123") && !is_whole(b" -1"));
        assert!(!is_whole(b"\"\xff\""));
    }
}
