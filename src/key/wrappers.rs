//! `Option`, `Reverse`, `()`, `PhantomData`, and the pointers that own what they point to.
//!
//! `None` is `00`, `Some` is `01` and its value. `Reverse` is the value with every bit flipped:
//! `Reverse("ab")` is `9E 9D FF`. The others are as what is in them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::{KeyPrefix, TextPart, whole_prefix};
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

impl<K, Q: KeyRef<K>> KeyRef<Option<K>> for Option<Q> {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.encode(out);
            }
        }
    }
}

impl<T: KeyPart> KeyPart for Option<T> {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let offset = reader.offset();
        match reader.byte()? {
            0 => Ok(None),
            1 => T::decode(reader).map(Some),
            _ => Err(KeyError::new(offset, "neither none nor some")),
        }
    }

    fn shape() -> Shape {
        Shape::option(T::shape())
    }

    const DEPTH: u32 = T::DEPTH + 1;
}

whole_prefix! { <T: KeyPart> Option<T> }

/// Flips every bit of `out` from `start` on: what was written there now sorts the other way round.
#[inline]
pub(crate) fn flip(out: &mut [u8], start: usize) {
    for byte in &mut out[start..] {
        *byte = !*byte;
    }
}

impl<K, Q: KeyRef<K>> KeyRef<Reverse<K>> for Reverse<Q> {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.0.encode(out);
        flip(out, start);
    }
}

impl<T: KeyPart> KeyPart for Reverse<T> {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        reader.descending(T::decode).map(Reverse)
    }

    fn shape() -> Shape {
        Shape::descending(T::shape())
    }

    const DEPTH: u32 = T::DEPTH + 1;
}

impl<T: TextPart> TextPart for Reverse<T> {
    type Text = T::Text;

    fn encode_start(text: &T::Text, out: &mut Vec<u8>) {
        let start = out.len();
        T::encode_start(text, out);
        flip(out, start);
    }
}

whole_prefix! { <T: KeyPart> Reverse<T> }

impl<T: ?Sized> KeyRef<PhantomData<T>> for PhantomData<T> {
    fn encode(&self, _out: &mut Vec<u8>) {}
}

impl<T: ?Sized> KeyPart for PhantomData<T> {
    fn decode(_reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        Ok(Self)
    }

    fn shape() -> Shape {
        Shape::fields([])
    }
}

macro_rules! pointer_key {
    ($($pointer:ident)+) => {$(
        impl<T: KeyRef<T>> KeyRef<$pointer<T>> for $pointer<T> {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                T::encode(self, out);
            }
        }
        impl<T: KeyPart> KeyPart for $pointer<T> {
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                T::decode(reader).map(Self::new)
            }
            fn shape() -> Shape {
                T::shape()
            }
            const DEPTH: u32 = T::DEPTH + 1;
        }
        whole_prefix! { <T: KeyPart> $pointer<T> }
    )+};
}

pointer_key! { Box Rc Arc }

/// A `Cow` encodes as what it borrows and decodes to what it owns.
impl<'a, 'b, B> KeyRef<Cow<'a, B>> for Cow<'b, B>
where
    B: ?Sized + ToOwned + KeyRef<B::Owned>,
{
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        B::encode(self, out);
    }
}

impl<'a, B> KeyPart for Cow<'a, B>
where
    B: ?Sized + ToOwned<Owned: KeyPart> + KeyRef<B::Owned>,
{
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        B::Owned::decode(reader).map(Cow::Owned)
    }

    fn shape() -> Shape {
        B::Owned::shape()
    }

    const DEPTH: u32 = B::Owned::DEPTH + 1;
}

impl<'a, B> TextPart for Cow<'a, B>
where
    B: ?Sized + ToOwned<Owned: TextPart> + KeyRef<B::Owned>,
{
    type Text = <B::Owned as TextPart>::Text;

    fn encode_start(text: &Self::Text, out: &mut Vec<u8>) {
        B::Owned::encode_start(text, out);
    }
}

impl<'a, B> KeyPrefix<Cow<'a, B>> for ()
where
    B: ?Sized + ToOwned<Owned: KeyPart> + KeyRef<B::Owned>,
{
    type Next = Cow<'a, B>;

    fn encode_prefix(&self, _out: &mut Vec<u8>) {}
}

impl<'a> KeyRef<Cow<'a, str>> for str {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        KeyRef::<String>::encode(self, out);
    }
}

impl<'a> KeyRef<Cow<'a, str>> for String {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        KeyRef::<String>::encode(self, out);
    }
}

impl<'a, T: KeyPart + Clone> KeyRef<Cow<'a, [T]>> for [T] {
    fn encode(&self, out: &mut Vec<u8>) {
        KeyRef::<Vec<T>>::encode(self, out);
    }
}
