//! The laws of the log, on a disk in memory.
//!
//! `writing` holds what the writer leaves in the file and in which order it calls the disk,
//! `damage` what a replay makes of damaged files, `failing` what becomes of the writer when calls
//! fail, `far` what lies beyond 4 GiB. `recovering` is the way from a torn segment to a sealed
//! one, `kit` what all share.

mod damage;
mod failing;
#[cfg(feature = "sim")]
mod far;
mod kit;
mod memory_disk;
mod recovering;
mod writing;
