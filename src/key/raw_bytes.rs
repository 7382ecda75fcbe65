//! Keys that are bytes already.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use crate::key::key_error::KeyError;
use crate::key::key_part::Key;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::{KeyPrefix, NothingFollows};
use crate::key::shape::Shape;

/// A whole key of bytes, stored as they are.
///
/// It has no end of its own and so cannot be a component of another key; there, `Vec<u8>` can. It
/// is looked up by `[u8]`, arrays, `Vec<u8>` and `str`, and any of those is a prefix of it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawBytes(pub Vec<u8>);

impl Key for RawBytes {
    fn decode_key(bytes: &[u8]) -> Result<Self, KeyError> {
        Ok(Self(bytes.to_vec()))
    }

    fn key_shape() -> Shape {
        Shape::leaf("raw")
    }
}

macro_rules! raw_forms {
    ($([$($generics:tt)*] $form:ty),+ $(,)?) => {$(
        impl<$($generics)*> KeyRef<RawBytes> for $form {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.as_ref());
            }
        }
        impl<$($generics)*> KeyPrefix<RawBytes> for $form {
            type Next = NothingFollows;
            #[inline]
            fn encode_prefix(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.as_ref());
            }
        }
    )+};
}

raw_forms! { [] RawBytes, [] [u8], [] Vec<u8>, [] str, [] String, [const N: usize] [u8; N] }

impl KeyPrefix<RawBytes> for () {
    type Next = NothingFollows;

    fn encode_prefix(&self, _out: &mut Vec<u8>) {}
}

impl Deref for RawBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for RawBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for RawBytes {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for RawBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for RawBytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Debug for RawBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}
