//! The JSON codec: compact, one line.
//!
//! ```text
//! json/1, { hp: 7, name: "ada" }        {"hp":7,"name":"ada"}
//! ```
//!
//! Bytes are those of serde_json's compact form, in the order of the fields.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Error as JsonError;

use super::bounded_deserializer::BoundedDeserializer;
use super::bounded_serializer::BoundedValue;
use super::bounds::{ReadBounds, Rules, WriteBounds};
use super::codec_error::CodecError;
use super::contract::Codec;

const ID: &str = "json/1";

const RULES: Rules = Rules {
    null_is_none: true,
    unit_struct_is_none: true,
    finite_floats_only: true,
    fields_by_place: false,
};

/// Compact JSON: readable by people and by everything else, larger and slower than the others.
///
/// Survives changes of the type as `MessagePack` does: added fields with `#[serde(default)]`,
/// dropped and reordered fields, added variants.
///
/// What it cannot keep, and so refuses to write:
///
/// - `Some(None)`, `Some(())` and `Some` of a unit struct, which JSON writes like `None`;
/// - NaN and the infinities;
/// - maps whose keys are not strings, numbers, bools, chars or variants without fields;
/// - values nested deeper than 120 levels (counted as for `MessagePack`; up to 127 are read).
///
/// Whitespace around the value is read over. A value that is nothing but a number can be cut short
/// without notice (`12` of `123`); inside a struct or sequence it cannot.
///
/// ```
/// use grainstore::codec::{Codec, CodecError, Json};
///
/// let mut out = Vec::new();
/// Json.encode(&vec![Some(1.5), None], &mut out)?;
/// assert_eq!(out, b"[1.5,null]");
///
/// assert!(Json.encode(&f64::NAN, &mut out).is_err());
/// assert_eq!(out, b"[1.5,null]");
/// # Ok::<(), CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json;

impl<V: Serialize + DeserializeOwned> Codec<V> for Json {
    const ID: &'static str = ID;

    fn encode(&self, value: &V, out: &mut Vec<u8>) -> Result<(), CodecError> {
        encode(value, out)
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        decode(bytes)
    }
}

/// Appends `value` as compact JSON to `out`, for types that are only written.
///
/// # Errors
/// As [`Json`] refuses values; `out` is then as it was.
pub(crate) fn encode<V: Serialize + ?Sized>(
    value: &V,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let start = out.len();
    let bounds = WriteBounds::new(RULES);
    let mut serializer = serde_json::Serializer::new(&mut *out);
    match BoundedValue::whole(value, &bounds).serialize(&mut serializer) {
        Ok(()) => Ok(()),
        Err(error) => {
            out.truncate(start);
            Err(CodecError::encoding(ID, "the value has no such form").caused_by(error))
        }
    }
}

/// Reads a value that is all of `bytes`, for types that are only read.
///
/// # Errors
/// Where the bytes are no JSON or no such value.
pub(crate) fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, CodecError> {
    let bounds = ReadBounds::new(bytes.len());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    V::deserialize(BoundedDeserializer::whole(&mut deserializer, &bounds))
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| unreadable(bytes, error))
}

#[cold]
fn unreadable(bytes: &[u8], error: JsonError) -> CodecError {
    let place = place_of(bytes, error.line(), error.column());
    CodecError::decoding(ID, "the bytes are no such value")
        .at(place)
        .caused_by(error)
}

/// The offset of a line and column, both counted from 1.
fn place_of(bytes: &[u8], line: usize, column: usize) -> usize {
    let lines_before = line.saturating_sub(1);
    let line_start: usize = bytes
        .split_inclusive(|&byte| byte == b'\n')
        .take(lines_before)
        .map(<[u8]>::len)
        .sum();
    (line_start + column.saturating_sub(1)).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_the_offset_whatever_the_line() {
        let place = |text: &str| {
            let outcome: Result<Vec<bool>, _> = Json.decode(text.as_bytes());
            outcome.unwrap_err().offset()
        };
        assert_eq!(place("[true,x]"), Some(6));
        assert_eq!(place("[true,\n x]"), Some(8));
        assert_eq!(place("[true] x"), Some(7));
        assert!(place("[true,").is_some_and(|offset| offset <= 6));
        assert_eq!(place(""), Some(0));
    }
}
