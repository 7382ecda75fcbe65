//! What builder and reader of data blocks promise together.

use super::block::Block;
use super::block_builder::BlockBuilder;
use super::block_lookup::Lookup;
use super::entry::{EntryMeta, Kind, SEQUENCE_MAX, compare, key_hash};
use proptest::prelude::*;

type Entry = (Vec<u8>, EntryMeta, Vec<u8>);

fn meta(sequence: u64, kind: Kind, expiry_ms: u64) -> EntryMeta {
    EntryMeta {
        sequence,
        kind,
        expiry_ms,
    }
}

fn build(entries: &[Entry], hash_index: bool) -> Vec<u8> {
    let mut builder = BlockBuilder::new(hash_index);
    // A block before this one must leave no trace.
    builder.add(b"old", 1, meta(9, Kind::Delete, 4), b"old");
    builder.finish();
    builder.clear();
    for (key, meta, value) in entries {
        builder.add(key, key_hash(key), *meta, value);
    }
    builder.finish().to_vec()
}

fn read(block: &Block) -> Vec<Entry> {
    let entry = |i| {
        let place = block.place(i);
        let key = [block.prefix(), block.suffix(place)].concat();
        (key, block.meta(place), block.value(place).to_vec())
    };
    (0..block.len()).map(entry).collect()
}

/// Up to three versions each of keys with much in common, in order.
fn entries(keys_max: usize) -> impl Strategy<Value = Vec<Entry>> {
    let byte = prop_oneof![3 => 0u8..3, 1 => any::<u8>()];
    let key = prop::collection::vec(byte, 0..6);
    let expiry = prop_oneof![3 => Just(0), 2 => 1u64..600, 1 => any::<u64>()];
    let sequence = prop_oneof![3 => 0u64..4, 1 => 0..=SEQUENCE_MAX];
    let value = prop::collection::vec(any::<u8>(), 0..20);
    let one = (key, sequence, 0u8..4, expiry, value);
    let prefix = prop_oneof![Just(vec![]), Just(b"prefix/".to_vec())];
    let raw = prop::collection::vec(one, 1..keys_max);
    (prefix, raw, 0u8..4, any::<bool>()).prop_map(|(prefix, raw, same_kind, expires)| {
        let entry = |(key, sequence, kind, expiry, value): (Vec<u8>, _, u8, u64, _)| {
            let is_delete = if same_kind == 0 {
                true
            } else {
                same_kind == 1 && kind == 0
            };
            let kind = if is_delete { Kind::Delete } else { Kind::Put };
            let expiry = if expires { expiry } else { 0 };
            let key = [prefix.as_slice(), &key].concat();
            (key, meta(sequence, kind, expiry), value)
        };
        let mut entries: Vec<Entry> = raw.into_iter().map(entry).collect();
        let place = |e: &Entry| (e.0.clone(), e.1.sequence);
        entries.sort_by(|a, b| compare((&a.0, a.1.sequence), (&b.0, b.1.sequence)));
        entries.dedup_by_key(|e| place(e));
        entries
    })
}

fn expected(entries: &[Entry], key: &[u8], sequence_max: u64) -> Lookup {
    let versions: Vec<&Entry> = entries.iter().filter(|e| e.0 == key).collect();
    let found = versions.iter().find(|e| e.1.sequence <= sequence_max);
    let is_last = entries.last().is_some_and(|e| e.0 == key);
    match found {
        Some(e) => Lookup::Found(e.1, Default::default()),
        None if !versions.is_empty() && is_last => Lookup::Beyond,
        None => Lookup::Absent,
    }
}

/// Without the place, which the model does not know.
fn unplaced(lookup: Lookup) -> Lookup {
    match lookup {
        Lookup::Found(meta, _) => Lookup::Found(meta, Default::default()),
        other => other,
    }
}

#[test]
fn block_has_the_bytes_of_the_documentation() {
    let entries = [
        (b"ka".to_vec(), meta(7, Kind::Put, 0), b"x".to_vec()),
        (b"kb".to_vec(), meta(5, Kind::Delete, 0), vec![]),
    ];
    let golden = [
        &[0x78][..],
        &[1, 2, 0x61, 0, 0, 0x62],
        &[0, 0, 1, 0, 1, 0],
        &[0x6b],
        &[5, 0, 0, 0, 0, 0, 0, 0],
        &[0; 8],
        &[2, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0],
        &[0, 0, 0x11, 1],
    ];
    let bytes = build(&entries, false);
    assert_eq!(bytes, golden.concat());
    assert_eq!(read(&Block::decode(bytes).unwrap()), entries);
}

#[test]
fn what_decode_takes_on_trust_is_told_by_the_check() {
    let put = |key: &[u8], kind| (key.to_vec(), meta(7, kind, 0), vec![]);
    let (a, b) = (put(b"ka", Kind::Put), put(b"kb", Kind::Delete));
    let good = build(&[a, b], true);
    let check = |bytes: Vec<u8>| Block::decode(bytes).unwrap().check(key_hash);
    assert_eq!(check(good.clone()), Ok(()));
    // Each entry is its kind and the end of its key; the values are empty, so they come first.
    assert_eq!(good[..4], [1, 0x61, 0, 0x62]);
    let mut unknown = good.clone();
    unknown[2] = 2;
    let refused = check(unknown).unwrap_err();
    assert_eq!(
        (refused.offset, refused.what),
        (2, "unknown kind of an entry")
    );
    let mut swapped = good.clone();
    swapped[..4].rotate_left(2);
    let refused = check(swapped).unwrap_err();
    assert_eq!(refused.offset, 0);
    assert_eq!(refused.what, "hash index of a block misses a key");
    let mut twice = build(&[put(b"ka", Kind::Put), put(b"kb", Kind::Put)], false);
    assert_eq!(twice[..2], *b"ab");
    twice[1] = b'a';
    let refused = check(twice).unwrap_err();
    assert_eq!(refused.offset, 1);
    assert_eq!(refused.what, "entries of a block out of order");
}

#[test]
#[cfg_attr(miri, ignore = "long, and about sizes alone")]
fn keys_beyond_the_limit_are_told_by_the_check() {
    let put = |key: &[u8]| (key.to_vec(), meta(7, Kind::Put, 0), vec![]);
    let long = |end: u8| put(&[&[b'k'; 64 << 10][..], &[end]].concat());
    let block = Block::decode(build(&[long(1), long(2)], false)).unwrap();
    let refused = block.check(key_hash).unwrap_err();
    assert_eq!(
        (refused.offset, refused.what),
        (0, "key longer than the limit")
    );
}

#[test]
fn a_block_cannot_claim_more_entries_than_it_has_bytes() {
    let mut bytes = vec![0; 32];
    bytes[16] = 1;
    assert_eq!(Block::decode(bytes.clone()).map(|block| block.len()), Ok(1));
    for count in [2, u32::MAX] {
        bytes[16..20].copy_from_slice(&count.to_le_bytes());
        assert!(
            Block::decode(bytes.clone()).is_err(),
            "{count} empty entries"
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "long, and about sizes alone")]
fn blocks_beyond_64_kib_of_keys_or_values_are_wide_and_read_the_same() {
    let put = meta(1, Kind::Put, 0);
    let long_value = [
        (b"a".to_vec(), put, vec![7; 70_000]),
        (b"b".to_vec(), put, vec![8]),
    ];
    let long_keys: Vec<Entry> = (0u8..2).map(|i| (vec![i; 60_000], put, vec![i])).collect();
    let mut many: Vec<Entry> = (0u32..9000)
        .map(|i| (i.to_be_bytes().to_vec(), put, vec![]))
        .collect();
    for entries in [&long_value[..], &long_keys, &many] {
        let block = Block::decode(build(entries, true)).unwrap();
        assert_eq!(read(&block), entries);
        block.check(key_hash).unwrap();
    }
    // Few enough for a hash index, too many for eight bits of it.
    many.truncate(4000);
    let block = Block::decode(build(&many, true)).unwrap();
    block.check(key_hash).unwrap();
}

#[test]
fn entries_that_have_all_in_common_take_no_bytes_for_it() {
    let entry = |i: u8| (vec![b'k', i], meta(0, Kind::Put, 0), vec![]);
    let one = build(&[entry(0)], false).len();
    let two = build(&[entry(0), entry(1)], false).len();
    // One byte of key each instead of two in the prefix.
    assert_eq!(two - one, 1);
}

proptest! {
    #[test]
    fn entries_come_back_and_are_found_at_every_sequence(
        entries in entries(if cfg!(miri) { 8 } else { 40 }),
        hash_index: bool,
        foreign in prop::collection::vec(0u8..3, 0..4),
    ) {
        let block = Block::decode(build(&entries, hash_index)).unwrap();
        prop_assert_eq!(&read(&block), &entries);
        prop_assert_eq!(block.check(key_hash), Ok(()));
        let sequences = || entries.iter().map(|e| e.1.sequence);
        let mut around: Vec<u64> = sequences()
            .flat_map(|s| [s.saturating_sub(1), s])
            .chain([0, SEQUENCE_MAX])
            .collect();
        around.dedup();
        for key in entries.iter().map(|e| &e.0).chain([&foreign]) {
            for &sequence in &around {
                let found = block.find(key, key_hash(key), sequence);
                prop_assert_eq!(unplaced(found), expected(&entries, key, sequence));
                let bound = entries.partition_point(|e| {
                    compare((&e.0, e.1.sequence), (key, sequence)).is_lt()
                });
                for share in SHARES {
                    prop_assert_eq!(block.lower_bound(key, sequence, share), bound);
                }
            }
        }
    }

    #[test]
    fn damaged_blocks_are_refused_or_stay_inside_their_bytes(
        entries in entries(12),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in 0usize..3,
    ) {
        let mut bytes = build(&entries, true);
        for (at, byte) in hits {
            // Hits near the end reach the tail more often than chance alone.
            let (half, last) = (bytes.len() / 2, bytes.len() - 1);
            let at = at.index(bytes.len() * 2).clamp(half, last);
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut);
        exercise(bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        mut bytes: Vec<u8>,
        count in 1u8..5,
        entries_len: u8,
        prefix_len in 0u8..4,
        flags in 0u8..64,
        widths: u8,
    ) {
        exercise(bytes.clone());
        bytes.extend([0; 16]);
        bytes.extend([count, 0, 0, 0, entries_len, 0, 0, 0, prefix_len, 0, 0, 0]);
        bytes.extend([0, 0, flags, widths]);
        exercise(bytes);
    }
}

/// Beliefs of where a key stands, none of which may change what is found.
const SHARES: [Option<f64>; 5] = [None, Some(0.0), Some(0.4), Some(1.0), Some(f64::NAN)];

fn exercise(bytes: Vec<u8>) {
    if let Ok(block) = Block::decode(bytes) {
        let entries = read(&block);
        let _ = block.check(key_hash);
        for (key, meta, _) in entries {
            block.find(&key, key_hash(&key), meta.sequence);
            for share in SHARES {
                assert!(block.lower_bound(&key, 0, share) <= block.len());
            }
        }
    }
}
