//! Batches: conditions in them, and indexed stores under several writes at once.

use super::{after, in_city, new_users, of_email, user, with_tag};
use grainstore::{ErrorKind, If, Ttl, Version};

#[test]
fn writes_to_one_record_in_a_batch_follow_each_other_in_its_indexes() {
    let (_place, db, users) = new_users();
    users.put(&1, &user("ada", "Oslo", "a b", "a@x")).unwrap();
    let mut batch = db.batch();
    batch
        .put(&users, &1, &user("ada", "Rome", "b c", "b@x"))
        .unwrap();
    batch.delete(&users, &1).unwrap();
    batch
        .put(&users, &2, &user("bob", "Rome", "c", "a@x"))
        .unwrap();
    batch
        .put(&users, &2, &user("bob", "Bonn", "d", "b@x"))
        .unwrap();
    batch
        .put(&users, &1, &user("ada", "Kiel", "e", "a@x"))
        .unwrap();
    batch.commit().unwrap();
    assert_eq!(
        (in_city(&users, "Kiel"), in_city(&users, "Bonn")),
        (vec![1], vec![2])
    );
    assert!(in_city(&users, "Oslo").is_empty() && in_city(&users, "Rome").is_empty());
    assert_eq!(
        (of_email(&users, "a@x"), of_email(&users, "b@x")),
        (Some(1), Some(2))
    );
    let report = users.verify().unwrap();
    assert_eq!((report.records, report.index_entries[1].1), (2, 2));
}

#[test]
fn two_records_of_one_batch_cannot_share_a_unique_key() {
    let (_place, db, users) = new_users();
    let mut batch = db.batch();
    batch
        .put(&users, &1, &user("ada", "Oslo", "a", "a@x"))
        .unwrap();
    let twice = batch.put(&users, &2, &user("bob", "Oslo", "b", "a@x"));
    assert!(twice.unwrap_err().is_duplicate());
    assert_eq!(batch.len(), 4, "the batch is as it was before the refusal");
    batch.commit().unwrap();
    assert_eq!(
        (in_city(&users, "Oslo"), with_tag(&users, "b")),
        (vec![1], vec![])
    );
    users.verify().unwrap();
}

#[test]
fn prefix_that_a_batch_removes_takes_the_batchs_own_records_with_it() {
    let (_place, db, users) = new_users();
    users.put(&1, &user("ada", "Oslo", "", "a@x")).unwrap();
    users.put(&2, &user("bob", "Oslo", "", "b@x")).unwrap();
    let mut batch = db.batch();
    batch
        .put(&users, &1, &user("ada", "Rome", "", "c@x"))
        .unwrap();
    batch
        .put(&users, &3, &user("eve", "Rome", "", "d@x"))
        .unwrap();
    batch.delete_prefix(&users, ()).unwrap();
    batch
        .put(&users, &4, &user("dan", "Kiel", "", "a@x"))
        .unwrap();
    batch.delete_range(&users, 9..).unwrap();
    batch.commit().unwrap();
    assert_eq!(
        users.iter().keys().map(Result::unwrap).collect::<Vec<_>>(),
        [4]
    );
    assert_eq!(of_email(&users, "a@x"), Some(4));
    let report = users.verify().unwrap();
    assert_eq!((report.records, report.index_entries[0].1), (1, 1));
}

#[test]
fn record_put_under_a_prefix_that_a_batch_removes_makes_its_commit_a_conflict() {
    let (_place, db, users) = new_users();
    let mut batch = db.batch();
    batch.delete_prefix(&users, ()).unwrap();
    users.put(&5, &user("ada", "Oslo", "", "")).unwrap();
    db.compact().unwrap();
    assert!(batch.commit().unwrap_err().is_conflict());
    assert_eq!(in_city(&users, "Oslo"), [5]);
    users.verify().unwrap();
}

#[test]
fn unique_key_taken_while_its_owner_expired_makes_the_owners_batch_a_conflict() {
    let (place, db, users) = new_users();
    users
        .put_with(&1, &user("ada", "Oslo", "", "a@x"), after(10))
        .unwrap();
    let later: [fn(&mut grainstore::Batch, &super::Users); 3] = [
        |batch, users| {
            let put = batch.put(users, &1, &user("ada", "Rome", "", "a@x"));
            put.unwrap();
        },
        |batch, users| batch.delete(users, &1).unwrap(),
        |batch, users| batch.delete_prefix(users, ()).unwrap(),
    ];
    for write in later {
        users.delete(&2).unwrap();
        users
            .put_with(&1, &user("ada", "Oslo", "", "a@x"), after(10))
            .unwrap();
        let mut batch = db.batch();
        write(&mut batch, &users);
        place.clock.advance(10_000);
        users.put(&2, &user("bob", "Oslo", "", "a@x")).unwrap();
        assert!(batch.commit().unwrap_err().is_conflict());
        assert_eq!(of_email(&users, "a@x"), Some(2));
        users.verify().unwrap();
    }
}

#[test]
fn condition_of_a_batch_is_looked_at_when_it_is_appended_and_again_at_the_commit() {
    let (_place, db, users) = new_users();
    let hp = db.store::<String, u32>("hp").unwrap();
    let first = hp.put_if("ada", &1, If::Absent).unwrap();
    let mut batch = db.batch();
    for refused in [
        batch.put_if(&hp, "ada", &2, If::Absent),
        batch.put_if(&hp, "bob", &2, If::Present),
        batch.delete_if(&hp, "ada", If::Version(Version::from(first.get() + 1))),
        batch.require(&hp, "bob", If::Version(first)),
    ] {
        let error = refused.unwrap_err();
        assert!(error.is_conflict(), "{error}");
        assert!(error.to_string().contains("store \"hp\", key"), "{error}");
    }
    assert!(batch.is_empty());
    batch.put_if(&hp, "ada", &2, If::Version(first)).unwrap();
    batch
        .put_if_with(&hp, "bob", &3, If::Absent, after(60))
        .unwrap();
    batch
        .put_if(&users, &1, &user("n", "Oslo", "", ""), If::Absent)
        .unwrap();
    batch.require(&hp, "eve", If::Absent).unwrap();
    batch.commit().unwrap();
    assert_eq!(
        (hp.get("ada").unwrap(), hp.get("bob").unwrap()),
        (Some(2), Some(3))
    );
    assert_eq!(in_city(&users, "Oslo"), [1]);

    for overtaken in ["ada", "eve"] {
        let seen = hp.get_versioned("ada").unwrap().unwrap().version;
        let mut batch = db.batch();
        batch.delete_if(&hp, "ada", If::Version(seen)).unwrap();
        batch.require(&hp, "eve", If::Absent).unwrap();
        hp.put(overtaken, &9).unwrap();
        db.compact().unwrap();
        assert!(batch.commit().unwrap_err().is_conflict());
        assert!(hp.contains("ada").unwrap());
    }
}

#[test]
fn conditions_of_a_batch_are_of_what_was_there_before_it() {
    let (_place, db, _users) = new_users();
    let hp = db.store::<String, u32>("hp").unwrap();
    let mut batch = db.batch();
    batch.put_if(&hp, "ada", &1, If::Absent).unwrap();
    batch.put_if(&hp, "ada", &2, If::Absent).unwrap();
    hp.put("bob", &1).unwrap(); // after the first look of the batch
    batch.require(&hp, "bob", If::Absent).unwrap();
    assert!(batch.commit().unwrap_err().is_conflict());
}

#[test]
fn batch_that_only_requires_writes_nothing_and_tells_whether_it_holds() {
    let (_place, db, _users) = new_users();
    let hp = db.store::<String, u32>("hp").unwrap();
    hp.put("ada", &1).unwrap();
    let commits = db.stats().commits;
    let asked = || {
        let mut batch = db.batch();
        batch.require(&hp, "ada", If::Present).unwrap();
        batch
    };
    asked().commit().unwrap();
    assert_eq!(db.stats().commits, commits);
    let late = asked();
    hp.delete("ada").unwrap();
    assert!(late.commit().unwrap_err().is_conflict());
}

#[test]
fn stores_without_versions_take_the_conditions_that_need_none() {
    let (_place, db, _users) = new_users();
    let (counts, blobs) = (
        db.u32_store("counts").unwrap(),
        db.bytes_store("blobs").unwrap(),
    );
    let mut batch = db.batch();
    batch.put_if(&counts, &7u32, &1, If::Absent).unwrap();
    batch
        .put_if(&blobs, b"k".as_slice(), b"v", If::Absent)
        .unwrap();
    batch.commit().unwrap();
    assert_eq!(counts.get(7).unwrap(), Some(1));
    let mut batch = db.batch();
    assert!(
        batch
            .put_if(&counts, &7u32, &2, If::Absent)
            .unwrap_err()
            .is_conflict()
    );
    assert!(
        batch
            .require(&blobs, b"l".as_slice(), If::Present)
            .unwrap_err()
            .is_conflict()
    );
    let version = If::Version(Version::from(1));
    let absent = batch.require(&counts, &8u32, version).unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::InvalidInput);
    let error = batch.delete_if(&counts, &7u32, version).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    batch
        .delete_if(&blobs, b"k".as_slice(), If::Present)
        .unwrap();
    batch
        .put_if_with(&counts, &7u32, &3, If::Present, Ttl::Never)
        .unwrap();
    batch.commit().unwrap();
    assert!(!blobs.contains(b"k").unwrap());
}

#[test]
fn condition_of_a_batch_takes_a_record_that_has_expired_since_for_absent() {
    let (place, db, _users) = new_users();
    let hp = db.store::<String, u32>("hp").unwrap();
    hp.put_with("ada", &1, after(10)).unwrap();
    let mut batch = db.batch();
    batch.require(&hp, "ada", If::Present).unwrap();
    place.clock.advance(10_000);
    assert!(
        batch
            .require(&hp, "ada", If::Present)
            .unwrap_err()
            .is_conflict()
    );
    batch.put_if(&hp, "ada", &2, If::Absent).unwrap();
    batch.commit().unwrap();
    assert_eq!(hp.get("ada").unwrap(), Some(2));
}
