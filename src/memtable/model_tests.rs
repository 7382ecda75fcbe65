//! The memtable against a `BTreeMap` that keeps every version in order.

use super::map::{Memtable, Shape};
use crate::format::entry::{EntryMeta, Kind, key_hash};
use crate::format::range_tombstones::RangeTombstone;
use crate::sync::Arc;
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Key and sequence number in the order of entries, with what is stored under them.
type Model = BTreeMap<(Vec<u8>, Reverse<u64>), (EntryMeta, Vec<u8>)>;

/// Small enough that a few hundred inserts pass through every size a real memtable has.
const SMALL: Shape = Shape {
    first_chunk_bytes: 64,
    tail_entries: 4,
};

const CASES: u32 = if cfg!(miri) { 2 } else { 300 };
const OPERATIONS: usize = if cfg!(miri) { 20 } else { 300 };
const LARGE_VALUE: usize = if cfg!(miri) { 300 } else { 3_000 };
const MOVES: usize = if cfg!(miri) { 30 } else { 200 };

fn cases() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(CASES)
    }
}

/// Keys that share prefixes of many lengths, differ in zeros at the end, and repeat.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let prefix = prop_oneof![
        Just(&b""[..]),
        Just(&b"\x01acme\0"[..]),
        Just(&b"\x01acme\0\0\0"[..]),
        Just(&b"\x02a-tenant-with-a-long-name\0"[..]),
        Just(&b"\x02a-tenant-with-a-long-nama\0"[..]),
    ];
    let number = prop_oneof![Just(0u64), 0..8u64, 0..100_000u64];
    let end = 0..=8usize;
    (prefix, number, end).prop_map(|(prefix, number, end)| {
        let number = number.to_be_bytes();
        [prefix, &number[8 - end..]].concat()
    })
}

/// A key as all keys of one store and one tenant might be.
fn tenant_key() -> impl Strategy<Value = Vec<u8>> {
    (0..300u64).prop_map(|n| [b"\x07some-tenant-of-ours\0", &n.to_be_bytes()[..]].concat())
}

#[derive(Debug, Clone)]
struct Insert {
    key: Vec<u8>,
    kind: Kind,
    expiry_ms: u64,
    value_length: usize,
}

fn insert(key: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Insert> {
    let kind = prop_oneof![4 => Just(Kind::Put), 1 => Just(Kind::Delete)];
    let expiry_ms = prop_oneof![3 => Just(0u64), 1 => any::<u64>()];
    let value_length = prop_oneof![9 => 0..40usize, 1 => 0..LARGE_VALUE];
    (key, kind, expiry_ms, value_length).prop_map(|(key, kind, expiry_ms, value_length)| Insert {
        key,
        kind,
        expiry_ms,
        value_length,
    })
}

#[derive(Debug, Clone)]
enum Move {
    First,
    Last,
    Seek(Vec<u8>, u64),
    SeekBefore(Vec<u8>),
    Next,
    Prev,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let sequence = prop_oneof![3 => 0..OPERATIONS as u64 * 2, 1 => Just(u64::MAX)];
    let one = prop_oneof![
        1 => Just(Move::First),
        1 => Just(Move::Last),
        3 => (key(), sequence).prop_map(|(key, sequence)| Move::Seek(key, sequence)),
        3 => key().prop_map(Move::SeekBefore),
        20 => Just(Move::Next),
        20 => Just(Move::Prev),
    ];
    proptest::collection::vec(one, 0..MOVES)
}

fn fill(memtable: &Memtable, model: &mut Model, inserts: &[Insert], sequence: &mut u64) {
    let mut writer = memtable.writer();
    for insert in inserts {
        *sequence += 2;
        let meta = EntryMeta {
            sequence: *sequence,
            kind: insert.kind,
            expiry_ms: insert.expiry_ms,
        };
        let value = vec![*sequence as u8; insert.value_length];
        writer.insert(&insert.key, key_hash(&insert.key), meta, &value);
        model.insert((insert.key.clone(), Reverse(*sequence)), (meta, value));
    }
}

fn newest<'a>(model: &'a Model, key: &[u8], sequence_max: u64) -> Option<(EntryMeta, &'a [u8])> {
    let from = (key.to_vec(), Reverse(sequence_max));
    let (found, (meta, value)) = model.range(from..).next()?;
    (found.0 == key).then_some((*meta, value))
}

/// Makes the moves with a cursor and with an index into the ordered entries of the model.
fn walk(memtable: &Arc<Memtable>, model: &Model, moves: &[Move]) -> Result<(), TestCaseError> {
    let entries: Vec<_> = model.iter().collect();
    let before = |key: &[u8], sequence: u64| {
        entries.partition_point(|e| *e.0 < (key.to_vec(), Reverse(sequence))) as isize
    };
    let mut cursor = memtable.cursor();
    prop_assert!(!cursor.valid());
    // -1 is before the first entry, as entries.len() is behind the last.
    let mut at = 0;
    cursor.seek_to_first();
    for step in moves {
        match step {
            Move::First => (at, _) = (0, cursor.seek_to_first()),
            Move::Last => (at, _) = (entries.len() as isize - 1, cursor.seek_to_last()),
            Move::Seek(key, sequence) => {
                at = before(key, *sequence);
                cursor.seek(key, *sequence);
            }
            Move::SeekBefore(key) => {
                at = before(key, u64::MAX) - 1;
                cursor.seek_before(key);
            }
            Move::Next => (at, _) = ((at + 1).min(entries.len() as isize), cursor.next()),
            Move::Prev => (at, _) = ((at - 1).max(-1), cursor.prev()),
        }
        let wanted = usize::try_from(at).ok().and_then(|at| entries.get(at));
        prop_assert_eq!(cursor.valid(), wanted.is_some());
        let found = cursor.entry();
        let wanted = wanted.map(|((key, _), (meta, value))| (&key[..], *meta, &value[..]));
        prop_assert_eq!(found, wanted);
        if let Some((key, _, value)) = wanted {
            prop_assert_eq!(cursor.key(), key);
            prop_assert_eq!(cursor.value(), value);
            let pinned = cursor.pin().unwrap();
            prop_assert_eq!(pinned.bytes().as_ptr(), cursor.value().as_ptr());
        }
    }
    Ok(())
}

fn check_all(memtable: &Arc<Memtable>, model: &Model) -> Result<(), TestCaseError> {
    let mut cursor = memtable.cursor();
    cursor.seek_to_first();
    for ((key, sequence), (meta, value)) in model {
        prop_assert_eq!(cursor.entry(), Some((&key[..], *meta, &value[..])));
        cursor.next();
        for sequence_max in [sequence.0, sequence.0 - 1, sequence.0 + 1, u64::MAX] {
            let found = memtable.get(key, key_hash(key), sequence_max);
            let wanted = newest(model, key, sequence_max);
            prop_assert_eq!(found.map(|e| (e.meta, e.value)), wanted);
        }
    }
    prop_assert!(!cursor.valid());
    cursor.seek_to_last();
    for ((key, _), (meta, value)) in model.iter().rev() {
        prop_assert_eq!(cursor.entry(), Some((&key[..], *meta, &value[..])));
        cursor.prev();
    }
    prop_assert!(!cursor.valid());
    prop_assert_eq!(memtable.entries(), model.len());
    prop_assert_eq!(memtable.is_empty(), model.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_version_is_found_and_walked_in_order(
        first in proptest::collection::vec(insert(key()), 0..OPERATIONS),
        second in proptest::collection::vec(insert(key()), 0..9),
        moves in moves(),
        others in proptest::collection::vec(key(), 0..20),
    ) {
        let (memtable, mut model) = (Arc::new(Memtable::with_shape(SMALL)), Model::new());
        let mut sequence = 0;
        fill(&memtable, &mut model, &first, &mut sequence);
        check_all(&memtable, &model)?;
        walk(&memtable, &model, &moves)?;
        // Once more, with a tail part of which has been sorted already.
        fill(&memtable, &mut model, &second, &mut sequence);
        check_all(&memtable, &model)?;
        walk(&memtable, &model, &moves)?;
        for key in &others {
            let found = memtable.get(key, key_hash(key), sequence);
            prop_assert_eq!(found.map(|e| (e.meta, e.value)), newest(&model, key, sequence));
        }
    }

    #[test]
    fn long_shared_prefixes_change_nothing(
        inserts in proptest::collection::vec(insert(tenant_key()), 0..OPERATIONS),
        outlier in proptest::collection::vec(insert(key()), 0..3),
        moves in moves(),
    ) {
        let (memtable, mut model) = (Arc::new(Memtable::with_shape(SMALL)), Model::new());
        let mut sequence = 0;
        fill(&memtable, &mut model, &inserts, &mut sequence);
        check_all(&memtable, &model)?;
        fill(&memtable, &mut model, &outlier, &mut sequence);
        check_all(&memtable, &model)?;
        walk(&memtable, &model, &moves)?;
    }

    #[test]
    fn a_cursor_does_not_change_under_later_inserts(
        first in proptest::collection::vec(insert(key()), 0..OPERATIONS / 2),
        later in proptest::collection::vec(insert(key()), 0..OPERATIONS / 2),
    ) {
        let (memtable, mut model) = (Arc::new(Memtable::with_shape(SMALL)), Model::new());
        let mut sequence = 0;
        fill(&memtable, &mut model, &first, &mut sequence);
        let mut cursor = memtable.cursor();
        fill(&memtable, &mut Model::new(), &later, &mut sequence);
        cursor.seek_to_first();
        for ((key, _), (meta, value)) in &model {
            prop_assert_eq!(cursor.entry(), Some((&key[..], *meta, &value[..])));
            cursor.next();
        }
        prop_assert!(!cursor.valid());
    }
}

fn numbered(memtable: &Memtable, numbers: impl Iterator<Item = u64>) {
    let mut writer = memtable.writer();
    for (i, number) in numbers.enumerate() {
        let key = number.to_be_bytes();
        let meta = EntryMeta {
            sequence: i as u64 + 1,
            kind: Kind::Put,
            expiry_ms: 0,
        };
        writer.insert(&key, key_hash(&key), meta, &key);
    }
}

#[test]
fn ascending_and_descending_inserts_come_out_in_order() {
    let count = if cfg!(miri) { 60 } else { 3_000 };
    for descending in [false, true] {
        let memtable = Arc::new(Memtable::with_shape(SMALL));
        if descending {
            numbered(&memtable, (0..count).rev());
        } else {
            numbered(&memtable, 0..count);
        }
        let mut cursor = memtable.cursor();
        cursor.seek_to_first();
        for number in 0..count {
            assert_eq!(cursor.key(), number.to_be_bytes());
            cursor.next();
        }
        assert!(!cursor.valid());
    }
}

#[test]
fn an_empty_memtable_is_small_and_answers_everything_with_nothing() {
    let memtable = Arc::new(Memtable::new(64 << 20));
    assert!(memtable.is_empty());
    assert_eq!((memtable.bytes(), memtable.entries()), (0, 0));
    assert!(memtable.get(b"", key_hash(b""), u64::MAX).is_none());
    assert_eq!(memtable.range_tombstones(), None);
    let mut cursor = memtable.cursor();
    for _ in 0..2 {
        cursor.next();
        assert!(!cursor.valid() && cursor.entry().is_none() && cursor.pin().is_none());
        cursor.seek(b"a", 1);
        cursor.prev();
        assert!(!cursor.valid() && cursor.key().is_empty() && cursor.value().is_empty());
        cursor.seek_before(b"a");
        cursor.seek_to_last();
    }
}

#[test]
fn keys_and_values_of_extreme_lengths_are_kept() {
    let memtable = Arc::new(Memtable::new(4 << 10));
    let long = vec![b'k'; crate::format::entry::KEY_BYTES_MAX];
    let value = vec![7; if cfg!(miri) { 10_000 } else { 9 << 20 }];
    let meta = |sequence| EntryMeta {
        sequence,
        kind: Kind::Put,
        expiry_ms: 0,
    };
    let mut writer = memtable.writer();
    writer.insert(&long, key_hash(&long), meta(1), &value);
    writer.insert(b"", key_hash(b""), meta(2), b"");
    writer.insert(&long[1..], key_hash(&long[1..]), meta(3), b"shorter");
    drop(writer);
    assert!(memtable.bytes() > long.len() * 2 + value.len());
    let found = memtable.get(&long, key_hash(&long), 9).unwrap();
    assert_eq!(found.value, value);
    let pinned = memtable.pin(&found).unwrap();
    assert_eq!(memtable.get(b"", key_hash(b""), 9).unwrap().value, b"");
    let mut cursor = memtable.cursor();
    cursor.seek_to_last();
    assert_eq!(cursor.key(), long);
    cursor.prev();
    assert_eq!(cursor.value(), b"shorter");
    drop((cursor, memtable));
    assert_eq!(pinned.bytes(), value);
}

#[test]
fn a_range_tombstone_alone_makes_a_memtable_not_empty() {
    let memtable = Memtable::new(1 << 20);
    memtable.writer().delete_range(RangeTombstone {
        start: (*b"a").into(),
        end: (*b"c").into(),
        sequence: 3,
    });
    assert!(!memtable.is_empty() && memtable.bytes() > 0);
    assert_eq!((memtable.entries(), memtable.range_delete_count()), (0, 1));
    let set = memtable.range_tombstones().unwrap();
    assert_eq!(set.covering(b"b", 3), Some(3));
    assert_eq!(set.covering(b"b", 2), None);
}
