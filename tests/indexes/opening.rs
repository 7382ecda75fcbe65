//! Declaring indexes, building them, letting go of them, and disagreeing about them.

use super::{
    Place, User, by_city, by_email, by_tag, ids, in_city, new_users, of_email, open_users, user,
};
use grainstore::{Db, ErrorKind, GrainStore, Index};
use std::sync::mpsc;

fn plain(db: &Db) -> grainstore::Result<GrainStore<u64, User>> {
    db.store("users")
}

fn indexed<I: grainstore::key::KeyPart, U>(
    db: &Db,
    index: &Index<User, I, U>,
) -> grainstore::Result<GrainStore<u64, User>> {
    db.grains("users").index(index).open()
}

#[test]
fn store_opens_again_only_with_the_indexes_that_it_has() {
    let (place, db, users) = new_users();
    users.put(&1, &user("ada", "Oslo", "a", "a@x")).unwrap();
    drop((users, db));
    let db = place.open();
    for error in [
        plain(&db).unwrap_err(),
        indexed(&db, &by_city()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        let text = error.to_string();
        for part in [
            "by_email (k1:str unique)",
            "by_tag (k1:str)",
            "drop_index",
            "opened with:",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
    let other_key = Index::one("by_city", |user: &User| user.city.len() as u64);
    let error = indexed(&db, &other_key).unwrap_err();
    assert!(error.to_string().contains("by_city (k1:u64)"), "{error}");
    let users = open_users(&db);
    assert_eq!(
        (in_city(&users, "Oslo"), of_email(&users, "a@x")),
        (vec![1], Some(1))
    );
}

#[test]
fn index_is_built_anew_over_values_that_a_migration_changed() {
    let (place, db, users) = new_users();
    users.put(&1, &user("ada", "Oslo", "a", "a@x")).unwrap();
    drop((users, db));
    let db = place.open();
    let shouting = || {
        let loud = |mut user: User| -> Result<User, std::convert::Infallible> {
            user.city = user.city.to_uppercase();
            Ok(user)
        };
        let builder = db.grains::<u64, User>("users");
        let builder = builder.value_schema("user", 1).migrate(0, loud);
        let builder = builder.index(&by_city()).index(&by_tag());
        builder.index(&by_email()).open().unwrap()
    };
    let users = shouting();
    assert_eq!(
        (in_city(&users, "Oslo"), in_city(&users, "OSLO")),
        (vec![], vec![1])
    );
    users.put(&1, &user("ada", "Bergen", "a", "a@x")).unwrap();
    assert_eq!(
        (in_city(&users, "OSLO"), in_city(&users, "Bergen")),
        (vec![], vec![1])
    );
    users.verify().unwrap();
    let rebuilt = db.stats().sequence_last;
    drop(users);
    shouting().verify().unwrap();
    assert_eq!(
        db.stats().sequence_last,
        rebuilt,
        "it was built a second time"
    );
}

#[test]
fn names_of_indexes_are_no_names_of_stores() {
    let (_place, db, _users) = new_users();
    db.u32_store("scores").unwrap();
    assert_eq!(db.store_names().unwrap(), ["scores", "users"]);
    let (long, nul) = ("n".repeat(256), "a\0b");
    for name in ["", nul, &long] {
        let index = Index::one(name, |user: &User| user.city.clone());
        let error = db.grains::<u64, User>("others").index(&index).open();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let twice = db.grains::<u64, User>("others").index(&by_city());
    let error = twice.index(&by_city()).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn new_index_is_built_over_the_records_there_are_and_tells_how_far_it_is() {
    let place = Place::new();
    let db = place.open();
    let users = plain(&db).unwrap();
    let mut batch = db.batch();
    for id in 0..25_000u64 {
        let city = format!("c{}", id % 7);
        let ttl = if id % 2 == 0 {
            super::after(10)
        } else {
            grainstore::Ttl::Never
        };
        batch
            .put_with(&users, &id, &user("n", &city, "", &format!("{id}@x")), ttl)
            .unwrap();
    }
    batch.commit().unwrap();
    drop(users);
    let (tell, told) = mpsc::channel();
    let builder = db.grains::<u64, User>("users").index(&by_city());
    let builder = builder.index(&by_email());
    let users = builder.on_progress(move |p| tell.send(p).unwrap()).open();
    let users = users.unwrap();
    let told: Vec<_> = told.iter().collect();
    assert_eq!((told[0].records_done, told[0].records_total), (0, 25_000));
    assert!(told.len() >= 4 && told.is_sorted_by_key(|p| p.records_done));
    assert_eq!(told.last().unwrap().records_done, 25_000);
    let report = users.verify().unwrap();
    assert_eq!(
        (report.records, report.index_entries[1].1),
        (25_000, 25_000)
    );
    assert_eq!(of_email(&users, "77@x"), Some(77));
    place.clock.advance(10_000);
    assert_eq!(users.verify().unwrap().index_entries[0].1, 12_500);
    let oslo: Vec<_> = ids(users.by(&by_city()).get("c3").keys());
    assert!(oslo.iter().all(|id| id % 7 == 3 && id % 2 == 1) && oslo.len() > 1_000);
}

#[test]
fn unique_index_that_the_records_contradict_is_not_built_and_the_store_is_as_it_was() {
    let place = Place::new();
    let db = place.open();
    let users = plain(&db).unwrap();
    for (id, email) in [(1, "a@x"), (2, "b@x"), (3, "a@x")] {
        users.put(&id, &user("n", "Oslo", "", email)).unwrap();
    }
    drop(users);
    let keys_before = db.engine().scan::<&[u8]>(..).unwrap().count();
    let builder = db.grains::<u64, User>("users").index(&by_city());
    let error = builder.index(&by_email()).open().unwrap_err();
    assert!(
        error.is_duplicate() && error.to_string().contains("record 1 (hex"),
        "{error}"
    );
    assert_eq!(db.engine().scan::<&[u8]>(..).unwrap().count(), keys_before);
    let users = plain(&db).unwrap();
    users.delete(&3).unwrap();
    drop(users);
    let users = indexed(&db, &by_email()).unwrap();
    assert_eq!(of_email(&users, "a@x"), Some(1));
    users.verify().unwrap();
}

#[test]
fn index_let_go_leaves_nothing_behind_and_may_come_back_in_another_form() {
    let (_place, db, users) = new_users();
    for id in 0..50 {
        users.put(&id, &user("n", "Oslo", "a", "")).unwrap();
    }
    drop(users);
    let builder = db.grains::<u64, User>("users").index(&by_city());
    let builder = builder.drop_index("by_tag").drop_index("by_email");
    let users = builder.drop_index("there never was one").open().unwrap();
    assert!(users.by(&by_tag()).count().is_err());
    assert_eq!(
        db.engine().scan_prefix(&[3]).unwrap().count(),
        0,
        "the entries of by_tag"
    );
    users.put(&1, &user("n", "Rome", "b", "b@x")).unwrap();
    users.verify().unwrap();
    drop(users);
    let upper = Index::one("by_city", |user: &User| user.city.to_uppercase()).version(1);
    let error = indexed(&db, &upper).unwrap_err();
    assert!(
        error.to_string().contains("by_city (k1:str version 1)"),
        "{error}"
    );
    let builder = db.grains::<u64, User>("users").drop_index("by_city");
    let users = builder.index(&upper).open().unwrap();
    assert_eq!(ids(users.by(&upper).get("ROME").keys()), [1]);
    assert_eq!(users.by(&upper).get("OSLO").count().unwrap(), 49);
    users.verify().unwrap();
}

#[test]
fn indexes_do_not_change_under_a_handle_that_does_not_know_of_it() {
    let place = Place::new();
    let db = place.open();
    let old = plain(&db).unwrap();
    let pairs = db.u32_store("counts").unwrap().iter();
    let error = indexed(&db, &by_city()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error.to_string().contains("drop all its handles first"),
        "{error}"
    );
    assert!(db.drop_store("users").is_err() && db.drop_store("counts").is_err());
    drop(pairs);
    assert!(db.drop_store("counts").unwrap());
    let clone = old.clone();
    drop(old);
    assert!(indexed(&db, &by_city()).is_err(), "a clone is a handle");
    drop(clone);
    let users = indexed(&db, &by_city()).unwrap();
    let same = indexed(&db, &by_city()).unwrap();
    same.put(&1, &user("n", "Oslo", "", "")).unwrap();
    assert_eq!(in_city(&users, "Oslo"), [1]);
    drop(users);
    let builder = db.grains::<u64, User>("users").drop_index("by_city");
    assert!(builder.open().is_err(), "the second handle is live");
}

#[test]
fn store_that_is_dropped_is_gone_whole_and_comes_back_empty_under_another_number() {
    let (place, db, users) = new_users();
    users.put(&1, &user("ada", "Oslo", "a b", "a@x")).unwrap();
    let scores = db.u32_store("scores").unwrap();
    scores.put(1, 1).unwrap();
    assert_eq!(
        db.drop_store("users").unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    drop(users);
    assert!(db.drop_store("users").unwrap());
    assert!(!db.drop_store("users").unwrap());
    assert_eq!(db.store_names().unwrap(), ["scores"]);
    // What is left: the counter, the catalog entry of scores and its one record.
    assert_eq!(db.engine().scan::<&[u8]>(..).unwrap().count(), 3);
    drop((scores, db));
    let db = place.open();
    let users = indexed(&db, &by_city()).unwrap();
    assert!(users.is_empty().unwrap() && in_city(&users, "Oslo").is_empty());
    users.put(&1, &user("ada", "Oslo", "", "")).unwrap();
    let keys: Vec<_> = db.engine().scan_prefix(&[6]).unwrap().collect();
    assert_eq!(keys.len(), 1, "1 to 5 were given before");
    assert_eq!(users.db().store_names().unwrap(), ["scores", "users"]);
}

#[test]
fn index_over_records_that_cannot_be_decoded_is_not_built() {
    let place = Place::new();
    let db = place.open();
    plain(&db)
        .unwrap()
        .put(&1, &user("n", "Oslo", "", ""))
        .unwrap();
    let (key, _) = db
        .engine()
        .scan_prefix(&[1])
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    db.engine().put(&key, &[0, 1, 0xc1]).unwrap();
    let error = indexed(&db, &by_city()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Codec, "{error}");
    assert!(plain(&db).unwrap().delete(&1).is_ok());
    assert!(indexed(&db, &by_city()).unwrap().is_empty().unwrap());
}
