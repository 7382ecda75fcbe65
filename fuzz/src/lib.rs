//! The fuzz targets: bodies that take any bytes and panic where a law of grainstore is broken.
//!
//! Ordinary code without libFuzzer, so that `tests/fuzz_seeds.rs` of the library replays every
//! committed seed, and many thousand mutations of each, in the plain test run. The targets of
//! cargo-fuzz in `fuzz_targets/` only call [`run`]. What each takes its bytes for stands in
//! docs/testing.md and with the doors of `grainstore::fuzzing`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // all of it is test
#![allow(missing_docs, unreachable_pub)] // its parts are public to each other, not to the world

mod codecs;
mod directory;
mod histories;
mod journal;
mod key_samples;
mod keys;
pub mod sampling;
mod stored_bytes;
mod supply;

/// A target: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 17] = [
    ("block", grainstore::fuzzing::block),
    ("index", grainstore::fuzzing::index),
    ("filter", grainstore::fuzzing::filter),
    ("footer", grainstore::fuzzing::footer),
    ("range_tombstones", grainstore::fuzzing::range_tombstones),
    ("envelope", grainstore::fuzzing::envelope),
    ("batch", grainstore::fuzzing::batch),
    ("log_segment", grainstore::fuzzing::log_segment),
    ("version_edit", grainstore::fuzzing::version_edit),
    ("manifest", grainstore::fuzzing::manifest),
    ("current", grainstore::fuzzing::current),
    ("keys", keys::run),
    ("codecs", codecs::run),
    ("directory", directory::run),
    ("stored_bytes", stored_bytes::run),
    ("histories", histories::run),
    ("journal", journal::run),
];

/// Runs the body of the target called `name`.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    target
        .unwrap_or_else(|| panic!("no target is called {name}"))
        .1(bytes);
}
