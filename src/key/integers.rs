//! Integers, and the scalars that are one: `bool` and `char`.
//!
//! Big-endian in their own width. A signed one has its sign bit flipped, so that negative numbers
//! come first: `-1i64` is `7F FF FF FF FF FF FF FF`.

use std::num::{NonZero, Saturating, Wrapping};

use crate::key::escape;
use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::whole_prefix;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;
use crate::planted::{Mistake, planted};

/// The bits of an integer that are flipped, of which `min` is the smallest: its sign bit.
#[inline]
fn flipped<I: Default>(min: I) -> I {
    let none = planted(Mistake::NegativesLast);
    if none { I::default() } else { min }
}

/// Integers but `u8`: `MIN` is 0 for the unsigned and the sign bit for the signed ones.
macro_rules! integer_key {
    ($($integer:ident)+) => {$(
        impl KeyRef<$integer> for $integer {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&(self ^ flipped(<$integer>::MIN)).to_be_bytes());
            }
        }
        impl KeyPart for $integer {
            #[inline]
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                Ok(<$integer>::from_be_bytes(reader.array()?) ^ flipped(<$integer>::MIN))
            }
            fn shape() -> Shape {
                Shape::leaf(stringify!($integer))
            }
        }
        whole_prefix! { $integer }
    )+};
}

integer_key! { u16 u32 u64 u128 i8 i16 i32 i64 i128 }

impl KeyRef<u8> for u8 {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn encode_list(list: &[u8], end: bool, out: &mut Vec<u8>) {
        if end {
            escape::encode(list, out);
        } else {
            escape::escape(list, out);
        }
    }
}

impl KeyPart for u8 {
    #[inline]
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        reader.byte()
    }

    fn shape() -> Shape {
        Shape::leaf("u8")
    }

    const IS_BYTE: bool = true;

    fn decode_list(reader: &mut KeyReader<'_>) -> Result<Vec<u8>, KeyError> {
        reader.escaped()
    }

    fn decode_array<const N: usize>(reader: &mut KeyReader<'_>) -> Result<[u8; N], KeyError> {
        reader.array()
    }

    fn list_shape() -> Shape {
        Shape::leaf("bytes")
    }
}

whole_prefix! { u8 }

/// Integers without zero: as the integer; a zero does not decode.
macro_rules! nonzero_key {
    ($($integer:ident)+) => {$(
        impl KeyRef<NonZero<$integer>> for NonZero<$integer> {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                self.get().encode(out);
            }
        }
        impl KeyPart for NonZero<$integer> {
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                let offset = reader.offset();
                let integer = <$integer>::decode(reader)?;
                NonZero::new(integer).ok_or(KeyError::new(offset, "a zero where none can be"))
            }
            fn shape() -> Shape {
                Shape::nonzero(<$integer>::shape())
            }
            const DEPTH: u32 = 2;
        }
        whole_prefix! { NonZero<$integer> }
    )+};
}

nonzero_key! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 }

/// Wrappers that change what arithmetic does, not what the value is.
macro_rules! arithmetic_key {
    ($($wrapper:ident)+) => {$(
        impl<K, Q: KeyRef<K>> KeyRef<$wrapper<K>> for $wrapper<Q> {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }
        }
        impl<T: KeyPart> KeyPart for $wrapper<T> {
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                T::decode(reader).map($wrapper)
            }
            fn shape() -> Shape {
                T::shape()
            }
            const DEPTH: u32 = T::DEPTH + 1;
        }
        whole_prefix! { <T: KeyPart> $wrapper<T> }
    )+};
}

arithmetic_key! { Wrapping Saturating }

impl KeyRef<bool> for bool {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl KeyPart for bool {
    #[inline]
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let offset = reader.offset();
        match reader.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(KeyError::new(offset, "neither true nor false")),
        }
    }

    fn shape() -> Shape {
        Shape::leaf("bool")
    }
}

whole_prefix! { bool }

impl KeyRef<char> for char {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        u32::from(*self).encode(out);
    }
}

impl KeyPart for char {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let offset = reader.offset();
        let scalar = u32::decode(reader)?;
        Self::from_u32(scalar).ok_or(KeyError::new(offset, "a number that is no character"))
    }

    fn shape() -> Shape {
        Shape::leaf("char")
    }
}

whole_prefix! { char }
