//! The checksum of everything on disk: CRC-32 (ISO-HDLC) over the place and the bytes.
//!
//! File number and offset are hashed before the bytes, so that a block that landed in another file
//! or at another offset (a misdirected or swapped write) does not pass for the one that belongs
//! there, and a recycled log segment's old records do not pass for new ones.
//!
//! ```text
//! crc32( file number: u64 LE | offset: u64 LE | bytes … )
//! ```

use crate::planted::{Mistake, planted};
/// The checksum of `parts`, one after the other, as they stand at `offset` of file `file_number`.
pub(crate) fn placed(file_number: u64, offset: u64, parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    if !planted(Mistake::FileNumberUnchecked) {
        hasher.update(&file_number.to_le_bytes());
    }
    if !planted(Mistake::OffsetUnchecked) {
        hasher.update(&offset.to_le_bytes());
    }
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// The plain CRC-32 of `bytes`, for parts that do not know their place yet.
pub(crate) fn plain(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_the_standard_crc_and_depends_on_the_place() {
        assert_eq!(plain(b"123456789"), 0xcbf4_3926);
        let here = placed(1, 2, &[b"ab", b"c"]);
        assert_eq!(here, placed(1, 2, &[b"abc"]));
        assert_ne!(here, placed(1, 3, &[b"abc"]));
        assert_ne!(here, placed(2, 2, &[b"abc"]));
    }
}
