//! What a decoder says of bytes it cannot accept.

/// Bytes that break their format: where, counted from the start of the decoded slice, and how.
///
/// The caller adds the place of the slice in its file and makes a corruption error of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Offset into the decoded slice, in bytes.
    pub(crate) offset: usize,
    /// What is wrong there.
    pub(crate) what: &'static str,
}

impl Damage {
    /// `what` is wrong at `offset`.
    pub(crate) fn new(offset: usize, what: &'static str) -> Self {
        Self { offset, what }
    }
}
