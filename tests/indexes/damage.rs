//! A store and an index that do not agree, and the bytes of entries.

use super::{by_city, by_email, new_users, user};
use grainstore::{Db, GrainStore, Index};

/// The keys of the engine in keyspace `number`.
fn keys(db: &Db, number: u8) -> Vec<Box<[u8]>> {
    let scan = db.engine().scan_prefix(&[number]).unwrap();
    scan.map(|record| record.unwrap().0).collect()
}

#[test]
fn entries_have_the_bytes_of_the_documentation() {
    let (_place, db, users) = new_users();
    users.put(&7, &user("ada", "Oslo", "", "Oslo")).unwrap();
    let engine = db.engine();
    let shared = b"\x02Oslo\0\0\0\0\0\0\0\0\x07";
    assert_eq!(engine.get(shared).unwrap().unwrap(), b"");
    let unique = b"\x04Oslo\0";
    assert_eq!(engine.get(unique).unwrap().unwrap(), 7u64.to_be_bytes());
    assert_eq!(
        (keys(&db, 2).len(), keys(&db, 3).len(), keys(&db, 4).len()),
        (1, 0, 1)
    );
}

#[test]
fn entry_without_its_record_is_corruption_for_queries_and_for_verify() {
    let (_place, db, users) = new_users();
    users.put(&7, &user("ada", "Oslo", "", "a@x")).unwrap();
    users.verify().unwrap();
    db.engine().delete(&keys(&db, 1)[0]).unwrap();
    let by_city = by_city();
    let mut query = users.by(&by_city).get("Oslo");
    let errors = [
        query.next().unwrap().unwrap_err(),
        users.by(&by_email()).get_one("a@x").unwrap_err(),
        users.by(&by_city).iter().page().unwrap_err(),
        users.verify().unwrap_err(),
        db.verify().unwrap_err(),
    ];
    assert!(query.next().is_none());
    for error in errors {
        assert!(error.is_corruption(), "{error}");
        assert!(
            error.to_string().contains("store \"users\", index \"by_"),
            "{error}"
        );
    }
}

#[test]
fn record_without_its_entry_is_corruption_for_verify() {
    for index in [2, 4] {
        let (_place, db, users) = new_users();
        users.put(&7, &user("ada", "Oslo", "", "a@x")).unwrap();
        let entry = &keys(&db, index)[0];
        db.engine().delete(entry).unwrap();
        let error = users.verify().unwrap_err();
        assert!(error.is_corruption(), "{error}");
        assert!(
            error.to_string().contains("does not have the record"),
            "{error}"
        );
        assert!(db.verify().unwrap_err().is_corruption());
    }
}

#[test]
fn entry_of_another_holder_or_another_lifetime_is_corruption_for_verify() {
    let (_place, db, users) = new_users();
    users.put(&7, &user("ada", "Oslo", "", "a@x")).unwrap();
    users.put(&8, &user("bob", "Oslo", "", "b@x")).unwrap();
    let unique = keys(&db, 4)[0].clone();
    db.engine().put(&unique, &8u64.to_be_bytes()).unwrap();
    assert!(
        users
            .verify()
            .unwrap_err()
            .to_string()
            .contains("another record")
    );
    let value = 7u64.to_be_bytes();
    db.engine()
        .put_with_expiry(&unique, &value, 1 << 40)
        .unwrap();
    assert!(
        users
            .verify()
            .unwrap_err()
            .to_string()
            .contains("same expiry")
    );
    db.engine().put(&unique, &value).unwrap();
    users.verify().unwrap();
    db.engine()
        .put(b"\x02Rome\0\0\0\0\0\0\0\0\x07", b"")
        .unwrap();
    assert!(users.verify().unwrap_err().is_corruption());
}

#[test]
fn closed_stores_and_stores_without_indexes_are_verified_as_before() {
    let (_place, db, users) = new_users();
    users.put(&7, &user("ada", "Oslo", "", "a@x")).unwrap();
    db.engine().delete(&keys(&db, 2)[0]).unwrap();
    drop(users);
    db.verify().unwrap();
    let plain: GrainStore<u32, u32> = db.store("plain").unwrap();
    plain.put(&1, &1).unwrap();
    assert_eq!(plain.verify().unwrap().records, 1);
    db.verify().unwrap();
    // Letting go of the index and declaring it again mends it.
    let again = Index::one("by_city", |user: &super::User| user.city.clone());
    let builder = db.grains::<u64, super::User>("users").drop_index("by_city");
    let builder = builder.drop_index("by_tag").drop_index("by_email");
    let users = builder.index(&again).open().unwrap();
    users.verify().unwrap();
    assert_eq!(users.by(&again).get("Oslo").count().unwrap(), 1);
}
