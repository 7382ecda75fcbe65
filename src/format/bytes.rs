//! Integers in bytes: little-endian fixed widths and varints, and keys as big-endian words.
//!
//! A varint holds seven bits a byte, the low ones first, with the high bit set on every byte but
//! the last (LEB128, as in Protocol Buffers). Only the shortest form is accepted, so equal values
//! have equal bytes.
//!
//! ```text
//! 300 = AC 02
//! ```

use super::damage::Damage;

/// Appends `value` as a varint of 1 to 10 bytes.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a varint length and the bytes.
pub(crate) fn put_slice(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The first eight bytes as a big-endian integer, with zeros behind a shorter key.
#[inline]
pub(crate) fn leading_word(key: &[u8]) -> u64 {
    match key.first_chunk() {
        Some(chunk) => u64::from_be_bytes(*chunk),
        None => {
            let mut chunk = [0; 8];
            for (to, from) in chunk.iter_mut().zip(key) {
                *to = *from;
            }
            u64::from_be_bytes(chunk)
        }
    }
}

/// `key` without the `prefix` that it may begin with.
///
/// A prefix of no bytes is told apart because it may stand nowhere in memory: comparing nothing at
/// such an address takes a hundred nanoseconds where the processor compares by masked loads.
#[inline]
pub(crate) fn without_prefix<'a>(key: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    if prefix.is_empty() {
        Some(key)
    } else {
        key.strip_prefix(prefix)
    }
}

/// Reads values off the front of a slice, and knows how far it has come.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// How many bytes have been read.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// True where nothing is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.remaining() == 0
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Damage> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let taken = rest
            .get(..len)
            .ok_or(Damage::new(self.offset, "bytes end too early"))?;
        self.offset += len;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let at = self.offset;
        self.take(N)?
            .try_into()
            .map_err(|_| Damage::new(at, "bytes end too early"))
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Result<u8, Damage> {
        Ok(self.array::<1>()?[0])
    }

    /// Four bytes, little-endian.
    pub(crate) fn u32(&mut self) -> Result<u32, Damage> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little-endian.
    pub(crate) fn u64(&mut self) -> Result<u64, Damage> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A varint in its shortest form.
    pub(crate) fn varint(&mut self) -> Result<u64, Damage> {
        let start = self.offset;
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Damage::new(start, "varint beyond 64 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(Damage::new(start, "varint longer than needed"));
                }
                return Ok(value);
            }
        }
        Err(Damage::new(start, "varint beyond 64 bits"))
    }

    /// A varint that counts things held in memory.
    pub(crate) fn length(&mut self) -> Result<usize, Damage> {
        let start = self.offset;
        usize::try_from(self.varint()?).map_err(|_| Damage::new(start, "length beyond memory"))
    }

    /// A varint length and that many bytes.
    pub(crate) fn slice(&mut self) -> Result<&'a [u8], Damage> {
        let len = self.length()?;
        self.take(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn varints_beyond_their_shortest_form_or_64_bits_are_refused_where_they_begin() {
        let ten = |last| [&[0x80; 9][..], &[last]].concat();
        assert_eq!(Reader::new(&ten(1)).varint(), Ok(1 << 63));
        for (bytes, offset, what) in [
            (vec![0x80, 0x00], 0, "varint longer than needed"),
            (ten(2), 0, "varint beyond 64 bits"),
            (ten(0x81), 0, "varint beyond 64 bits"),
            (vec![0x80; 3], 3, "bytes end too early"),
            (vec![], 0, "bytes end too early"),
        ] {
            let refused = Reader::new(&bytes).varint();
            assert_eq!(refused, Err(Damage::new(offset, what)), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn varints_come_back(value: u64, shift in 0u32..64) {
            let mut out = Vec::new();
            put_varint(&mut out, value >> shift);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.varint(), Ok(value >> shift));
            prop_assert!(reader.is_at_end());
        }
    }
}
