//! The three kinds of stores.

use grainstore::clock::ManualClock;
use grainstore::fs::CrashDisk;
use grainstore::key::RawBytes;
use grainstore::{
    Background, Change, Db, Entry, ErrorKind, Event, GrainStore, If, Raw, Ttl, Version, Watch,
    WatchStore,
};
use std::time::{Duration, UNIX_EPOCH};

type Sessions = GrainStore<(String, u64), String>;

fn new_db() -> (Db, ManualClock) {
    let clock = ManualClock::new(super::START_MS);
    let db = Db::builder("/db")
        .file_system(CrashDisk::new())
        .clock(clock.clone())
        .background(Background::Inline)
        .open();
    (db.unwrap(), clock)
}

fn drain<S: WatchStore>(watch: &mut Watch<S>) -> Vec<Event<S::Key, S::Value>> {
    std::iter::from_fn(|| watch.try_next())
        .map(|next| next.event.unwrap())
        .collect()
}

fn put(event: Event<(String, u64), String>) -> Entry<(String, u64), String> {
    match event {
        Event::Put(entry) => entry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_put_is_told_with_key_value_version_and_expiry() {
    let (db, _) = new_db();
    let sessions: Sessions = db.store("sessions").unwrap();
    let mut acme = sessions.watch_prefix(("acme",)).unwrap();
    let mut all = sessions.watch_all().unwrap();
    sessions.put(&("acme", 7), &"xyz".to_owned()).unwrap();
    let ttl = Ttl::After(Duration::from_millis(500));
    sessions
        .put_with(&("acme", 8), &"abc".to_owned(), ttl)
        .unwrap();
    sessions.put(&("acmes", 1), &"no".to_owned()).unwrap();
    db.store::<u32, u32>("other").unwrap().put(&1, &1).unwrap();
    let entries: Vec<_> = drain(&mut acme).into_iter().map(put).collect();
    assert_eq!(entries.len(), 2);
    let stored = sessions.get_versioned(&("acme", 7)).unwrap().unwrap();
    assert_eq!(
        (&entries[0].value, entries[0].version),
        (&stored.value, stored.version)
    );
    assert_eq!((&*entries[0].key.0, entries[0].key.1), ("acme", 7));
    assert_eq!(entries[0].expires_at, None);
    let expires_at = UNIX_EPOCH + Duration::from_millis(super::START_MS + 500);
    assert_eq!(entries[1].expires_at, Some(expires_at));
    assert_eq!(drain(&mut all).len(), 3, "the whole store, and no other");
}

#[test]
fn a_position_is_larger_than_the_versions_in_its_commit_and_rises() {
    let (db, _) = new_db();
    let sessions: Sessions = db.store("sessions").unwrap();
    let mut watch = sessions.watch_all().unwrap();
    let mut batch = db.batch();
    for user in 0..3 {
        batch
            .put(&sessions, &("acme", user), &String::new())
            .unwrap();
    }
    batch.commit().unwrap();
    sessions.put(&("acme", 9), &String::new()).unwrap();
    let before = watch.since();
    let told: Vec<_> = watch.by_ref().take(4).collect();
    let ends: Vec<bool> = told.iter().map(|next| next.ends_commit).collect();
    assert_eq!(ends, [false, false, true, true]);
    assert!(told[0].position > before && told[0].position == told[2].position);
    assert!(told[3].position > told[2].position);
    let snapshot = db.snapshot();
    assert_eq!(told[3].position, snapshot.sequence());
    assert!(told.iter().all(|next| next.is_in(&snapshot)));
    for next in told {
        assert!(next.position > put(next.event.unwrap()).version.get());
    }
}

#[test]
fn an_expiry_tells_the_version_and_a_touch_is_a_put_of_the_same_one() {
    let (db, clock) = new_db();
    let sessions: Sessions = db.store("sessions").unwrap();
    let ttl = |ms| Ttl::After(Duration::from_millis(ms));
    sessions
        .put_with(&("acme", 1), &"old".to_owned(), ttl(100))
        .unwrap();
    let old = sessions.get_versioned(&("acme", 1)).unwrap().unwrap();
    let mut watch = sessions.watch_all().unwrap();
    sessions
        .put_with(&("acme", 2), &"new".to_owned(), ttl(50))
        .unwrap();
    assert!(sessions.touch(&("acme", 1), ttl(200)).unwrap());
    let told: Vec<_> = drain(&mut watch).into_iter().map(put).collect();
    assert_eq!((told[1].version, &*told[1].value), (old.version, "old"));
    assert!(told[1].expires_at > old.expires_at);
    clock.advance(1_000);
    let next = watch.try_next().unwrap();
    assert_eq!(
        next.time,
        UNIX_EPOCH + Duration::from_millis(super::START_MS + 50)
    );
    let expired = |user, version| Event::Expired {
        key: ("acme".to_owned(), user),
        version,
    };
    assert_eq!(next.event.unwrap(), expired(2, told[0].version));
    assert_eq!(drain(&mut watch), [expired(1, old.version)]);
}

#[test]
fn what_takes_a_record_away_is_told_as_what_it_was() {
    let (db, _) = new_db();
    let sessions: Sessions = db.store("sessions").unwrap();
    for user in 0..6 {
        sessions.put(&("acme", user), &String::new()).unwrap();
    }
    let mut watch = sessions.watch_prefix(("acme",)).unwrap();
    sessions.delete(&("acme", 0)).unwrap();
    sessions.take(&("acme", 1)).unwrap();
    sessions.delete_if(&("acme", 2), If::Present).unwrap();
    sessions.update(&("acme", 3), |_| Change::Delete).unwrap();
    sessions
        .put_with(&("acme", 4), &String::new(), Ttl::After(Duration::ZERO))
        .unwrap();
    sessions.delete_prefix(("acme",)).unwrap();
    sessions.delete_prefix(()).unwrap();
    sessions.delete_prefix(("other",)).unwrap();
    let mut events = drain(&mut watch);
    for event in events.split_off(5) {
        let Event::Cleared(cleared) = event else {
            panic!("{event:?}");
        };
        // Clipped to what is watched, however much was deleted.
        assert!(cleared.covers(&("acme", 0)) && cleared.covers(&("acme", u64::MAX)));
        assert!(!cleared.covers(&("acmes", 0)) && !cleared.covers(&("aclu", 0)));
    }
    let deleted = (0..5).map(|user| Event::Deleted(("acme".to_owned(), user)));
    assert!(events.into_iter().eq(deleted));
}

#[test]
fn an_event_that_does_not_decode_is_an_error_of_its_own() {
    let (db, _) = new_db();
    let raw = db.store_with::<u32, Vec<u8>, _>("numbers", Raw).unwrap();
    let mut bytes = raw.watch_all().unwrap();
    raw.put(&1, &vec![1]).unwrap();
    // The same records, read as a store of another shape would: the key is damaged, then the value.
    let key = db.engine().scan::<&[u8]>(..).unwrap().map(Result::unwrap);
    let (key, value) = key
        .filter(|(key, _)| key.ends_with(&[0, 0, 0, 1]))
        .last()
        .unwrap();
    let mut batch = grainstore::engine::WriteBatch::new();
    batch.put(&key, b"\xff").unwrap();
    batch.put(&[&key[..], b"!"].concat(), &value).unwrap();
    batch.put(&key, &value).unwrap();
    db.engine().write(batch).unwrap();
    raw.put(&2, &vec![2]).unwrap();
    let told: Vec<_> = std::iter::from_fn(|| bytes.try_next()).collect();
    let kinds: Vec<_> = told
        .iter()
        .map(|next| next.event.as_ref().err().map(|error| error.kind()))
        .collect();
    let codec = Some(ErrorKind::Codec);
    assert_eq!(kinds, [None, codec, codec, None, None]);
    let ends: Vec<bool> = told.iter().map(|next| next.ends_commit).collect();
    assert_eq!(
        ends,
        [true, false, false, true, true],
        "also around an error"
    );
    let text = told[1].event.as_ref().unwrap_err().to_string();
    assert!(text.contains("numbers") && text.contains('1'), "{text}");
}

#[test]
fn numbers_and_bytes_are_watched_as_records_are() {
    let (db, clock) = new_db();
    let scores = db.u32_store("scores").unwrap();
    let blobs = db.bytes_store("blobs").unwrap();
    let mut low = scores.watch().range(..10).open().unwrap();
    let mut images = blobs.watch_prefix(b"img/").unwrap();
    scores.put(9, 1).unwrap();
    scores.put(10, 1).unwrap();
    scores.add(9, 4).unwrap();
    scores
        .put_with(8, 1, Ttl::After(Duration::from_millis(10)))
        .unwrap();
    blobs.put(b"img/1", b"....").unwrap();
    blobs.put(b"txt/1", b"....").unwrap();
    blobs.delete_prefix(b"img/").unwrap();
    clock.advance(10);
    let entry = |key, value, expires_at| (key, value, Version::from(0), expires_at);
    let told: Vec<_> = drain(&mut low)
        .into_iter()
        .map(|event| match event {
            Event::Put(e) => entry(e.key, e.value, e.expires_at.map(|_| ())),
            Event::Expired { key, version } => (key, 0, version, None),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            entry(9, 1, None),
            entry(9, 5, None),
            entry(8, 1, Some(())),
            entry(8, 0, None)
        ]
    );
    let told = drain(&mut images);
    assert!(matches!(&told[0], Event::Put(e) if *e.key == *b"img/1" && *e.value == *b"...."));
    let Event::Cleared(cleared) = &told[1] else {
        panic!("{told:?}");
    };
    assert!(cleared.covers(b"img/2") && !cleared.covers(b"img0"));
    assert!(cleared.covers(&RawBytes::from(&b"img/"[..])));
}

#[test]
fn a_close_of_the_database_ends_its_watches() {
    let (db, _) = new_db();
    let sessions: Sessions = db.store("sessions").unwrap();
    let watch = sessions.watch_all().unwrap();
    sessions.put(&("acme", 1), &String::new()).unwrap();
    let following = std::thread::spawn(move || watch.count());
    db.close().unwrap();
    assert_eq!(following.join().unwrap(), 1);
    assert_eq!(sessions.watch_all().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_slow_watch_of_a_store_is_told_what_it_missed_and_can_begin_anew() {
    let (db, _) = new_db();
    let sessions: Sessions = db.store("sessions").unwrap();
    let mut watch = sessions
        .watch()
        .prefix(("acme",))
        .capacity_events(2)
        .open()
        .unwrap();
    for user in 0..10 {
        sessions.put(&("acme", user), &String::new()).unwrap();
    }
    let told = drain(&mut watch);
    let (events, expiries) = (8, 0);
    assert_eq!(told.last(), Some(&Event::Missed { events, expiries }));
    let now = watch.restart().unwrap();
    assert_eq!(sessions.at(&now).count_prefix(("acme",)).unwrap(), 10);
    sessions.put(&("acme", 99), &String::new()).unwrap();
    assert_eq!(drain(&mut watch).len(), 1);
}
