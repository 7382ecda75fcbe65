//! Figures: what programs told of what they did, added up.

use super::children::Done;
use std::collections::{BTreeMap, BTreeSet};

/// The row that does not add up: how many subjects answered, whichever run it was.
const LARGEST: &str = "metamorphic subjects";

/// What a number of programs did.
#[derive(Debug, Default)]
pub(super) struct Figures {
    rows: BTreeMap<String, u64>,
    /// The suites that told of each row.
    tellers: BTreeMap<String, BTreeSet<String>>,
    /// Each suite's runs and seconds.
    pub(super) suites: BTreeMap<String, (u64, f64)>,
    /// Why something was not run.
    pub(super) skipped: BTreeMap<String, String>,
}

impl Figures {
    /// Takes what a program of `suite` told.
    pub(super) fn add(&mut self, suite: &str, done: &Done) {
        let (runs, seconds) = self.suites.entry(suite.to_owned()).or_default();
        *runs += 1;
        *seconds += done.seconds;
        let lines = done.scores.lines().filter_map(|line| line.split_once('\t'));
        for (row, count) in lines {
            self.tell(suite, row, count.parse().unwrap_or(0));
        }
    }

    /// Takes one figure.
    pub(super) fn tell(&mut self, suite: &str, row: &str, count: u64) {
        let sum = self.rows.entry(row.to_owned()).or_default();
        *sum = match row {
            LARGEST => count.max(*sum),
            _ => *sum + count,
        };
        let tellers = self.tellers.entry(row.to_owned()).or_default();
        tellers.insert(suite.to_owned());
    }

    /// Says why a piece was not run.
    pub(super) fn skip(&mut self, piece: &str, why: String) {
        println!("{piece} is not run: {why}");
        self.skipped.insert(piece.to_owned(), why);
    }

    /// What was told of `row`, if anything.
    pub(super) fn of(&self, row: &str) -> Option<u64> {
        self.rows.get(row).copied()
    }

    /// The suites that told of `row`.
    pub(super) fn tellers(&self, row: &str) -> Vec<&str> {
        let tellers = self.tellers.get(row).into_iter().flatten();
        tellers.map(String::as_str).collect()
    }

    /// Shows all of them.
    pub(super) fn print(&self) {
        for (row, count) in &self.rows {
            println!("{row}: {}", grouped(*count));
        }
    }
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let grouped = [0, 999, 1_000, 8_388_608].map(grouped);
        assert_eq!(grouped, ["0", "999", "1,000", "8,388,608"]);
    }

    #[test]
    fn rows_add_up_but_for_the_subjects() {
        let mut figures = Figures::default();
        for _ in 0..2 {
            figures.tell("model", LARGEST, 96);
            figures.tell("process", "kills", 2_000);
        }
        assert_eq!(
            (figures.of(LARGEST), figures.of("kills")),
            (Some(96), Some(4_000))
        );
        assert_eq!(figures.tellers("kills"), ["process"]);
    }
}
