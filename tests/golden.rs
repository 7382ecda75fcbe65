//! Golden files: a database written once and kept, byte for byte.
//!
//! `golden/v1` is a small database in format version 1, closed cleanly. It holds two promises:
//! every later build opens it with exactly the contents written down in `history`, and today's
//! build still writes those very bytes when the same calls are made. A third one stands beside
//! them: the same calls make the same calls on the disk, and the same bytes, at every run.
//!
//! The files are written only when asked for, after a change of the format that is meant:
//!
//! ```text
//! GRAIN_WRITE_GOLDEN=1 cargo test --test golden
//! ```

#![cfg(all(feature = "msgpack", feature = "bincode", feature = "json"))]
#![allow(clippy::unwrap_used, clippy::panic)]
// what stands around the tests is test too
// The golden files lie on the real disk; the log of calls has a lock of its own.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout
)]

#[path = "golden/bytes.rs"]
mod bytes;
#[path = "golden/call_log.rs"]
mod call_log;
#[path = "golden/history.rs"]
mod history;
#[path = "golden/lives.rs"]
mod lives;
#[path = "golden/twice.rs"]
mod twice;
