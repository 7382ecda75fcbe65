//! What comes out of a table is what was put in, by every road.

use super::memory_disk::MemoryDisk;
use super::model::{
    Entry, cache_bytes, current, entries, key, open, options, put, ranges, scan, table, write,
};
use crate::format::entry::{Kind, SEQUENCE_MAX, compare, key_hash};
use crate::table::options::TableOptions;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    First,
    Last,
    Seek(Vec<u8>, u64),
    SeekBefore(Vec<u8>),
    Next,
    Prev,
}

fn step() -> impl Strategy<Value = Step> {
    let sequence = prop_oneof![0u64..13, Just(SEQUENCE_MAX)];
    prop_oneof![
        1 => Just(Step::First),
        1 => Just(Step::Last),
        4 => (key(), sequence).prop_map(|(key, sequence)| Step::Seek(key, sequence)),
        4 => key().prop_map(Step::SeekBefore),
        8 => Just(Step::Next),
        8 => Just(Step::Prev),
    ]
}

/// Where the model stands after `step`.
fn model_step(entries: &[Entry], at: Option<usize>, step: &Step) -> Option<usize> {
    let place = match step {
        Step::First => Some(0),
        Step::Last => entries.len().checked_sub(1),
        Step::Seek(key, sequence) => Some(
            entries.partition_point(|e| compare((&e.0, e.1.sequence), (key, *sequence)).is_lt()),
        ),
        Step::SeekBefore(key) => entries.partition_point(|e| e.0 < *key).checked_sub(1),
        Step::Next => at.map(|at| at + 1),
        Step::Prev => at.and_then(|at| at.checked_sub(1)),
    };
    place.filter(|&at| at < entries.len())
}

proptest! {
    #[test]
    fn everything_put_in_comes_out_in_both_directions_and_verifies(
        entries in entries(),
        ranges in ranges(),
        options in options(),
        cache_bytes in cache_bytes(),
    ) {
        let disk = MemoryDisk::default();
        let summary = write(&disk, &entries, &ranges, options).unwrap();
        let table = open(&disk, cache_bytes).unwrap();
        prop_assert_eq!(&scan(&table).unwrap(), &entries);
        let mut backward = Vec::new();
        let mut cursor = table.cursor_past_cache();
        cursor.seek_to_last().unwrap();
        while let Some(entry) = current(&cursor) {
            backward.push(entry);
            cursor.prev().unwrap();
        }
        backward.reverse();
        prop_assert_eq!(&backward, &entries);
        table.verify().unwrap();
        prop_assert_eq!(table.properties(), &summary.properties);
        let stored = table.range_tombstones().map(|set| (**set).clone());
        prop_assert_eq!(stored.unwrap_or_default(), ranges);
        let puts = entries.iter().filter(|e| e.1.kind == Kind::Put).count() as u64;
        let properties = table.properties();
        prop_assert_eq!(properties.entries - properties.tombstones, puts);
        let expiring = entries.iter().filter(|e| e.1.expiry_ms != 0).count() as u64;
        prop_assert_eq!(properties.expiring, expiring);
    }

    #[test]
    fn get_finds_the_newest_version_up_to_every_sequence(
        entries in entries(),
        foreign in prop::collection::vec(key(), 0..8),
        options in options(),
        cache_bytes in cache_bytes(),
    ) {
        let disk = MemoryDisk::default();
        write(&disk, &entries, &Default::default(), options).unwrap();
        let table = open(&disk, cache_bytes).unwrap();
        let sequences: Vec<u64> = (0..14).chain([SEQUENCE_MAX - 1, SEQUENCE_MAX]).collect();
        for key in entries.iter().map(|e| &e.0).chain(&foreign) {
            for &sequence in &sequences {
                let expected = entries.iter().find(|e| e.0 == *key && e.1.sequence <= sequence);
                let found = table.get(key, key_hash(key), sequence).unwrap();
                prop_assert_eq!(found.as_ref().map(|f| f.meta), expected.map(|e| e.1));
                if let (Some(found), Some(expected)) = (found, expected) {
                    prop_assert_eq!(found.value(), &expected.2);
                    prop_assert_eq!(&*found.into_pinned(), &expected.2);
                }
            }
        }
    }

    #[test]
    fn cursor_stands_where_the_model_stands_after_any_steps(
        entries in entries(),
        steps in prop::collection::vec(step(), 1..80),
        options in options(),
        cache_bytes in cache_bytes(),
    ) {
        let disk = MemoryDisk::default();
        write(&disk, &entries, &Default::default(), options).unwrap();
        let table = open(&disk, cache_bytes).unwrap();
        for mut cursor in [table.cursor(), table.cursor_past_cache()] {
            let mut at = None;
            for step in &steps {
                at = model_step(&entries, at, step);
                match step {
                    Step::First => cursor.seek_to_first(),
                    Step::Last => cursor.seek_to_last(),
                    Step::Seek(key, sequence) => cursor.seek(key, *sequence),
                    Step::SeekBefore(key) => cursor.seek_before(key),
                    Step::Next => cursor.next(),
                    Step::Prev => cursor.prev(),
                }
                .unwrap();
                let expected = at.map(|at| entries[at].clone());
                prop_assert_eq!(current(&cursor), expected, "after {:?}", step);
                if cursor.valid() {
                    prop_assert_eq!(&*cursor.pinned_value(), cursor.value());
                }
            }
        }
    }
}

#[test]
fn versions_of_one_key_are_found_over_many_blocks() {
    let options = TableOptions {
        block_bytes: 64,
        ..TableOptions::default()
    };
    let mut entries = vec![put(b"a", 5, b"before")];
    entries.extend(
        (1..=200u64)
            .rev()
            .map(|s| put(b"hot", 2 * s, &s.to_le_bytes())),
    );
    entries.push(put(b"hot2", 5, b"after"));
    let (_, table) = table(&entries, options);
    assert!(table.index().len() > 50);
    table.verify().unwrap();
    for sequence in 0..=405 {
        let found = table.get(b"hot", key_hash(b"hot"), sequence).unwrap();
        let expected = (sequence.min(400) / 2 * 2).checked_sub(2).map(|s| s + 2);
        assert_eq!(found.map(|f| f.meta.sequence), expected, "up to {sequence}");
        let mut cursor = table.cursor();
        cursor.seek(b"hot", sequence).unwrap();
        let at_key = (cursor.key() == b"hot").then(|| cursor.meta().sequence);
        assert_eq!(at_key, expected, "up to {sequence}");
    }
    let mut cursor = table.cursor();
    cursor.seek_before(b"hot").unwrap();
    assert_eq!(cursor.key(), b"a");
    cursor.seek_before(b"hot2").unwrap();
    assert_eq!((cursor.key(), cursor.meta().sequence), (&b"hot"[..], 2));
}

#[test]
fn table_of_nothing_and_table_of_range_tombstones_alone_open_and_read_as_empty() {
    for ranges in [Default::default(), one_range()] {
        let disk = MemoryDisk::default();
        let summary = write(&disk, &[], &ranges, TableOptions::default()).unwrap();
        assert_eq!(
            summary.properties.range_tombstones,
            ranges.ranges().count() as u64
        );
        let table = open(&disk, 1000).unwrap();
        table.verify().unwrap();
        assert_eq!(scan(&table).unwrap(), []);
        assert!(
            table
                .get(b"k", key_hash(b"k"), SEQUENCE_MAX)
                .unwrap()
                .is_none()
        );
        let mut cursor = table.cursor();
        cursor.seek_to_last().unwrap();
        cursor.seek_before(b"k").unwrap();
        assert!(!cursor.valid());
    }
}

fn one_range() -> crate::format::range_tombstones::RangeTombstones {
    use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
    RangeTombstones::from_ranges(vec![RangeTombstone {
        start: b"a"[..].into(),
        end: b"b"[..].into(),
        sequence: 1,
    }])
}

#[test]
fn values_outlive_the_table_they_were_read_from() {
    let (_, table) = table(&[put(b"k", 1, b"value")], TableOptions::default());
    let pinned = table
        .get(b"k", key_hash(b"k"), 1)
        .unwrap()
        .unwrap()
        .into_pinned();
    let mut cursor = table.cursor();
    cursor.seek_to_first().unwrap();
    let by_cursor = cursor.pinned_value();
    drop((cursor, table));
    assert_eq!(&*pinned, b"value");
    assert_eq!(&*by_cursor, b"value");
}

#[test]
fn tables_are_shared_and_cursors_and_values_are_sent_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<crate::table::reader::Table>();
    shared::<crate::table::entry::PinnedBlock>();
    sent::<crate::table::cursor::TableCursor>();
    sent::<crate::table::entry::TableEntry>();
}
