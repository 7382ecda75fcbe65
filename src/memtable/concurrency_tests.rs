//! One writer and several readers at once; scaled down far enough for miri.

use super::map::{Memtable, Shape};
use crate::format::entry::{EntryMeta, Kind, key_hash};
use crate::format::range_tombstones::RangeTombstone;
use crate::sync::{Arc, AtomicU64, Ordering, spawn};

const SMALL: Shape = Shape {
    first_chunk_bytes: 64,
    tail_entries: 8,
};

const INSERTS: u64 = if cfg!(miri) { 48 } else { 30_000 };
const KEYS: u64 = if cfg!(miri) { 16 } else { 9_000 };

/// The key that the insert with this sequence number goes to: every one in turn, out of order.
fn key_of(sequence: u64) -> [u8; 8] {
    (sequence % KEYS * 7_919 % KEYS).to_be_bytes()
}

fn insert(memtable: &Memtable, sequence: u64) {
    let key = key_of(sequence);
    let meta = EntryMeta {
        sequence,
        kind: Kind::Put,
        expiry_ms: 0,
    };
    let value = sequence.to_le_bytes().repeat(1 + sequence as usize % 5);
    memtable.writer().insert(&key, key_hash(&key), meta, &value);
}

fn check_value(sequence: u64, value: &[u8]) {
    assert_eq!(value.len(), 8 * (1 + sequence as usize % 5));
    assert!(
        value
            .chunks_exact(8)
            .all(|part| part == sequence.to_le_bytes())
    );
}

/// Writes everything, publishing each sequence number, while `readers` run until they have seen
/// the last.
fn race(read: impl Fn(&Arc<Memtable>, u64, u64) + Send + Clone + 'static) {
    let memtable = Arc::new(Memtable::with_shape(SMALL));
    let visible = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = (0..2u64)
        .map(|reader| {
            let (memtable, visible) = (Arc::clone(&memtable), Arc::clone(&visible));
            let read = read.clone();
            spawn("reader", move || {
                let mut round = reader;
                loop {
                    let sequence = visible.load(Ordering::Acquire);
                    if sequence > 0 {
                        read(&memtable, sequence, round);
                    }
                    if sequence == INSERTS {
                        return;
                    }
                    round = round
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                }
            })
        })
        .collect();
    for sequence in 1..=INSERTS {
        insert(&memtable, sequence);
        visible.store(sequence, Ordering::Release);
    }
    for reader in readers {
        reader.unwrap().join().unwrap();
    }
}

#[test]
fn a_published_entry_is_found_by_every_reader_at_once() {
    race(|memtable, sequence, round| {
        let wanted = sequence - (round >> 33) % sequence.min(KEYS);
        let key = key_of(wanted);
        let newest = memtable.get(&key, key_hash(&key), sequence).unwrap();
        assert_eq!(newest.meta.sequence, wanted);
        check_value(wanted, newest.value);
        let older = memtable.get(&key, key_hash(&key), wanted - 1);
        let before = wanted.checked_sub(KEYS).filter(|&s| s > 0);
        assert_eq!(older.map(|e| e.meta.sequence), before);
        let pinned = memtable.pin(&newest).unwrap();
        check_value(wanted, pinned.bytes());
    });
}

#[test]
fn a_cursor_made_after_a_publication_has_all_entries_up_to_it() {
    race(|memtable, sequence, round| {
        let mut cursor = memtable.cursor();
        let (mut count, mut before) = (0, None);
        cursor.seek_to_first();
        while let Some((key, meta, value)) = cursor.entry() {
            let here = (key.to_vec(), std::cmp::Reverse(meta.sequence));
            assert!(before.as_ref() < Some(&here));
            check_value(meta.sequence, value);
            count += u64::from(meta.sequence <= sequence);
            before = Some(here);
            cursor.next();
        }
        assert_eq!(count, sequence);
        let wanted = sequence - (round >> 33) % sequence.min(KEYS);
        cursor.seek(&key_of(wanted), sequence);
        let found = cursor.entry().map(|(_, meta, _)| meta.sequence);
        assert_eq!(found, Some(wanted));
        if !cfg!(miri) {
            crate::sync::sleep(std::time::Duration::from_millis(2));
        }
    });
}

#[test]
fn a_published_range_delete_covers_its_keys_for_every_reader() {
    let memtable = Arc::new(Memtable::with_shape(SMALL));
    let visible = Arc::new(AtomicU64::new(0));
    let last = if cfg!(miri) { 12 } else { 300 };
    let reader = {
        let (memtable, visible) = (Arc::clone(&memtable), Arc::clone(&visible));
        spawn("reader", move || {
            loop {
                let sequence = visible.load(Ordering::Acquire);
                if sequence > 0 {
                    let set = memtable.range_tombstones().unwrap();
                    assert_eq!(set.covering(b"b", sequence), Some(sequence));
                }
                if sequence == last {
                    return;
                }
            }
        })
    };
    for sequence in 1..=last {
        memtable.writer().delete_range(RangeTombstone {
            start: (*b"a").into(),
            end: (*b"c").into(),
            sequence,
        });
        visible.store(sequence, Ordering::Release);
    }
    reader.unwrap().join().unwrap();
}
