//! `grain` as its users run it: the real program, its streams and its exit codes.
//!
//! - `records`: put, get, del, scan, count, ttl on stores and on bare engines
//! - `transfer`: import and export, and that nothing is lost between them
//! - `places`: init, stores, stats, flush, compact, checkpoint, restore, bench
//! - `refusals`: what is refused, in which words and with which exit code
//! - `streams`: colours, quiet, JSON, pipes that close early
//! - `inspection`: diag, verify, the dumps and repair, on good and damaged files
//! - `serving`: the metrics of a database over HTTP
//! - `watching`: the writes of a running program, as they come
//! - `memory`: that a load of any size takes little

// What stands around the tests is test too; they reach for the real disk.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods
)]

mod inspection;
mod memory;
mod places;
mod records;
mod refusals;
mod runner;
#[cfg(feature = "metrics")]
mod serving;
mod streams;
mod transfer;
mod watching;
