//! The bytes that dates, times of day and both together have, whichever crate they are of.
//!
//! ```text
//! date   year: i32, sign bit flipped | month: u8 | day: u8
//!        2026-11-01 is 80 00 07 EA 0B 01
//! clock  hour: u8 | minute: u8 | second: u8 | nanoseconds: u32
//!        12:30:05.5 is 0C 1E 05 1D CD 65 00
//! ```
//! A date and time is the one and then the other. Two crates whose types say the same share the
//! bytes and the schema, so that a program can go from one to the other and keep its stores; what
//! the other one cannot hold (a leap second, a year far out) is then an error of its key.

use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

pub(crate) const NO_SUCH_INSTANT: &str = "an instant that its type cannot hold";
pub(crate) const NO_SUCH_DATE: &str = "a date that is in no calendar";
pub(crate) const NO_SUCH_CLOCK: &str = "a time that is on no clock";

/// A point of time: seconds since the epoch, rounded down, and nanoseconds from there.
pub(crate) type Instant = (i64, u32);

/// Year, month, day.
pub(crate) type Date = (i32, u8, u8);

/// Hour, minute, second, nanoseconds.
pub(crate) type Clock = (u8, u8, u8, u32);

/// Appends what a tuple of [`Instant`], [`Date`] or [`Clock`] is.
pub(crate) fn encode<T: KeyPart>(parts: &T, out: &mut Vec<u8>) {
    KeyRef::<T>::encode(parts, out);
}

/// Reads such a tuple, and from it what `make` makes; `what` says what is wrong where it makes
/// nothing.
pub(crate) fn decode<T: KeyPart, R>(
    reader: &mut KeyReader<'_>,
    what: &'static str,
    make: impl FnOnce(T) -> Option<R>,
) -> Result<R, KeyError> {
    let offset = reader.offset();
    make(T::decode(reader)?).ok_or(KeyError::new(offset, what))
}

/// A date and the time of day.
pub(crate) fn date_and_clock() -> Shape {
    Shape::fields([Shape::leaf("date"), Shape::leaf("clock")])
}
