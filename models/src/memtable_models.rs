//! One writer and two readers on each piece of the memtable, and on the whole.

use super::chunk;
use super::index::{Index, IndexWriter};
use super::map::{Memtable, Shape};
use super::record::Address;
use crate::Model;
use crate::format::entry::{EntryMeta, Kind, key_hash};
use crate::format::range_tombstones::RangeTombstone;
use crate::sync::{Arc, AtomicU64, Ordering};
use loom::thread;

pub(crate) const MODELS: &[Model] = &[
    (
        "chunk_readers_see_whole_parts",
        chunk_readers_see_whole_parts,
    ),
    (
        "index_finds_what_is_published",
        index_finds_what_is_published,
    ),
    ("index_growth_hides_no_key", index_growth_hides_no_key),
    (
        "memtable_keeps_older_versions",
        memtable_keeps_older_versions,
    ),
    (
        "memtable_shows_what_is_visible",
        memtable_shows_what_is_visible,
    ),
    ("memtable_cursor_over_a_seal", memtable_cursor_over_a_seal),
    ("range_deletes_cover_at_once", range_deletes_cover_at_once),
];

/// A memtable as small as it goes: chunks of a record or two, a tail of two.
pub(crate) fn small() -> Arc<Memtable> {
    Arc::new(Memtable::with_shape(Shape {
        first_chunk_bytes: 32,
        tail_entries: 2,
    }))
}

pub(crate) fn insert(memtable: &Memtable, key: &[u8], sequence: u64) {
    let meta = EntryMeta {
        sequence,
        kind: Kind::Put,
        expiry_ms: 0,
    };
    memtable
        .writer()
        .insert(key, key_hash(key), meta, &[sequence as u8]);
}

/// The sequence number of the newest version of `key` up to `sequence_max`.
fn get(memtable: &Memtable, key: &[u8], sequence_max: u64) -> Option<u64> {
    let found = memtable.get(key, key_hash(key), sequence_max)?;
    assert_eq!(found.value, [found.meta.sequence as u8]);
    assert_eq!(memtable.pin(&found).unwrap().bytes(), found.value);
    Some(found.meta.sequence)
}

fn chunk_readers_see_whole_parts() {
    let (mut writer, reader) = chunk::new(24);
    let readers = [reader.clone(), reader].map(|reader| {
        thread::spawn(move || {
            let mut before = 0;
            for _ in 0..2 {
                let bytes = reader.bytes_from(0);
                assert!(bytes.len() >= before && bytes.len() % 8 == 0);
                before = bytes.len();
                for (i, part) in bytes.chunks_exact(8).enumerate() {
                    assert_eq!(part, (i as u64).to_le_bytes());
                }
            }
        })
    });
    for i in 0..3u64 {
        writer.append(&[&i.to_le_bytes()[..4], &[0; 4]]).unwrap();
    }
    drop(writer);
    readers.into_iter().for_each(|it| it.join().unwrap());
}

fn address(n: usize) -> Address {
    Address::new(1, n * 8)
}

fn publish(index: &Index, writer: &mut IndexWriter, hash: u64, at: Address, same: bool) {
    let place = index.place(writer, hash, |_| same);
    writer.publish(&place, at);
}

fn index_finds_what_is_published() {
    let index = Arc::new(Index::new());
    let count = Arc::new(AtomicU64::new(0));
    let mut writer = IndexWriter::default();
    publish(&index, &mut writer, 7, address(1), true);
    let readers = [(); 2].map(|()| {
        let (index, count) = (Arc::clone(&index), Arc::clone(&count));
        thread::spawn(move || {
            let published = count.load(Ordering::Acquire);
            let found = index.find(7, Some).unwrap();
            assert!(found == address(1) || found == address(2));
            assert!(published < 1 || found == address(2));
            let other = index.find(9 << 60, Some);
            assert!(published < 2 || other == Some(address(3)));
        })
    });
    publish(&index, &mut writer, 7, address(2), true);
    count.store(1, Ordering::Release);
    publish(&index, &mut writer, 9 << 60, address(3), true);
    count.store(2, Ordering::Release);
    readers.into_iter().for_each(|it| it.join().unwrap());
}

/// Five keys of one shard fit its first table; the sixth makes it grow.
fn index_growth_hides_no_key() {
    let index = Arc::new(Index::new());
    let mut writer = IndexWriter::default();
    let hash = |n: usize| (n as u64) << 56;
    for n in 0..5 {
        publish(&index, &mut writer, hash(n), address(n), false);
    }
    let readers = [0, 4].map(|n| {
        let index = Arc::clone(&index);
        thread::spawn(move || {
            let found = index.find(hash(n), Some);
            assert!(found == Some(address(n)) || (n == 4 && found == Some(address(6))));
            let last = index.find(hash(5), Some);
            assert!(last.is_none() || last == Some(address(5)));
        })
    });
    publish(&index, &mut writer, hash(5), address(5), false);
    publish(&index, &mut writer, hash(4), address(6), true);
    readers.into_iter().for_each(|it| it.join().unwrap());
    assert_eq!(index.find(hash(5), Some), Some(address(5)));
}

/// A reader of an older commit point finds its version while a newer one is being written.
fn memtable_keeps_older_versions() {
    let memtable = small();
    insert(&memtable, b"a", 1);
    let readers = [(); 2].map(|()| {
        let memtable = Arc::clone(&memtable);
        thread::spawn(move || {
            assert_eq!(get(&memtable, b"a", 1), Some(1));
            assert_eq!(get(&memtable, b"b", 1), None);
        })
    });
    insert(&memtable, b"a", 2);
    insert(&memtable, b"b", 3);
    readers.into_iter().for_each(|it| it.join().unwrap());
}

/// M2: whoever learns of a sequence number finds everything up to it.
fn memtable_shows_what_is_visible() {
    let (memtable, visible) = (small(), Arc::new(AtomicU64::new(0)));
    let readers = [(); 2].map(|()| {
        let (memtable, visible) = (Arc::clone(&memtable), Arc::clone(&visible));
        thread::spawn(move || {
            let sequence = visible.load(Ordering::Acquire);
            let expected = (sequence >= 1).then_some(sequence.min(2));
            assert_eq!(get(&memtable, b"a", sequence), expected);
            assert_eq!(get(&memtable, b"b", sequence).is_some(), sequence >= 3);
        })
    });
    for (key, sequence) in [(b"a", 1), (b"a", 2), (b"b", 3)] {
        insert(&memtable, key, sequence);
        visible.store(sequence, Ordering::Release);
    }
    readers.into_iter().for_each(|it| it.join().unwrap());
}

/// A cursor has every entry up to the number it was made at, once, though the tail becomes a run.
fn memtable_cursor_over_a_seal() {
    let (memtable, visible) = (small(), Arc::new(AtomicU64::new(1)));
    insert(&memtable, b"b", 1);
    let readers = [(); 2].map(|()| {
        let (memtable, visible) = (Arc::clone(&memtable), Arc::clone(&visible));
        thread::spawn(move || {
            let sequence = visible.load(Ordering::Acquire);
            let mut cursor = memtable.cursor();
            cursor.seek_to_first();
            let mut found = Vec::new();
            while let Some((key, meta, value)) = cursor.entry() {
                assert_eq!(value, [meta.sequence as u8]);
                found.push((key.to_vec(), std::cmp::Reverse(meta.sequence)));
                cursor.next();
            }
            assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");
            let up_to = found.iter().filter(|(_, s)| s.0 <= sequence).count();
            assert_eq!(up_to as u64, sequence);
        })
    });
    for (key, sequence) in [(b"a", 2), (b"b", 3)] {
        insert(&memtable, key, sequence);
        visible.store(sequence, Ordering::Release);
    }
    readers.into_iter().for_each(|it| it.join().unwrap());
}

fn range_deletes_cover_at_once() {
    let (memtable, visible) = (small(), Arc::new(AtomicU64::new(0)));
    let readers = [(); 2].map(|()| {
        let (memtable, visible) = (Arc::clone(&memtable), Arc::clone(&visible));
        thread::spawn(move || {
            let sequence = visible.load(Ordering::Acquire);
            let set = memtable.range_tombstones();
            let covering = set.and_then(|set| set.covering(b"b", sequence));
            assert_eq!(covering, (sequence > 0).then_some(sequence));
        })
    });
    for sequence in 1..=2 {
        memtable.writer().delete_range(RangeTombstone {
            start: b"a"[..].into(),
            end: b"c"[..].into(),
            sequence,
        });
        visible.store(sequence, Ordering::Release);
    }
    readers.into_iter().for_each(|it| it.join().unwrap());
}
