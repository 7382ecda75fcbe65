//! What each write of a store does to the entries of its indexes.

use super::{after, by_city, by_email, in_city, new_users, of_email, open_users, user, with_tag};
use grainstore::{Change, ErrorKind, Expiry, If, Ttl};
use std::time::Duration;

#[test]
fn put_moves_the_record_in_every_index() {
    let (_place, _db, users) = new_users();
    users
        .put(&1, &user("ada", "London", "math code", "a@x"))
        .unwrap();
    users
        .put(&1, &user("ada", "Oslo", "code art", "b@x"))
        .unwrap();
    assert!(in_city(&users, "London").is_empty() && with_tag(&users, "math").is_empty());
    assert_eq!(in_city(&users, "Oslo"), [1]);
    assert_eq!(with_tag(&users, "code"), [1]);
    assert_eq!(with_tag(&users, "art"), [1]);
    assert_eq!(
        (of_email(&users, "a@x"), of_email(&users, "b@x")),
        (None, Some(1))
    );
    let report = users.verify().unwrap();
    let entries: Vec<_> = report.index_entries.iter().map(|(_, n)| *n).collect();
    assert_eq!((report.records, entries), (1, vec![1, 2, 1]));
}

#[test]
fn every_way_to_remove_a_record_removes_its_entries() {
    let (_place, _db, users) = new_users();
    let ada = user("ada", "London", "math", "a@x");
    let ways: [fn(&super::Users); 8] = [
        |users| users.delete(&1).unwrap(),
        |users| assert!(users.delete_if(&1, If::Present).unwrap()),
        |users| assert!(users.take(&1).unwrap().is_some()),
        |users| assert!(users.update(&1, |_| Change::Delete).unwrap().is_none()),
        |users| assert!(users.touch(&1, after(0)).unwrap()),
        |users| {
            let over = users.put_with(&1, &user("x", "y", "", ""), after(0));
            over.unwrap();
        },
        |users| users.delete_prefix(()).unwrap(),
        |users| users.delete_range(1..=1).unwrap(),
    ];
    for way in ways {
        users.put(&1, &ada).unwrap();
        users
            .put(&2, &user("bob", "London", "math", "b@x"))
            .unwrap();
        way(&users);
        assert!(!in_city(&users, "London").contains(&1));
        assert_eq!(of_email(&users, "a@x"), None);
        let report = users.verify().unwrap();
        assert_eq!(report.index_entries[1].1, report.records);
        users.put(&3, &user("eve", "", "", "a@x")).unwrap(); // the key is free again
        users.delete(&3).unwrap();
    }
}

#[test]
fn second_record_with_a_unique_key_is_refused_and_told_of_the_first() {
    let (_place, _db, users) = new_users();
    users.put(&7, &user("ada", "London", "", "a@x")).unwrap();
    users.put(&8, &user("bob", "Oslo", "", "b@x")).unwrap();
    let eve = user("eve", "Rome", "", "a@x");
    let errors = [
        users.put(&9, &eve).unwrap_err(),
        users.put_if(&8, &eve, If::Present).unwrap_err(),
        users.update(&8, |_| Change::Put(eve.clone())).unwrap_err(),
        users.put_with(&8, &eve, after(9)).unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_duplicate() && error.kind() == ErrorKind::Duplicate);
        let text = error.to_string();
        for part in [
            "\"users\"",
            "\"by_email\"",
            "\"a@x\" (hex 61407800)",
            "record 7 (hex",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
    assert_eq!(users.count().unwrap(), 2);
    assert_eq!(
        (in_city(&users, "Oslo"), in_city(&users, "Rome")),
        (vec![8], vec![])
    );
    users.put(&7, &user("ada", "Rome", "", "a@x")).unwrap(); // its own key is no obstacle
    users.verify().unwrap();
}

#[test]
fn records_without_a_unique_key_do_not_stand_in_each_others_way() {
    let (_place, _db, users) = new_users();
    for id in 0..3 {
        users.put(&id, &user("n", "Oslo", "", "")).unwrap();
    }
    assert_eq!(users.by(&by_email()).count().unwrap(), 0);
    assert_eq!(in_city(&users, "Oslo"), [0, 1, 2]);
}

#[test]
fn entries_expire_with_their_record_and_free_its_unique_key_at_that_instant() {
    let (place, db, users) = new_users();
    users
        .put_with(&1, &user("ada", "Oslo", "", "a@x"), after(10))
        .unwrap();
    let held = db.snapshot();
    place.clock.advance(9_999);
    assert_eq!(in_city(&users, "Oslo"), [1]);
    assert!(users.put(&2, &user("bob", "Oslo", "", "a@x")).is_err());
    place.clock.advance(1);
    assert!(in_city(&users, "Oslo").is_empty());
    assert_eq!(of_email(&users, "a@x"), None);
    users.put(&2, &user("bob", "Oslo", "", "a@x")).unwrap();
    // The late record's owner comes back, and must not take the key away again.
    assert!(
        users
            .put(&1, &user("ada", "Oslo", "", "a@x"))
            .unwrap_err()
            .is_duplicate()
    );
    users.put(&1, &user("ada", "Rome", "", "")).unwrap();
    assert_eq!(of_email(&users, "a@x"), Some(2));
    users.verify().unwrap();
    let then = users.by(&by_city()).at(&held).get("Oslo");
    assert_eq!(then.count().unwrap(), 1, "nothing expires in a snapshot");
}

#[test]
fn lifetime_that_changes_changes_for_the_entries_too() {
    let (place, _db, users) = new_users();
    users
        .put_with(&1, &user("ada", "Oslo", "t", "a@x"), after(10))
        .unwrap();
    assert!(users.touch(&1, after(20)).unwrap());
    place.clock.advance(15_000);
    assert_eq!(
        (in_city(&users, "Oslo"), of_email(&users, "a@x")),
        (vec![1], Some(1))
    );
    users.verify().unwrap();
    let version = users.get_versioned(&1).unwrap().unwrap().version;
    assert!(users.persist(&1).unwrap());
    assert_eq!(users.get_versioned(&1).unwrap().unwrap().version, version);
    place.clock.advance(1_000_000);
    assert_eq!(
        (with_tag(&users, "t"), of_email(&users, "a@x")),
        (vec![1], Some(1))
    );
    users
        .put_with(&1, &user("ada", "Oslo", "t u", "a@x"), after(5))
        .unwrap();
    users
        .put_with(&1, &user("ada", "Rome", "t u", "a@x"), Ttl::Keep)
        .unwrap();
    users.verify().unwrap();
    assert_eq!(users.ttl(&1).unwrap(), Expiry::In(Duration::from_secs(5)));
    place.clock.advance(5_000);
    let report = users.verify().unwrap();
    assert_eq!(report.records, 0);
    assert!(
        report
            .index_entries
            .iter()
            .all(|(_, entries)| *entries == 0)
    );
    assert!(!users.touch(&1, after(5)).unwrap());
}

#[test]
fn put_if_with_and_put_with_of_an_update_give_the_lifetime_that_they_name() {
    let (_place, _db, users) = new_users();
    let ada = user("ada", "Oslo", "", "");
    let first = users.put_if_with(&1, &ada, If::Absent, after(10)).unwrap();
    assert_eq!(users.ttl(&1).unwrap(), Expiry::In(Duration::from_secs(10)));
    let late = users.put_if_with(&1, &ada, If::Absent, after(99));
    assert!(late.unwrap_err().is_conflict());
    let second = users.put_if_with(&1, &ada, If::Version(first), Ttl::Never);
    assert!(second.unwrap() > first);
    assert_eq!(users.ttl(&1).unwrap(), Expiry::Never);
    let kept = |old: Option<super::User>| Change::PutWith(old.unwrap(), after(30));
    users.update(&1, kept).unwrap();
    assert_eq!(users.ttl(&1).unwrap(), Expiry::In(Duration::from_secs(30)));
    users.verify().unwrap();
}

#[test]
fn old_value_that_cannot_be_decoded_is_not_written_over() {
    let (_place, db, users) = new_users();
    users.put(&1, &user("ada", "Oslo", "", "a@x")).unwrap();
    let (key, _) = db
        .engine()
        .scan_prefix(&[1])
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let record = db.engine().get(&key).unwrap().unwrap().to_vec();
    db.engine().put(&key, &record[..record.len() - 1]).unwrap();
    let results = [
        users.put(&1, &user("ada", "Rome", "", "")),
        users.delete(&1),
        users.delete_prefix(()),
        users.touch(&1, after(1)).map(|_| ()),
        users
            .put_if(&1, &user("a", "b", "", ""), If::Present)
            .map(|_| ()),
    ];
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Codec, "{error}");
        assert!(
            error.to_string().contains("store \"users\", key 1 (hex"),
            "{error}"
        );
    }
    db.engine().put(&key, &record).unwrap();
    assert_eq!(
        (in_city(&users, "Oslo"), of_email(&users, "a@x")),
        (vec![1], Some(1))
    );
    users.verify().unwrap();
}

#[test]
fn threads_that_fight_for_one_unique_key_leave_one_winner_a_round() {
    let (_place, db, users) = new_users();
    for round in 0..50 {
        let email = format!("{round}@x");
        let won: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4u64)
                .map(|id| {
                    let (users, email) = (users.clone(), email.clone());
                    scope.spawn(move || {
                        match users.put(&id, &user("n", &format!("c{id}"), "", &email)) {
                            Ok(()) => true,
                            Err(error) => {
                                assert!(error.is_duplicate(), "{error}");
                                false
                            }
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        users.verify().unwrap();
    }
    drop(users);
    let users = open_users(&db);
    assert_eq!(
        users.by(&by_email()).count().unwrap(),
        users.count().unwrap()
    );
}

#[test]
fn removal_of_all_records_loses_none_that_others_put_meanwhile() {
    let (_place, _db, users) = new_users();
    std::thread::scope(|scope| {
        for thread in 0..3u64 {
            let users = users.clone();
            scope.spawn(move || {
                for n in 0..200u64 {
                    let id = thread * 1_000 + n % 20;
                    let email = format!("{id}@x");
                    users.put(&id, &user("n", "Oslo", "a b", &email)).unwrap();
                }
            });
        }
        let users = users.clone();
        scope.spawn(move || {
            for _ in 0..60 {
                users.delete_prefix(()).unwrap();
            }
        });
    });
    users.verify().unwrap();
}
