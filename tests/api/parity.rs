//! The stores of bytes and of numbers do what the typed one does, with the same rules.

use super::{builder, new_db};
use grainstore::clock::ManualClock;
use grainstore::fs::CrashDisk;
use grainstore::{Db, Error, ErrorKind, Expiry, If, Result, Ttl};
use std::time::Duration;

fn assert_conflict<T: std::fmt::Debug>(outcome: Result<T>, words: &str) {
    let error = outcome.unwrap_err();
    assert!(
        error.is_conflict() && error.to_string().contains(words),
        "{error}"
    );
}

#[test]
fn of_several_takers_one_gets_the_value() {
    let db = new_db();
    let (scores, blobs) = (
        db.u32_store("scores").unwrap(),
        db.bytes_store("blobs").unwrap(),
    );
    scores.put(7, 99).unwrap();
    blobs.put("k", "value").unwrap();
    let taken = std::thread::scope(|scope| {
        let take = || (scores.take(7).unwrap(), blobs.take("k").unwrap());
        let takers: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        takers
            .into_iter()
            .map(|taker| taker.join().unwrap())
            .collect::<Vec<_>>()
    });
    let numbers: Vec<u32> = taken.iter().filter_map(|(number, _)| *number).collect();
    let bytes: Vec<Vec<u8>> = taken.into_iter().filter_map(|(_, bytes)| bytes).collect();
    assert_eq!((numbers, bytes), (vec![99], vec![b"value".to_vec()]));
    assert!(!scores.contains(7).unwrap() && !blobs.contains("k").unwrap());
}

#[test]
fn get_many_answers_in_order_at_one_point_and_duplicates_twice() {
    let db = new_db();
    let (scores, blobs) = (
        db.u32_store("scores").unwrap(),
        db.bytes_store("blobs").unwrap(),
    );
    for n in 0..3 {
        scores.put(n, n * 10).unwrap();
        blobs.put(n.to_string(), [n as u8]).unwrap();
    }
    let found = scores.get_many([2, 9, 0, 2]).unwrap();
    assert_eq!(found, [Some(20), None, Some(0), Some(20)]);
    assert_eq!(scores.get_many([&1u32]).unwrap(), [Some(10)]);
    let found = blobs.get_many(["2", "9", "2"]).unwrap();
    assert_eq!(
        found.iter().map(|v| v.as_deref()).collect::<Vec<_>>(),
        [Some(&[2u8][..]), None, Some(&[2u8][..])]
    );
}

#[test]
fn a_put_on_a_condition_happens_only_where_it_holds_and_keeps_the_lifetime() {
    let clock = ManualClock::new(1_000_000);
    let db = builder(&CrashDisk::new())
        .clock(clock.clone())
        .open()
        .unwrap();
    let (scores, blobs) = (
        db.u32_store("scores").unwrap(),
        db.bytes_store("blobs").unwrap(),
    );
    assert_conflict(
        scores.put_if(7, 1, If::Present),
        "a record was expected, but there is none",
    );
    scores.put_if(7, 1, If::Absent).unwrap();
    assert_conflict(
        scores.put_if(7, 2, If::Absent),
        "store \"scores\", key 7 (hex 00000007)",
    );
    assert!(scores.touch(7, Ttl::After(Duration::from_secs(9))).unwrap());
    scores.put_if(7, 2, If::Present).unwrap();
    assert_eq!(scores.ttl(7).unwrap(), Expiry::In(Duration::from_secs(9)));

    blobs
        .put_with("k", "1", Ttl::After(Duration::from_secs(9)))
        .unwrap();
    assert_conflict(blobs.put_if("k", "2", If::Absent), "key b\"k\" (hex 6b)");
    blobs.put_if("k", "2", If::Present).unwrap();
    assert!(blobs.persist("k").unwrap() && !blobs.persist("none").unwrap());
    clock.advance(10_000);
    // Expired is absent.
    assert_conflict(scores.delete_if(7, If::Present), "there is none");
    assert!(!scores.delete_if(7, If::Absent).unwrap());
    assert_eq!(blobs.get("k").unwrap().unwrap(), b"2");
    assert!(blobs.delete_if("k", If::Present).unwrap());
    blobs.put_if("k", "3", If::Absent).unwrap();
}

#[test]
fn a_condition_on_a_version_is_refused_since_there_are_none() {
    let db = new_db();
    let (scores, blobs) = (
        db.u32_store("scores").unwrap(),
        db.bytes_store("blobs").unwrap(),
    );
    let version = If::Version(3.into());
    let refused = |outcome: Result<()>| {
        let error: Error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("keeps no versions"), "{error}");
    };
    refused(scores.put_if(1, 1, version));
    refused(scores.delete_if(1, version).map(|_| ()));
    refused(blobs.put_if("k", "v", version));
    refused(blobs.delete_if("k", version).map(|_| ()));
}

#[test]
fn a_snapshot_of_bytes_and_numbers_is_one_moment() {
    let clock = ManualClock::new(1_000_000);
    let db = builder(&CrashDisk::new())
        .clock(clock.clone())
        .open()
        .unwrap();
    let (scores, blobs) = (
        db.u32_store("scores").unwrap(),
        db.bytes_store("blobs").unwrap(),
    );
    for n in 0..5 {
        scores
            .put_with(n, n, Ttl::After(Duration::from_secs(9)))
            .unwrap();
        blobs.put(format!("a/{n}"), "old").unwrap();
    }
    let before = db.snapshot();
    scores.add(2, 100).unwrap();
    blobs.delete_prefix("a/").unwrap();
    blobs.put("b", "new").unwrap();
    clock.advance(10_000);
    let (scores_then, blobs_then) = (scores.at(&before), blobs.at(&before));
    assert_eq!(scores_then.get(2).unwrap(), Some(2));
    assert_eq!(scores_then.get_many([4, 5]).unwrap(), [Some(4), None]);
    assert_eq!(
        scores_then.ttl(2).unwrap(),
        Expiry::In(Duration::from_secs(9))
    );
    assert!(scores_then.contains(0).unwrap() && scores_then.count().unwrap() == 5);
    let range: Vec<u32> = scores_then
        .range(1..4)
        .rev()
        .keys()
        .map(Result::unwrap)
        .collect();
    assert_eq!(range, [3, 2, 1]);
    assert_eq!(scores.count().unwrap(), 0, "all have expired");

    assert!(blobs_then.contains("a/0").unwrap() && !blobs_then.contains("b").unwrap());
    assert_eq!(blobs_then.get("a/4").unwrap().unwrap(), b"old");
    assert_eq!(blobs_then.ttl("a/4").unwrap(), Expiry::Never);
    assert_eq!(
        blobs_then
            .get_many(["a/1", "b"])
            .unwrap()
            .iter()
            .flatten()
            .count(),
        1
    );
    assert_eq!(
        (
            blobs_then.count().unwrap(),
            blobs_then.count_prefix("a/").unwrap()
        ),
        (5, 5)
    );
    assert_eq!(blobs_then.prefix("a/").limit(2).count(), 2);
    assert_eq!(blobs_then.iter().count(), 5);
    assert_eq!(blobs_then.range(&b"a/3"[..]..).count(), 2);
    assert_eq!(blobs.count().unwrap(), 1);
}

#[test]
fn a_snapshot_of_another_database_is_refused() {
    let (one, two) = (new_db(), new_db());
    let snapshot = two.snapshot();
    let refused = |error: Error| assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    let (scores, blobs) = (one.u32_store("s").unwrap(), one.bytes_store("b").unwrap());
    refused(scores.at(&snapshot).get(1).unwrap_err());
    refused(scores.at(&snapshot).iter().next().unwrap().unwrap_err());
    refused(blobs.at(&snapshot).contains("k").unwrap_err());
    refused(blobs.at(&snapshot).iter().next().unwrap().unwrap_err());
}

#[test]
fn a_second_range_narrows_the_first() -> Result<()> {
    let db = new_db();
    let rows = db.store::<(String, u32), u32>("rows")?;
    for n in 0..20 {
        rows.put(&("eu", n), &n)?;
        rows.put(&("us", n), &n)?;
    }
    let values = |db: &Db| -> Result<Vec<u32>> {
        let rows = db.store::<(String, u32), u32>("rows")?;
        rows.prefix(("eu",))
            .range(3..15)
            .range(10..)
            .values()
            .collect()
    };
    assert_eq!(values(&db)?, [10, 11, 12, 13, 14]);
    assert_eq!(rows.prefix(("eu",)).range(..5).range(5..).count()?, 0);
    assert_eq!(rows.range(("eu", 18)..).range(..("us", 2)).count()?, 4);
    assert_eq!(rows.prefix(()).starts_with("e").range("f"..).count()?, 0);
    assert_eq!(
        rows.prefix(()).starts_with("e").range("a".."f").count()?,
        20
    );
    let page = rows
        .prefix(("eu",))
        .range(3..15)
        .range(10..)
        .limit(3)
        .page()?;
    let next = page.next.unwrap();
    let rest = rows
        .prefix(("eu",))
        .range(10..15)
        .limit(3)
        .after(&next)
        .page()?;
    assert_eq!(
        rest.items.len(),
        2,
        "the same range said otherwise is the same query"
    );
    Ok(())
}

#[test]
fn stores_print_as_their_name_alone() {
    let db = new_db();
    let (scores, blobs) = (
        db.u32_store("scores").unwrap(),
        db.bytes_store("blobs").unwrap(),
    );
    assert_eq!(format!("{scores:?}"), "U32Store { name: \"scores\", .. }");
    assert_eq!(format!("{blobs:?}"), "BytesStore { name: \"blobs\", .. }");
}

#[test]
fn a_number_that_cannot_be_read_says_where_it_is() {
    let db = new_db();
    let scores = db.u32_store("scores").unwrap();
    scores.put(7, 1).unwrap();
    let record = db
        .engine()
        .scan::<&[u8]>(..)
        .unwrap()
        .last()
        .unwrap()
        .unwrap();
    db.engine().put(&record.0, b"abc").unwrap();
    let words = "store \"scores\", key 7 (hex 00000007): its value is no u32";
    let error = scores.get(7).unwrap_err();
    assert!(
        error.is_codec() && error.to_string().contains(words),
        "{error}"
    );
    let error = scores.iter().next().unwrap().unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    assert!(
        scores.take(7).is_err() && scores.contains(7).unwrap(),
        "it stays"
    );
}
