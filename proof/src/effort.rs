//! How much a run does and from which seeds, as the environment asks.
//!
//! `GRAIN_SEED=n` gives every suite other histories, the same ones for the same number; without it
//! each has those that were always run. `GRAIN_TIMES=n` has the suites that draw by chance do n
//! times as much. `GRAIN_FLIPS=from..to` has the test of every bit of a megabyte flip these parts
//! of it. All are read anew at every call; anything but a number ends the test.

use std::ops::Range;

/// The seed of a history whose own seed is `own`: `own` itself, or another that `GRAIN_SEED` and
/// `own` make together.
#[must_use]
pub fn seed(own: u64) -> u64 {
    match number("GRAIN_SEED") {
        None | Some(0) => own,
        Some(asked) => own ^ asked.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    }
}

/// How often a suite does what it does: 1, or what `GRAIN_TIMES` says.
#[must_use]
pub fn times() -> u64 {
    number("GRAIN_TIMES").unwrap_or(1).max(1)
}

/// What stands before a command that replays a failure: the seed where one was asked for.
#[must_use]
pub fn replay_prefix() -> String {
    match number("GRAIN_SEED") {
        None | Some(0) => String::new(),
        Some(asked) => format!("GRAIN_SEED={asked} "),
    }
}

/// Which of `all` parts of the bits of a megabyte are flipped: those of `GRAIN_FLIPS=from..to`,
/// `to` excluded, or all of them.
#[must_use]
pub fn flip_parts(all: u64) -> Range<u64> {
    let Ok(text) = std::env::var("GRAIN_FLIPS") else {
        return 0..all;
    };
    let ends = text.split_once("..");
    let parsed = ends.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    match parsed {
        Some(parts) if parts.start < parts.end && parts.end <= all => parts,
        _ => panic!("GRAIN_FLIPS={text}: not from..to within 0..{all}"),
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => panic!("{variable}={text}: not a number"),
    }
}
