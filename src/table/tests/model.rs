//! Entries in a vector, tables made of them, and how proptest makes both.

use super::memory_disk::MemoryDisk;
use crate::error::Result;
use crate::format::compression::tests::methods;
use crate::format::entry::{EntryMeta, Kind, SEQUENCE_MAX, compare};
use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use crate::table::cache::BlockCache;
use crate::table::cursor::TableCursor;
use crate::table::options::TableOptions;
use crate::table::reader::Table;
use crate::table::writer::{TableSummary, TableWriter};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// The number of every table of the tests.
pub(super) const NUMBER: u64 = 7;

/// Key, meta and value.
pub(super) type Entry = (Vec<u8>, EntryMeta, Vec<u8>);

/// The path of every table of the tests.
pub(super) fn path() -> PathBuf {
    PathBuf::from("000007.table")
}

/// A put that never expires.
pub(super) fn put(key: &[u8], sequence: u64, value: &[u8]) -> Entry {
    let meta = EntryMeta {
        sequence,
        kind: Kind::Put,
        expiry_ms: 0,
    };
    (key.to_vec(), meta, value.to_vec())
}

/// `count` keys in order, each with a value of `value_bytes` bytes.
pub(super) fn puts(count: u32, value_bytes: usize) -> Vec<Entry> {
    let one = |i: u32| {
        put(
            format!("key{i:08}").as_bytes(),
            1,
            &vec![i as u8; value_bytes],
        )
    };
    (0..count).map(one).collect()
}

/// Writes a table to `disk`.
pub(super) fn write(
    disk: &MemoryDisk,
    entries: &[Entry],
    ranges: &RangeTombstones,
    options: TableOptions,
) -> Result<TableSummary> {
    let fs: Arc<dyn FileSystem> = Arc::new(disk.clone());
    let mut writer = TableWriter::create(&fs, &path(), NUMBER, options)?;
    for (key, meta, value) in entries {
        writer.add(key, *meta, value)?;
    }
    writer.add_range_tombstones(ranges);
    writer.finish()
}

/// Opens the table on `disk` with a cache of its own.
pub(super) fn open(disk: &MemoryDisk, cache_bytes: usize) -> Result<Arc<Table>> {
    let fs: Arc<dyn FileSystem> = Arc::new(disk.clone());
    Table::open(
        &fs,
        Path::new(&path()),
        NUMBER,
        BlockCache::new(cache_bytes),
    )
}

/// A table of `entries` on a disk of its own, with a large cache.
pub(super) fn table(entries: &[Entry], options: TableOptions) -> (MemoryDisk, Arc<Table>) {
    let disk = MemoryDisk::default();
    write(&disk, entries, &RangeTombstones::default(), options).unwrap();
    let table = open(&disk, 1 << 20).unwrap();
    (disk, table)
}

/// What the cursor stands on.
pub(super) fn current(cursor: &TableCursor) -> Option<Entry> {
    let entry = || {
        (
            cursor.key().to_vec(),
            cursor.meta(),
            cursor.value().to_vec(),
        )
    };
    cursor.valid().then(entry)
}

/// All entries, front to back.
pub(super) fn scan(table: &Arc<Table>) -> Result<Vec<Entry>> {
    let mut cursor = table.cursor();
    let mut entries = Vec::new();
    cursor.seek_to_first()?;
    while let Some(entry) = current(&cursor) {
        entries.push(entry);
        cursor.next()?;
    }
    Ok(entries)
}

/// Sorts entries and leaves out those with the key and sequence number of another.
pub(super) fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| compare((&a.0, a.1.sequence), (&b.0, b.1.sequence)));
    entries.dedup_by(|a, b| (&a.0, a.1.sequence) == (&b.0, b.1.sequence));
    entries
}

/// Keys with much in common, the empty one among them.
pub(super) fn key() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => 0u8..3, 1 => any::<u8>()];
    let long = prop::collection::vec(0u8..2, 8..12);
    prop_oneof![4 => prop::collection::vec(byte, 0..5), 1 => long]
}

/// Entries in order: versions, tombstones, expiries, now and then a value of some length.
pub(super) fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let sequence = prop_oneof![6 => 0u64..12, 1 => 0..=SEQUENCE_MAX];
    let expiry_ms = prop_oneof![3 => Just(0), 1 => 1u64..500, 1 => any::<u64>()];
    let kind = prop_oneof![1 => Just(Kind::Delete), 3 => Just(Kind::Put)];
    let value_bytes = prop_oneof![12 => 0usize..30, 1 => 60_000usize..80_000];
    let one = (key(), sequence, kind, expiry_ms, value_bytes, any::<u8>());
    let one = one.prop_map(|(key, sequence, kind, expiry_ms, value_bytes, byte)| {
        let meta = EntryMeta {
            sequence,
            kind,
            expiry_ms,
        };
        (key, meta, vec![byte; value_bytes])
    });
    prop::collection::vec(one, 0..120).prop_map(in_order)
}

/// Every way to write a table, down to an entry a block.
pub(super) fn options() -> impl Strategy<Value = TableOptions> {
    let block_bytes = prop_oneof![Just(1usize), Just(64), Just(300), Just(16 << 10)];
    let compression = prop::sample::select(methods());
    let bits = prop_oneof![Just(0u32), Just(1), Just(10)];
    (block_bytes, bits, compression, any::<bool>()).prop_map(
        |(block_bytes, filter_bits_per_key, compression, hash_index)| TableOptions {
            block_bytes,
            filter_bits_per_key,
            compression,
            hash_index,
        },
    )
}

/// Some range tombstones, often none.
pub(super) fn ranges() -> impl Strategy<Value = RangeTombstones> {
    let one = (key(), key(), 0u64..30).prop_map(|(a, b, sequence)| RangeTombstone {
        start: a.clone().min(b.clone()).into(),
        end: a.max(b).into(),
        sequence,
    });
    let some = prop::collection::vec(one, 0..4).prop_map(RangeTombstones::from_ranges);
    prop_oneof![Just(RangeTombstones::default()), some]
}

/// A cache of nothing, of a few blocks, of all.
pub(super) fn cache_bytes() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0usize), Just(1500), Just(1 << 20)]
}
