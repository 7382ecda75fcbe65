//! Two handles, closed handles, and what outlives a close.

use crate::{builder, new_db};
use grainstore::fs::CrashDisk;
use grainstore::{BytesStore, Db, Error, ErrorKind, GrainStore, U32Store};
use std::fmt::Debug;

fn closed<T: Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("/db") && text.contains("open it again"),
        "{text}"
    );
}

#[test]
fn after_a_close_every_call_of_every_handle_says_so() {
    let db = new_db();
    let hp = db.store::<u32, u32>("hp").unwrap();
    let (scores, blobs) = (
        db.u32_store("scores").unwrap(),
        db.bytes_store("blobs").unwrap(),
    );
    hp.put(&1, &1).unwrap();
    let (snapshot, mut batch) = (db.snapshot(), db.batch());
    batch.put(&hp, &2, &2).unwrap();
    db.clone().close().unwrap();
    closed(hp.get(&1));
    closed(hp.put(&1, &1));
    closed(hp.delete(&1));
    closed(hp.take(&1));
    closed(hp.contains(&1));
    closed(hp.ttl(&1));
    closed(hp.count());
    closed(hp.get_many([&1, &2]));
    closed(hp.iter().next().unwrap());
    closed(hp.at(&snapshot).get(&1));
    closed(hp.delete_prefix(()));
    closed(hp.update(&1, |_| grainstore::Change::Put(1)));
    closed(scores.add(1, 1));
    closed(blobs.get(b"k"));
    closed(batch.commit());
    closed(db.batch().commit());
    closed(db.flush());
    closed(db.compact());
    closed(db.sync());
    closed(db.verify());
    closed(db.checkpoint("/copy"));
    closed(db.store::<u32, u32>("hp"));
    closed(db.store_names());
    closed(db.engine().ingest([Ok((b"a", b"b", 0))]));
    closed(db.engine().cursor::<&[u8]>(..));
    closed(db.engine().scan::<&[u8]>(..));
    db.close().unwrap();
    assert!(db.stats().commits > 0, "figures can still be read");
}

#[test]
fn a_walk_that_was_begun_before_the_close_ends_as_it_would_have() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let hp = db.store::<u32, u32>("hp").unwrap();
    for key in 0..2_000 {
        hp.put(&key, &key).unwrap();
    }
    db.flush().unwrap();
    hp.put(&5_000, &1).unwrap();
    let mut walk = hp.iter();
    let first = walk.next().unwrap().unwrap();
    assert_eq!(first.key, 0);
    db.close().unwrap();
    let rest: Result<Vec<_>, _> = walk.map(|entry| entry.map(|e| e.key)).collect();
    let rest = rest.unwrap();
    assert_eq!((rest.len(), rest[1_999]), (2_000, 5_000));
    assert_eq!(builder(&disk).open().unwrap().stats().snapshots, 0);
}

#[test]
fn handles_of_one_store_are_one_store() {
    let db = new_db();
    let one = db.store::<String, u32>("hp").unwrap();
    let two = db.store::<String, u32>("hp").unwrap();
    one.put("ada", &1).unwrap();
    assert_eq!(two.get("ada").unwrap(), Some(1));
    two.clone().delete("ada").unwrap();
    assert_eq!(one.get("ada").unwrap(), None);
    assert_eq!(db.store_names().unwrap(), ["hp"]);
    assert_eq!(
        (one.name(), format!("{one:?}").contains("hp")),
        ("hp", true)
    );
}

#[test]
fn everything_is_kept_over_a_reopen_after_a_drop_as_after_a_close() {
    for close in [true, false] {
        let disk = CrashDisk::new();
        let db = builder(&disk).open().unwrap();
        let hp = db.store::<String, u32>("hp").unwrap();
        hp.put("ada", &1).unwrap();
        let version = hp.get_versioned("ada").unwrap().unwrap().version;
        if close {
            db.close().unwrap();
        }
        drop((hp, db));
        let hp = builder(&disk)
            .open()
            .unwrap()
            .store::<String, u32>("hp")
            .unwrap();
        let found = hp.get_versioned("ada").unwrap().unwrap();
        assert_eq!((found.value, found.version), (1, version));
        hp.put("ada", &2).unwrap();
        assert!(hp.get_versioned("ada").unwrap().unwrap().version > version);
    }
}

#[test]
fn handles_go_to_any_thread() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Db>();
    shared::<GrainStore<String, u32>>();
    shared::<U32Store>();
    shared::<BytesStore>();
    shared::<grainstore::Batch>();
    shared::<grainstore::Snapshot>();
    shared::<grainstore::engine::Engine>();
    shared::<grainstore::engine::WriteBatch>();
    shared::<grainstore::engine::PinnedBytes>();
    shared::<Error>();
}

#[test]
fn pinned_bytes_outlive_what_they_came_from() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let blobs = db.bytes_store("blobs").unwrap();
    blobs.put(b"a", b"in the memtable").unwrap();
    let one = blobs.get(b"a").unwrap().unwrap();
    db.flush().unwrap();
    let two = blobs.get(b"a").unwrap().unwrap();
    blobs.put(b"a", b"overwritten").unwrap();
    db.compact().unwrap();
    drop((blobs, db));
    assert_eq!(one, b"in the memtable");
    assert_eq!(two, b"in the memtable");
}

#[test]
fn nothing_is_done_after_a_close_though_it_was_asked_for_before() {
    for _ in 0..300 {
        let disk = CrashDisk::new();
        let db = builder(&disk).open().unwrap();
        let hp = db.store::<u32, u32>("hp").unwrap();
        for key in 0..50 {
            hp.put(&key, &key).unwrap();
        }
        let begin = std::sync::Barrier::new(3);
        std::thread::scope(|scope| {
            let (db, begin) = (&db, &begin);
            scope.spawn(move || {
                begin.wait();
                drop(db.compact());
            });
            scope.spawn(move || {
                begin.wait();
                let key = [0xfe];
                drop(db.engine().ingest([Ok((key, b"v", 0))]));
            });
            begin.wait();
            db.close().unwrap();
            // The next owner finds a directory in which nobody else writes.
            let calls = disk.calls();
            std::thread::yield_now();
            assert_eq!(disk.calls(), calls, "calls after the close");
        });
        let after = builder(&disk).open().unwrap();
        after.verify().unwrap();
        assert_eq!(after.store::<u32, u32>("hp").unwrap().count().unwrap(), 50);
    }
}
