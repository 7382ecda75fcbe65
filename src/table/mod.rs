//! Sorted table files: entries in order, written once, read for ever after.
//!
//! A table file is data blocks, an index over them, a filter over their keys, range tombstones,
//! properties and a footer (see [`crate::format::footer`]). [`writer::TableWriter`] writes one from
//! a sorted stream; [`reader::Table`] is an open one, which any thread may read at any time;
//! [`cursor::TableCursor`] walks it in both directions; [`cache::BlockCache`] keeps the blocks that
//! all open tables have read, within a bound, and [`open_files::OpenFiles`] their files.
//!
//! What does not live here: which tables there are, when they are made or dropped, and what a
//! tombstone or an expiry means to a reader. Every version that was put in comes out.

pub(crate) mod block_walk;
pub(crate) mod cache;
pub(crate) mod cursor;
pub(crate) mod entry;
pub(crate) mod fault;
pub(crate) mod file;
pub(crate) mod hit_tally;
mod key_buffer;
pub(crate) mod open_files;
pub(crate) mod options;
pub(crate) mod read_ahead;
pub(crate) mod reader;
pub(crate) mod statistics;
pub(crate) mod verify;
mod warming;
pub(crate) mod writer;

#[cfg(test)]
mod tests;
