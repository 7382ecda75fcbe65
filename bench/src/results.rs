//! What was measured, as it is kept in a file and merged from several runs.
//!
//! The file is JSON: `runs` says what each run was and on what machine, `lines` has the figures of
//! every round of every store, each with the run that it is of.

use crate::groups::Group;
use crate::peer::Outcome;
use crate::row::Unit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The figures of one or more runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Results {
    pub runs: Vec<Run>,
    pub lines: Vec<Measured>,
    #[serde(default)]
    pub failures: Vec<Failure>,
}

/// A run, and the machine that it ran on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub date: String,
    pub command: String,
    pub minutes: f64,
    pub processor: String,
    pub cores: usize,
    pub memory_gibibytes: f64,
    pub kernel: String,
    pub file_system: String,
    /// Whether reads are given in time that their thread ran.
    pub cpu: bool,
    /// The version of each store.
    pub versions: BTreeMap<String, String>,
}

/// The figures of one line of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub group: Group,
    /// The row that it is of, the place of that among the rows of the group, and the line in it.
    pub word: String,
    pub order: usize,
    pub at: usize,
    pub name: String,
    pub unit: Unit,
    pub scale: String,
    /// By store.
    pub cells: BTreeMap<String, Cell>,
}

/// The figures of one store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Which of the runs it is of.
    pub run: usize,
    pub rounds: Vec<f64>,
}

/// A row that a store did not answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub group: Group,
    pub word: String,
    pub store: String,
    pub error: String,
}

impl Results {
    /// What a file holds.
    pub fn read(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        let results: Self = serde_json::from_str(&text)
            .map_err(|error| format!("{} is no file of results: {error}", path.display()))?;
        let cells = results.lines.iter().flat_map(|line| line.cells.values());
        match cells.into_iter().all(|cell| cell.run < results.runs.len()) {
            true => Ok(results),
            false => Err(format!("{} lacks the run of a figure", path.display()).into()),
        }
    }

    /// Writes all of it.
    pub fn save(&self, path: &Path) -> Outcome<()> {
        let text = serde_json::to_string_pretty(self)?;
        Ok(std::fs::write(path, text + "\n")?)
    }

    /// Takes another run in: its figures replace those of the same line and store, and the rest is
    /// added. A line that was measured at another scale loses its figures of the old one.
    pub fn merge(&mut self, newer: Self) {
        let shift = self.runs.len();
        self.runs.extend(newer.runs);
        for failure in newer.failures {
            self.failures
                .retain(|old| (old.group, &old.word, &old.store) != failure.key());
            self.failures.push(failure);
        }
        for mut line in newer.lines {
            for cell in line.cells.values_mut() {
                cell.run += shift;
            }
            let cells = line.cells.clone();
            self.failures.retain(|failure| {
                failure.group != line.group
                    || failure.word != line.word
                    || !cells.contains_key(&failure.store)
            });
            let old = self.lines.iter_mut().find(|old| old.key() == line.key());
            match old {
                Some(old) if old.scale == line.scale => {
                    line.cells = std::mem::take(&mut old.cells);
                    line.cells.extend(cells);
                    *old = line;
                }
                Some(old) => *old = line,
                None => self.lines.push(line),
            }
        }
        self.forget_unused_runs();
        self.lines
            .sort_by_key(|line| (line.group, line.order, line.at));
    }

    fn forget_unused_runs(&mut self) {
        let mut places = vec![None; self.runs.len()];
        for line in &self.lines {
            for cell in line.cells.values() {
                if let Some(place) = places.get_mut(cell.run) {
                    *place = Some(0);
                }
            }
        }
        for (kept, place) in places.iter_mut().flatten().enumerate() {
            *place = kept;
        }
        let is_used: Vec<_> = places.iter().map(Option::is_some).collect();
        let mut is_used = is_used.into_iter();
        self.runs.retain(|_| is_used.next().unwrap_or(false));
        for line in &mut self.lines {
            for cell in line.cells.values_mut() {
                cell.run = places.get(cell.run).copied().flatten().unwrap_or(0);
            }
        }
    }

    /// The lines of a group.
    pub fn of(&self, group: Group) -> Vec<&Measured> {
        let lines = self.lines.iter();
        lines.filter(|line| line.group == group).collect()
    }
}

impl Failure {
    fn key(&self) -> (Group, &String, &String) {
        (self.group, &self.word, &self.store)
    }
}

impl Measured {
    fn key(&self) -> (Group, &str, usize) {
        (self.group, &self.word, self.at)
    }

    /// The median of a store; `None` where it has no figure.
    pub fn median(&self, store: &str) -> Option<f64> {
        Some(median(&self.cells.get(store)?.rounds))
    }
}

/// The middle of the rounds.
pub fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The least and the most.
pub fn extremes(rounds: &[f64]) -> (f64, f64) {
    let least = rounds.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, most)
}

/// Half the distance between the extremes, as a share of the median.
pub fn spread(rounds: &[f64]) -> f64 {
    let (least, most) = extremes(rounds);
    match median(rounds) {
        0.0 => 0.0,
        middle => ((most - least) / 2.0 / middle).abs(),
    }
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
