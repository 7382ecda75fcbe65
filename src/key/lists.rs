//! Lists, sets and arrays.
//!
//! A list is `01` and an element, again and again, and then `00`: `[1u16, 256]` is
//! `01 00 01  01 01 00  00`. A list of `u8` is escaped as text is, without a marker per byte. An
//! array is its elements in a row, for their number is known.
//!
//! A shorter list comes before the longer ones that it begins, because `00` is below `01`.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use crate::key::key_error::KeyError;
use crate::key::key_part::{ELEMENT, END, KeyPart, KeyRef, another_element};
use crate::key::key_prefix::{KeyPrefix, TextPart};
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

/// Owned lists, each with the forms that can look it up.
macro_rules! list_key {
    ($($list:ty: $($form:ty),+;)+) => {$(
        impl<T: KeyPart> KeyPart for $list {
            fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
                T::decode_list(reader).map(Self::from)
            }
            fn shape() -> Shape {
                T::list_shape()
            }
            const DEPTH: u32 = T::DEPTH + 1;
        }
        impl<T: KeyPart> TextPart for $list {
            type Text = [T];
            fn encode_start(text: &[T], out: &mut Vec<u8>) {
                T::encode_list(text, false, out);
            }
        }
        impl<T: KeyPart> KeyPrefix<$list> for () {
            type Next = $list;
            fn encode_prefix(&self, _out: &mut Vec<u8>) {}
        }
        $(impl<T: KeyPart, Q: KeyRef<T>> KeyRef<$list> for $form {
            fn encode(&self, out: &mut Vec<u8>) {
                Q::encode_list(self, true, out);
            }
        })+
        impl<T: KeyPart, Q: KeyRef<T>, const N: usize> KeyRef<$list> for [Q; N] {
            fn encode(&self, out: &mut Vec<u8>) {
                Q::encode_list(self, true, out);
            }
        }
    )+};
}

list_key! {
    Vec<T>: Vec<Q>, [Q];
    Box<[T]>: Box<[Q]>, [Q], Vec<Q>;
    Rc<[T]>: Rc<[Q]>, [Q], Vec<Q>;
    Arc<[T]>: Arc<[Q]>, [Q], Vec<Q>;
}

impl<T, Q: KeyRef<T>, const N: usize> KeyRef<[T; N]> for [Q; N] {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        for element in self {
            element.encode(out);
        }
    }
}

impl<T: KeyPart, const N: usize> KeyPart for [T; N] {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        T::decode_array(reader)
    }
    fn shape() -> Shape {
        Shape::array(T::shape(), N)
    }
    const DEPTH: u32 = T::DEPTH + 1;
}

impl<T: KeyPart, const N: usize> KeyPrefix<[T; N]> for () {
    type Next = [T; N];
    fn encode_prefix(&self, _out: &mut Vec<u8>) {}
}

impl<T: KeyRef<T> + Ord> KeyRef<BTreeSet<T>> for BTreeSet<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        for element in self {
            out.push(ELEMENT);
            element.encode(out);
        }
        out.push(END);
    }
}

impl<T: KeyPart + Ord> KeyPart for BTreeSet<T> {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let mut set = Self::new();
        while another_element(reader)? {
            let offset = reader.offset();
            let element = T::decode(reader)?;
            // K5: only the order that encoding writes.
            if set.last().is_some_and(|last| *last >= element) {
                return Err(KeyError::new(offset, "a set out of order"));
            }
            set.insert(element);
        }
        Ok(set)
    }
    fn shape() -> Shape {
        Shape::set(T::shape())
    }
    const DEPTH: u32 = T::DEPTH + 1;
}

impl<T: KeyPart + Ord> KeyPrefix<BTreeSet<T>> for () {
    type Next = BTreeSet<T>;
    fn encode_prefix(&self, _out: &mut Vec<u8>) {}
}
