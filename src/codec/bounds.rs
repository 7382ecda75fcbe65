//! The bounds within which serde values are written and read.
//!
//! The libraries behind the codecs recurse as deep as a value or a run of bytes tells them to, and
//! let a sequence claim any length. Around them stand two adapters, `bounded_serializer` and
//! `bounded_deserializer`, which carry the state of this module down the value. One call of a
//! codec, one thread.
//!
//! - B1 A level is every option, newtype, tuple, struct, sequence, map and enum around a place; a
//!   tuple or struct variant is two. Never fewer than `serde_json` counts for its own limit of 127,
//!   and the same number when written and when read.
//! - B2 A value is written up to [`LEVELS_WRITTEN_MAX`] and read up to [`LEVELS_READ_MAX`]: a type
//!   that has gained a wrapper since still reads what was written. A megabyte of stack is enough
//!   for either, optimized or not, where the type's own frames are of common size.
//! - B3 The lengths claimed by all sequences and maps of a value together are at most the number
//!   of its bytes + [`ZERO_BYTE_ELEMENTS_MAX`]. An element takes a byte or more in every format
//!   but bincode, where `()` takes none; a writer whose format knows such elements checks the same
//!   sum. So a claimed length can neither reserve memory nor keep a loop busy.
//! - B4 Room is reserved ahead for at most as many elements as the value has bytes, all sequences
//!   and maps together.
//!
//! It does not bound what a type does on its own: values that serde buffers (untagged, internally
//! tagged, flattened) are counted while they are buffered, not while they are taken out again.

use crate::planted::{Mistake, planted};
use std::cell::Cell;
use std::fmt::Display;

/// How many levels a value may have to be written.
pub(super) const LEVELS_WRITTEN_MAX: u8 = 120;

/// How many levels a value may have to be read.
pub(super) const LEVELS_READ_MAX: u8 = 127;

/// How many elements without a byte of their own a value may hold.
pub(super) const ZERO_BYTE_ELEMENTS_MAX: usize = 1 << 16;

/// What a format cannot give back, and so refuses to take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// `Some(None)` and `Some(())` are written like `None`.
    pub(super) null_is_none: bool,
    /// A unit struct is written like `None`.
    pub(super) unit_struct_is_none: bool,
    /// NaN and the infinities have no form.
    pub(super) finite_floats_only: bool,
    /// Fields are told apart by their place alone, so none may be left out.
    pub(super) fields_by_place: bool,
}

/// What one value being written has claimed so far, and what its format refuses.
pub(super) struct WriteBounds {
    pub(super) rules: Rules,
    elements: Cell<usize>,
}

impl WriteBounds {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            elements: Cell::new(0),
        }
    }

    /// A sequence or map of `length` begins.
    #[inline]
    pub(super) fn claim(&self, length: usize) {
        self.elements
            .set(self.elements.get().saturating_add(length));
    }

    /// True where a reader will accept the claimed lengths in a value of `bytes` (B3).
    #[cfg(any(feature = "bincode", test))] // in the others every element takes a byte
    pub(super) fn readable_in(&self, bytes: usize) -> bool {
        self.elements.get() <= bytes.saturating_add(ZERO_BYTE_ELEMENTS_MAX)
    }
}

/// What one value being read may still claim.
pub(super) struct ReadBounds {
    elements_left: Cell<usize>,
}

impl ReadBounds {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            elements_left: Cell::new(bytes.saturating_add(ZERO_BYTE_ELEMENTS_MAX)),
        }
    }

    /// A sequence or map says to have `length` elements.
    #[inline]
    pub(super) fn claim(&self, length: usize) -> Claim {
        if planted(Mistake::LengthTakenAtItsWord) {
            return Claim::Backed;
        }
        let left = self.elements_left.get();
        let Some(rest) = left.checked_sub(length) else {
            return Claim::Impossible;
        };
        self.elements_left.set(rest);
        if rest >= ZERO_BYTE_ELEMENTS_MAX {
            Claim::Backed
        } else {
            Claim::Unbacked
        }
    }
}

/// How a claimed length stands to the bytes of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// There is a byte for every element claimed so far: room may be reserved (B4).
    Backed,
    /// Some elements must be without a byte: no room is reserved for these.
    Unbacked,
    /// No value of that many bytes has so many elements (B3).
    Impossible,
}

/// The text of a value with too many levels.
#[cold]
pub(super) fn too_deep(levels_max: u8) -> impl Display {
    format!("nested deeper than {levels_max} levels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_add_up_to_the_bytes_and_the_allowance() {
        let bounds = ReadBounds::new(10);
        assert_eq!(bounds.claim(8), Claim::Backed);
        assert_eq!(bounds.claim(2), Claim::Backed);
        assert_eq!(bounds.claim(1), Claim::Unbacked);
        assert_eq!(bounds.claim(ZERO_BYTE_ELEMENTS_MAX - 1), Claim::Unbacked);
        assert_eq!(bounds.claim(1), Claim::Impossible);
        assert_eq!(bounds.claim(0), Claim::Unbacked);
        assert_eq!(ReadBounds::new(0).claim(usize::MAX), Claim::Impossible);
    }

    #[test]
    fn a_writer_accepts_what_a_reader_accepts() {
        let rules = Rules {
            null_is_none: false,
            unit_struct_is_none: false,
            finite_floats_only: false,
            fields_by_place: true,
        };
        for (length, bytes) in [(ZERO_BYTE_ELEMENTS_MAX, 0), (ZERO_BYTE_ELEMENTS_MAX + 3, 3)] {
            let written = WriteBounds::new(rules);
            written.claim(length);
            assert!(written.readable_in(bytes));
            assert_ne!(ReadBounds::new(bytes).claim(length), Claim::Impossible);
            written.claim(1);
            assert!(!written.readable_in(bytes));
            assert_eq!(ReadBounds::new(bytes).claim(length + 1), Claim::Impossible);
        }
    }
}
