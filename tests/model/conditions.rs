//! Conditional writes against everything that flushes and compactions forget in between.

use super::claims::Place;
use grainstore::{Change, Db, GrainStore, If, Ttl};
use grainstore_proof::engine_run::DIR;
use std::time::Duration;

fn open(place: &Place) -> Db {
    let options = place.options();
    let builder = Db::builder(DIR).engine_options(|it| *it = options);
    builder.open().unwrap()
}

/// Counts up once, while `meddle` does its worst between the look and the commit.
fn count_up(store: &GrainStore<String, u32>, mut meddle: impl FnMut()) -> Vec<Option<u32>> {
    let mut seen = Vec::new();
    let changed = store.update("k", |old| {
        seen.push(old);
        if seen.len() == 1 {
            meddle();
        }
        Change::Put(old.unwrap_or(0) + 1)
    });
    changed.unwrap();
    seen
}

#[test]
fn update_looks_again_at_a_record_that_was_written_and_compacted_to_the_bottom_meanwhile() {
    let db = open(&Place::new());
    let store = db.store::<String, u32>("counts").unwrap();
    store.put("k", &1).unwrap();
    let seen = count_up(&store, || {
        store.put("k", &10).unwrap();
        db.compact().unwrap();
    });
    assert_eq!(seen, [Some(1), Some(10)]);
    assert_eq!(store.get("k").unwrap(), Some(11));
}

#[test]
fn update_looks_again_at_a_record_whose_tombstone_has_left_the_disk_meanwhile() {
    let db = open(&Place::new());
    let store = db.store::<String, u32>("counts").unwrap();
    for delete_prefix in [false, true] {
        store.put("k", &1).unwrap();
        let seen = count_up(&store, || {
            if delete_prefix {
                store.delete_prefix(()).unwrap();
            } else {
                store.delete("k").unwrap();
            }
            db.compact().unwrap();
        });
        assert_eq!(seen, [Some(1), None]);
        assert_eq!(store.get("k").unwrap(), Some(1));
    }
}

#[test]
fn update_looks_again_at_a_record_that_was_replaced_and_then_expired_meanwhile() {
    let place = Place::new();
    let db = open(&place);
    let store = db.store::<String, u32>("counts").unwrap();
    for flush_first in [false, true] {
        store.put("k", &1).unwrap();
        let seen = count_up(&store, || {
            let second = Ttl::After(Duration::from_secs(1));
            store.put_with("k", &10, second).unwrap();
            if flush_first {
                db.flush().unwrap();
            }
            place.clock.advance(1_000);
            db.engine().run_due_work().unwrap();
            db.compact().unwrap();
        });
        assert_eq!(seen, [Some(1), None]);
        assert_eq!(store.get("k").unwrap(), Some(1));
    }
}

#[test]
fn update_is_not_disturbed_by_a_compaction_of_what_it_has_seen() {
    let db = open(&Place::new());
    let store = db.store::<String, u32>("counts").unwrap();
    store.put("k", &1).unwrap();
    let seen = count_up(&store, || db.compact().unwrap());
    assert_eq!(seen, [Some(1)]);
    assert_eq!(store.get("k").unwrap(), Some(2));
}

#[test]
fn of_two_who_take_a_record_one_gets_it_though_the_tombstone_is_gone() {
    let db = open(&Place::new());
    let store = db.store::<String, u32>("counts").unwrap();
    store.put("k", &1).unwrap();
    let version = store.get_versioned("k").unwrap().unwrap().version;
    assert_eq!(store.take("k").unwrap(), Some(1));
    db.compact().unwrap();
    assert_eq!(store.take("k").unwrap(), None);
    let late = store.delete_if("k", If::Version(version));
    assert!(late.unwrap_err().is_conflict());
}

#[test]
fn batch_that_keeps_a_lifetime_conflicts_with_a_write_that_was_compacted_and_with_no_other() {
    let db = open(&Place::new());
    let store = db.store::<String, u32>("counts").unwrap();
    let hour = Ttl::After(Duration::from_secs(3_600));
    for (written, conflicts) in [("k", true), ("other", false)] {
        store.put_with("k", &1, hour).unwrap();
        let mut batch = db.batch();
        batch.put_with(&store, "k", &2, Ttl::Keep).unwrap();
        store.put(written, &3).unwrap();
        db.compact().unwrap();
        let committed = batch.commit();
        assert_eq!(
            committed.is_err_and(|e| e.is_conflict()),
            conflicts,
            "{written}"
        );
        let value = if conflicts { 3 } else { 2 };
        assert_eq!(store.get("k").unwrap(), Some(value));
    }
}

#[test]
fn page_of_no_records_goes_on_where_it_was_asked_to() {
    let db = open(&Place::new());
    let store = db.store::<u32, u32>("numbers").unwrap();
    for n in 0..4 {
        store.put(&n, &n).unwrap();
    }
    for reversed in [false, true] {
        let query = || {
            if reversed {
                store.iter().rev()
            } else {
                store.iter()
            }
        };
        let first = query().limit(2).page().unwrap().next.unwrap();
        let none = query().after(&first).limit(0).page().unwrap();
        assert_eq!((none.items.len(), none.next.as_ref()), (0, Some(&first)));
        assert!(query().limit(0).page().unwrap().next.is_none());
        let rest = query().after(&none.next.unwrap()).page().unwrap();
        assert_eq!((rest.items.len(), rest.next), (2, None));
    }
}
