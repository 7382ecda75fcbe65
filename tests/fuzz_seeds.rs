//! The fuzz targets in the plain test run: every committed seed, and many mutations of each.
//!
//! The bodies are those of `fuzz/src`, so what cargo-fuzz finds is committed as a seed and stays
//! found. The mutations come from a generator with a fixed seed: the same at every run. With
//! `GRAIN_TIMES=n` in the environment there are n times as many, with `GRAIN_SEED=n` others.

#![cfg(all(
    feature = "derive",
    feature = "msgpack",
    feature = "bincode",
    feature = "json"
))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)] // all of it is test
#![allow(clippy::print_stderr)] // the input that broke a law

#[path = "fuzz_seeds/committed.rs"]
mod committed;
#[path = "fuzz_seeds/mutations.rs"]
mod mutations;
#[path = "../fuzz/src/lib.rs"]
mod targets;

use grainstore_proof::allocation::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;
