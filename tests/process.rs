//! A database among processes: killed writers, second openers, closed handles.
//!
//! The other process is this test binary itself, started again with a role in its environment. On
//! the real disk, in a directory of the system's own for such things.

// What stands around the tests is test too; they use threads, time and files of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

#[path = "process/child.rs"]
mod child;
#[path = "process/closing.rs"]
mod closing;
#[path = "process/kills.rs"]
mod kills;
#[path = "process/kinds.rs"]
mod kinds;
#[path = "process/locks.rs"]
mod locks;
#[path = "process/scratch.rs"]
mod scratch;
#[path = "process/typed.rs"]
mod typed;
#[path = "process/work.rs"]
mod work;
