//! The write-ahead log: what a commit writes before anything else, and what a recovery reads back.
//!
//! The log is a row of segment files with contiguous numbers, in the format of
//! [`crate::format::log_record`]. `WalWriter` appends groups of commits to the newest one and
//! syncs it; [`replay()`] reads one segment back after a crash or a close; `seal_recovered` makes
//! what a replay found the durable end of its segment.
//!
//! What the log promises:
//!
//! - **W1** A record calls durable only what a successful sync covered. So a bad record below an
//!   offset that a later one calls durable is corruption, and any other bad record is a torn tail.
//! - **W2** After the first failed write or sync the writer writes and syncs nothing more, but for
//!   W5.
//! - **W3** Segment `n + 1` holds no record before the seal of segment `n` is durable.
//! - **W4** A file gets the name of a segment only once its header is durable.
//! - **W5** A write that finds the disk full leaves nothing: the segment is cut back to where it
//!   was, and that is durable, before anything else is written.
//!
//! What it asks of its caller: a segment number is used once; a segment that shares its bytes with
//! another name (a hard link) is never given back as a spare; the directory is synced before a
//! recovery acts on the segments it found. What it does not do: encode batches, assign sequence
//! numbers, decide which segments are needed, or start threads.

pub(crate) mod recover;
pub(crate) mod replay;
pub(crate) mod segment;
pub(crate) mod sync_ticket;
pub(crate) mod window;
pub(crate) mod writer;

#[cfg(test)]
mod tests;
