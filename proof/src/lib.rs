//! What the reliability suites of grainstore share: how much a run does, and what it tells.
//!
//! A crate of its own, so that it is compiled once for all the test programs. It is test code: it
//! panics where a law is broken, and it is never published.
#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test

pub mod effort;
pub mod score;
