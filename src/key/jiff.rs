//! Types of the crate jiff, behind the feature `jiff`.
//!
//! A `Timestamp` is as a `SystemTime` is: the seconds since the epoch, rounded down (`i64`), and
//! the nanoseconds from there (`u32`). `civil::Date`, `civil::Time` and `civil::DateTime` are their
//! fields in a row, as `calendar` has them.
//!
//! A `Zoned` is no key: two of them can be the same instant in two zones, which is equal for its
//! order and not for its bytes. Keep its `timestamp()`, and the zone beside it in the value.
//!
//! ```
//! use grainstore::key::Key;
//! use jiff::Timestamp;
//!
//! let half_a_second_before = Timestamp::from_millisecond(-500).unwrap();
//! let bytes = [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1D, 0xCD, 0x65, 0x00];
//! assert_eq!(half_a_second_before.encode_key(), bytes);
//! assert_eq!(Timestamp::schema(), "k1:time");
//! ```
//!
//! ```compile_fail,E0277
//! fn is_key<K: grainstore::Key>() {}
//! is_key::<jiff::Zoned>();
//! ```

use jiff::Timestamp;
use jiff::civil;

use crate::key::calendar::{self, Clock, Date, Instant};
use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::whole_prefix;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

const SECOND_NANOS: i32 = 1_000_000_000;

impl KeyRef<Timestamp> for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        // jiff rounds the seconds towards the epoch, and the nanoseconds carry the sign.
        let (seconds, nanos) = (self.as_second(), self.subsec_nanosecond());
        let floor = seconds - i64::from(nanos < 0);
        let instant: Instant = (floor, nanos.rem_euclid(SECOND_NANOS).unsigned_abs());
        calendar::encode(&instant, out);
    }
}

impl KeyPart for Timestamp {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        calendar::decode(
            reader,
            calendar::NO_SUCH_INSTANT,
            |(seconds, nanos): Instant| {
                let nanos = i32::try_from(nanos).ok().filter(|n| *n < SECOND_NANOS)?;
                Self::new(seconds, nanos).ok()
            },
        )
    }

    fn shape() -> Shape {
        Shape::leaf("time")
    }
}

impl KeyRef<civil::Date> for civil::Date {
    fn encode(&self, out: &mut Vec<u8>) {
        let (month, day) = (self.month().unsigned_abs(), self.day().unsigned_abs());
        let date: Date = (i32::from(self.year()), month, day);
        calendar::encode(&date, out);
    }
}

impl KeyPart for civil::Date {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        calendar::decode(
            reader,
            calendar::NO_SUCH_DATE,
            |(year, month, day): Date| {
                let year = i16::try_from(year).ok()?;
                let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
                Self::new(year, month, day).ok()
            },
        )
    }

    fn shape() -> Shape {
        Shape::leaf("date")
    }
}

impl KeyRef<civil::Time> for civil::Time {
    fn encode(&self, out: &mut Vec<u8>) {
        let clock: Clock = (
            self.hour().unsigned_abs(),
            self.minute().unsigned_abs(),
            self.second().unsigned_abs(),
            self.subsec_nanosecond().unsigned_abs(),
        );
        calendar::encode(&clock, out);
    }
}

impl KeyPart for civil::Time {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        calendar::decode(reader, calendar::NO_SUCH_CLOCK, |clock: Clock| {
            let (hour, minute, second, nanos) = clock;
            let small = |part| i8::try_from(part).ok();
            let nanos = i32::try_from(nanos).ok()?;
            Self::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()
        })
    }

    fn shape() -> Shape {
        Shape::leaf("clock")
    }
}

impl KeyRef<civil::DateTime> for civil::DateTime {
    fn encode(&self, out: &mut Vec<u8>) {
        self.date().encode(out);
        self.time().encode(out);
    }
}

impl KeyPart for civil::DateTime {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let date = civil::Date::decode(reader)?;
        Ok(Self::from_parts(date, civil::Time::decode(reader)?))
    }

    fn shape() -> Shape {
        calendar::date_and_clock()
    }

    const DEPTH: u32 = 2;
}

whole_prefix! { Timestamp }
whole_prefix! { civil::Date }
whole_prefix! { civil::Time }
whole_prefix! { civil::DateTime }
