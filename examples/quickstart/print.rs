//! What the example says: aligned, with numbers that people read.

use crate::cities::City;
use std::fmt::Arguments;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// A line of output. Whoever closes the pipe early has seen enough; that is no failure.
pub(crate) fn line(text: Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A heading, bold where the terminal and its owner like it.
pub(crate) fn heading(text: &str) {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain || !std::io::stdout().is_terminal() {
        line(format_args!("\n{text}"));
    } else {
        line(format_args!("\n\x1b[1m{text}\x1b[0m"));
    }
}

/// What was done, how much of it, and how long it took.
pub(crate) fn row(what: &str, how_much: &str, took: Duration) {
    line(format_args!(
        "  {what:<46} {how_much:>10}  {:>9}",
        span(took)
    ));
}

/// A line beneath a row.
pub(crate) fn note(text: &str) {
    line(format_args!("    {text}"));
}

/// One line for each city.
pub(crate) fn cities(cities: &[City]) {
    for city in cities {
        let inhabitants = count(city.population.into());
        note(&format!(
            "{:<28} {inhabitants:>12}  {}",
            city.name, city.timezone
        ));
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration with three digits that matter.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        s if s < 0.999_5e-3 => (s * 1e6, "µs"),
        s if s < 0.999_5 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let decimals = if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.decimals$} {unit}")
}
