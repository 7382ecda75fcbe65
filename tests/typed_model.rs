//! The model test of the typed layer: histories by the thousand on a store with a shared, a many
//! and a unique index, against a plain sorted map.
//!
//! The histories ([`operation`]) and the model ([`oracle`]) are plain data and know no store. After
//! each history every question to every index is compared, the store is verified against its
//! indexes, and so is a copy that was kept by a watch alone ([`follower`]);
//! `GRAINSTORE_HISTORIES` in the environment multiplies their number.

#![cfg(all(feature = "derive", feature = "msgpack"))]
#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test
#![allow(missing_docs, unreachable_pub)] // its parts are public to each other, not to the world

#[path = "typed_model/check.rs"]
mod check;
#[path = "typed_model/follower.rs"]
mod follower;
#[path = "typed_model/histories.rs"]
mod histories;
#[path = "typed_model/operation.rs"]
mod operation;
#[path = "typed_model/oracle.rs"]
mod oracle;
#[path = "typed_model/run.rs"]
mod run;
