//! The largest and the smallest of everything.

use crate::{builder, new_db};
use grainstore::engine::WriteBatch;
use grainstore::fs::CrashDisk;
use grainstore::{Error, ErrorKind, Ttl};
use std::time::Duration;

const KEY_BYTES_MAX: usize = 64 << 10;
const VALUE_BYTES_MAX: usize = 1 << 30;

fn assert_too_large(error: &Error, what: &str) {
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains(what), "{error}");
    assert!(error.to_string().contains("the limit is"), "{error}");
}

#[test]
fn the_longest_key_of_the_engine_has_64_kib() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let engine = db.engine();
    // FE is the first byte that no store begins with.
    let longest = vec![0xfe; KEY_BYTES_MAX];
    let longer = vec![0xfe; KEY_BYTES_MAX + 1];
    engine.put(&longest, b"v").unwrap();
    assert_too_large(
        &engine.put(&longer, b"v").unwrap_err(),
        "a key of 65537 bytes",
    );
    assert_too_large(&engine.delete(&longer).unwrap_err(), "a key of 65537 bytes");
    let range = engine.delete_range(b"", &longer).unwrap_err();
    assert_too_large(&range, "a range end of 65537 bytes");
    assert!(engine.get(&longer).unwrap().is_none());
    for _ in 0..2 {
        assert_eq!(engine.get(&longest).unwrap().unwrap(), b"v");
        let back = engine.scan::<&[u8]>(..).unwrap().next_back();
        assert_eq!(*back.unwrap().unwrap().0, longest);
        db.compact().unwrap();
        db.verify().unwrap();
    }
}

#[test]
fn the_longest_key_of_a_store_has_room_for_the_stores_number() {
    let db = new_db();
    let blobs = db.bytes_store("blobs").unwrap();
    let longest = vec![7; KEY_BYTES_MAX - 2];
    blobs.put(&longest, b"v").unwrap();
    assert_eq!(blobs.get(&longest).unwrap().unwrap(), b"v");
    let error = blobs.put(vec![7; KEY_BYTES_MAX + 1], b"v").unwrap_err();
    assert_too_large(&error, "a key of");
    db.flush().unwrap();
    assert_eq!(blobs.iter().count(), 1);
    blobs.delete_prefix(&longest).unwrap();
    assert_eq!(blobs.iter().count(), 0);
}

#[test]
fn the_longest_value_has_1_gib_and_a_longer_one_is_refused_before_it_is_copied() {
    let db = new_db();
    let blobs = db.bytes_store("blobs").unwrap();
    // Zero pages that nobody touches take no memory.
    let longer = vec![0; VALUE_BYTES_MAX + 1];
    let error = blobs.put(b"k", &longer).unwrap_err();
    assert_too_large(&error, "a value of 1073741825 bytes");
    let mut batch = WriteBatch::new();
    assert_too_large(
        &batch.put(b"k", &longer).unwrap_err(),
        "a value of 1073741825 bytes",
    );
    assert!(batch.is_empty());
    assert!(blobs.get(b"k").unwrap().is_none());
    blobs.put(b"k", b"small").unwrap();
}

#[test]
fn a_value_larger_than_memtable_log_and_table_is_written_and_read_back() {
    let disk = CrashDisk::new();
    let open = || {
        let builder = builder(&disk).memtable_bytes(4 << 10);
        builder.engine_options(|options| {
            options.wal_segment_bytes = 4 << 10;
            options.table_bytes = 4 << 10;
            options.block_bytes = 64;
        })
    };
    let large: Vec<u8> = (0..3_000_000u32).map(|i| ((i * 7) >> 3) as u8).collect();
    let db = open().open().unwrap();
    let blobs = db.bytes_store("blobs").unwrap();
    for key in [b"a", b"b", b"c"] {
        blobs.put(key, &large).unwrap();
        blobs.put([key[0], 0], b"small").unwrap();
    }
    for _ in 0..2 {
        assert_eq!(blobs.get(b"b").unwrap().unwrap(), large[..]);
        assert_eq!(blobs.iter().rev().count(), 6);
        db.compact().unwrap();
    }
    drop((blobs, db));
    let blobs = open().open().unwrap().bytes_store("blobs").unwrap();
    assert_eq!(blobs.get(b"c").unwrap().unwrap(), large[..]);
}

#[test]
fn empty_keys_and_empty_values_are_keys_and_values() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let blobs = db.bytes_store("blobs").unwrap();
    let names = db.store::<String, String>("names").unwrap();
    assert!(!blobs.contains(b"").unwrap());
    blobs.put(b"", b"").unwrap();
    names.put("", &String::new()).unwrap();
    for _ in 0..2 {
        assert_eq!(blobs.get(b"").unwrap().unwrap(), b"");
        assert_eq!(names.get("").unwrap(), Some(String::new()));
        assert_eq!((blobs.count().unwrap(), names.count().unwrap()), (1, 1));
        assert_eq!(names.iter().rev().next().unwrap().unwrap().key, "");
        db.flush().unwrap();
    }
    assert_eq!(db.store_names().unwrap(), ["blobs", "names"]);
    blobs.delete(b"").unwrap();
    names.delete("").unwrap();
    assert!(blobs.get(b"").unwrap().is_none() && names.is_empty().unwrap());
    let engine = db.engine();
    engine.put(b"", b"").unwrap();
    assert_eq!(engine.get(b"").unwrap().unwrap(), b"");
}

#[test]
fn many_stores_live_side_by_side() {
    let disk = CrashDisk::new();
    let name = |n: u32| format!("store {n:03}");
    let db = builder(&disk).open().unwrap();
    for n in 0..300 {
        let store = db.store::<u32, u32>(&name(n)).unwrap();
        store.put(&0, &n).unwrap();
        store.put(&u32::MAX, &n).unwrap();
    }
    // Around the place where the number of a store takes a second byte.
    for n in 235..245 {
        db.store::<u32, u32>(&name(n))
            .unwrap()
            .delete_prefix(())
            .unwrap();
    }
    db.close().unwrap();
    let db = builder(&disk).open().unwrap();
    let names: Vec<_> = (0..300).map(name).collect();
    assert_eq!(db.store_names().unwrap(), names);
    for n in 0..300 {
        let store = db.store::<u32, u32>(&name(n)).unwrap();
        let pairs: Vec<_> = store
            .iter()
            .map(|e| e.map(|e| (e.key, e.value)).unwrap())
            .collect();
        let expected = match n {
            235..245 => vec![],
            _ => vec![(0, n), (u32::MAX, n)],
        };
        assert_eq!(pairs, expected, "store {n}");
    }
}

#[test]
fn stores_made_at_the_same_moment_get_places_of_their_own() {
    let db = new_db();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let db = &db;
            scope.spawn(move || {
                for n in 0..20 {
                    let own = db.u32_store(&format!("own {thread} {n}")).unwrap();
                    own.put(1, thread * 100 + n).unwrap();
                    let shared = db.u32_store(&format!("shared {n}")).unwrap();
                    shared.add(1, 1).unwrap();
                }
            });
        }
    });
    assert_eq!(db.store_names().unwrap().len(), 100);
    for n in 0..20 {
        for thread in 0..4 {
            let own = db.u32_store(&format!("own {thread} {n}")).unwrap();
            assert_eq!(own.get(1).unwrap(), Some(thread * 100 + n));
        }
        assert_eq!(
            db.u32_store(&format!("shared {n}"))
                .unwrap()
                .get(1)
                .unwrap(),
            Some(4)
        );
    }
}

#[test]
fn a_value_schema_raised_by_many_at_once_conflicts_with_nobody() {
    let db = new_db();
    let together = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (db, together) = (&db, &together);
            scope.spawn(move || {
                let raised = (1..150).map(|version| {
                    together.wait();
                    let hp = db.grains::<u32, u32>("hp").value_schema("Hp", version);
                    hp.open()
                });
                // All of them first: one that stopped would let the others wait for ever.
                let raised: Vec<_> = raised.collect();
                for hp in raised {
                    hp.unwrap();
                }
            });
        }
    });
}

#[test]
fn lifetimes_beyond_all_time_are_for_ever_or_refused() {
    let db = new_db();
    let hp = db.store::<u32, u32>("hp").unwrap();
    hp.put_with(&1, &1, Ttl::After(Duration::MAX)).unwrap();
    assert_eq!(hp.get(&1).unwrap(), Some(1));
    assert!(hp.get_versioned(&1).is_ok());
    hp.put_with(&2, &2, Ttl::At(std::time::UNIX_EPOCH)).unwrap();
    assert_eq!(hp.get(&2).unwrap(), None);
    db.compact().unwrap();
    assert_eq!(hp.count().unwrap(), 1);
}
