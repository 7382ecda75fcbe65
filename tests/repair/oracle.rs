//! What a repair has to save: of each key the newest version that stands in sound bytes.
//!
//! The versions and the bytes they stand in come from an inspection of the undamaged files, which
//! has tests of its own; what they mean is worked out here, naively.

use crate::sample::{Contents, DIR, NOW_MS, ending};
use grainstore::fs::CrashDisk;
use grainstore::inspect::{Inspector, LogItem, LogOperation, TableItem};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One thing that was done, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) file: PathBuf,
    pub(crate) bytes: Range<u64>,
    sequence: u64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Put(Vec<u8>, Vec<u8>, u64),
    Delete(Vec<u8>),
    DeleteRange(Vec<u8>, Vec<u8>),
}

/// Everything that stands in the files of an undamaged database.
pub(crate) fn deeds(disk: &CrashDisk) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for file in ending(disk, ".table") {
        table_deeds(disk, &file, &mut deeds);
    }
    for file in ending(disk, ".wal") {
        log_deeds(disk, &file, &mut deeds);
    }
    deeds
}

fn table_deeds(disk: &CrashDisk, file: &Path, deeds: &mut Vec<Deed>) {
    let (mut ranges, mut block) = (0..0, 0..0);
    for item in Inspector::new(disk.clone()).table(file).unwrap() {
        let (bytes, sequence, what) = match item {
            TableItem::Footer(footer) => {
                ranges = footer.range_tombstones;
                continue;
            }
            TableItem::Block(it) => {
                block = it.offset..it.offset + it.bytes;
                continue;
            }
            TableItem::RangeTombstone(it) => {
                let what = What::DeleteRange(it.start, it.end);
                (ranges.clone(), it.sequence, what)
            }
            TableItem::Entry(it) => {
                let what = match it.value {
                    Some(value) => What::Put(it.key, value, it.expiry_ms),
                    None => What::Delete(it.key),
                };
                (block.clone(), it.sequence, what)
            }
            TableItem::Damage(damage) => panic!("{damage}"),
            _ => continue,
        };
        let file = file.to_owned();
        deeds.push(Deed {
            file,
            bytes,
            sequence,
            what,
        });
    }
}

fn log_deeds(disk: &CrashDisk, file: &Path, deeds: &mut Vec<Deed>) {
    let mut bytes = 0..0;
    for item in Inspector::new(disk.clone()).log(file).unwrap() {
        let (sequence, what) = match item {
            LogItem::Record(it) => {
                bytes = it.offset..it.offset + it.bytes;
                continue;
            }
            LogItem::Operation(LogOperation::Put {
                sequence,
                key,
                value,
                expiry_ms,
            }) => (sequence, What::Put(key, value, expiry_ms)),
            LogItem::Operation(LogOperation::Delete { sequence, key }) => {
                (sequence, What::Delete(key))
            }
            LogItem::Operation(LogOperation::DeleteRange {
                sequence,
                start,
                end,
            }) => (sequence, What::DeleteRange(start, end)),
            LogItem::Damage(damage) => panic!("{damage}"),
            _ => continue,
        };
        let (file, bytes) = (file.to_owned(), bytes.clone());
        deeds.push(Deed {
            file,
            bytes,
            sequence,
            what,
        });
    }
}

/// The newest version of a key: its number, and value and expiry of a put.
type Newest<'d> = (u64, Option<(&'d [u8], u64)>);

/// What a reader sees of those deeds that `survives`.
pub(crate) fn outcome(deeds: &[Deed], survives: impl Fn(&Deed) -> bool) -> Contents {
    let mut newest: BTreeMap<&[u8], Newest<'_>> = BTreeMap::new();
    let left = || deeds.iter().filter(|deed| survives(deed));
    for deed in left() {
        let (key, put) = match &deed.what {
            What::Put(key, value, expiry_ms) => (key, Some((&value[..], *expiry_ms))),
            What::Delete(key) => (key, None),
            What::DeleteRange(..) => continue,
        };
        let it = newest.entry(key).or_insert((deed.sequence, put));
        if deed.sequence > it.0 {
            *it = (deed.sequence, put);
        }
    }
    let mut seen = Contents::new();
    for (key, (sequence, put)) in newest {
        let Some((value, expiry_ms)) = put else {
            continue;
        };
        let deleted = left().any(|deed| match &deed.what {
            What::DeleteRange(start, end) => {
                deed.sequence > sequence && &start[..] <= key && key < &end[..]
            }
            _ => false,
        });
        if !deleted && (expiry_ms == 0 || expiry_ms > NOW_MS) {
            seen.insert(key.to_vec(), value.to_vec());
        }
    }
    seen
}

/// The stretches of `file` that deeds stand in, each once.
pub(crate) fn stretches(deeds: &[Deed], file: &Path) -> Vec<Range<u64>> {
    let mut found: Vec<_> = deeds
        .iter()
        .filter(|deed| deed.file == file)
        .map(|deed| deed.bytes.clone())
        .collect();
    found.sort_by_key(|range| range.start);
    found.dedup();
    assert!(file.starts_with(DIR));
    found
}
