//! Any bytes where a typed database keeps its catalog, its records and its index entries.
//!
//! Input: which of the engine's records, what to do with it (0: another value, 1: another key,
//! 2: both, 3: patch the value at an offset), the length of the new key in one byte where there is
//! one, and the bytes.

use super::sampling::{DIR, NOW_MS};
use super::supply::Supply;
use grainstore::clock::ManualClock;
use grainstore::fs::CrashDisk;
use grainstore::{Background, Db, Index, Result};
use std::sync::OnceLock;

type Pair = (Vec<u8>, Vec<u8>);

fn open(disk: &CrashDisk) -> Result<Db> {
    let builder = Db::builder(DIR).file_system(disk.clone());
    let builder = builder.clock(ManualClock::new(NOW_MS));
    builder.background(Background::Inline).open()
}

fn by_word() -> Index<String, String> {
    Index::many("word", |text: &String| {
        text.split(' ').map(str::to_owned).collect::<Vec<_>>()
    })
}

/// A database with stores of every kind, and all the pairs of its engine.
fn sample() -> &'static (CrashDisk, Vec<Pair>) {
    static SAMPLE: OnceLock<(CrashDisk, Vec<Pair>)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let disk = CrashDisk::new();
        let db = open(&disk).unwrap();
        let notes = db.grains::<(String, u32), String>("notes");
        let notes = notes.index(&by_word()).open().unwrap();
        notes.put(&("ada", 1), &"a grain".to_owned()).unwrap();
        notes.put(&("bob", 2), &"of salt".to_owned()).unwrap();
        db.u32_store("scores").unwrap().put(7, 300).unwrap();
        db.bytes_store("blobs").unwrap().put(b"k", b"v").unwrap();
        let scan = db.engine().scan::<&[u8]>(..).unwrap();
        let pairs = scan.map(|item| item.map(|(k, v)| (k.to_vec(), v.to_vec())).unwrap());
        let pairs = pairs.collect();
        db.close().unwrap();
        drop((notes, db));
        (disk.fork(), pairs)
    })
}

pub fn run(bytes: &[u8]) {
    let (disk, pairs) = sample();
    let mut from = Supply(bytes);
    let (old_key, old_value) = &pairs[from.below(pairs.len())];
    let what = from.below(4);
    let key = match what {
        1 | 2 => from.bytes(64),
        _ => old_key,
    };
    let value = match what {
        1 => old_value.clone(),
        3 => {
            let mut value = old_value.clone();
            let at = from.below(value.len());
            for (to, byte) in value.iter_mut().skip(at).zip(from.rest()) {
                *to = *byte;
            }
            value
        }
        _ => from.rest().to_vec(),
    };
    let disk = disk.fork();
    let db = open(&disk).unwrap();
    if key != old_key {
        db.engine().delete(old_key).unwrap();
    }
    db.engine().put(key, &value).unwrap();
    db.close().unwrap();
    drop(db);
    let Ok(db) = open(&disk) else { return };
    let _ = db.store_names();
    let _ = exercise_notes(&db);
    let _ = exercise_others(&db);
    db.verify().unwrap();
    let _ = db.close();
}

fn exercise_notes(db: &Db) -> Result<()> {
    let word = by_word();
    let notes = db.grains::<(String, u32), String>("notes");
    let notes = notes.index(&word).open()?;
    assert!(
        notes.iter().take(10).count() < 10,
        "two records and what was put among them"
    );
    assert!(notes.iter().keys().count() < 10);
    let _ = notes.prefix(("ada",)).page();
    let _ = notes.count();
    let _ = notes.verify();
    for text in ["a", "salt", "grain"] {
        assert!(notes.by(&word).get(text).take(10).count() < 10);
    }
    for key in [("ada", 1), ("bob", 2)] {
        let _ = notes.get_versioned(&key);
        let _ = notes.ttl(&key);
        let _ = notes.take(&key);
        let _ = notes.put(&key, &"once more".to_owned());
        let _ = notes.delete(&key);
    }
    notes.delete_prefix(("ada",))
}

fn exercise_others(db: &Db) -> Result<()> {
    let blobs = db.bytes_store("blobs")?;
    assert!(blobs.iter().count() < 10);
    let _ = blobs.get(b"k");
    let _ = blobs.take(b"k");
    let scores = db.u32_store("scores")?;
    assert!(scores.iter().count() < 10);
    let _ = scores.get(7);
    let _ = scores.add(7, 1);
    let _ = scores.take(7);
    Ok(())
}
