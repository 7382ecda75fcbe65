//! A test of any codec against the rules of `contract`.
//!
//! For the tests of a program that brings a codec of its own, or that wants to know whether its
//! types survive one of ours. It tries what it can in time quadratic in the size of the largest
//! value; it cannot prove that a codec never panics, nor that its bytes stay the same (C5): keep
//! golden bytes for that.

use std::fmt;

use super::codec_error::CodecError;
use super::contract::Codec;

/// Endings no value may be followed by.
const JUNK: [&[u8]; 4] = [b"\0", b"\xFF", b"\xC0", b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"];

/// What is flipped in each byte in turn.
const FLIPS: [u8; 4] = [0x01, 0x10, 0x80, 0xFF];

/// A rule that a codec has broken for a value, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Violation {}

/// Checks `codec` with each of `values` and says which rule of [`Codec`] the first broken one is.
///
/// - The id is printable ASCII of 1 to 64 bytes.
/// - Each value comes back equal, and encoding appends to what stands in the buffer.
/// - Junk after the bytes of a value is refused, or is part of another value.
/// - Of bytes cut short anywhere, what decodes is the value itself or another one with just those
///   bytes: nothing is made up for what is missing. (A bare `f64` in JSON fails here, and rightly.)
/// - Bytes with flipped bits decode to anything or to an error, without a panic.
///
/// # Errors
///
/// The first rule that was broken, and by which value.
///
/// ```
/// use grainstore::codec::{MessagePack, conformance};
///
/// conformance::check(&MessagePack, &[Some(1u32), None])?;
///
/// let error = conformance::check(&MessagePack, &[Some(None::<u32>)]).unwrap_err();
/// assert!(error.to_string().contains("Some(None) and Some(()) would read back as None"));
/// # Ok::<(), conformance::Violation>(())
/// ```
pub fn check<V, C>(codec: &C, values: &[V]) -> Result<(), Violation>
where
    V: PartialEq + fmt::Debug,
    C: Codec<V>,
{
    if !(1..=64).contains(&C::ID.len()) || !C::ID.bytes().all(|byte| byte.is_ascii_graphic()) {
        return broken("its id is not 1 to 64 bytes of printable ASCII", &C::ID);
    }
    for value in values {
        let bytes = encoded(codec, value)?;
        comes_back(codec, value, &bytes)?;
        junk_is_noticed(codec, value, &bytes)?;
        nothing_is_made_up(codec, value, &bytes)?;
        flipped_bits_do_not_panic(codec, &bytes);
    }
    Ok(())
}

fn broken<V: fmt::Debug>(rule: &str, value: &V) -> Result<(), Violation> {
    Err(Violation {
        text: format!("{rule}: {value:?}"),
    })
}

/// The bytes of `value`, encoded behind others (C2).
fn encoded<V: fmt::Debug, C: Codec<V>>(codec: &C, value: &V) -> Result<Vec<u8>, Violation> {
    let before = b"what stood there";
    let mut out = before.to_vec();
    let outcome = codec.encode(value, &mut out);
    let text = match (outcome, out.strip_prefix(before)) {
        (Ok(()), Some(bytes)) => return Ok(bytes.to_vec()),
        (Err(error), Some([])) => format!("{error}: {value:?}"),
        (Err(_), _) => format!("a failed encode changed the buffer: {value:?}"),
        (Ok(()), None) => format!("encode changed what stood in the buffer: {value:?}"),
    };
    Err(Violation { text })
}

/// C1.
fn comes_back<V, C>(codec: &C, value: &V, bytes: &[u8]) -> Result<(), Violation>
where
    V: PartialEq + fmt::Debug,
    C: Codec<V>,
{
    match codec.decode(bytes) {
        Ok(back) if back == *value => Ok(()),
        Ok(back) => broken(&format!("decodes to {back:?} what was encoded from"), value),
        Err(error) => broken(&format!("encodes, but does not decode ({error})"), value),
    }
}

/// C3. Formats without an end of their own may take the junk for a part of another value.
fn junk_is_noticed<V, C>(codec: &C, value: &V, bytes: &[u8]) -> Result<(), Violation>
where
    V: PartialEq + fmt::Debug,
    C: Codec<V>,
{
    for junk in JUNK {
        let longer = [bytes, junk].concat();
        let outcome: Result<V, CodecError> = codec.decode(&longer);
        if outcome.is_ok_and(|back| back == *value) {
            return broken(&format!("junk {junk:02x?} is overlooked after"), value);
        }
    }
    Ok(())
}

/// C1 and C3 for bytes cut short.
fn nothing_is_made_up<V, C>(codec: &C, value: &V, bytes: &[u8]) -> Result<(), Violation>
where
    V: PartialEq + fmt::Debug,
    C: Codec<V>,
{
    for cut in (0..bytes.len()).filter_map(|length| bytes.get(..length)) {
        let Ok(back) = codec.decode(cut) else {
            continue;
        };
        let mut again = Vec::new();
        let is_its_own = codec.encode(&back, &mut again).is_ok() && again == cut;
        if back != *value && !is_its_own {
            let rule = format!("cut to {} bytes decodes to {back:?}", cut.len());
            return broken(&rule, value);
        }
    }
    Ok(())
}

/// C4, as far as trying goes.
fn flipped_bits_do_not_panic<V, C: Codec<V>>(codec: &C, bytes: &[u8]) {
    let mut damaged = bytes.to_vec();
    for place in 0..damaged.len() {
        for flip in FLIPS {
            if let Some(byte) = damaged.get_mut(place) {
                *byte ^= flip;
            }
            drop(codec.decode(&damaged));
            if let Some(byte) = damaged.get_mut(place) {
                *byte ^= flip;
            }
        }
    }
}
