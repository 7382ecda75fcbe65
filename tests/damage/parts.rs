//! What the files of a sample are made of, and where each part lies.

use super::sample::Sample;
use grainstore::inspect::{Inspector, LogItem, ManifestItem, TableItem};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A kind of part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Data,
    Index,
    Filter,
    RangeTombstones,
    Properties,
    Footer,
    LogHeader,
    LogRecord,
    LogSeal,
    ManifestHeader,
    ManifestEdit,
    /// All of a file that is one record, or nothing: `CURRENT`, a spare.
    Whole,
}

impl Kind {
    /// All that a sample can have.
    pub(crate) const ALL: [Self; 12] = [
        Self::Data,
        Self::Index,
        Self::Filter,
        Self::RangeTombstones,
        Self::Properties,
        Self::Footer,
        Self::LogHeader,
        Self::LogRecord,
        Self::LogSeal,
        Self::ManifestHeader,
        Self::ManifestEdit,
        Self::Whole,
    ];
}

/// A part of a file.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) range: Range<u64>,
    /// The keys of a data block.
    pub(crate) keys: Vec<Vec<u8>>,
}

/// The header of a segment and of a manifest.
const HEADER_BYTES: u64 = 24;

/// The seal of a closed log with its payload.
const SEAL_BYTES: u64 = 64;

/// The parts of all files of `sample`, file by file.
pub(crate) fn parts(sample: &Sample) -> Vec<Part> {
    let inspector = Inspector::new(sample.disk.clone());
    let mut parts = Vec::new();
    for path in &sample.files {
        let name = path.file_name().unwrap().to_string_lossy();
        let part = |(kind, range)| Part {
            path: path.clone(),
            kind,
            range,
            keys: Vec::new(),
        };
        if name.ends_with(".table") {
            parts.extend(table_parts(&inspector, path));
        } else if name.ends_with(".wal") {
            let found = log_parts(&inspector, path, sample.len(path));
            parts.extend(found.into_iter().map(part));
        } else if name.starts_with("manifest-") {
            let found = manifest_parts(&inspector, path);
            parts.extend(found.into_iter().map(part));
        } else if sample.len(path) > 0 {
            parts.push(part((Kind::Whole, 0..sample.len(path))));
        }
    }
    parts
}

fn table_parts(inspector: &Inspector, path: &Path) -> Vec<Part> {
    let mut parts = Vec::<Part>::new();
    let part = |(kind, range)| Part {
        path: path.to_owned(),
        kind,
        range,
        keys: Vec::new(),
    };
    for item in inspector.table(path).unwrap() {
        match item {
            TableItem::Footer(footer) => {
                let end = footer.properties.end;
                let sections = [
                    (Kind::Index, footer.index),
                    (Kind::Filter, footer.filter),
                    (Kind::RangeTombstones, footer.range_tombstones),
                    (Kind::Properties, footer.properties),
                    (Kind::Footer, end..footer.bytes),
                ];
                parts.extend(sections.map(part));
            }
            TableItem::Block(block) => {
                let range = block.offset..block.offset + block.bytes;
                parts.push(part((Kind::Data, range)));
            }
            TableItem::Entry(entry) => parts.last_mut().unwrap().keys.push(entry.key),
            TableItem::Damage(damage) => panic!("{damage:?}"),
            _ => {}
        }
    }
    parts
}

fn log_parts(inspector: &Inspector, path: &Path, len: u64) -> Vec<(Kind, Range<u64>)> {
    let mut parts = vec![(Kind::LogHeader, 0..HEADER_BYTES)];
    for item in inspector.log(path).unwrap() {
        match item {
            LogItem::Record(record) => {
                let range = record.offset..record.offset + record.bytes;
                parts.push((Kind::LogRecord, range));
            }
            LogItem::Seal(seal) => {
                let end = len.min(seal.offset + SEAL_BYTES);
                parts.push((Kind::LogSeal, seal.offset..end));
            }
            LogItem::Operation(_) => {}
            other => panic!("{other:?}"),
        }
    }
    parts
}

fn manifest_parts(inspector: &Inspector, path: &Path) -> Vec<(Kind, Range<u64>)> {
    let mut parts = vec![(Kind::ManifestHeader, 0..HEADER_BYTES)];
    for item in inspector.manifest(path).unwrap() {
        match item {
            ManifestItem::Edit(edit) => {
                let range = edit.offset..edit.offset + edit.bytes;
                parts.push((Kind::ManifestEdit, range));
            }
            other => panic!("{other:?}"),
        }
    }
    parts
}
