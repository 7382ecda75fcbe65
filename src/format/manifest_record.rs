//! A manifest as bytes: a header, then checksummed records one after the other.
//!
//! ```text
//! file   = header | record …
//! header = magic "grainMAN" | format of the database: u32 | crc: u32 | manifest number: u64
//! crc    = placed(manifest number, 0, the other twenty bytes)
//!
//! record = header crc: u32 | payload crc: u32 | payload length: u56 | kind: u8
//!        | synced up to: u64 | payload | zeros up to a multiple of 8
//! header crc  = placed(manifest number, offset of the record, the twenty bytes after it)
//! payload crc = plain(payload and the zeros after it)
//! kinds       = 1 snapshot (the whole state, the first record and only that) · 2 edit
//!
//! header of manifest 5
//!   67 72 61 69 6e 4d 41 4e 01 00 00 00 36 d9 c8 78 05 00 00 00 00 00 00 00
//! edit 03 07 at offset 64 of manifest 5, everything before it synced
//!   5a 1b 8c 75 04 e6 0a 2e 02 00 00 00 00 00 00 02 40 00 00 00 00 00 00 00
//!   03 07 00 00 00 00 00 00
//! ```
//!
//! *Synced up to* is the offset below which the file was durable when the record was written. It
//! tells bit rot from a torn tail: a record that does not read at offset X was synced, and is
//! therefore damaged, if any later record's header says it was synced beyond X; if none does, X is
//! where the last, never acknowledged write was torn. Numbers and offsets are in the checksums, so
//! a record that a misdirected write left elsewhere proves nothing.

use super::bytes::Reader;
use super::checksum::{placed, plain};
use super::damage::Damage;
use crate::planted::{Mistake, planted};

/// How long the header of the file is; where the first record begins.
pub(crate) const FILE_HEADER_BYTES: usize = 24;
/// How long the header of a record is.
pub(crate) const RECORD_HEADER_BYTES: usize = 24;
/// The kind of the first record: the whole state.
pub(crate) const KIND_SNAPSHOT: u8 = 1;
/// The kind of every later record: a change.
pub(crate) const KIND_EDIT: u8 = 2;

const MAGIC: [u8; 8] = *b"grainMAN";
/// Records begin at multiples of this.
const ALIGN: usize = 8;
const LENGTH_BITS: u32 = 56;
const LENGTH_MAX: u64 = (1 << LENGTH_BITS) - 1;

/// A record that read well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// What the payload is; never 0.
    pub(crate) kind: u8,
    /// The offset below which the file was durable when the record was written.
    pub(crate) synced_up_to: u64,
    /// The bytes.
    pub(crate) payload: &'a [u8],
    /// Where the next record begins.
    pub(crate) end: usize,
}

/// Appends the header of manifest `number` of a database of format `format`.
pub(crate) fn append_file_header(out: &mut Vec<u8>, number: u64, format: u32) {
    let (version, number_bytes) = (format.to_le_bytes(), number.to_le_bytes());
    let crc = placed(number, 0, &[&MAGIC, &version, &number_bytes]);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&version);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&number_bytes);
}

/// The format of the database of manifest `number`, from the header of its file.
pub(crate) fn decode_file_header(file: &[u8], number: u64) -> Result<u32, Damage> {
    let mut reader = Reader::new(file);
    if reader.array()? != MAGIC {
        return Err(Damage::new(0, "it does not begin as a manifest"));
    }
    let version = reader.u32()?;
    let crc_at = reader.offset();
    let crc = reader.u32()?;
    let number_at = reader.offset();
    let found = reader.u64()?;
    let parts = [&MAGIC[..], &version.to_le_bytes(), &found.to_le_bytes()];
    if crc != placed(found, 0, &parts) {
        return Err(Damage::new(
            crc_at,
            "the checksum of its header does not match",
        ));
    }
    if found != number {
        return Err(Damage::new(
            number_at,
            "it is another manifest than its name says",
        ));
    }
    Ok(version)
}

/// Appends a record that will stand at `offset` of manifest `number`. A record can say every length
/// that memory can hold.
pub(crate) fn append_record(
    out: &mut Vec<u8>,
    (number, offset): (u64, u64),
    synced_up_to: u64,
    kind: u8,
    payload: &[u8],
) {
    let length = payload.len() as u64;
    debug_assert!(length <= LENGTH_MAX, "a payload of 64 PiB");
    let zeros = &[0; ALIGN][..payload.len().wrapping_neg() % ALIGN];
    let mut payload_crc = crc32fast::Hasher::new();
    payload_crc.update(payload);
    payload_crc.update(zeros);
    let mut rest = [0; RECORD_HEADER_BYTES - 4];
    let fields = payload_crc.finalize().to_le_bytes().into_iter();
    let fields = fields.chain((u64::from(kind) << LENGTH_BITS | length).to_le_bytes());
    for (to, from) in rest
        .iter_mut()
        .zip(fields.chain(synced_up_to.to_le_bytes()))
    {
        *to = from;
    }
    out.extend_from_slice(&placed(number, offset, &[&rest]).to_le_bytes());
    out.extend_from_slice(&rest);
    out.extend_from_slice(payload);
    out.extend_from_slice(zeros);
}

/// A record's header that read well.
struct Header {
    payload_crc: u32,
    kind: u8,
    length: u64,
    synced_up_to: u64,
}

fn header_at(file: &[u8], number: u64, offset: usize) -> Result<Header, Damage> {
    let torn = Damage::new(offset, "a record's header is cut short");
    let bytes = file.get(offset..).unwrap_or_default();
    let bytes = bytes.get(..RECORD_HEADER_BYTES).ok_or(torn)?;
    let mut reader = Reader::new(bytes);
    let crc = reader.u32()?;
    let rest = bytes.get(reader.offset()..).unwrap_or_default();
    if crc != placed(number, offset as u64, &[rest]) {
        let what = "the checksum of a record's header does not match";
        return Err(Damage::new(offset, what));
    }
    let payload_crc = reader.u32()?;
    let kind_and_length = reader.u64()?;
    let header = Header {
        payload_crc,
        kind: (kind_and_length >> LENGTH_BITS) as u8,
        length: kind_and_length & LENGTH_MAX,
        synced_up_to: reader.u64()?,
    };
    if header.kind == 0 || header.synced_up_to > offset as u64 {
        return Err(Damage::new(offset, "a record's header contradicts itself"));
    }
    Ok(header)
}

/// The record at `offset` of `file`, which is manifest `number` from its start.
pub(crate) fn record_at(file: &[u8], number: u64, offset: usize) -> Result<Record<'_>, Damage> {
    let header = header_at(file, number, offset)?;
    let short = || Damage::new(offset, "a record is cut short");
    let body = file.get(offset + RECORD_HEADER_BYTES..).unwrap_or_default();
    let length = usize::try_from(header.length).map_err(|_| short())?;
    let padded = length.checked_next_multiple_of(ALIGN).ok_or_else(short)?;
    let padded = body.get(..padded).ok_or_else(short)?;
    if plain(padded) != header.payload_crc && !planted(Mistake::EditUnchecked) {
        return Err(Damage::new(
            offset,
            "the checksum of a record does not match",
        ));
    }
    Ok(Record {
        kind: header.kind,
        synced_up_to: header.synced_up_to,
        payload: padded.get(..length).unwrap_or_default(),
        end: offset + RECORD_HEADER_BYTES + padded.len(),
    })
}

/// Where a record behind `offset` begins whose header says that the file was durable beyond
/// `offset`; the header alone is proof, whatever became of its payload.
pub(crate) fn proof_of_sync_beyond(file: &[u8], number: u64, offset: usize) -> Option<usize> {
    let first = (offset + 1).checked_next_multiple_of(ALIGN)?;
    (first..file.len())
        .step_by(ALIGN)
        .find(|&at| header_at(file, number, at).is_ok_and(|h| h.synced_up_to > offset as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_and_record_have_the_bytes_of_the_documentation() {
        let mut out = Vec::new();
        append_file_header(&mut out, 5, 1);
        let golden = [
            0x67, 0x72, 0x61, 0x69, 0x6e, 0x4d, 0x41, 0x4e, 1, 0, 0, 0, 0x36, 0xd9, 0xc8, 0x78, 5,
            0, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(out, golden);
        assert_eq!(decode_file_header(&out, 5), Ok(1));

        out.clear();
        append_record(&mut out, (5, 64), 64, KIND_EDIT, &[3, 7]);
        let golden = [
            0x5a, 0x1b, 0x8c, 0x75, 0x04, 0xe6, 0x0a, 0x2e, 2, 0, 0, 0, 0, 0, 0, 2, 0x40, 0, 0, 0,
            0, 0, 0, 0, 3, 7, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(out, golden);
    }

    #[test]
    fn header_of_another_manifest_and_every_flipped_bit_of_a_header_are_seen() {
        let mut good = Vec::new();
        append_file_header(&mut good, 5, 1);
        assert_eq!(decode_file_header(&good, 6).unwrap_err().offset, 16);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_file_header(&bad, 5).is_err(), "bit {bit}");
        }
        for cut in 0..good.len() {
            assert!(decode_file_header(&good[..cut], 5).is_err(), "cut {cut}");
        }
    }

    /// A file with a record for each payload, each saying that all before it is durable.
    fn file(number: u64, payloads: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
        let mut out = Vec::new();
        append_file_header(&mut out, number, 1);
        let mut starts = Vec::new();
        for payload in payloads {
            let at = out.len();
            starts.push(at);
            let place = (number, at as u64);
            append_record(&mut out, place, at as u64, KIND_EDIT, payload);
        }
        (out, starts)
    }

    #[test]
    fn record_is_accepted_only_at_its_own_place() {
        let (bytes, starts) = file(5, &[vec![1], vec![1]]);
        let (one, two) = (starts[0], starts[1]);
        assert!(record_at(&bytes, 5, one).is_ok());
        assert!(record_at(&bytes, 6, one).is_err());
        let mut swapped = bytes.clone();
        swapped.copy_within(two.., one);
        assert!(record_at(&swapped, 5, one).is_err());
    }

    #[test]
    fn record_proves_only_what_was_durable_when_it_was_written() {
        let (mut bytes, starts) = file(5, &[vec![1], vec![2]]);
        let (one, two) = (starts[0], starts[1]);
        assert_eq!(proof_of_sync_beyond(&bytes, 5, one), Some(two));
        // The same two written together, with a sync before the first alone.
        bytes.truncate(two);
        append_record(&mut bytes, (5, two as u64), one as u64, KIND_EDIT, &[2]);
        assert!(record_at(&bytes, 5, two).is_ok());
        assert_eq!(proof_of_sync_beyond(&bytes, 5, one), None);
        // A header proves it even where its payload is damaged.
        let (mut bytes, _) = file(5, &[vec![1], vec![2]]);
        bytes[two + RECORD_HEADER_BYTES] = 3;
        assert!(record_at(&bytes, 5, two).is_err());
        assert_eq!(proof_of_sync_beyond(&bytes, 5, one), Some(two));
    }

    #[test]
    fn record_of_no_kind_or_durable_beyond_itself_is_refused() {
        for (kind, synced_up_to) in [(0, 0), (KIND_EDIT, 25)] {
            let mut file = Vec::new();
            append_file_header(&mut file, 5, 1);
            append_record(&mut file, (5, 24), synced_up_to, kind, &[1]);
            let refused = record_at(&file, 5, 24).map(|record| record.end);
            let what = "a record's header contradicts itself";
            assert_eq!(refused, Err(Damage::new(24, what)));
        }
    }

    #[test]
    fn length_beyond_the_file_is_refused_without_allocating() {
        let mut out = Vec::new();
        append_file_header(&mut out, 1, 1);
        let mut rest = [0; 20];
        rest[4..12].copy_from_slice(&(2 << 56 | LENGTH_MAX).to_le_bytes());
        out.extend(placed(1, 24, &[&rest]).to_le_bytes());
        out.extend(rest);
        let refused = record_at(&out, 1, FILE_HEADER_BYTES).unwrap_err();
        assert_eq!(refused.what, "a record is cut short");
    }

    proptest! {
        #[test]
        fn records_come_back_and_prove_the_ones_before_them(
            number: u64,
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6),
        ) {
            let (bytes, starts) = file(number, &payloads);
            let mut at = FILE_HEADER_BYTES;
            for (i, payload) in payloads.iter().enumerate() {
                prop_assert_eq!(at, starts[i]);
                let record = record_at(&bytes, number, at).unwrap();
                prop_assert_eq!(record.payload, &payload[..]);
                let proof = proof_of_sync_beyond(&bytes, number, at);
                prop_assert_eq!(proof, starts.get(i + 1).copied());
                at = record.end;
            }
            prop_assert_eq!(at, bytes.len());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>, number: u64, offset in 0usize..100) {
            let _ = decode_file_header(&bytes, number);
            let _ = record_at(&bytes, number, offset);
            prop_assert_eq!(proof_of_sync_beyond(&bytes, number, offset), None);
        }
    }
}
