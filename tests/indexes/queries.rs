//! Every form of a question to an index.

use super::{Place, by_city, by_email, by_tag, ids, new_users, open_users, user};
use grainstore::{Cursor, ErrorKind, Index, IndexKeys, Key};
use serde::{Deserialize, Serialize};

#[derive(Key, Clone, Debug, PartialEq, Eq)]
struct Due {
    region: String,
    day: u32,
    #[key(desc)]
    weight: u16,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Order {
    region: String,
    day: u32,
    weight: u16,
}

fn by_due() -> Index<Order, Due> {
    Index::one("by_due", |order: &Order| Due {
        region: order.region.clone(),
        day: order.day,
        weight: order.weight,
    })
}

fn order(region: &str, day: u32, weight: u16) -> Order {
    let region = region.to_owned();
    Order {
        region,
        day,
        weight,
    }
}

#[test]
fn records_come_in_the_order_of_the_index_and_of_one_key_in_their_own() {
    let (_place, _db, users) = new_users();
    for (id, city) in [(3, "Oslo"), (1, "Oslo"), (2, "Bergen"), (4, "Oslovik")] {
        users.put(&id, &user("n", city, "", "")).unwrap();
    }
    let by_city = by_city();
    let found: Vec<_> = users.by(&by_city).get("Oslo").map(Result::unwrap).collect();
    assert_eq!(found.iter().map(|e| e.key).collect::<Vec<_>>(), [1, 3]);
    assert!(found.iter().all(|e| e.value.city == "Oslo"));
    assert_eq!(ids(users.by(&by_city).iter().keys()), [2, 1, 3, 4]);
    assert_eq!(ids(users.by(&by_city).iter().rev().keys()), [4, 3, 1, 2]);
    let pairs: Vec<_> = users.by(&by_city).range("Oslo"..).keys().collect();
    assert_eq!(pairs[0].as_ref().unwrap(), &("Oslo".to_owned(), 1));
    assert_eq!(pairs.len(), 3);
    let upto = ids(users.by(&by_city).range(..="Oslo").keys());
    assert_eq!(upto, [2, 1, 3], "the upper bound is with all its records");
    assert_eq!(ids(users.by(&by_city).range(.."Oslo").keys()), [2]);
    let starts = users.by(&by_city).iter().starts_with("Os").count().unwrap();
    assert_eq!(starts, 3);
    assert_eq!(users.by(&by_city).count().unwrap(), 4);
    assert!(users.by(&by_city).contains("Bergen").unwrap());
    assert!(!users.by(&by_city).contains("Ber").unwrap());
}

#[test]
fn prefix_and_range_of_a_composite_index_key_are_typed_as_those_of_a_store() {
    let place = Place::new();
    let db = place.open();
    let by_due = by_due();
    let orders = db.grains::<u64, Order>("orders").index(&by_due).open();
    let orders = orders.unwrap();
    let mut id = 0;
    for region in ["eu", "us"] {
        for day in 10..20 {
            for weight in [1, 5, 9] {
                orders.put(&id, &order(region, day, weight)).unwrap();
                id += 1;
            }
        }
    }
    let eu = orders.by(&by_due).prefix(("eu",));
    assert_eq!(eu.count().unwrap(), 30);
    let some = orders.by(&by_due).prefix(("eu",)).range(12..14);
    let some: Vec<_> = some.map(|entry| entry.unwrap().value).collect();
    let wanted = [(12, 9), (12, 5), (12, 1), (13, 9), (13, 5), (13, 1)];
    let wanted = wanted.map(|(day, weight)| order("eu", day, weight));
    assert_eq!(some, wanted, "the weight is descending");
    let heavy = orders.by(&by_due).prefix(("us", 15)).range(5..);
    assert_eq!(heavy.rev().limit(1).count().unwrap(), 1);
    let one = orders.by(&by_due).get(&("us", 15, 5));
    assert_eq!(
        one.map(|e| e.unwrap().value.weight).collect::<Vec<_>>(),
        [5]
    );
}

#[test]
fn record_with_several_keys_comes_up_under_each_and_one_without_under_none() {
    let (_place, _db, users) = new_users();
    users.put(&1, &user("a", "x", "red red blue", "")).unwrap();
    users.put(&2, &user("b", "x", "", "b@x")).unwrap();
    let by_tag = by_tag();
    let pairs: Vec<_> = users
        .by(&by_tag)
        .iter()
        .keys()
        .map(Result::unwrap)
        .collect();
    assert_eq!(pairs, [("blue".to_owned(), 1), ("red".to_owned(), 1)]);
    assert_eq!(users.by(&by_email()).count().unwrap(), 1);
}

#[test]
fn index_that_lends_its_keys_is_the_index_that_gives_them() {
    let (_place, db, users) = new_users();
    users.put(&1, &user("a", "x", "red blue", "")).unwrap();
    drop(users);
    let lent = Index::each(
        "by_tag",
        |user: &super::User, keys: &mut IndexKeys<'_, String>| {
            user.tags.iter().for_each(|tag| keys.add(tag));
        },
    );
    let builder = db.grains::<u64, super::User>("users").index(&by_city());
    let users = builder.index(&lent).index(&by_email()).open().unwrap();
    users.put(&2, &user("b", "x", "red", "")).unwrap();
    assert_eq!(ids(users.by(&lent).get("red").keys()), [1, 2]);
    assert_eq!(ids(users.by(&by_tag()).get("red").keys()), [1, 2]);
    users.verify().unwrap();
}

#[test]
fn pages_of_an_index_go_on_where_they_ended_though_the_record_is_gone() {
    let (_place, _db, users) = new_users();
    for id in 0..10 {
        users.put(&id, &user("n", "Oslo", "", "")).unwrap();
    }
    let by_city = by_city();
    for reversed in [false, true] {
        let query = || {
            let all = users.by(&by_city).get("Oslo").limit(4);
            if reversed { all.rev() } else { all }
        };
        let first = query().page().unwrap();
        let cursor = Cursor::from_bytes(first.next.unwrap().as_bytes()).unwrap();
        let last = first.items.last().unwrap();
        users.delete(&last.key).unwrap();
        let rest = query().after(&cursor).page().unwrap();
        let keys: Vec<_> = rest.items.iter().map(|e| e.key).collect();
        let wanted = if reversed { [5, 4, 2, 1] } else { [4, 5, 6, 7] };
        assert_eq!(keys, wanted);
        let other = users.by(&by_city).get("Bergen").after(&cursor).page();
        assert_eq!(other.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn snapshot_sees_index_and_records_of_one_moment() {
    let (_place, db, users) = new_users();
    users.put(&1, &user("a", "Oslo", "", "a@x")).unwrap();
    let before = db.snapshot();
    users.put(&1, &user("a", "Rome", "", "b@x")).unwrap();
    db.compact().unwrap();
    let (by_city, by_email) = (by_city(), by_email());
    let then = users.by(&by_city).at(&before);
    let cities: Vec<_> = then.iter().map(|e| e.unwrap().value.city).collect();
    assert_eq!(cities, ["Oslo"]);
    assert_eq!(
        users.at(&before).by(&by_city).get("Rome").count().unwrap(),
        0
    );
    let then = users.by(&by_email).at(&before).get_one("a@x").unwrap();
    assert_eq!(then.unwrap().value.city, "Oslo");
    assert!(users.by(&by_email).get_one("a@x").unwrap().is_none());
}

#[test]
fn query_holds_its_moment_while_the_records_under_it_change() {
    let (_place, db, users) = new_users();
    for id in 0..20 {
        users.put(&id, &user("n", "Oslo", "", "")).unwrap();
    }
    let by_city = by_city();
    let mut query = users.by(&by_city).get("Oslo");
    assert_eq!(query.next().unwrap().unwrap().key, 0);
    users.delete_prefix(()).unwrap();
    db.compact().unwrap();
    assert_eq!(query.map(Result::unwrap).count(), 19);
    assert_eq!(users.by(&by_city).count().unwrap(), 0);
}

#[test]
fn index_of_another_store_is_an_error_that_names_both() {
    let (_place, db, users) = new_users();
    let by_name = Index::one("by_name", |user: &super::User| user.name.clone());
    let mut query = users.by(&by_name).iter();
    let error = query.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = error.to_string();
    assert!(
        text.contains("\"users\"") && text.contains("\"by_name\""),
        "{text}"
    );
    assert!(query.next().is_none());
    assert!(users.by(&by_name).count().is_err());
    assert!(users.by(&by_name).iter().page().is_err());
    // The name alone is not enough: the type of the keys is part of an index.
    let by_city = Index::one("by_city", |user: &super::User| user.name.len() as u64);
    assert!(users.by(&by_city).get(&7).count().is_err());
    drop(users);
    open_users(&db);
}
