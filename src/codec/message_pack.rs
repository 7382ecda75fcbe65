//! The MessagePack codec: structs as maps with field names.
//!
//! ```text
//! msgpack-named/1, { hp: 7, name: "ada" }
//!   82                     map of 2
//!   a2 68 70  07           "hp"    7
//!   a4 6e 61 6d 65  a3 61 64 61    "name"  "ada"
//! ```
//!
//! Bytes are those of rmp-serde's `Serializer::with_struct_map`; goldens hold them. Reading stays
//! within `bounds`; a failed read is repeated once with a reader that counts, to tell where.

use std::io::{Cursor, ErrorKind};

use rmp_serde::decode::Error as DecodeError;
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned};

use super::bounded_deserializer::BoundedDeserializer;
use super::bounded_serializer::BoundedValue;
use super::bounds::{ReadBounds, Rules, WriteBounds};
use super::codec_error::CodecError;
use super::contract::Codec;
use crate::planted::{Mistake, planted};

const ID: &str = "msgpack-named/1";

const RULES: Rules = Rules {
    null_is_none: true,
    unit_struct_is_none: false, // an empty array
    finite_floats_only: false,
    fields_by_place: false,
};

/// MessagePack with field names, the default of a store.
///
/// The names make it the codec to keep data in while programs change. Bytes written before still
/// read after a field with `#[serde(default)]` was added, a field was dropped, fields were
/// reordered, or a variant was added to an enum; `skip_serializing_if`, `flatten`, `untagged` and
/// tagged enums work. Renaming a field or variant needs `#[serde(alias)]`.
///
/// What it cannot keep, and so refuses to write:
///
/// - `Some(None)` and `Some(())`, which MessagePack writes like `None` (`Bincode` keeps them);
/// - values nested deeper than 120 levels: every option, newtype, tuple, struct, sequence, map and
///   enum is one, a variant with fields two. Up to 127 are read.
///
/// `Vec<u8>` is written as an array of numbers, up to two bytes each; with the `serde_bytes` crate
/// (`#[serde(with = "serde_bytes")]`) it is one run of bytes.
///
/// ```
/// use grainstore::codec::{Codec, CodecError, MessagePack};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Before { hp: u32, name: String }
///
/// #[derive(Serialize, Deserialize, Debug, PartialEq)]
/// struct After { name: String, #[serde(default)] level: u8 }
///
/// let mut out = Vec::new();
/// MessagePack.encode(&Before { hp: 7, name: "ada".into() }, &mut out)?;
/// assert_eq!(out, b"\x82\xa2hp\x07\xa4name\xa3ada");
/// let after: After = MessagePack.decode(&out)?;
/// assert_eq!(after, After { name: "ada".into(), level: 0 });
/// # Ok::<(), CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MessagePack;

impl<V: Serialize + DeserializeOwned> Codec<V> for MessagePack {
    const ID: &'static str = ID;

    fn encode(&self, value: &V, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let start = out.len();
        let bounds = WriteBounds::new(RULES);
        let mut serializer = rmp_serde::Serializer::new(&mut *out).with_struct_map();
        match BoundedValue::whole(value, &bounds).serialize(&mut serializer) {
            Ok(()) => Ok(()),
            Err(error) => {
                out.truncate(start);
                Err(CodecError::encoding(ID, "the value has no such form").caused_by(error))
            }
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        let bounds = ReadBounds::new(bytes.len());
        let mut deserializer = rmp_serde::Deserializer::from_read_ref(bytes);
        let value = V::deserialize(BoundedDeserializer::whole(&mut deserializer, &bounds))
            .map_err(|error| unreadable::<V>(bytes, error))?;
        // The deserializer does not tell where it stands, but at the end no marker can be read.
        match bool::deserialize(&mut deserializer) {
            Err(DecodeError::InvalidMarkerRead(e)) if e.kind() == ErrorKind::UnexpectedEof => {
                Ok(value)
            }
            _ if planted(Mistake::BytesAfterValue) => Ok(value),
            _ => Err(left_over::<V>(bytes)),
        }
    }
}

#[cold]
fn unreadable<V: DeserializeOwned>(bytes: &[u8], error: DecodeError) -> CodecError {
    let place = reading_position::<V>(bytes);
    CodecError::decoding(ID, "the bytes are no such value")
        .at(place)
        .caused_by(error)
}

#[cold]
fn left_over<V: DeserializeOwned>(bytes: &[u8]) -> CodecError {
    let place = reading_position::<V>(bytes);
    CodecError::decoding(ID, "bytes are left over after the value").at(place)
}

/// How far a value of type `V` is read in `bytes`.
fn reading_position<V: DeserializeOwned>(bytes: &[u8]) -> usize {
    let bounds = ReadBounds::new(bytes.len());
    let mut deserializer = rmp_serde::Deserializer::new(Cursor::new(bytes));
    let _outcome_known = V::deserialize(BoundedDeserializer::whole(&mut deserializer, &bounds));
    usize::try_from(deserializer.position()).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> CodecError {
        Codec::<(u8, Vec<String>)>::decode(&MessagePack, bytes).unwrap_err()
    }

    #[test]
    fn an_error_tells_how_far_it_read() {
        let whole = b"\x92\x07\x92\xa1a\xa1b";
        assert!(Codec::<(u8, Vec<String>)>::decode(&MessagePack, whole).is_ok());
        assert_eq!(
            refused(&[whole.as_slice(), b"\xA1c"].concat()).offset(),
            Some(7)
        );
        assert_eq!(refused(b"\x92\x07\x92\xa1a\xc3").offset(), Some(6));
        assert_eq!(refused(&whole[..4]).offset(), Some(4));
        assert_eq!(refused(b"").offset(), Some(0));
        let claimed = refused(b"\x92\x07\xdd\xff\xff\xff\xff");
        assert!(
            claimed.to_string().contains("4294967295 elements claimed"),
            "{claimed}"
        );
    }
}
