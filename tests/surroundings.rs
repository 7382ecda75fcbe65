//! Surroundings: what other processes, the file system, the clock and the user do to a database.
//!
//! On the real disk, in directories of the system's own for such things, unless the clock is set by
//! hand. `process` has the plain cases of two openers and of kills.
//!
//! - `names`: one directory under several names, odd names, working directories
//! - `moved`: directories that are removed, renamed or replaced while a database is open in them
//! - `rights`: directories and files that may only be read
//! - `foreign`: files that are missing, or not the database's, or in its way
//! - `clocks`: time that goes back, stands still, leaps, or is at either end
//! - `forks`: a process that forks while it has a database open

// What stands around the tests is test too; they use threads, files and processes of their own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

#[path = "surroundings/clocks.rs"]
mod clocks;
#[path = "surroundings/foreign.rs"]
mod foreign;
#[cfg(unix)]
#[path = "surroundings/forks.rs"]
mod forks;
#[cfg(unix)]
#[path = "surroundings/moved.rs"]
mod moved;
#[cfg(unix)]
#[path = "surroundings/names.rs"]
mod names;
#[cfg(unix)]
#[path = "surroundings/rights.rs"]
mod rights;
#[path = "surroundings/work.rs"]
mod work;
