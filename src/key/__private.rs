//! What the code that `#[derive(Key)]` writes is made of. Not for anybody else: it changes with
//! the derive, which is pinned to this version.

use std::borrow::Borrow;

use crate::key::key_error::KeyError;
use crate::key::key_prefix::Prefix;
use crate::key::wrappers;

pub use std::string::String;
pub use std::vec::Vec;

pub use crate::key::tuples::depth_over;

/// Flips every bit of `out` from `start` on.
#[inline]
pub fn flip(out: &mut [u8], start: usize) {
    wrappers::flip(out, start);
}

/// What `form` borrows: how a field with a module of its own is looked up.
#[inline]
pub fn borrow<T, Q: Borrow<T>>(form: &Q) -> &T {
    form.borrow()
}

/// A tag that belongs to no variant.
#[cold]
#[must_use]
pub fn unknown_tag(offset: usize) -> KeyError {
    KeyError::new(offset, "the tag of no variant")
}

/// A prefix of the bytes that `encode` writes.
pub fn prefix<K, Next>(encode: impl FnOnce(&mut Vec<u8>)) -> Prefix<K, Next> {
    let mut bytes = Vec::new();
    encode(&mut bytes);
    Prefix::from_bytes(bytes)
}
