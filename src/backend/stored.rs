//! What reads give: a key with its value, a value with its end. Plain data.

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// A value and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The bytes of the value.
    pub value: Vec<u8>,
    /// When it stops existing, in ms since the epoch; 0 for never.
    pub expiry_ms: u64,
}
