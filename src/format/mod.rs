//! Pure bytes: every format the database keeps on disk, with no I/O at all.
//!
//! Each module writes and reads one format and states it byte by byte in its own documentation.
//! Decoders take any bytes and answer with a [`damage::Damage`] that carries an offset; they never
//! panic and never allocate more than the bytes at hand can justify.

pub(crate) mod batch;
pub(crate) mod block;
pub(crate) mod block_buckets;
pub(crate) mod block_builder;
pub(crate) mod block_envelope;
pub(crate) mod block_lookup;
pub(crate) mod block_spans;
#[cfg(test)]
mod block_tests;
pub(crate) mod bytes;
pub(crate) mod checksum;
pub(crate) mod compression;
pub(crate) mod current_pointer;
pub(crate) mod damage;
pub(crate) mod database_format;
pub(crate) mod entry;
pub(crate) mod file_name;
pub(crate) mod filter;
pub(crate) mod footer;
pub(crate) mod guided_search;
pub(crate) mod index;
pub(crate) mod log_record;
pub(crate) mod manifest_record;
pub(crate) mod prefetch;
pub(crate) mod properties;
pub(crate) mod range_tombstones;
pub(crate) mod successor;
pub(crate) mod version_edit;
