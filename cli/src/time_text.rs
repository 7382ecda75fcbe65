//! Times and spans as text: RFC 3339 for points of time, `90s`, `5m`, `1.5h` for spans.

use std::time::Duration;

const DAY_SECONDS: i64 = 86_400;
/// The span of years that RFC 3339 can say.
const YEARS: std::ops::RangeInclusive<i64> = 0..=9999;

/// A point of time: seconds since the epoch, rounded down, and nanoseconds from there.
pub(crate) type Instant = (i64, u32);

/// The time in RFC 3339, `@seconds.nanoseconds` for years that it cannot say.
pub(crate) fn print_time((seconds, nanos): Instant) -> String {
    let (day, second) = (
        seconds.div_euclid(DAY_SECONDS),
        seconds.rem_euclid(DAY_SECONDS),
    );
    let (year, month, date) = civil(day);
    if nanos >= 1_000_000_000 {
        return format!("@{seconds}.{nanos:010}"); // of a leap second
    }
    if !YEARS.contains(&year) {
        return format!("@{seconds}.{nanos:09}");
    }
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let fraction = match nanos {
        0 => String::new(),
        _ => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    };
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads what [`print_time`] writes, and any RFC 3339 time with an offset.
pub(crate) fn parse_time(text: &str) -> Option<Instant> {
    if let Some(plain) = text.strip_prefix('@') {
        let (seconds, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let nanos = match fraction.len() {
            10 => fraction.parse().ok()?,
            _ => parse_fraction(fraction)?,
        };
        return Some((seconds.parse().ok()?, nanos));
    }
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, offset_seconds) = split_offset(time)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let in_bounds = (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
    let days = days_since_epoch(year, month, day);
    if !in_bounds || civil(days) != (year, month, day) {
        return None;
    }
    let seconds = days * DAY_SECONDS + hour * 3_600 + minute * 60 + second - offset_seconds;
    Some((seconds, parse_fraction(fraction)?))
}

/// A date: four digits of the year or more, a minus before the year 0.
pub(crate) fn print_date(year: i64, month: u8, day: u8) -> String {
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
}

/// Reads what [`print_date`] writes; whether there is such a day is for others to say.
pub(crate) fn parse_date(text: &str) -> Option<(i64, u8, u8)> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text),
    };
    let year_digits = text.find('-').filter(|digits| (4..=10).contains(digits))?;
    let [year, month, day] = numbers(text, '-', [year_digits, 2, 2])?;
    Some((
        sign * year,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
    ))
}

/// A time of day; a leap second, nanoseconds beyond a second, as second 60.
pub(crate) fn print_clock([hour, minute, second]: [u8; 3], nanos: u32) -> String {
    let (second, nanos) = match nanos.checked_sub(1_000_000_000) {
        Some(nanos) if second == 59 => (60, nanos),
        _ => (second, nanos),
    };
    let fraction = match nanos {
        0 => String::new(),
        _ => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    };
    format!("{hour:02}:{minute:02}:{second:02}{fraction}")
}

/// Reads what [`print_clock`] writes.
pub(crate) fn parse_clock(text: &str) -> Option<([u8; 3], u32)> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let nanos = match fraction.len() {
        ..10 => parse_fraction(fraction)?,
        // Nanoseconds of a leap second behind a second other than 59.
        10 => fraction.parse().ok()?,
        _ => return None,
    };
    let (second, nanos) = match second {
        60 => (59, nanos.checked_add(1_000_000_000)?),
        second => (second, nanos),
    };
    let small = |number: i64| u8::try_from(number).ok();
    Some(([small(hour)?, small(minute)?, small(second)?], nanos))
}

/// A span such as `1.5s`, the unit always seconds.
pub(crate) fn print_span(span: Duration) -> String {
    let (seconds, nanos) = (span.as_secs(), span.subsec_nanos());
    match nanos {
        0 => format!("{seconds}s"),
        _ => format!("{seconds}.{}s", format!("{nanos:09}").trim_end_matches('0')),
    }
}

/// Reads a span: a number and `ms`, `s`, `m`, `h` or `d`.
pub(crate) fn parse_span(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let unit_nanos: u128 = match unit {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        "d" => 86_400 * 1_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let billionths = u128::from(whole.parse::<u64>().ok()?) * 1_000_000_000
        + u128::from(parse_fraction(fraction)?);
    let nanos = billionths.checked_mul(unit_nanos)? / 1_000_000_000;
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    Some(Duration::new(seconds, (nanos % 1_000_000_000) as u32))
}

/// Digits behind a point as nanoseconds; none are zero.
fn parse_fraction(digits: &str) -> Option<u32> {
    if digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}

/// `time` without its offset, and the offset in seconds.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = time.rfind(['+', '-'])?;
    let (clock, offset) = time.split_at(at);
    let [hours, minutes] = numbers(offset.get(1..)?, ':', [2, 2])?;
    let seconds = hours * 3_600 + minutes * 60;
    let in_bounds = hours < 24 && minutes < 60;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    in_bounds.then_some((clock, sign * seconds))
}

/// Numbers of fixed widths with `mark` between.
fn numbers<const N: usize>(text: &str, mark: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(mark);
    let mut found = [0; N];
    for (number, width) in found.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, carried on backwards.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is their last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date of a day counted from 1970-01-01: year, month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_and_read_back() {
        for (time, text) in [
            ((0, 0), "1970-01-01T00:00:00Z"),
            ((-1, 500_000_000), "1969-12-31T23:59:59.5Z"),
            ((951_782_400, 0), "2000-02-29T00:00:00Z"),
            ((4_107_542_399, 1), "2100-02-28T23:59:59.000000001Z"),
            ((-62_167_219_200, 0), "0000-01-01T00:00:00Z"),
            ((i64::MAX, 7), "@9223372036854775807.000000007"),
            ((78_796_799, 1_500_000_000), "@78796799.1500000000"),
            ((i64::MIN, 0), "@-9223372036854775808.000000000"),
        ] {
            assert_eq!(print_time(time), text);
            assert_eq!(parse_time(text), Some(time), "{text}");
        }
        assert_eq!(parse_time("1970-01-01T01:30:00+01:30"), Some((0, 0)));
        for days in -800_000..100_000 {
            let (year, month, day) = civil(days);
            assert_eq!(days_since_epoch(year, month, day), days);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2001-02-29T00:00:00Z",
            "2001-01-01",
            "2001-13-01T00:00:00Z",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        for text in ["2001-01-01T24:00:00Z", "2001-01-01T00:00:00", "@x"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_printed_and_read_back() {
        assert_eq!(parse_span("5m"), Some(Duration::from_secs(300)));
        assert_eq!(parse_span("1.5h"), Some(Duration::from_secs(5_400)));
        assert_eq!(parse_span("250ms"), Some(Duration::from_millis(250)));
        for span in [
            Duration::MAX,
            Duration::ZERO,
            Duration::from_nanos(1_500_000_000),
        ] {
            assert_eq!(parse_span(&print_span(span)), Some(span));
        }
        for text in ["5", "m", "-5s", "5 s", "5w", "99999999999999999999s"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }
}
