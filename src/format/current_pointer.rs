//! The bytes of `CURRENT`: which manifest is in force.
//!
//! ```text
//! pointer = magic "grainCUR" | format of the database: u32 | crc: u32 | manifest number: u64
//! crc     = placed(0, 0, the other twenty bytes)
//!
//! manifest 5
//!   67 72 61 69 6e 43 55 52 01 00 00 00 17 e1 38 69 05 00 00 00 00 00 00 00
//! ```
//!
//! The crc is read before the version, so a flipped bit is never taken for a newer format. Later
//! formats keep these twenty-four bytes where they are.

use super::bytes::Reader;
use super::checksum::placed;
use super::damage::Damage;
use crate::planted::{Mistake, planted};

/// How long the pointer is.
pub(crate) const POINTER_BYTES: usize = 24;

const MAGIC: [u8; 8] = *b"grainCUR";

/// What `CURRENT` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CurrentPointer {
    /// The format of the database (see [`database_format`](super::database_format)).
    pub(crate) format_version: u32,
    /// The number of the manifest in force.
    pub(crate) manifest: u64,
}

impl CurrentPointer {
    /// The bytes of the module's documentation.
    pub(crate) fn encode(&self) -> [u8; POINTER_BYTES] {
        let (version, number) = (
            self.format_version.to_le_bytes(),
            self.manifest.to_le_bytes(),
        );
        let crc = placed(0, 0, &[&MAGIC, &version, &number]).to_le_bytes();
        let mut out = [0; POINTER_BYTES];
        let fields = MAGIC.iter().chain(&version).chain(&crc).chain(&number);
        for (to, from) in out.iter_mut().zip(fields) {
            *to = *from;
        }
        out
    }

    /// Reads the bytes of the module's documentation. The caller judges the format version.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != MAGIC {
            return Err(Damage::new(
                0,
                "it does not begin as a pointer to a manifest",
            ));
        }
        let format_version = reader.u32()?;
        let crc_at = reader.offset();
        let crc = reader.u32()?;
        let manifest = reader.u64()?;
        let (version, number) = (format_version.to_le_bytes(), manifest.to_le_bytes());
        let fits = crc == placed(0, 0, &[&MAGIC, &version, &number]);
        if !fits && !planted(Mistake::CurrentUnchecked) {
            return Err(Damage::new(crc_at, "its checksum does not match"));
        }
        if !reader.is_at_end() {
            return Err(Damage::new(
                reader.offset(),
                "bytes after the pointer's end",
            ));
        }
        Ok(Self {
            format_version,
            manifest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIVE: CurrentPointer = CurrentPointer {
        format_version: 1,
        manifest: 5,
    };

    #[test]
    fn pointer_has_the_bytes_of_the_documentation_and_reads_back() {
        let golden = [
            0x67, 0x72, 0x61, 0x69, 0x6e, 0x43, 0x55, 0x52, 1, 0, 0, 0, 0x17, 0xe1, 0x38, 0x69, 5,
            0, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(FIVE.encode(), golden);
        assert_eq!(CurrentPointer::decode(&golden), Ok(FIVE));
    }

    #[test]
    fn every_flipped_bit_every_cut_and_every_added_byte_is_seen() {
        let good = FIVE.encode();
        for bit in 0..good.len() * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(CurrentPointer::decode(&bad).is_err(), "bit {bit}");
        }
        for cut in 0..good.len() {
            assert!(CurrentPointer::decode(&good[..cut]).is_err(), "cut {cut}");
        }
        assert!(CurrentPointer::decode(&[&good[..], &[0]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn pointers_come_back(format_version: u32, manifest: u64) {
            let pointer = CurrentPointer { format_version, manifest };
            prop_assert_eq!(CurrentPointer::decode(&pointer.encode()), Ok(pointer));
        }
    }
}
