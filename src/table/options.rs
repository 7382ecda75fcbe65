//! How a table is written. A table is read without knowing any of it.

use crate::format::compression::Compression;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableOptions {
    /// How long a data block gets before the next begins, packing aside; an entry that is longer
    /// has a block of its own.
    pub(crate) block_bytes: usize,
    /// Bits of filter for each key; 0 for no filter.
    pub(crate) filter_bits_per_key: u32,
    /// How data blocks are packed.
    pub(crate) compression: Compression,
    /// Whether data blocks have a hash index: look-ups in one step for about 2.7 bytes a key.
    pub(crate) hash_index: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            block_bytes: 16 << 10,
            filter_bits_per_key: 10,
            compression: Compression::None,
            hash_index: true,
        }
    }
}
