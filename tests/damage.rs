//! Damage: what a failing drive or a careless hand does to a database that was closed cleanly.
//!
//! Every test here holds one promise: whatever happens to the stored bytes, reading them gives the
//! exact contents or an error that names the file and the offset; never a panic, a wrong or a
//! missing value, nor an allocation beyond what the files can justify.
//!
//! - `flips`: every bit of every file, one at a time
//! - `megabyte`: every bit of a database of a megabyte, each read where it matters
//! - `blocks`: blocks, records and parts of files lost, doubled, zeroed, swapped, laid over others
//! - `cuts`: every file cut at every byte, lost, swapped with another, with blocks gone or doubled
//! - `manifest`: records lost off the end of the manifest, which its own bytes do not show
//! - `merges`: keys that are not what a table says it holds, behind sound checksums
//! - `foreign`: files that are not the database's
//! - `walks`: cursors and scans that come upon damage

// What stands around the tests is test too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[path = "damage/blocks.rs"]
mod blocks;
#[path = "damage/cuts.rs"]
mod cuts;
#[path = "damage/flips.rs"]
mod flips;
#[path = "damage/foreign.rs"]
mod foreign;
#[path = "damage/judge.rs"]
mod judge;
#[path = "damage/manifest.rs"]
mod manifest;
#[path = "damage/megabyte.rs"]
mod megabyte;
#[path = "damage/merges.rs"]
mod merges;
#[path = "damage/parts.rs"]
mod parts;
#[path = "damage/round.rs"]
mod round;
#[path = "damage/sample.rs"]
mod sample;
#[path = "damage/walks.rs"]
mod walks;

use grainstore_proof::allocation::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;
