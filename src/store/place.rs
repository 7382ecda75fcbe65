//! Naming a record in the text of an error: its store, and its key readable and in hex.
//!
//! The key is printed by its shape, so that nothing here knows its type. Long keys are cut. Called
//! from any thread, and only where something has gone wrong.

use super::raw_store::RawStore;
use crate::key::shape::Shape;
use std::fmt::Write;

/// How many bytes of a key are shown; four times as many characters of what it reads as.
const SHOWN_BYTES_MAX: usize = 64;

impl RawStore {
    /// Names the store and the key under an engine key: `store "hp", key "ada" (hex 61646100)`.
    #[cold]
    pub(crate) fn place(&self, key: &[u8]) -> String {
        let key = shown_key(&self.key_shape, self.keyspace.strip(key));
        format!("store {:?}, key {key}", self.name)
    }
}

/// An encoded key, readable and in hex.
#[cold]
pub(crate) fn shown_key(shape: &Shape, key: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * SHOWN_BYTES_MAX);
    for byte in key.iter().take(SHOWN_BYTES_MAX) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    if key.len() > SHOWN_BYTES_MAX {
        hex.push('…');
    }
    let printed = shape.print(key);
    let mut text: String = printed.chars().take(4 * SHOWN_BYTES_MAX).collect();
    if text.len() < printed.len() {
        text.push('…');
    }
    format!("{text} (hex {hex})")
}
