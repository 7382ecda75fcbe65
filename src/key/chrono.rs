//! Types of the crate chrono, behind the feature `chrono`.
//!
//! A `DateTime<Utc>` is as a `SystemTime` is: the seconds since the epoch, rounded down (`i64`),
//! and the nanoseconds from there (`u32`). Within a leap second they go on counting past a
//! thousand million, as chrono has it, and stay so. `NaiveDate`, `NaiveTime` and `NaiveDateTime`
//! are their fields in a row, as `calendar` has them.
//!
//! `DateTime<Local>` and `DateTime<FixedOffset>` are no keys: two of them can be the same instant
//! in two zones, equal for their order and not for their bytes. Keep `to_utc()`, and the offset
//! beside it in the value.
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use grainstore::key::Key;
//!
//! let half_a_second_before = DateTime::from_timestamp_millis(-500).unwrap();
//! let bytes = [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1D, 0xCD, 0x65, 0x00];
//! assert_eq!(half_a_second_before.encode_key(), bytes);
//! assert_eq!(DateTime::<Utc>::schema(), "k1:time");
//! ```
//!
//! ```compile_fail,E0277
//! fn is_key<K: grainstore::Key>() {}
//! is_key::<chrono::DateTime<chrono::FixedOffset>>();
//! ```

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use crate::key::calendar::{self, Clock, Date, Instant};
use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::whole_prefix;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

impl KeyRef<DateTime<Utc>> for DateTime<Utc> {
    fn encode(&self, out: &mut Vec<u8>) {
        let instant: Instant = (self.timestamp(), self.timestamp_subsec_nanos());
        calendar::encode(&instant, out);
    }
}

impl KeyPart for DateTime<Utc> {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        calendar::decode(
            reader,
            calendar::NO_SUCH_INSTANT,
            // Set apart: chrono keeps leap seconds in any second, and makes them in the last only.
            |(seconds, nanos): Instant| Self::from_timestamp(seconds, 0)?.with_nanosecond(nanos),
        )
    }

    fn shape() -> Shape {
        Shape::leaf("time")
    }
}

/// A part of a date or time; none is above 255.
fn small(part: u32) -> u8 {
    u8::try_from(part).unwrap_or(u8::MAX)
}

impl KeyRef<NaiveDate> for NaiveDate {
    fn encode(&self, out: &mut Vec<u8>) {
        let date: Date = (self.year(), small(self.month()), small(self.day()));
        calendar::encode(&date, out);
    }
}

impl KeyPart for NaiveDate {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        calendar::decode(
            reader,
            calendar::NO_SUCH_DATE,
            |(year, month, day): Date| Self::from_ymd_opt(year, month.into(), day.into()),
        )
    }

    fn shape() -> Shape {
        Shape::leaf("date")
    }
}

impl KeyRef<NaiveTime> for NaiveTime {
    fn encode(&self, out: &mut Vec<u8>) {
        let (hour, minute, second) = (self.hour(), self.minute(), self.second());
        let nanos = self.nanosecond();
        let clock: Clock = (small(hour), small(minute), small(second), nanos);
        calendar::encode(&clock, out);
    }
}

impl KeyPart for NaiveTime {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        calendar::decode(
            reader,
            calendar::NO_SUCH_CLOCK,
            |(hour, minute, second, nanos): Clock| {
                Self::from_hms_opt(hour.into(), minute.into(), second.into())?
                    .with_nanosecond(nanos)
            },
        )
    }

    fn shape() -> Shape {
        Shape::leaf("clock")
    }
}

impl KeyRef<NaiveDateTime> for NaiveDateTime {
    fn encode(&self, out: &mut Vec<u8>) {
        self.date().encode(out);
        self.time().encode(out);
    }
}

impl KeyPart for NaiveDateTime {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let date = NaiveDate::decode(reader)?;
        Ok(Self::new(date, NaiveTime::decode(reader)?))
    }

    fn shape() -> Shape {
        calendar::date_and_clock()
    }

    const DEPTH: u32 = 2;
}

whole_prefix! { DateTime<Utc> }
whole_prefix! { NaiveDate }
whole_prefix! { NaiveTime }
whole_prefix! { NaiveDateTime }
