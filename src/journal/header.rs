//! The first line of a journal: what tells it from every other file.
//!
//! ```text
//! 2f 2f 20 47 52 41 49 4e 53 54 4f 52 45 20        // GRAINSTORE
//! 4a 4f 55 52 4e 41 4c 20 76 31 0a                 JOURNAL v1\n
//! ```
//!
//! New files get that line. Files that open with `// MINISTORE JOURNAL v0.1.0` have the same form
//! and are journals, too; their first line is kept. A byte order mark before the line and blanks
//! or a carriage return behind it, which editors leave, are read over. Pure functions of the bytes.
//!
//! - H1: only what a crash at creation can have left counts as no journal yet: nothing, or the
//!   beginning of our own line, or zeros in the place of its end. Everything else that is no header
//!   is somebody's file and refused.

use crate::error::{Error, ErrorKind, Result};
use std::path::Path;

/// The first line of new files, without its newline.
pub(super) const HEADER: &[u8] = b"// GRAINSTORE JOURNAL v1";
const HEADER_MINISTORE: &[u8] = b"// MINISTORE JOURNAL v0.1.0";

/// What stands before the version in each of them.
const FAMILIES: [&[u8]; 2] = [b"// GRAINSTORE JOURNAL v", b"// MINISTORE JOURNAL v"];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How much of a file has to be seen to judge it, in bytes.
pub(super) const START_BYTES: usize = 256;
/// How much of a foreign file an error shows, in bytes.
const SHOWN_BYTES: usize = 40;

/// What the start of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// There is no journal yet: the file is empty, or its creation was cut short (H1).
    Unmade,
    /// A header without its newline, and nothing else.
    Unended,
    /// A journal whose records begin at this offset.
    Records(u64),
}

/// Judges a file of `file_bytes` by its first bytes, [`START_BYTES`] of them or all.
pub(super) fn judge(start: &[u8], file_bytes: u64, path: &Path) -> Result<Start> {
    let is_whole = file_bytes == start.len() as u64;
    let newline = start.iter().position(|byte| *byte == b'\n');
    let line = start.get(..newline.unwrap_or(start.len()));
    let line = line.unwrap_or_default();
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let line = line.trim_ascii_end();
    if line == HEADER || line == HEADER_MINISTORE {
        match newline {
            Some(newline) => return Ok(Start::Records(newline as u64 + 1)),
            None if is_whole => return Ok(Start::Unended),
            None => {}
        }
    }
    if newline.is_none() && is_whole && is_cut_short(start) {
        return Ok(Start::Unmade);
    }
    let is_version = |version: &[u8]| {
        let mut bytes = version.iter();
        !version.is_empty() && bytes.all(|byte| byte.is_ascii_digit() || *byte == b'.')
    };
    let versions = FAMILIES.iter().filter_map(|name| line.strip_prefix(*name));
    let is_known = versions.into_iter().any(is_version);
    Err(refusal(
        line,
        is_known && (newline.is_some() || is_whole),
        path,
    ))
}

/// True for what a crash can leave of the first write to a new file (H1).
fn is_cut_short(file: &[u8]) -> bool {
    let zeros = file.iter().rev().take_while(|byte| **byte == 0).count();
    let written = file.get(..file.len() - zeros).unwrap_or_default();
    file.len() <= HEADER.len() + 1 && HEADER.starts_with(written)
}

#[cold]
fn refusal(line: &[u8], is_version: bool, path: &Path) -> Error {
    let shown = line.get(..SHOWN_BYTES).unwrap_or(line).escape_ascii();
    let path = path.display();
    let [ours, ministore] = [HEADER, HEADER_MINISTORE].map(<[u8]>::escape_ascii);
    if is_version {
        let text = format!(
            "the journal {path} has the header \"{shown}\", and this release reads \"{ours}\" and \
             \"{ministore}\"; open it with the release that wrote it"
        );
        return Error::new(ErrorKind::UnsupportedFormat, text);
    }
    let text = format!(
        "{path} is no journal and was left as it is: its first line begins with \"{shown}\", and \
         that of a journal is \"{ours}\" or \"{ministore}\"; give the path of a journal, of an \
         empty file or of none"
    );
    Error::new(ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(file: &[u8]) -> Result<Start> {
        let start = &file[..file.len().min(START_BYTES)];
        judge(start, file.len() as u64, Path::new("j"))
    }

    #[test]
    fn the_header_has_the_bytes_of_the_documentation() {
        let hex = "2f2f20475241494e53544f5245204a4f55524e414c207631";
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(bytes, HEADER);
    }

    #[test]
    fn headers_are_known_by_their_line_whatever_editors_put_around_it() {
        for (file, records) in [
            (&b"// GRAINSTORE JOURNAL v1\n{}\n"[..], 25),
            (b"// GRAINSTORE JOURNAL v1\r\n{}\r\n", 26),
            (b"\xef\xbb\xbf// GRAINSTORE JOURNAL v1\n", 28),
            (b"// MINISTORE JOURNAL v0.1.0 \n", 29),
        ] {
            assert_eq!(judged(file).unwrap(), Start::Records(records));
        }
        assert_eq!(judged(HEADER).unwrap(), Start::Unended);
        assert_eq!(judged(HEADER_MINISTORE).unwrap(), Start::Unended);
    }

    #[test]
    fn only_what_a_crash_at_creation_leaves_counts_as_no_journal_yet() {
        for bytes in 0..HEADER.len() {
            assert_eq!(judged(&HEADER[..bytes]).unwrap(), Start::Unmade);
            let mut torn = HEADER[..bytes].to_vec();
            torn.resize(HEADER.len() + 1, 0);
            assert_eq!(judged(&torn).unwrap(), Start::Unmade);
        }
        assert_eq!(judged(&[0; 25]).unwrap(), Start::Unmade);
        for foreign in [
            &[0; 26][..],
            b"// MINISTORE",
            b"// GRAINS\n",
            b"/\n",
            b"\n",
            b"{\"a\":1}\n",
            b"// GRAINSTORE JOURNAL v1x\n",
            b"// GRAINSTORE JOURNAL v\n",
            &[b' '; 1000],
        ] {
            let error = judged(foreign).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
    }

    #[test]
    fn other_versions_are_refused_as_such() {
        for newer in [
            &b"// GRAINSTORE JOURNAL v2\n{}\n"[..],
            b"// GRAINSTORE JOURNAL v10",
            b"// MINISTORE JOURNAL v0.2.0\n",
        ] {
            let error = judged(newer).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnsupportedFormat, "{error}");
        }
    }
}
