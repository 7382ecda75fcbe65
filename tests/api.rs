//! The public face: every name of the contract, used as its users will, each behaviour asserted.
//!
//! - `face`: the guide's one program, whole, on the real disk
//! - `refusals`: what is refused, with which kind of error and in which words
//! - `limits`: the largest and the smallest of everything
//! - `handles`: two handles, closed handles, and what outlives a close
//! - `durability`: how many device flushes a write costs
//! - `failed_syncs`: what is acknowledged beside a sync that fails
//! - `parity`: what the stores without a codec have of the typed one
//! - `checkpoint`, `ingest`, `figures`: what an operator asks for
//! - `untyped`: stores without their types, as tools use them

#![cfg(all(
    feature = "derive",
    feature = "msgpack",
    feature = "bincode",
    feature = "json"
))]
// What stands around the tests is test too; they wait, count and reach for the real disk.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

#[path = "api/checkpoint.rs"]
mod checkpoint;
#[path = "api/counting_disk.rs"]
mod counting_disk;
#[path = "api/durability.rs"]
mod durability;
#[path = "api/face.rs"]
mod face;
#[path = "api/failed_syncs.rs"]
mod failed_syncs;
#[path = "api/figures.rs"]
mod figures;
#[path = "api/handles.rs"]
mod handles;
#[path = "api/ingest.rs"]
mod ingest;
#[path = "api/limits.rs"]
mod limits;
#[path = "api/parity.rs"]
mod parity;
#[path = "api/refusals.rs"]
mod refusals;
#[path = "api/untyped.rs"]
mod untyped;

use grainstore::fs::CrashDisk;
use grainstore::{Background, Db, DbBuilder};

/// A database on a simulated disk, to be opened; its work is done by its writers.
fn builder(disk: &CrashDisk) -> DbBuilder {
    Db::builder("/db")
        .file_system(disk.clone())
        .background(Background::Inline)
        .memtable_bytes(1 << 20)
}

/// A new database on a simulated disk of its own.
fn new_db() -> Db {
    builder(&CrashDisk::new()).open().unwrap()
}
