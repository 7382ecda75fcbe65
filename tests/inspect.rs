//! Looking at files from outside: what is told of good ones is right, and bad ones are survived.
//!
//! - `golden`: the golden database described, with the figures that were put into it
//! - `flips`: every bit of every file, one at a time: damage is told and nothing panics
//! - `folders`: directories in every state, and what would become of an open

#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too
// The golden files lie on the real disk.
#![allow(clippy::disallowed_methods)]

#[path = "inspect/flips.rs"]
mod flips;
#[path = "inspect/folders.rs"]
mod folders;
#[path = "inspect/golden.rs"]
mod golden;
