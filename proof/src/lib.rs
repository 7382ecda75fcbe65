//! What the reliability suites of grainstore share: one generator of histories, one oracle, and the
//! walks over everything that can go wrong on the way.
//!
//! A history is plain data ([`operation`]), drawn by chance ([`generate`]) or enumerated. The
//! oracle ([`versions`], [`oracle`]) keeps every version of every key, so that whatever a crash, a
//! failing call or a snapshot leaves can be compared at its commit point. [`engine_run`] carries a
//! history out on an engine and compares all the way; [`recorded`] keeps at which call of the
//! simulated disk each operation was acknowledged, and [`crash`] opens what a power cut leaves
//! after each. What the histories have met is counted ([`coverage`]).
//!
//! A crate of its own, so that it is compiled once for all the test programs. It is test code: it
//! panics where a law is broken, and it is never published.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // all of it is test
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // with threads of its own
#![allow(missing_docs)] // plain data whose names say what they are

pub mod accounts;
pub mod allocation;
pub mod carry;
pub mod coverage;
pub mod crash;
pub mod effort;
pub mod engine_check;
pub mod engine_run;
pub mod generate;
pub mod operation;
pub mod oracle;
pub mod recorded;
pub mod recovery;
pub mod runner;
pub mod score;
pub mod setting;
pub mod together;
pub mod versions;
pub mod written;
