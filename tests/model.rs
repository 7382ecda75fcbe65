//! The model test: long histories of writes, reads and upkeep against models that cannot be wrong.
//!
//! The histories of the engine, their oracle and their runner are `grainstore_proof`'s, which other
//! tests use too; those of the typed stores stand here. The runners carry a history out on both
//! sides and compare after every step; what the histories have met is counted and asserted.

#![cfg(all(feature = "derive", feature = "msgpack"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // all of it is test
#![allow(missing_docs, unreachable_pub)] // its parts are public to each other, not to the world

#[path = "model/claims.rs"]
mod claims;
#[path = "model/conditions.rs"]
mod conditions;
#[path = "model/histories.rs"]
mod histories;
#[path = "model/lifetimes.rs"]
mod lifetimes;
#[path = "model/store_check.rs"]
mod store_check;
#[path = "model/store_generate.rs"]
mod store_generate;
#[path = "model/store_operation.rs"]
mod store_operation;
#[path = "model/store_oracle.rs"]
mod store_oracle;
#[path = "model/store_run.rs"]
mod store_run;
#[path = "model/store_writes.rs"]
mod store_writes;
#[path = "model/together.rs"]
mod together;
