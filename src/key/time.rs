//! Spans and points of time of the standard library.
//!
//! A `Duration` is its seconds (`u64`) and nanoseconds (`u32`). A `SystemTime` is the seconds since
//! the epoch, rounded down (`i64`), and the nanoseconds from there (`u32`): half a second before
//! the epoch is `7F FF FF FF FF FF FF FF 1D CD 65 00`. `Instant` is no key: it means nothing in
//! another process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::key::key_error::KeyError;
use crate::key::key_part::KeyPart;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::whole_prefix;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

const SECOND_NANOS: u32 = 1_000_000_000;

fn decode_nanos(reader: &mut KeyReader<'_>) -> Result<u32, KeyError> {
    let offset = reader.offset();
    let nanos = u32::decode(reader)?;
    if nanos < SECOND_NANOS {
        Ok(nanos)
    } else {
        Err(KeyError::new(offset, "a second of nanoseconds or more"))
    }
}

impl KeyRef<Duration> for Duration {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_secs().encode(out);
        self.subsec_nanos().encode(out);
    }
}

impl KeyPart for Duration {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let seconds = u64::decode(reader)?;
        Ok(Self::new(seconds, decode_nanos(reader)?))
    }

    fn shape() -> Shape {
        Shape::leaf("duration")
    }
}

whole_prefix! { Duration }

impl KeyRef<SystemTime> for SystemTime {
    fn encode(&self, out: &mut Vec<u8>) {
        let (seconds, nanos) = match self.duration_since(UNIX_EPOCH) {
            Ok(after) => (i128::from(after.as_secs()), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                match before.subsec_nanos() {
                    0 => (-i128::from(before.as_secs()), 0),
                    nanos => (-i128::from(before.as_secs()) - 1, SECOND_NANOS - nanos),
                }
            }
        };
        // No platform counts more seconds than an i64 holds.
        let seconds = seconds.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        seconds.encode(out);
        nanos.encode(out);
    }
}

impl KeyPart for SystemTime {
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
        let offset = reader.offset();
        let seconds = i64::decode(reader)?;
        let nanos = decode_nanos(reader)?;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let second = if seconds < 0 {
            UNIX_EPOCH.checked_sub(whole)
        } else {
            UNIX_EPOCH.checked_add(whole)
        };
        second
            .and_then(|second| second.checked_add(Duration::from_nanos(u64::from(nanos))))
            // K5: where the platform's clock is coarser, such a time is not one it can hold.
            .filter(|time| nanos_since_second(time) == nanos)
            .ok_or(KeyError::new(
                offset,
                "a time that this platform cannot hold",
            ))
    }

    fn shape() -> Shape {
        Shape::leaf("time")
    }
}

whole_prefix! { SystemTime }

fn nanos_since_second(time: &SystemTime) -> u32 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.subsec_nanos(),
        Err(before) => (SECOND_NANOS - before.duration().subsec_nanos()) % SECOND_NANOS,
    }
}
