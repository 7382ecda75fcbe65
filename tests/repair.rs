//! Repair: what can be read of a damaged database is saved, and nothing else.
//!
//! Every test here holds: the damaged database is not touched, what a repair writes opens and
//! verifies, no value is there that was never written under its key, and of every key the newest
//! version that can be read decides, deletions among them.
//!
//! - `places`: every file flipped, cut and removed at every block and record
//! - `manifest`: the manifest damaged, stale or gone, with and without leftovers of compactions
//! - `typed`: catalog, versions, lifetimes and codecs come through
//! - `refusals`: what a repair does not do

#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too

#[path = "repair/manifest.rs"]
mod manifest;
#[path = "repair/oracle.rs"]
mod oracle;
#[path = "repair/places.rs"]
mod places;
#[path = "repair/refusals.rs"]
mod refusals;
#[path = "repair/sample.rs"]
mod sample;
#[path = "repair/typed.rs"]
mod typed;
