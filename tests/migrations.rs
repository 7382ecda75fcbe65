//! Values of older versions of their schema: read upgraded everywhere, brought up to date in
//! place, and never lost or misread.
//!
//! - `reading`: what every way of reading makes of an old record
//! - `refusals`: what cannot be upgraded, and in which words it is said
//! - `rewriting`: `migrate_all`, alone, beside writers and across power cuts
//! - `histories`: handles of all versions at once, by chance

#![cfg(all(feature = "derive", feature = "msgpack"))]
// What stands around the tests is test too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

#[path = "migrations/histories.rs"]
mod histories;
#[path = "migrations/reading.rs"]
mod reading;
#[path = "migrations/refusals.rs"]
mod refusals;
#[path = "migrations/rewriting.rs"]
mod rewriting;

use grainstore::fs::CrashDisk;
use grainstore::{Background, Db, DbBuilder, GrainStore, Result};
use serde::{Deserialize, Serialize};

/// Version 0: tenths of a point.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Tenths {
    tenths: u64,
}

/// Version 1: whole points and a name.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Named {
    hp: u64,
    name: String,
}

/// Version 2, the current one.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Grain {
    life: u64,
    names: Vec<String>,
}

impl From<Tenths> for Named {
    fn from(old: Tenths) -> Self {
        let (hp, name) = (old.tenths / 10, "nobody".to_owned());
        Self { hp, name }
    }
}

impl From<Named> for Grain {
    fn from(old: Named) -> Self {
        let (life, names) = (old.hp, vec![old.name]);
        Self { life, names }
    }
}

fn grain(life: u64, name: &str) -> Grain {
    let names = vec![name.to_owned()];
    Grain { life, names }
}

fn open_tenths(db: &Db) -> Result<GrainStore<u32, Tenths>> {
    db.grains("grains").value_schema("grain", 0).open()
}

fn open_named(db: &Db) -> Result<GrainStore<u32, Named>> {
    let builder = db.grains("grains").value_schema("grain", 1);
    builder
        .migrate(0, |old: Tenths| -> Result<Named> { Ok(old.into()) })
        .open()
}

fn open_grains(db: &Db) -> Result<GrainStore<u32, Grain>> {
    let builder = db.grains("grains").value_schema("grain", 2);
    builder
        .migrate(1, |old: Named| -> Result<Grain> { Ok(old.into()) })
        .migrate(0, |old: Tenths| -> Result<Grain> {
            Ok(Named::from(old).into())
        })
        .open()
}

/// The current version, without any way up from older ones.
fn open_grains_bare(db: &Db) -> Result<GrainStore<u32, Grain>> {
    db.grains("grains").value_schema("grain", 2).open()
}

fn builder(disk: &CrashDisk) -> DbBuilder {
    Db::builder("/db")
        .file_system(disk.clone())
        .background(Background::Inline)
}

fn new_db() -> Db {
    builder(&CrashDisk::new()).open().unwrap()
}

/// A store at version 2 with record 0 of version 0, record 1 of version 1 and record 2 of its own.
fn mixed(db: &Db) -> GrainStore<u32, Grain> {
    open_tenths(db)
        .unwrap()
        .put(&0, &Tenths { tenths: 70 })
        .unwrap();
    let named = Named {
        hp: 8,
        name: "ada".into(),
    };
    open_named(db).unwrap().put(&1, &named).unwrap();
    let grains = open_grains(db).unwrap();
    grains.put(&2, &grain(9, "bob")).unwrap();
    grains
}

/// What [`mixed`] holds, seen at version 2.
fn expected() -> Vec<Grain> {
    vec![grain(7, "nobody"), grain(8, "ada"), grain(9, "bob")]
}
