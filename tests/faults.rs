//! Every call fails once, and then all of them from it on: no panic, no loss, no false promise.
//!
//! A small history runs on a simulated disk whose n-th call fails, for every n until the call never
//! comes. The failure is reported; from then on writes are refused and reads go on; a reopen, with
//! or without a power cut before it, finds every acknowledged commit. A failure of the test prints
//! the line that replays it.

// What stands around the tests is test too; they use threads of their own.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

/// Where the databases lie on the simulated disks.
mod history {
    pub(crate) const DIR: &str = "/db";
}
#[path = "faults/reproducers.rs"]
mod reproducers;
