//! How the payload of a block is packed.
//!
//! ```text
//! code 0 none   the payload as it is
//! code 1 LZ4    payload length: varint | one LZ4 block
//! code 2 zstd   payload length: varint | one zstd frame
//! ```
//!
//! A packed payload is kept only where it saves an eighth. The length in front of it is held
//! against what the method can make of so many bytes at best, before anything is allocated (P1).
//! What it does not do: judge whether the bytes are whole; the checksum around the block has been
//! held against them before.

#[cfg(any(feature = "lz4", feature = "zstd"))]
use super::bytes::{Reader, put_varint};
use super::damage::Damage;
#[cfg(any(feature = "lz4", feature = "zstd"))]
use super::entry::VALUE_BYTES_MAX;
use crate::memory::buffer::Buffer;

const CODE_NONE: u8 = 0;
const CODE_LZ4: u8 = 1;
const CODE_ZSTD: u8 = 2;

#[cfg(any(feature = "lz4", feature = "zstd"))]
/// The longest payload ever unpacked: a value of the largest size, its key, and room to spare.
const PAYLOAD_BYTES_MAX: usize = VALUE_BYTES_MAX + (1 << 20);

/// A buffer longer than this is given back once it is not needed.
#[cfg(any(feature = "lz4", feature = "zstd"))]
const KEPT_BYTES_MAX: usize = 4 << 20;

/// How the blocks of a table are packed. Only what is built in can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Compression {
    /// Not at all.
    #[default]
    None,
    /// LZ4: cheap both ways.
    #[cfg(feature = "lz4")]
    Lz4,
    /// zstd at level 1: smaller, and five times as dear to read.
    #[cfg(feature = "zstd")]
    Zstd,
}

/// Why bytes could not be read: they are damaged, or this build does not know their method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The bytes break their format.
    Damage(Damage),
    /// The bytes are of a format that this build does not read; the text names it.
    Unsupported(&'static str),
}

impl From<Damage> for Refusal {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

/// Packs payloads, one after the other, with buffers it keeps.
#[derive(Default)]
pub(crate) struct Compressor {
    method: Compression,
    packed: Vec<u8>,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

impl Compressor {
    /// A packer by `method`.
    pub(crate) fn new(method: Compression) -> Self {
        Self {
            method,
            ..Self::default()
        }
    }

    /// The code and the bytes to store for `payload`: packed where that saves an eighth.
    pub(crate) fn pack<'a>(&'a mut self, payload: &'a [u8]) -> (u8, &'a [u8]) {
        let code: Option<u8> = match self.method {
            Compression::None => None,
            #[cfg(feature = "lz4")]
            Compression::Lz4 => self.pack_lz4(payload),
            #[cfg(feature = "zstd")]
            Compression::Zstd => self.pack_zstd(payload),
        };
        let worthwhile = self.packed.len() < payload.len() - payload.len() / 8;
        match code {
            Some(code) if worthwhile => (code, &self.packed),
            _ => (CODE_NONE, payload),
        }
    }

    #[cfg(any(feature = "lz4", feature = "zstd"))]
    fn start(&mut self, payload: &[u8], room: usize) -> usize {
        self.packed.clear();
        self.packed.shrink_to(room.max(KEPT_BYTES_MAX));
        put_varint(&mut self.packed, payload.len() as u64);
        let start = self.packed.len();
        self.packed.resize(start + room, 0);
        start
    }

    #[cfg(feature = "lz4")]
    fn pack_lz4(&mut self, payload: &[u8]) -> Option<u8> {
        let room = lz4_flex::block::get_maximum_output_size(payload.len());
        let start = self.start(payload, room);
        let out = self.packed.get_mut(start..)?;
        let len = lz4_flex::block::compress_into(payload, out).ok()?;
        self.packed.truncate(start + len);
        Some(CODE_LZ4)
    }

    #[cfg(feature = "zstd")]
    fn pack_zstd(&mut self, payload: &[u8]) -> Option<u8> {
        let start = self.start(payload, zstd::zstd_safe::compress_bound(payload.len()));
        if self.zstd.is_none() {
            self.zstd = Some(zstd::bulk::Compressor::new(1).ok()?);
        }
        let out = self.packed.get_mut(start..)?;
        let len = self.zstd.as_mut()?.compress_to_buffer(payload, out).ok()?;
        self.packed.truncate(start + len);
        Some(CODE_ZSTD)
    }
}

/// Where unpacked bytes go: a buffer of the length that is asked for.
pub(crate) type Room<'a> = &'a dyn Fn(usize) -> Buffer;

/// Unpacks `bytes` stored under `code` into a buffer from `room`; bytes that were not packed come
/// back as they are.
pub(crate) fn unpack(code: u8, bytes: Buffer, room: Room<'_>) -> Result<Buffer, Refusal> {
    match code {
        CODE_NONE => Ok(bytes),
        CODE_LZ4 => unpack_lz4(&bytes, room),
        CODE_ZSTD => unpack_zstd(&bytes, room),
        _ => Err(Refusal::Unsupported(
            "a compression method of a newer version",
        )),
    }
}

#[cfg(any(feature = "lz4", feature = "zstd"))]
/// Splits the payload length off, which may be `ratio_max` times what follows at most (P1).
fn split(bytes: &[u8], ratio_max: usize) -> Result<(usize, &[u8]), Damage> {
    let mut reader = Reader::new(bytes);
    let len = reader.length()?;
    let packed = reader.take(reader.remaining())?;
    let justified = packed.len().saturating_mul(ratio_max);
    if len > justified.min(PAYLOAD_BYTES_MAX) {
        return Err(Damage::new(
            0,
            "block claims to unpack to an impossible length",
        ));
    }
    Ok((len, packed))
}

#[cfg(feature = "lz4")]
fn unpack_lz4(bytes: &[u8], room: Room<'_>) -> Result<Buffer, Refusal> {
    // A byte of an LZ4 block makes 255 bytes at most.
    let (len, packed) = split(bytes, 256)?;
    let mut payload = room(len);
    match lz4_flex::block::decompress_into(packed, &mut payload) {
        Ok(n) if n == len => Ok(payload),
        _ => Err(Damage::new(0, "LZ4 block does not unpack").into()),
    }
}

#[cfg(feature = "zstd")]
fn unpack_zstd(bytes: &[u8], room: Room<'_>) -> Result<Buffer, Refusal> {
    use std::cell::RefCell;
    use zstd::bulk::Decompressor;
    std::thread_local! {
        static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    // Four bytes of a zstd frame make 128 KiB at most.
    let (len, packed) = split(bytes, 32 << 10)?;
    let mut payload = room(len);
    let written = UNPACKER.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Decompressor::new().ok();
        }
        kept.as_mut()?
            .decompress_to_buffer(packed, &mut payload[..])
            .ok()
    });
    if written == Some(len) {
        Ok(payload)
    } else {
        Err(Damage::new(0, "zstd frame does not unpack").into())
    }
}

#[cfg(not(feature = "lz4"))]
fn unpack_lz4(_: &[u8], _: Room<'_>) -> Result<Buffer, Refusal> {
    Err(Refusal::Unsupported(
        "LZ4, which this build leaves out (feature `lz4`)",
    ))
}

#[cfg(not(feature = "zstd"))]
fn unpack_zstd(_: &[u8], _: Room<'_>) -> Result<Buffer, Refusal> {
    Err(Refusal::Unsupported(
        "zstd, which this build leaves out (feature `zstd`)",
    ))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every method of this build.
    pub(crate) fn methods() -> Vec<Compression> {
        vec![
            Compression::None,
            #[cfg(feature = "lz4")]
            Compression::Lz4,
            #[cfg(feature = "zstd")]
            Compression::Zstd,
        ]
    }

    #[test]
    fn methods_that_are_not_built_in_are_refused_as_unsupported() {
        for code in 3..=255 {
            assert!(matches!(
                unpack(code, vec![0].into(), &Buffer::on_heap),
                Err(Refusal::Unsupported(_))
            ));
        }
        let lz4 = unpack(CODE_LZ4, vec![0].into(), &Buffer::on_heap);
        assert_eq!(
            matches!(lz4, Err(Refusal::Unsupported(_))),
            !cfg!(feature = "lz4")
        );
        let zstd = unpack(CODE_ZSTD, vec![9].into(), &Buffer::on_heap);
        assert_eq!(
            matches!(zstd, Err(Refusal::Unsupported(_))),
            !cfg!(feature = "zstd")
        );
    }

    #[test]
    #[cfg(any(feature = "lz4", feature = "zstd"))]
    fn impossible_lengths_are_refused_before_anything_is_allocated() {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, 1 << 29);
        bytes.extend([0; 32]);
        assert!(split(&bytes, 256).is_err());
        assert!(split(&bytes, 32 << 10).is_err());
    }

    #[test]
    fn equal_bytes_shrink_to_almost_nothing_and_noise_stays_as_it_is() {
        for method in methods() {
            let zeros = vec![0; 1 << 20];
            let mut compressor = Compressor::new(method);
            let (code, packed) = compressor.pack(&zeros);
            let (code, packed) = (code, packed.to_vec());
            assert!(method == Compression::None || packed.len() < 5000);
            assert_eq!(
                unpack(code, packed.into(), &Buffer::on_heap).as_deref(),
                Ok(&zeros[..])
            );
            let noise: Vec<u8> = (0u32..4000)
                .map(|i| i.wrapping_mul(0x9e37_79b1).rotate_left(i % 31) as u8)
                .collect();
            assert_eq!(compressor.pack(&noise).0, CODE_NONE);
        }
    }

    proptest! {
        #[test]
        fn packed_payloads_come_back(unit: Vec<u8>, times in 0usize..200) {
            let payload = unit.repeat(times);
            for method in methods() {
                let mut compressor = Compressor::new(method);
                let (code, packed) = compressor.pack(&payload);
                let unpacked = unpack(code, packed.to_vec().into(), &Buffer::on_heap);
                prop_assert_eq!(unpacked, Ok(payload.clone().into()));
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(code in 0u8..4, bytes: Vec<u8>) {
            let _ = unpack(code, bytes.into(), &Buffer::on_heap);
        }
    }
}
