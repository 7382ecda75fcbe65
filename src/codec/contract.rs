//! What a value codec has to do.
//!
//! Promises nothing of its own: the numbered rules below are what every codec promises a store,
//! and `conformance::check` is how an implementation proves most of them. A codec is called from
//! any thread, several at once, and keeps no state between calls.
//!
//! - C1 `decode(encode(v)) == v`, or `encode` refuses `v`.
//! - C2 `encode` appends to `out`; where it fails, `out` is as it was before.
//! - C3 `decode` accepts only bytes it has used to the last one.
//! - C4 `decode` answers any bytes with a value or an error: no panic, no endless loop, no stack
//!   overflow, and memory only in proportion to the bytes at hand.
//! - C5 The bytes of one [`ID`](Codec::ID) mean the same for ever.
//!
//! It does not detect bit rot: a flipped bit often decodes into another value. Checksums are the
//! business of whoever keeps the bytes.

use super::codec_error::CodecError;

/// Turns values of type `V` into bytes and back.
///
/// A store keeps the codec's [`ID`](Codec::ID) with its data and refuses to be opened with another
/// one. The codecs of this crate are unit structs that work for every type with `Serialize` and
/// `DeserializeOwned`; a codec of your own may be made for one type or for many.
///
/// # Rules
///
/// - What `encode` accepts, `decode` gives back equal. A value that would not survive is refused.
/// - `encode` appends to `out`, and leaves `out` as it was where it fails.
/// - `decode` refuses bytes with a rest it has not used.
/// - `decode` never panics and never allocates for a length that is only claimed.
///
/// [`conformance::check`](crate::codec::conformance::check) tests a codec against these rules.
///
/// # A codec of your own
///
/// ```
/// use grainstore::codec::{Codec, CodecError, conformance};
///
/// #[derive(Debug, PartialEq)]
/// struct Position { x: i32, y: i32 }
///
/// /// Two little-endian numbers, eight bytes, nothing else.
/// #[derive(Clone, Copy, Debug, Default)]
/// struct Packed;
///
/// impl Codec<Position> for Packed {
///     const ID: &'static str = "packed-position/1";
///
///     fn encode(&self, value: &Position, out: &mut Vec<u8>) -> Result<(), CodecError> {
///         out.extend_from_slice(&value.x.to_le_bytes());
///         out.extend_from_slice(&value.y.to_le_bytes());
///         Ok(())
///     }
///
///     fn decode(&self, bytes: &[u8]) -> Result<Position, CodecError> {
///         let whole = <[u8; 8]>::try_from(bytes).map_err(|wrong_length| {
///             CodecError::decoding(Self::ID, format!("8 bytes wanted, {} found", bytes.len()))
///                 .caused_by(wrong_length)
///         })?;
///         let [a, b, c, d, e, f, g, h] = whole;
///         Ok(Position {
///             x: i32::from_le_bytes([a, b, c, d]),
///             y: i32::from_le_bytes([e, f, g, h]),
///         })
///     }
/// }
///
/// conformance::check(&Packed, &[Position { x: 1, y: -2 }, Position { x: 0, y: i32::MAX }])?;
/// # Ok::<(), conformance::Violation>(())
/// ```
///
/// A codec over serde, postcard say, is written once for every type:
///
/// ```
/// # mod postcard { // stands in for the crate
/// #     #[derive(Debug)] pub struct Error;
/// #     impl std::fmt::Display for Error {
/// #         fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) }
/// #     }
/// #     impl std::error::Error for Error {}
/// #     pub fn to_extend<T>(_: &T, out: Vec<u8>) -> Result<Vec<u8>, Error> { Ok(out) }
/// #     pub fn take_from_bytes<T>(_: &[u8]) -> Result<(T, &[u8]), Error> { Err(Error) }
/// # }
/// use grainstore::codec::{Codec, CodecError};
/// use serde::{Serialize, de::DeserializeOwned};
///
/// struct Postcard;
///
/// impl<V: Serialize + DeserializeOwned> Codec<V> for Postcard {
///     const ID: &'static str = "postcard/1";
///
///     fn encode(&self, value: &V, out: &mut Vec<u8>) -> Result<(), CodecError> {
///         let bytes = postcard::to_extend(value, Vec::new()).map_err(|error| {
///             CodecError::encoding("postcard/1", "the value has no such form").caused_by(error)
///         })?;
///         out.extend_from_slice(&bytes);
///         Ok(())
///     }
///
///     fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
///         let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| {
///             CodecError::decoding("postcard/1", "the bytes are no such value").caused_by(error)
///         })?;
///         if rest.is_empty() {
///             return Ok(value);
///         }
///         let used = bytes.len() - rest.len();
///         Err(CodecError::decoding("postcard/1", "bytes are left over").at(used))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot encode and decode `{V}`",
    note = "`MessagePack`, `Json` and `Bincode` need `{V}: serde::Serialize + \
            serde::de::DeserializeOwned`; `Raw` needs a type made of bytes"
)]
pub trait Codec<V>: Send + Sync + 'static {
    /// The stable name of the byte format, kept with every store: `"json/1"`. Change it whenever
    /// the bytes change. Printable ASCII, at most 64 bytes.
    const ID: &'static str;

    /// Appends the bytes of `value` to `out`.
    ///
    /// # Errors
    ///
    /// Where the format has no bytes for `value` from which it could be read back. `out` is then
    /// as it was.
    fn encode(&self, value: &V, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Reads the value that all of `bytes` are.
    ///
    /// # Errors
    ///
    /// Where `bytes` are not what [`encode`](Codec::encode) writes for a `V`, or are more than it.
    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError>;
}
