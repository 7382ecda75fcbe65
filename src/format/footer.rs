//! The last bytes of a table file: where its sections are.
//!
//! The sections lie one after the other between the data blocks and the footer, without a gap
//! (T1), so that every byte of the file belongs to a checked part, and no length can go beyond the
//! file.
//!
//! ```text
//! table  = data blocks | index | filter | range tombstones | properties | footer
//! footer = offset u64, length u64 of each of the four sections
//!        | format version u32 | crc u32 of all before, at the footer's place | "grainTBL"
//!
//! table 1 without data, sections of 7, 5, 6 and 27 bytes:
//!   00 00 00 00 00 00 00 00 · 07 00 00 00 00 00 00 00
//!   07 00 00 00 00 00 00 00 · 05 00 00 00 00 00 00 00
//!   0C 00 00 00 00 00 00 00 · 06 00 00 00 00 00 00 00
//!   12 00 00 00 00 00 00 00 · 1B 00 00 00 00 00 00 00
//!   01 00 00 00 · FE 4E 3E 6B · 67 72 61 69 6E 54 42 4C
//! ```

use super::block_envelope::ENVELOPE_BYTES;
use super::bytes::Reader;
use super::checksum;
use super::compression::Refusal;
use super::damage::Damage;
use crate::planted::{Mistake, planted};

/// The bytes of a footer.
pub(crate) const FOOTER_BYTES: usize = 80;

const CHECKED_BYTES: usize = 68;
const MAGIC: &[u8; 8] = b"grainTBL";
const VERSION: u32 = 1;

/// A stretch of the file: offset and length in bytes, the envelope included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// Where it begins.
    pub(crate) offset: u64,
    /// How long it is.
    pub(crate) len: u64,
}

/// Where the sections of a table are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Footer {
    /// The index; the data blocks end where it begins.
    pub(crate) index: Section,
    /// The filter.
    pub(crate) filter: Section,
    /// The range tombstones.
    pub(crate) range_tombstones: Section,
    /// The properties; the footer follows.
    pub(crate) properties: Section,
}

impl Footer {
    fn sections(&self) -> [Section; 4] {
        [
            self.index,
            self.filter,
            self.range_tombstones,
            self.properties,
        ]
    }

    /// The footer as it stands at `offset` of table `file_number`.
    pub(crate) fn encode(&self, file_number: u64, offset: u64) -> [u8; FOOTER_BYTES] {
        let mut out = [0; FOOTER_BYTES];
        let numbers = self.sections().into_iter().flat_map(|s| [s.offset, s.len]);
        for (at, number) in out.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *at = number.to_le_bytes();
        }
        out[64..CHECKED_BYTES].copy_from_slice(&VERSION.to_le_bytes());
        let crc = checksum::placed(file_number, offset, &[&out[..CHECKED_BYTES]]);
        out[CHECKED_BYTES..72].copy_from_slice(&crc.to_le_bytes());
        out[72..].copy_from_slice(MAGIC);
        out
    }

    /// Reads the footer that stands at `offset` of table `file_number`, and checks T1.
    pub(crate) fn decode(
        bytes: &[u8; FOOTER_BYTES],
        file_number: u64,
        offset: u64,
    ) -> Result<Self, Refusal> {
        if bytes[72..] != *MAGIC {
            return Err(Damage::new(72, "not a table, or cut short").into());
        }
        let mut reader = Reader::new(bytes);
        let mut section = || -> Result<Section, Damage> {
            let (offset, len) = (reader.u64()?, reader.u64()?);
            Ok(Section { offset, len })
        };
        let footer = Self {
            index: section()?,
            filter: section()?,
            range_tombstones: section()?,
            properties: section()?,
        };
        let (version, crc) = (reader.u32()?, reader.u32()?);
        let fits = checksum::placed(file_number, offset, &[&bytes[..CHECKED_BYTES]]) == crc;
        if !fits && !planted(Mistake::FooterUnchecked) {
            return Err(Damage::new(0, "checksum of the footer does not match").into());
        }
        if version != VERSION {
            return Err(Refusal::Unsupported("a table of a newer version"));
        }
        let mut at = footer.index.offset;
        for section in footer.sections() {
            let end = at.checked_add(section.len).filter(|&end| end <= offset);
            match end {
                Some(end) if section.offset == at && section.len >= ENVELOPE_BYTES as u64 => {
                    at = end;
                }
                _ => return Err(Damage::new(0, "sections of a table do not fit it").into()),
            }
        }
        if at == offset {
            Ok(footer)
        } else {
            Err(Damage::new(0, "sections of a table do not reach its footer").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn footer(start: u64, lens: [u64; 4]) -> (Footer, u64) {
        let mut at = start;
        let [index, filter, range_tombstones, properties] = lens.map(|len| {
            let section = Section { offset: at, len };
            at += len;
            section
        });
        let footer = Footer {
            index,
            filter,
            range_tombstones,
            properties,
        };
        (footer, at)
    }

    #[test]
    fn footer_has_the_bytes_of_the_documentation() {
        let (footer, offset) = footer(0, [7, 5, 6, 27]);
        let mut golden = Vec::new();
        for number in [0u64, 7, 7, 5, 12, 6, 18, 27] {
            golden.extend(number.to_le_bytes());
        }
        golden.extend([1, 0, 0, 0, 0xfe, 0x4e, 0x3e, 0x6b]);
        golden.extend(b"grainTBL");
        assert_eq!(footer.encode(1, offset).as_slice(), golden);
    }

    #[test]
    fn newer_version_is_unsupported_and_not_damaged() {
        let (footer, offset) = footer(0, [7, 5, 6, 27]);
        let mut bytes = footer.encode(1, offset);
        bytes[64] = 2;
        let crc = checksum::placed(1, offset, &[&bytes[..CHECKED_BYTES]]);
        bytes[CHECKED_BYTES..72].copy_from_slice(&crc.to_le_bytes());
        let read = Footer::decode(&bytes, 1, offset);
        assert!(matches!(read, Err(Refusal::Unsupported(_))));
    }

    proptest! {
        #[test]
        fn footer_reads_back_only_whole_in_its_place_and_where_sections_fit(
            start in 0u64..1 << 40,
            lens: [u16; 4],
            bit in 0usize..FOOTER_BYTES * 8,
            shift in 1u64..10,
        ) {
            let (footer, offset) = footer(start, lens.map(|len| u64::from(len) + 5));
            let mut bytes = footer.encode(9, offset);
            prop_assert_eq!(Footer::decode(&bytes, 9, offset), Ok(footer));
            prop_assert!(Footer::decode(&bytes, 8, offset).is_err());
            let elsewhere = footer.encode(9, offset + shift);
            prop_assert!(Footer::decode(&elsewhere, 9, offset + shift).is_err());
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Footer::decode(&bytes, 9, offset).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(numbers: [u64; 8], version in 0u32..3, offset: u64) {
            let mut bytes = Footer::default().encode(1, offset);
            for (at, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
                *at = number.to_le_bytes();
            }
            bytes[64..68].copy_from_slice(&version.to_le_bytes());
            let crc = checksum::placed(1, offset, &[&bytes[..CHECKED_BYTES]]);
            bytes[CHECKED_BYTES..72].copy_from_slice(&crc.to_le_bytes());
            let _ = Footer::decode(&bytes, 1, offset);
        }
    }
}
