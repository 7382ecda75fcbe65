//! Walks over records as large as keys and values get in earnest: 64 KiB under 64 MiB.
//!
//! On the real disk, because the simulated ones keep every byte ever written in memory.

// What stands around the tests is test too; they use the disk.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use grainstore::engine::{Background, Durability, Engine, EngineOptions};

const KEY_BYTES: usize = 64 << 10;
const VALUE_BYTES: usize = 64 << 20;

/// The `n`-th key: all alike but for their last byte.
fn key(n: u8) -> Vec<u8> {
    let mut key = vec![b'k'; KEY_BYTES];
    key[KEY_BYTES - 1] = n;
    key
}

/// A value that tells which it is at both ends.
fn value(n: u8) -> Vec<u8> {
    vec![n; VALUE_BYTES]
}

fn is_value(bytes: &[u8], n: u8) -> bool {
    bytes.len() == VALUE_BYTES && bytes[0] == n && bytes[VALUE_BYTES - 1] == n
}

/// Walks both ways, from both ends and by seeks, over keys 1, 2 and 3 with small ones between.
fn walk(engine: &Engine) {
    let mut found = Vec::new();
    for record in engine.scan::<&[u8]>(..).unwrap() {
        let (key, value) = record.unwrap();
        let n = key[key.len() - 1];
        assert!(key.len() == 1 || is_value(&value, n), "key {n}");
        found.push((key.len(), n));
    }
    let large = KEY_BYTES;
    assert_eq!(
        found,
        [(1, b'a'), (large, 1), (large, 2), (large, 3), (1, b'z')]
    );
    let back = engine.scan::<&[u8]>(..).unwrap().rev();
    let back: Vec<_> = back.map(|record| record.unwrap().0.len()).collect();
    assert_eq!(back, [1, large, large, large, 1]);
    let mut both = engine.scan::<&[u8]>(..).unwrap();
    for (front, end) in [(b'a', b'z'), (1, 3)] {
        let last = |key: &[u8]| key[key.len() - 1];
        assert_eq!(last(&both.next().unwrap().unwrap().0), front);
        assert_eq!(last(&both.next_back().unwrap().unwrap().0), end);
    }
    assert!(is_value(&both.next().unwrap().unwrap().1, 2));
    assert!(both.next().is_none() && both.next_back().is_none());
    let mut cursor = engine.cursor::<&[u8]>(..).unwrap();
    cursor.seek(&key(2)).unwrap();
    assert!(cursor.key() == key(2) && is_value(cursor.value(), 2));
    cursor.prev().unwrap();
    assert!(cursor.key() == key(1) && is_value(cursor.value(), 1));
    cursor.next().unwrap();
    cursor.next().unwrap();
    assert!(cursor.key() == key(3) && is_value(cursor.value(), 3));
    let prefix = engine.scan_prefix(&key(2)[..KEY_BYTES - 1]).unwrap();
    assert_eq!(prefix.count(), 3);
}

#[test]
fn iterators_walk_over_the_largest_records_while_everything_under_them_moves() {
    let dir = std::env::temp_dir().join(format!("grainstore-large-{}", std::process::id()));
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.durability = Durability::Buffered;
    options.cache_bytes = 80 << 20;
    let engine = Engine::open(&dir, options.clone()).unwrap();
    engine.put(b"a", b"small").unwrap();
    engine.put(b"z", b"small").unwrap();
    for n in 1..=3 {
        engine.put(&key(n), &value(n)).unwrap();
    }
    walk(&engine);
    let mut live = engine.scan::<&[u8]>(..).unwrap();
    assert_eq!(*live.next().unwrap().unwrap().0, b"a"[..]);
    engine.flush().unwrap();
    walk(&engine);
    engine.put(&key(2), &value(2)).unwrap();
    engine.compact().unwrap();
    walk(&engine);
    engine.delete_range(b"", b"zz").unwrap();
    engine.compact().unwrap();
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 0);
    // The walk that began before all that goes on as if nothing had happened.
    for n in 1..=3 {
        let (found, bytes) = live.next().unwrap().unwrap();
        assert!(*found == key(n)[..] && is_value(&bytes, n), "key {n}");
    }
    assert_eq!(*live.next().unwrap().unwrap().0, b"z"[..]);
    drop(live);
    engine.put(&key(1), &value(1)).unwrap();
    engine.close().unwrap();
    drop(engine);
    let again = Engine::open(&dir, options).unwrap();
    assert!(
        again
            .get_with(&key(1), |bytes| is_value(bytes, 1))
            .unwrap()
            .unwrap()
    );
    drop(again);
    std::fs::remove_dir_all(&dir).unwrap();
}
