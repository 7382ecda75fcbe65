//! Any bytes as the file of a journal.
//!
//! Input: flags (bit 0: pass over damaged lines; bit 1: a magic header is put first), then the
//! file. Where it opens and all of it reads, what is appended comes after what was there, and a
//! second open finds the same.

use grainstore::fs::CrashDisk;
use grainstore::journal::Journal;
use grainstore::{Error, ErrorKind};
use serde_json::Value;
use std::path::Path;

const PATH: &str = "/events.jsonl";
const HEADER: &[u8] = b"// GRAINSTORE JOURNAL v1\n";

pub fn run(bytes: &[u8]) {
    let Some((&flags, rest)) = bytes.split_first() else {
        return;
    };
    let header = if flags & 2 == 2 { HEADER } else { b"" };
    let disk = CrashDisk::new();
    let file = [header, rest].concat();
    disk.write_file(Path::new(PATH), &file).unwrap();
    let Some(before) = exercise(&disk, flags) else {
        return;
    };
    if let Some(after) = exercise(&disk, flags) {
        let appended = [Value::from("once more\n"), Value::from(vec![1, 2])];
        assert_eq!(after, [&before[..], &appended].concat(), "a second open");
    }
}

/// What the bytes of a file can bring about.
fn accept(error: &Error) {
    use ErrorKind::{Codec, Corruption, InvalidInput, TooLarge, UnsupportedFormat};
    let kinds = [Codec, Corruption, InvalidInput, TooLarge, UnsupportedFormat];
    assert!(kinds.contains(&error.kind()), "{error:?}");
}

/// The records that are there, before two are appended.
fn exercise(disk: &CrashDisk, flags: u8) -> Option<Vec<Value>> {
    let builder = Journal::builder(PATH).file_system(disk.clone());
    let builder = builder.line_bytes_max(4 << 10).skip_damaged(flags & 1 == 1);
    let read = builder.replay::<Value>();
    let journal = match builder.open() {
        Ok(journal) => journal,
        Err(error) => {
            accept(&error);
            return None;
        }
    };
    let records = journal.records::<Value>().map(Iterator::collect);
    let records: Result<Vec<Value>, Error> = records.and_then(|records| records);
    if let Err(error) = read {
        accept(&error);
    }
    journal.append("once more\n").unwrap();
    journal.append(&[1, 2]).unwrap();
    journal.close().unwrap();
    match records {
        Ok(records) => Some(records),
        Err(error) => {
            accept(&error);
            None
        }
    }
}
