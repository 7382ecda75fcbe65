//! The model test: long histories of writes, reads and upkeep against models that cannot be wrong.
//!
//! The histories ([`operation`], [`generate`]) and the model ([`oracle`]) are plain data and know
//! no engine, so that other tests can use them. The runners carry a history out on both sides and
//! compare after every step; what the histories have met is counted and asserted.

#![cfg(all(feature = "derive", feature = "msgpack"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // all of it is test
#![allow(missing_docs, unreachable_pub)] // its parts are public to each other, not to the world

#[path = "model/claims.rs"]
mod claims;
#[path = "model/conditions.rs"]
mod conditions;
#[path = "model/coverage.rs"]
mod coverage;
#[path = "model/engine_check.rs"]
mod engine_check;
#[path = "model/engine_run.rs"]
mod engine_run;
#[path = "model/generate.rs"]
mod generate;
#[path = "model/histories.rs"]
mod histories;
#[path = "model/lifetimes.rs"]
mod lifetimes;
#[path = "model/operation.rs"]
mod operation;
#[path = "model/oracle.rs"]
mod oracle;
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
