//! The bincode codec: bincode 2, its standard configuration.
//!
//! ```text
//! bincode2-standard/1, { hp: 700, name: "ada" }
//!   fb bc 02               700     variable-length integer: fb, then 16 bits little-endian
//!   03 61 64 61            "ada"   length, bytes
//! ```
//!
//! Little-endian, variable-length integers, enums by index, fields by place. The crate behind it
//! rests; goldens hold the bytes, so that another implementation can take its place.
//!
//! No byte limit of bincode's own is set: strings and byte buffers are compared with the bytes at
//! hand before anything is allocated (`bounded_deserializer`), and sequences are bounded by B3 and
//! B4 of `bounds`, both more exactly than a limit fixed at compile time.

use bincode::config::{self, Configuration};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer};

use super::bounded_deserializer::BoundedDeserializer;
use super::bounded_serializer::BoundedValue;
use super::bounds::{ReadBounds, Rules, WriteBounds, ZERO_BYTE_ELEMENTS_MAX};
use super::codec_error::CodecError;
use super::contract::Codec;

const ID: &str = "bincode2-standard/1";

const PROFILE: Configuration = config::standard();

const RULES: Rules = Rules {
    null_is_none: false,
    unit_struct_is_none: false,
    finite_floats_only: false,
    fields_by_place: true,
};

/// bincode 2: small and fast, for types that do not change.
///
/// Nothing but the fields' bytes is written, so the type *is* the format. Old bytes read under a
/// changed type are an error at best: a reordering or swap of fields with like types is read
/// **silently wrong**. Add fields only through a new store or a value schema with a migration.
///
/// It keeps `Some(None)`, NaN and maps with any keys. What it cannot keep:
///
/// - refused when written: `skip_serializing_if` on a field that is skipped, `flatten`, sequences
///   without a known length, more than 65,536 elements without a byte of their own (`Vec<()>`), and
///   values nested deeper than 120 levels (counted as for `MessagePack`; up to 127 are read);
/// - written, but never read back: `untagged` and internally tagged enums, `serde_json::Value` and
///   whatever else asks the format what comes next. Use `MessagePack` for these, and
///   [`conformance::check`](crate::codec::conformance::check) in a test when unsure.
///
/// ```
/// use grainstore::codec::{Bincode, Codec, CodecError};
///
/// let mut out = Vec::new();
/// Bincode.encode(&(700u32, "ada".to_owned()), &mut out)?;
/// assert_eq!(out, b"\xfb\xbc\x02\x03ada");
/// let pair: (u32, String) = Bincode.decode(&out)?;
/// assert_eq!(pair, (700, "ada".to_owned()));
/// # Ok::<(), CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bincode;

impl<V: Serialize + DeserializeOwned> Codec<V> for Bincode {
    const ID: &'static str = ID;

    fn encode(&self, value: &V, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let start = out.len();
        let bounds = WriteBounds::new(RULES);
        let value = BoundedValue::whole(value, &bounds);
        let outcome = bincode::serde::encode_into_writer(value, Tail(&mut *out), PROFILE);
        let error = match outcome {
            Ok(()) if bounds.readable_in(out.len() - start) => return Ok(()),
            Ok(()) => CodecError::encoding(ID, too_many_empty()),
            Err(error) => unwritable(error),
        };
        out.truncate(start);
        Err(error)
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        let bounds = ReadBounds::new(bytes.len());
        let seed = Whole::<V>(&bounds, std::marker::PhantomData);
        match bincode::serde::seed_decode_from_slice(seed, bytes, PROFILE) {
            Ok((value, used)) if used == bytes.len() => Ok(value),
            Ok((_, used)) => Err(left_over(used)),
            Err(error) => Err(unreadable(error, bytes.len())),
        }
    }
}

/// The end of a vector as bincode writes to it.
struct Tail<'o>(&'o mut Vec<u8>);

impl Writer for Tail<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Reads the outermost value within its bounds.
struct Whole<'b, V>(&'b ReadBounds, std::marker::PhantomData<fn() -> V>);

impl<'de, V: DeserializeOwned> DeserializeSeed<'de> for Whole<'_, V> {
    type Value = V;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V, D::Error> {
        V::deserialize(BoundedDeserializer::whole(deserializer, self.0))
    }
}

#[cold]
fn too_many_empty() -> String {
    format!("more than {ZERO_BYTE_ELEMENTS_MAX} elements that take no byte")
}

/// bincode prints its errors as Rust would debug them; what serde said is worth its own words.
#[cold]
fn unwritable(error: EncodeError) -> CodecError {
    match error {
        EncodeError::OtherString(text) => CodecError::encoding(ID, text),
        error => CodecError::encoding(ID, "the value has no such form").caused_by(error),
    }
}

#[cold]
fn unreadable(error: DecodeError, bytes: usize) -> CodecError {
    match error {
        DecodeError::OtherString(text) => CodecError::decoding(ID, text),
        DecodeError::UnexpectedEnd { .. } => {
            CodecError::decoding(ID, "the bytes end inside the value").at(bytes)
        }
        error => CodecError::decoding(ID, "the bytes are no such value").caused_by(error),
    }
}

#[cold]
fn left_over(used: usize) -> CodecError {
    CodecError::decoding(ID, "bytes are left over after the value").at(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> CodecError {
        Codec::<(u8, String)>::decode(&Bincode, bytes).unwrap_err()
    }

    #[test]
    fn an_error_tells_where_bytes_are_left_over_or_missing() {
        assert!(Codec::<(u8, String)>::decode(&Bincode, b"\x07\x01a").is_ok());
        assert_eq!(refused(b"\x07\x01ab").offset(), Some(3));
        assert_eq!(refused(b"\x07\x02a").offset(), Some(3));
        assert_eq!(refused(b"").offset(), Some(0));
        let error = refused(b"\x07\x01\xff");
        assert!(error.to_string().contains("Utf8"), "{error}");
    }
}
