//! Types of other crates: the laws, their bytes, and what they refuse.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use jiff::{Timestamp, civil};
use std::cmp::{Ordering, Reverse};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

use grainstore::Key;

use crate::golden::hex;
use crate::laws::hold_all;
use crate::sample::{Chance, Sample, ordered};

fn jiff_date(chance: &mut Chance) -> civil::Date {
    let edge = chance.of(&[civil::Date::MIN, civil::Date::MAX, civil::Date::ZERO]);
    let year = chance.of(&[-9999, -1, 0, 1, 1969, 1970, 2024, 9999]);
    let (month, day) = (chance.of(&[1, 2, 12]), chance.of(&[1, 28, 29, 31]));
    civil::Date::new(year, month, day).unwrap_or(edge)
}

fn jiff_time(chance: &mut Chance) -> civil::Time {
    let sixty = |chance: &mut Chance| chance.of(&[0i8, 1, 59]);
    let (minute, second) = (sixty(chance), sixty(chance));
    let nanos = chance.of(&[0, 1, 500_000_000, 999_999_999]);
    civil::Time::constant(chance.of(&[0, 1, 12, 23]), minute, second, nanos)
}

/// Leap seconds among them, also where no clock has one.
fn chrono_nanos(chance: &mut Chance) -> u32 {
    chance.of(&[0, 1, 999_999_999, 1_000_000_000, 1_999_999_999])
}

fn chrono_date(chance: &mut Chance) -> NaiveDate {
    let edge = chance.of(&[NaiveDate::MIN, NaiveDate::MAX]);
    let year = chance.of(&[-200_000, -1, 0, 1, 1969, 1970, 2024, 200_000]);
    let (month, day) = (chance.of(&[1, 2, 12]), chance.of(&[1, 28, 29, 31]));
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or(edge)
}

fn chrono_time(chance: &mut Chance) -> NaiveTime {
    let seconds = chance.of(&[0, 1, 59, 60, 3_599, 3_600, 86_399]);
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or_default();
    time.with_nanosecond(chrono_nanos(chance)).unwrap_or(time)
}

ordered! {
    Uuid: chance => Uuid::from_u128(u128::sample(chance));
    Timestamp: chance => {
        let edge = chance.of(&[Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH]);
        let seconds = chance.of(&[-377_705_023_200, -2, -1, 0, 1, 2, 255, 1 << 33]);
        let nanos = chance.of(&[-999_999_999, -500_000_000, -1, 0, 1, 999_999_999]);
        match chance.below(8) {
            0 => edge,
            _ => Timestamp::new(seconds, nanos).unwrap_or(edge),
        }
    };
    civil::Date: chance => jiff_date(chance);
    civil::Time: chance => jiff_time(chance);
    civil::DateTime: chance => jiff_date(chance).to_datetime(jiff_time(chance));
    DateTime<Utc>: chance => match chance.below(8) {
        0 => chance.of(&[DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]),
        _ => {
            let seconds = chance.of(&[-(1 << 40), -61, -60, -2, -1, 0, 1, 59, 60, 1 << 40]);
            let second = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            second.with_nanosecond(chrono_nanos(chance)).unwrap_or(second)
        }
    };
    NaiveDate: chance => chrono_date(chance);
    NaiveTime: chance => chrono_time(chance);
    NaiveDateTime: chance => chrono_date(chance).and_time(chrono_time(chance));
}

#[test]
fn types_of_other_crates_keep_the_laws() {
    let pairs = hold_all![
        Uuid,
        Timestamp,
        civil::Date,
        civil::Time,
        civil::DateTime,
        DateTime<Utc>,
        NaiveDate,
        NaiveTime,
        NaiveDateTime,
        Option<Uuid>,
        (String, Timestamp),
        (NaiveDateTime, Reverse<DateTime<Utc>>, Vec<u8>),
        Vec<civil::Date>,
    ];
    assert!(pairs > 1_000_000, "only {pairs} pairs");
}

#[test]
fn bytes_of_types_of_other_crates_are_frozen() {
    assert_eq!(
        hex(Uuid::from_u128(0x00010203_0405_0607_0809_0A0B0C0D0E0F)),
        "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"
    );
    let half_before = "7f ff ff ff ff ff ff ff 1d cd 65 00";
    assert_eq!(hex(Timestamp::constant(0, -500_000_000)), half_before);
    let chrono = DateTime::from_timestamp_millis(-500).expect("in range");
    assert_eq!(hex(chrono), half_before);
    assert_eq!(hex(UNIX_EPOCH - Duration::from_millis(500)), half_before);

    let date = civil::date(2026, 11, 1);
    assert_eq!(hex(date), "80 00 07 ea 0b 01");
    assert_eq!(hex(civil::date(-1, 12, 31)), "7f ff ff ff 0c 1f");
    let clock = civil::time(12, 30, 5, 500_000_000);
    assert_eq!(hex(clock), "0c 1e 05 1d cd 65 00");
    let both = "80 00 07 ea 0b 01 0c 1e 05 1d cd 65 00";
    assert_eq!(hex(date.to_datetime(clock)), both);
    let chrono = NaiveDate::from_ymd_opt(2026, 11, 1)
        .and_then(|date| date.and_hms_milli_opt(12, 30, 5, 500))
        .expect("in the calendar");
    assert_eq!(hex(chrono), both);
    assert_eq!(hex(chrono.date()), "80 00 07 ea 0b 01");
    assert_eq!(hex(chrono.time()), "0c 1e 05 1d cd 65 00");
}

#[test]
fn nanoseconds_of_a_leap_second_are_kept() {
    let leap = DateTime::parse_from_rfc3339("2016-12-31T23:59:60.5Z").expect("a leap second");
    let leap = leap.to_utc();
    let next = DateTime::from_timestamp(leap.timestamp() + 1, 0).expect("in range");
    assert_eq!(leap.timestamp_subsec_nanos(), 1_500_000_000);
    let (leap_key, next_key) = (leap.encode_key(), next.encode_key());
    assert!(leap_key < next_key);
    assert_eq!(DateTime::<Utc>::decode_key(&leap_key), Ok(leap));
    assert_eq!(hex(leap.naive_utc().time()), "17 3b 3b 59 68 2f 00");
    // The types without leap seconds refuse it, and misread nothing.
    assert!(Timestamp::decode_key(&leap_key).is_err());
    assert!(SystemTime::decode_key(&leap_key).is_err());
}

#[test]
fn what_is_the_same_has_one_schema_in_both_crates() {
    assert_eq!(Timestamp::schema(), SystemTime::schema());
    assert_eq!(Timestamp::schema(), DateTime::<Utc>::schema());
    assert_eq!(civil::Date::schema(), "k1:date");
    assert_eq!(NaiveDate::schema(), "k1:date");
    assert_eq!(civil::Time::schema(), NaiveTime::schema());
    assert_eq!(civil::DateTime::schema(), "k1:{date,clock}");
    assert_eq!(NaiveDateTime::schema(), "k1:{date,clock}");
    assert_eq!(Uuid::schema(), "k1:uuid");
}

#[test]
fn keys_print_as_people_write_them() {
    fn print<K: Key>(key: &K) -> String {
        K::key_shape().print(&key.encode_key())
    }
    let id = Uuid::from_u128(0x00010203_0405_0607_0809_0A0B0C0D0E0F);
    assert_eq!(print(&id), id.to_string());
    let at = civil::date(2026, 1, 2).at(3, 4, 5, 6);
    assert_eq!(print(&at), "(2026-01-02, 03:04:05+000000006ns)");
}

fn error<K: Key>(bytes: &[u8]) -> (usize, &'static str) {
    match K::decode_key(bytes) {
        Ok(_) => (usize::MAX, "it decodes"),
        Err(error) => (error.offset(), error.what()),
    }
}

#[test]
fn dates_and_times_that_are_none_do_not_decode() {
    let no_date = (0, "a date that is in no calendar");
    for (month, day) in [(0u8, 1u8), (13, 1), (2, 30), (1, 0), (1, 32), (0xFF, 0xFF)] {
        let bytes = (2024i32, month, day).encode_key();
        assert_eq!(error::<civil::Date>(&bytes), no_date);
        assert_eq!(error::<NaiveDate>(&bytes), no_date);
    }
    for year in [i32::MIN, i32::MAX] {
        let bytes = (year, 1u8, 1u8).encode_key();
        assert_eq!(error::<civil::Date>(&bytes), no_date);
        assert_eq!(error::<NaiveDate>(&bytes), no_date);
    }
    let far = (10_000i32, 1u8, 1u8).encode_key();
    assert_eq!(error::<civil::Date>(&far), no_date);
    assert!(NaiveDate::decode_key(&far).is_ok());

    let no_clock = (0, "a time that is on no clock");
    for clock in [
        (24u8, 0u8, 0u8, 0u32),
        (0, 60, 0, 0),
        (0, 0, 60, 0),
        (0, 0, 0, 2_000_000_000),
    ] {
        let bytes = clock.encode_key();
        assert_eq!(error::<civil::Time>(&bytes), no_clock);
        assert_eq!(error::<NaiveTime>(&bytes), no_clock);
    }
    let no_instant = (0, "an instant that its type cannot hold");
    for instant in [
        (i64::MAX, 0u32),
        (i64::MIN, 0),
        (0, 2_000_000_000),
        (0, u32::MAX),
    ] {
        let bytes = instant.encode_key();
        assert_eq!(error::<Timestamp>(&bytes), no_instant);
        assert_eq!(error::<DateTime<Utc>>(&bytes), no_instant);
    }
}
