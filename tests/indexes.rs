//! Secondary indexes: what they answer, what they refuse, and that they agree with their store
//! after every kind of write.
//!
//! - `queries`: every form of a question
//! - `writes`: what each write does to the entries
//! - `batches`: several writes at once, conditions among them
//! - `opening`: declaring, building, letting go, disagreeing
//! - `damage`: a store and an index that do not agree

#![cfg(all(feature = "derive", feature = "msgpack"))]
#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test

#[path = "indexes/batches.rs"]
mod batches;
#[path = "indexes/damage.rs"]
mod damage;
#[path = "indexes/opening.rs"]
mod opening;
#[path = "indexes/queries.rs"]
mod queries;
#[path = "indexes/writes.rs"]
mod writes;

use grainstore::clock::ManualClock;
use grainstore::fs::CrashDisk;
use grainstore::{Background, Db, GrainStore, Index, Ttl, Unique};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct User {
    name: String,
    city: String,
    tags: Vec<String>,
    email: Option<String>,
}

type Users = GrainStore<u64, User>;

/// A user by a few words: tags divided by spaces; an empty email is none.
fn user(name: &str, city: &str, tags: &str, email: &str) -> User {
    User {
        name: name.into(),
        city: city.into(),
        tags: tags.split_whitespace().map(str::to_owned).collect(),
        email: (!email.is_empty()).then(|| email.to_owned()),
    }
}

fn by_city() -> Index<User, String> {
    Index::one("by_city", |user: &User| user.city.clone())
}

fn by_tag() -> Index<User, String> {
    Index::many("by_tag", |user: &User| user.tags.clone())
}

fn by_email() -> Index<User, String, Unique> {
    Index::unique_many("by_email", |user: &User| user.email.clone())
}

/// A disk and a clock that outlive the databases on them.
struct Place {
    disk: CrashDisk,
    clock: ManualClock,
}

impl Place {
    fn new() -> Self {
        let (disk, clock) = (CrashDisk::new(), ManualClock::new(1_000));
        Self { disk, clock }
    }

    fn open(&self) -> Db {
        let builder = Db::builder("/db")
            .file_system(self.disk.clone())
            .clock(self.clock.clone())
            .background(Background::Inline);
        builder.open().unwrap()
    }
}

/// The store with all three indexes.
fn open_users(db: &Db) -> Users {
    let builder = db.grains("users").index(&by_city()).index(&by_tag());
    builder.index(&by_email()).open().unwrap()
}

/// A new database with that store.
fn new_users() -> (Place, Db, Users) {
    let place = Place::new();
    let db = place.open();
    let users = open_users(&db);
    (place, db, users)
}

fn after(seconds: u64) -> Ttl {
    Ttl::After(Duration::from_secs(seconds))
}

/// The primary keys of entries.
fn ids<T>(keys: impl Iterator<Item = grainstore::Result<(T, u64)>>) -> Vec<u64> {
    keys.map(|pair| pair.unwrap().1).collect()
}

fn in_city(users: &Users, city: &str) -> Vec<u64> {
    ids(users.by(&by_city()).get(city).keys())
}

fn with_tag(users: &Users, tag: &str) -> Vec<u64> {
    ids(users.by(&by_tag()).get(tag).keys())
}

fn of_email(users: &Users, email: &str) -> Option<u64> {
    let found = users.by(&by_email()).get_one(email).unwrap();
    found.map(|entry| entry.key)
}
