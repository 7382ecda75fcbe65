//! A segment of the write-ahead log as bytes: its header, its records and the seal that ends it.
//!
//! Every record starts at a multiple of eight, so that records can be found again behind a damaged
//! one. Integers are little-endian; "placed" is [`checksum::placed`](super::checksum::placed) under
//! the segment's full number and the offset at which the checked bytes belong, so a record of the
//! file's earlier life, of another file or of another place never passes.
//!
//! ```text
//! segment = header, 24 bytes | record …
//! header  = "grainWAL" | format version: u32 | placed crc of the 20 other bytes: u32 | number: u64
//! record  = record header, 40 bytes | payload | zeros up to the next multiple of 8
//!
//! record header
//!  0 u32 placed crc of bytes 4..40      20 u32 operations in the payload
//!  4 u32 payload bytes                  24 u64 kind in the top byte, below it the sequence
//!  8 u32 plain crc of the payload              number of the first operation
//! 12 u32 segment number, low half       32 u64 time of the commit, ms since the epoch
//! 16 u32 synced-up-to offset / 8
//! kind 1 batch: the payload is that of `format::batch`
//! kind 2 seal:  the payload is 1 rolled · 2 closed, manifest: u64, its bytes: u64 · 3 recovered
//! ```
//!
//! The seal of a clean close names the manifest in force and how long it was then. Records lost off
//! its end would leave a manifest that reads well and says less; this is what proves them lost.
//!
//! The synced-up-to offset is how much of the segment was durable when the record was written. It
//! tells rot from a torn tail: a bad record below an offset that a later record calls durable was
//! once good.
//!
//! Segment 1 with a batch that deletes "a" (sequence 7, at 1000 ms), closed cleanly at 2000 ms
//! under manifest 5 with 64 bytes:
//!
//! ```text
//! 67 72 61 69 6E 57 41 4C | grainWAL
//! 01 00 00 00 49 D8 E3 87 | version, crc
//! 01 00 00 00 00 00 00 00 | number
//! 1C 8F 52 CC 03 00 00 00 | at 24: crc, payload bytes
//! F3 6D 6B DF 01 00 00 00 | payload crc, segment number
//! 03 00 00 00 01 00 00 00 | synced up to 24, one operation
//! 07 00 00 00 00 00 00 01 | sequence 7, kind 1
//! E8 03 00 00 00 00 00 00 | 1000 ms
//! 02 01 61 00 00 00 00 00 | payload, zeros
//! 52 2A C1 4E 11 00 00 00 | at 72: crc, payload bytes
//! 81 7E 17 4E 01 00 00 00 | payload crc, segment number
//! 09 00 00 00 00 00 00 00 | synced up to 72, no operation
//! 00 00 00 00 00 00 00 02 | no sequence, kind 2
//! D0 07 00 00 00 00 00 00 | 2000 ms
//! 02 05 00 00 00 00 00 00 | closed, manifest
//! 00 40 00 00 00 00 00 00 | and its bytes
//! 00 00 00 00 00 00 00 00 | zeros
//! ```

use super::bytes::Reader;
use super::checksum::{placed, plain};
use super::damage::Damage;
use super::entry::SEQUENCE_MAX;
use crate::planted::{Mistake, planted};

/// The version of the segments this build writes, and the newest it reads.
pub(crate) const LOG_FORMAT_VERSION: u32 = 1;

/// Bytes before the first record of a segment.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 24;

/// Bytes before the payload of a record.
pub(crate) const RECORD_HEADER_BYTES: usize = 40;

/// Bytes of the longest seal, padding included.
pub(crate) const SEAL_BYTES_MAX: usize = 64;

/// What the offset of every record is a multiple of.
pub(crate) const RECORD_ALIGNMENT: usize = 8;

const MAGIC: &[u8; 8] = b"grainWAL";
const KIND_BATCH: u8 = 1;
const KIND_SEAL: u8 = 2;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// The operations of one commit.
    Batch,
    /// The end of the segment.
    Seal,
    /// Something that a newer build wrote.
    Unknown(u8),
}

/// Why a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seal {
    /// The log goes on in the segment with the next number, which exists.
    Rolled,
    /// The database was closed cleanly.
    Closed(CloseMark),
    /// A recovery found nothing usable from here on.
    Recovered,
}

/// What a clean close leaves in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CloseMark {
    /// The manifest in force.
    pub(crate) manifest: u64,
    /// How long it was, and so must be as long as it is in force.
    pub(crate) manifest_bytes: u64,
    /// When the database was closed, in ms since the epoch.
    pub(crate) time_ms: u64,
}

impl Seal {
    fn encode_payload(self) -> Vec<u8> {
        match self {
            Self::Rolled => vec![1],
            Self::Closed(mark) => {
                let numbers = [mark.manifest, mark.manifest_bytes].map(u64::to_le_bytes);
                [&[2], numbers.as_flattened()].concat()
            }
            Self::Recovered => vec![3],
        }
    }

    fn time_ms(self) -> u64 {
        match self {
            Self::Closed(mark) => mark.time_ms,
            Self::Rolled | Self::Recovered => 0,
        }
    }

    /// The seal with this payload, written at `time_ms`; `None` for one that a newer build wrote.
    pub(crate) fn decode(payload: &[u8], time_ms: u64) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let seal = match reader.u8().ok()? {
            1 => Self::Rolled,
            2 => Self::Closed(CloseMark {
                manifest: reader.u64().ok()?,
                manifest_bytes: reader.u64().ok()?,
                time_ms,
            }),
            3 => Self::Recovered,
            _ => return None,
        };
        reader.is_at_end().then_some(seal)
    }
}

/// The header of a record, without what its place implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    /// Length of the payload in bytes.
    pub(crate) payload_len: u32,
    /// [`plain`] of the payload.
    pub(crate) payload_crc: u32,
    /// How far the segment was durable when the record was written, in bytes from its start.
    pub(crate) synced_up_to: u64,
    /// How many operations the payload holds.
    pub(crate) operations: u32,
    /// What the record is.
    pub(crate) kind: RecordKind,
    /// The sequence number of the first operation, at most [`SEQUENCE_MAX`].
    pub(crate) base_sequence: u64,
    /// When the commit was made, in ms since the epoch.
    pub(crate) time_ms: u64,
}

impl RecordHeader {
    /// The header as it stands at `offset` of segment `number`.
    pub(crate) fn encode(&self, number: u64, offset: u64) -> [u8; RECORD_HEADER_BYTES] {
        debug_assert!(offset.is_multiple_of(RECORD_ALIGNMENT as u64));
        debug_assert!(self.base_sequence <= SEQUENCE_MAX);
        let kind = match self.kind {
            RecordKind::Batch => KIND_BATCH,
            RecordKind::Seal => KIND_SEAL,
            RecordKind::Unknown(byte) => byte,
        };
        // Beyond 32 GiB the field cannot say all of it; to say less is always true.
        let synced = u32::try_from(self.synced_up_to / 8).unwrap_or(u32::MAX);
        let sequence = u64::from(kind) << 56 | self.base_sequence & SEQUENCE_MAX;
        let mut bytes = [0; RECORD_HEADER_BYTES];
        bytes[4..8].copy_from_slice(&self.payload_len.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[12..16].copy_from_slice(&(number as u32).to_le_bytes());
        bytes[16..20].copy_from_slice(&synced.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.operations.to_le_bytes());
        bytes[24..32].copy_from_slice(&sequence.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.time_ms.to_le_bytes());
        let crc = placed(number, offset, &[&bytes[4..]]);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header at the front of `bytes`, which stand at `offset` of segment `number`.
    pub(crate) fn decode(bytes: &[u8], number: u64, offset: u64) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        let header: [u8; RECORD_HEADER_BYTES] = reader.array()?;
        let mut reader = Reader::new(&header);
        let crc = reader.u32()?;
        let (payload_len, payload_crc) = (reader.u32()?, reader.u32()?);
        if reader.u32()? != number as u32 {
            return Err(Damage::new(12, "log record of another segment"));
        }
        let fits = crc == placed(number, offset, &[&header[4..]]);
        if !fits && !planted(Mistake::LogHeaderUnchecked) {
            return Err(Damage::new(0, "log record header fails its checksum"));
        }
        let (synced, operations) = (reader.u32()?, reader.u32()?);
        let (sequence, time_ms) = (reader.u64()?, reader.u64()?);
        Ok(Self {
            payload_len,
            payload_crc,
            synced_up_to: u64::from(synced) * 8,
            operations,
            kind: match (sequence >> 56) as u8 {
                KIND_BATCH => RecordKind::Batch,
                KIND_SEAL => RecordKind::Seal,
                byte => RecordKind::Unknown(byte),
            },
            base_sequence: sequence & SEQUENCE_MAX,
            time_ms,
        })
    }

    /// Bytes from the end of the header to the next record: the payload and its zeros.
    pub(crate) fn padded_payload_bytes(&self) -> u64 {
        u64::from(self.payload_len).next_multiple_of(RECORD_ALIGNMENT as u64)
    }

    /// Bytes from the start of the record to the next one.
    pub(crate) fn record_bytes(&self) -> u64 {
        RECORD_HEADER_BYTES as u64 + self.padded_payload_bytes()
    }

    /// The payload at the front of `padded`, all that stands between this header and the next
    /// record.
    pub(crate) fn check_payload<'a>(&self, padded: &'a [u8]) -> Result<&'a [u8], Damage> {
        let mut reader = Reader::new(padded);
        let payload = reader.take(self.payload_len as usize)?;
        if plain(payload) != self.payload_crc && !planted(Mistake::LogPayloadUnchecked) {
            return Err(Damage::new(0, "log record fails its checksum"));
        }
        let padding = reader.take(reader.remaining())?;
        if padding.iter().any(|&byte| byte != 0) {
            return Err(Damage::new(
                payload.len(),
                "log record is not followed by zeros",
            ));
        }
        Ok(payload)
    }
}

/// True where a record of segment `number` can start: `word` is its second eight bytes. Cheap and
/// not sure; [`RecordHeader::decode`] is.
pub(crate) fn may_be_record(word: u64, number: u64) -> bool {
    (word >> 32) as u32 == number as u32
}

/// A whole seal as it stands at `offset` of segment `number`.
pub(crate) fn encode_seal(seal: Seal, number: u64, offset: u64, synced_up_to: u64) -> Vec<u8> {
    let payload = seal.encode_payload();
    let header = RecordHeader {
        payload_len: payload.len() as u32,
        payload_crc: plain(&payload),
        synced_up_to,
        operations: 0,
        kind: RecordKind::Seal,
        base_sequence: 0,
        time_ms: seal.time_ms(),
    };
    let mut bytes = [&header.encode(number, offset), &payload[..]].concat();
    bytes.resize(bytes.len().next_multiple_of(RECORD_ALIGNMENT), 0);
    bytes
}

/// The header of segment `number`.
pub(crate) fn encode_segment_header(number: u64) -> [u8; SEGMENT_HEADER_BYTES] {
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&LOG_FORMAT_VERSION.to_le_bytes());
    bytes[16..].copy_from_slice(&number.to_le_bytes());
    let crc = placed(number, 0, &[&bytes[..12], &bytes[16..]]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Checks the header at the front of `bytes` and answers with its format version, which may be
/// one that this build does not read.
pub(crate) fn check_segment_header(bytes: &[u8], number: u64) -> Result<u32, Damage> {
    let mut reader = Reader::new(bytes);
    let header: [u8; SEGMENT_HEADER_BYTES] = reader.array()?;
    let mut reader = Reader::new(&header);
    if reader.array::<8>()? != *MAGIC {
        return Err(Damage::new(0, "not a log segment"));
    }
    let (version, crc) = (reader.u32()?, reader.u32()?);
    if reader.u64()? != number {
        return Err(Damage::new(16, "log segment of another number"));
    }
    if crc != placed(number, 0, &[&header[..12], &header[16..]]) {
        return Err(Damage::new(12, "log segment header fails its checksum"));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> RecordHeader {
        RecordHeader {
            payload_len: 3,
            payload_crc: plain(&[2, 1, 0x61]),
            synced_up_to: 24,
            operations: 1,
            kind: RecordKind::Batch,
            base_sequence: 7,
            time_ms: 1000,
        }
    }

    #[test]
    fn segment_has_the_bytes_of_the_documentation() {
        let mut bytes = encode_segment_header(1).to_vec();
        bytes.extend(header().encode(1, 24));
        bytes.extend([2, 1, 0x61, 0, 0, 0, 0, 0]);
        let mark = CloseMark {
            manifest: 5,
            manifest_bytes: 64,
            time_ms: 2000,
        };
        bytes.extend(encode_seal(Seal::Closed(mark), 1, 72, 72));
        let lines: Vec<String> = bytes
            .chunks(8)
            .map(|line| line.iter().map(|byte| format!("{byte:02X} ")).collect())
            .collect();
        let documented: Vec<&str> = include_str!("log_record.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! "))
            .filter_map(|line| line.split_once('|'))
            .map(|(hex, _)| hex)
            .filter(|hex| hex.len() == 24 && hex.split_ascii_whitespace().count() == 8)
            .collect();
        assert_eq!(documented, lines, "{lines:#?}");
    }

    #[test]
    fn headers_read_back_and_a_flip_of_any_bit_or_another_place_is_refused() {
        let good = header().encode(9, 64);
        assert_eq!(RecordHeader::decode(&good, 9, 64), Ok(header()));
        assert!(RecordHeader::decode(&good, 9, 72).is_err());
        assert!(RecordHeader::decode(&good, 9 + (1 << 32), 64).is_err());
        let segment = encode_segment_header(9);
        assert_eq!(check_segment_header(&segment, 9), Ok(LOG_FORMAT_VERSION));
        assert!(check_segment_header(&segment, 8).is_err());
        for bit in 0..good.len() * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(RecordHeader::decode(&bad, 9, 64).is_err(), "bit {bit}");
        }
        for bit in 0..segment.len() * 8 {
            let mut bad = segment;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(check_segment_header(&bad, 9).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn payload_with_a_wrong_byte_or_without_its_zeros_is_refused() {
        let padded = [2, 1, 0x61, 0, 0, 0, 0, 0];
        assert_eq!(header().check_payload(&padded), Ok(&padded[..3]));
        for bit in 0..64 {
            let mut bad = padded;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(header().check_payload(&bad).is_err(), "bit {bit}");
        }
        assert!(header().check_payload(&padded[..2]).is_err());
    }

    #[test]
    fn synced_offset_beyond_the_field_says_less_and_never_more() {
        for synced_up_to in [0, 8, (1 << 35) - 8, 1 << 35, u64::MAX - 7] {
            let header = RecordHeader {
                synced_up_to,
                ..header()
            };
            let back = RecordHeader::decode(&header.encode(1, 1 << 40), 1, 1 << 40).unwrap();
            assert_eq!(back.synced_up_to, synced_up_to.min((1 << 35) - 8));
        }
    }

    #[test]
    fn seals_read_back_and_cut_or_grown_ones_are_refused() {
        let mark = CloseMark {
            manifest: 1 << 40,
            manifest_bytes: 3,
            time_ms: 9,
        };
        for seal in [Seal::Rolled, Seal::Closed(mark), Seal::Recovered] {
            let payload = seal.encode_payload();
            assert_eq!(Seal::decode(&payload, seal.time_ms()), Some(seal));
            assert!(encode_seal(seal, 1, 24, 24).len() <= SEAL_BYTES_MAX);
            assert_eq!(Seal::decode(&payload[..payload.len() - 1], 0), None);
            assert_eq!(Seal::decode(&[&payload[..], &[0]].concat(), 0), None);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>, number: u64, offset: u64) {
            let _ = check_segment_header(&bytes, number);
            prop_assert!(RecordHeader::decode(&bytes, number, offset).is_err());
            let _ = header().check_payload(&bytes);
        }
    }
}
