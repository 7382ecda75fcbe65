//! What a decoder says of bytes that are no key of its type.
//!
//! Plain data. The store that read the bytes adds its own name and the key to it.

use std::fmt;

/// Bytes that are not the encoding of a key: where, and how they break it.
///
/// An encoding never fails; only decoding does, and only where the bytes were written for another
/// type or were damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyError {
    offset: usize,
    what: &'static str,
}

impl KeyError {
    /// `what` is wrong at `offset`, counted in bytes from the start of the encoded key.
    #[must_use]
    pub fn new(offset: usize, what: &'static str) -> Self {
        Self { offset, what }
    }

    /// Where in the encoded key, in bytes from its start.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong there.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {} of the key: {}", self.offset, self.what)
    }
}

impl std::error::Error for KeyError {}
