//! What the documentation shows compiles, and literals need no types.

#[path = "../store.rs"]
mod store;

use grainstore::Key;
use store::{SessionKey, store};

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct OrderKey {
    tenant: String,
    day: u32,
    #[key(desc)]
    id: u64,
}

fn main() {
    let sessions = store::<SessionKey>();
    let key = SessionKey { tenant: "acme".into(), user: 7 };
    sessions.get(&key);
    sessions.get(&("acme", 7u64));
    sessions.get(&("acme", 7));
    sessions.get(&(String::from("acme"), &7));
    sessions.prefix(("acme",)).range(10..20);
    sessions.prefix(("acme",)).range(..);
    sessions.prefix(("acme",)).range(10..);
    sessions.prefix(()).starts_with("e");
    sessions.prefix(()).starts_with(&String::from("e"));
    sessions.prefix(()).range("a".."b");
    sessions.prefix(&("acme",));
    sessions.range(key.clone()..=key.clone());
    sessions.range(&key..);
    sessions.range(("a", 1)..("b", 2));

    let orders = store::<OrderKey>();
    orders.get(&("eu", 20261101, 7));
    orders.prefix(("eu",)).range(20261101..=20261130);
    orders.prefix(("eu", 20261101)).range(1..5);

    store::<String>().get("ada");
    store::<String>().prefix(()).starts_with("a");
    store::<u32>().get(&7);
    store::<u32>().prefix(()).range(3..5);
    store::<u32>().range(..5);
    store::<(String, u8)>().prefix(("a",)).range(1..=2);
    store::<grainstore::key::RawBytes>().get(b"abc");
    store::<grainstore::key::RawBytes>().prefix(b"user/");
}
