//! What stands around every block and section of a table file.
//!
//! ```text
//! block on disk = payload, maybe packed | compression: u8 | crc: u32 LE
//! crc           = of file number, offset of the block, payload and compression byte
//!
//! payload "hi" at offset 0 of file 1: 68 69 00 41 03 11 FF
//! ```
//!
//! The checksum says where the block belongs, so a block that a disk wrote to the wrong place is
//! refused there (see [`checksum`](super::checksum)).

use super::checksum;
use super::compression::{Compressor, Refusal, Room, unpack};
use super::damage::Damage;
use crate::memory::buffer::Buffer;
use crate::planted::{Mistake, planted};

/// Bytes of a block on disk besides its payload.
pub(crate) const ENVELOPE_BYTES: usize = 5;

/// What to store for `payload` as a block at `offset` of file `file_number`: the payload, maybe
/// packed, and what follows it.
pub(crate) fn seal<'a>(
    (file_number, offset): (u64, u64),
    payload: &'a [u8],
    compressor: &'a mut Compressor,
) -> (&'a [u8], [u8; ENVELOPE_BYTES]) {
    let (code, packed) = compressor.pack(payload);
    let crc = checksum::placed(file_number, offset, &[packed, &[code]]);
    let [a, b, c, d] = crc.to_le_bytes();
    (packed, [code, a, b, c, d])
}

/// The payload of the block that was read from `offset` of file `file_number`.
///
/// A payload that was not packed stays in the buffer it came in.
pub(crate) fn open(place: (u64, u64), bytes: impl Into<Buffer>) -> Result<Buffer, Refusal> {
    open_into(place, bytes.into(), &Buffer::on_heap)
}

/// As [`open`]; a payload that was packed is unpacked into a buffer from `room`.
pub(crate) fn open_into(
    (file_number, offset): (u64, u64),
    mut bytes: Buffer,
    room: Room<'_>,
) -> Result<Buffer, Refusal> {
    let short = Damage::new(0, "block too short");
    let (&code, packed, crc) = match bytes.split_last_chunk::<4>() {
        Some((rest, crc)) => match rest.split_last() {
            Some((code, packed)) => (code, packed, u32::from_le_bytes(*crc)),
            None => return Err(short.into()),
        },
        None => return Err(short.into()),
    };
    let fits = checksum::placed(file_number, offset, &[packed, &[code]]) == crc;
    if !fits && !planted(Mistake::BlockUnchecked) {
        return Err(Damage::new(0, "checksum of a block does not match").into());
    }
    let len = packed.len();
    bytes.truncate(len);
    unpack(code, bytes, room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::compression::tests::methods;
    use proptest::prelude::*;

    #[test]
    fn block_has_the_bytes_of_the_documentation() {
        let mut compressor = Compressor::default();
        let (payload, rest) = seal((1, 0), b"hi", &mut compressor);
        assert_eq!(rest, [0x00, 0x41, 0x03, 0x11, 0xff]);
        assert_eq!(
            open((1, 0), [payload, &rest].concat()).as_deref(),
            Ok(&b"hi"[..])
        );
    }

    proptest! {
        #[test]
        fn block_opens_only_whole_and_where_it_belongs(
            payload in prop::collection::vec(0u8..3, 0..300),
            bit: prop::sample::Index,
        ) {
            for method in methods() {
                let mut compressor = Compressor::new(method);
                let (packed, rest) = seal((7, 64), &payload, &mut compressor);
                let mut out = [packed, &rest].concat();
                prop_assert_eq!(open((7, 64), out.clone()), Ok(payload.clone().into()));
                prop_assert!(open((8, 64), out.clone()).is_err());
                prop_assert!(open((7, 65), out.clone()).is_err());
                let bit = bit.index(out.len() * 8);
                out[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(open((7, 64), out).is_err());
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            prop_assert!(open((1, 0), bytes).is_err());
        }
    }
}
