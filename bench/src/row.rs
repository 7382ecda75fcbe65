//! What a row of a table is, and the units of its figures. Of every figure less is better.

use crate::scale::with_commas;
use serde::{Deserialize, Serialize};

/// What the figures of a line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Nanoseconds for one operation.
    Nanoseconds,
    /// Microseconds for one operation.
    Microseconds,
    /// Milliseconds for the whole.
    Milliseconds,
    /// Mebibytes.
    Mebibytes,
    /// Kibibytes.
    Kibibytes,
    /// How many times something.
    Times,
    /// A number of things.
    Count,
}

/// A line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    pub unit: Unit,
}

/// One measurement; a worker answers it with one figure for each of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What names it to a worker: a word, and what it is of.
    pub word: String,
    /// How large the store is that it is measured on.
    pub scale: String,
    pub lines: Vec<Line>,
}

impl Row {
    /// A row of several lines.
    pub fn new(word: impl Into<String>, scale: &str, lines: &[(&str, Unit)]) -> Self {
        let lines = lines.iter().map(|(name, unit)| Line {
            name: (*name).to_owned(),
            unit: *unit,
        });
        Self {
            word: word.into(),
            scale: scale.to_owned(),
            lines: lines.collect(),
        }
    }
}

impl Unit {
    /// A figure with its unit.
    pub fn text(self, figure: f64) -> String {
        let unit = match self {
            Self::Nanoseconds => " ns",
            Self::Microseconds => " us",
            Self::Milliseconds => " ms",
            Self::Mebibytes => " MiB",
            Self::Kibibytes => " KiB",
            Self::Times => "x",
            Self::Count => "",
        };
        let digits = match self {
            Self::Times | Self::Count if figure < 10.0 => 2,
            _ if figure < 10.0 => 1,
            _ => 0,
        };
        format!("{}{unit}", with_commas(&format!("{figure:.digits$}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_figures_are_grouped_by_thousands() {
        assert_eq!(Unit::Nanoseconds.text(1_234_567.4), "1,234,567 ns");
        assert_eq!(Unit::Mebibytes.text(9.94), "9.9 MiB");
        assert_eq!(Unit::Milliseconds.text(123.0), "123 ms");
        assert_eq!(Unit::Times.text(1.234), "1.23x");
    }
}
