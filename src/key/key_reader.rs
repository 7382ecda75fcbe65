//! Reading an encoded key from left to right.
//!
//! One [`KeyReader`] walks over the bytes of one key and hands each component its part. It never
//! reads past the end, never panics on any input, and allocates no more than the bytes it has
//! read. It belongs to one thread.
//!
//! R1: `offset <= bytes.len()`.
//! R2: `mask` is `00` outside and `FF` inside an odd number of descending components; every byte
//! is read through it.

use crate::key::key_error::KeyError;

/// The end of text and bytes; never inside them.
pub(crate) const TERMINATOR: u8 = 0x00;
/// What comes before an escaped byte: `01 01` is a `00`, `01 02` is a `01`.
pub(crate) const ESCAPE: u8 = 0x01;

/// The first byte of enum tags that take two.
pub(crate) const TAG_WIDE: u8 = 0xF0;

/// A cursor over the bytes of an encoded key.
///
/// ```
/// use grainstore::key::{KeyPart, KeyReader};
///
/// let mut reader = KeyReader::new(b"eu\0\x01");
/// assert_eq!(String::decode(&mut reader)?, "eu");
/// assert!(bool::decode(&mut reader)?);
/// reader.finish()?;
/// # Ok::<(), grainstore::key::KeyError>(())
/// ```
#[derive(Debug)]
pub struct KeyReader<'a> {
    bytes: &'a [u8],
    offset: usize,
    mask: u8,
}

impl<'a> KeyReader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            offset: 0,
            mask: 0,
        }
    }

    /// How many bytes were read.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The next byte.
    ///
    /// # Errors
    /// Where the key ends here.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, KeyError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// Where the key ends before them.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], KeyError> {
        let Some(raw) = self.bytes[self.offset..].first_chunk::<N>() else {
            return Err(KeyError::new(self.bytes.len(), "the key ends too early"));
        };
        self.offset += N;
        let mut array = *raw;
        for byte in &mut array {
            *byte ^= self.mask;
        }
        Ok(array)
    }

    /// Escaped bytes up to and with their terminator, as text and bytes are written.
    ///
    /// # Errors
    /// Where there is no terminator, or an escape that nothing writes.
    pub fn escaped(&mut self) -> Result<Vec<u8>, KeyError> {
        let rest = &self.bytes[self.offset..];
        let terminator = TERMINATOR ^ self.mask;
        let Some(length) = rest.iter().position(|byte| *byte == terminator) else {
            return Err(KeyError::new(self.bytes.len(), "text without its end"));
        };
        let body = &rest[..length];
        let mut plain = Vec::with_capacity(length);
        if self.mask == 0 && !body.contains(&ESCAPE) {
            plain.extend_from_slice(body);
        } else {
            self.unescape(body, &mut plain)?;
        }
        self.offset += length + 1;
        Ok(plain)
    }

    fn unescape(&self, body: &[u8], plain: &mut Vec<u8>) -> Result<(), KeyError> {
        let mut bytes = body.iter().map(|byte| byte ^ self.mask).enumerate();
        while let Some((at, byte)) = bytes.next() {
            if byte != ESCAPE {
                plain.push(byte);
                continue;
            }
            match bytes.next() {
                Some((_, escaped @ (0x01 | 0x02))) => plain.push(escaped - 1),
                _ => return Err(KeyError::new(self.offset + at, "a broken escape")),
            }
        }
        Ok(())
    }

    /// The tag of an enum's variant.
    ///
    /// # Errors
    /// Where the key ends before or within it.
    pub fn tag(&mut self) -> Result<u16, KeyError> {
        let first = self.byte()?;
        let Some(high) = first.checked_sub(TAG_WIDE) else {
            return Ok(u16::from(first));
        };
        let low = self.byte()?;
        Ok(u16::from(TAG_WIDE) + u16::from_be_bytes([high, low]))
    }

    /// Reads what `read` reads with every bit flipped: a descending component.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn descending<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        self.mask ^= 0xFF;
        let value = read(self);
        self.mask ^= 0xFF;
        value
    }

    /// An error about the byte that comes next.
    #[must_use]
    pub fn error(&self, what: &'static str) -> KeyError {
        KeyError::new(self.offset, what)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Where bytes are left over.
    pub fn finish(self) -> Result<(), KeyError> {
        match self.remaining() {
            0 => Ok(()),
            _ => Err(self.error("bytes left over after the key")),
        }
    }
}
