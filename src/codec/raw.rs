//! The codec of values that are bytes already.
//!
//! ```text
//! raw/1: the bytes themselves, nothing added          "hi"  68 69
//! ```
//!
//! Any bytes are a value here, so neither a cut nor a rest can be noticed: what was kept is what
//! is read. No serde, no copy beyond the one into the value.

use std::any::Any;
use std::string::FromUtf8Error;

use super::codec_error::CodecError;
use super::contract::Codec;

const ID: &str = "raw/1";

/// Bytes as they are: `Vec<u8>`, `Box<[u8]>`, `Arc<[u8]>`, `[u8; N]`, `String`, `bytes::Bytes`
/// and every other type with `AsRef<[u8]>` and `TryFrom<Vec<u8>>`.
///
/// Nothing is added to the bytes. A `String` that is not UTF-8 and an array of another length are
/// errors; everything else can be decoded, a value cut short too.
///
/// ```
/// use grainstore::codec::{Codec, CodecError, Raw};
///
/// let mut out = Vec::new();
/// Raw.encode(&"grain".to_owned(), &mut out)?;
/// assert_eq!(out, b"grain");
/// let text: String = Raw.decode(&out)?;
/// assert_eq!(text, "grain");
/// # Ok::<(), CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Raw;

impl<V> Codec<V> for Raw
where
    V: AsRef<[u8]> + TryFrom<Vec<u8>>,
    V::Error: 'static,
{
    const ID: &'static str = ID;

    #[inline]
    fn encode(&self, value: &V, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.extend_from_slice(value.as_ref());
        Ok(())
    }

    #[inline]
    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        V::try_from(bytes.to_vec()).map_err(|refusal| refused::<V>(bytes.len(), &refusal))
    }
}

#[cold]
fn refused<V>(length: usize, refusal: &dyn Any) -> CodecError {
    let name = std::any::type_name::<V>();
    let error = CodecError::decoding(ID, format!("{length} bytes are no {name}"));
    match refusal.downcast_ref::<FromUtf8Error>() {
        Some(utf8) => {
            let utf8 = utf8.utf8_error();
            error.at(utf8.valid_up_to()).caused_by(utf8)
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn round<V>(value: &V) -> V
    where
        Raw: Codec<V>,
    {
        let mut out = vec![9];
        Raw.encode(value, &mut out).unwrap();
        assert_eq!(out.remove(0), 9);
        Raw.decode(&out).unwrap()
    }

    #[test]
    fn types_made_of_bytes_come_back_as_they_were() {
        assert_eq!(round(&vec![0u8, 255]), [0, 255]);
        assert_eq!(round(&String::from("søn")), "søn");
        assert_eq!(round(&[1u8, 2, 3]), [1, 2, 3]);
        assert_eq!(*round::<Box<[u8]>>(&Box::from([7u8; 3])), [7; 3]);
        assert_eq!(*round::<Arc<[u8]>>(&Arc::from([7u8; 3])), [7; 3]);
        assert_eq!(round(&Vec::<u8>::new()), [0u8; 0]);
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_its_place() {
        let error = Codec::<String>::decode(&Raw, b"ab\xFF").unwrap_err();
        assert_eq!(error.offset(), Some(2));
        assert!(
            error
                .to_string()
                .contains("3 bytes are no alloc::string::String"),
            "{error}"
        );
    }

    #[test]
    fn an_array_of_another_length_is_refused() {
        let error = Codec::<[u8; 4]>::decode(&Raw, b"abc").unwrap_err();
        assert!(
            error.to_string().contains("3 bytes are no [u8; 4]"),
            "{error}"
        );
    }
}
