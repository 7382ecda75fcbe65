//! Cities as records, and the file they come from.

use crate::Outcome;
use grainstore::Key;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Cities sort by country, then division, then id; a prefix of these fields is a question.
#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CityKey {
    pub(crate) country: String,
    pub(crate) admin1: String,
    pub(crate) id: u32,
}

/// What is kept of a city.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct City {
    pub(crate) name: String,
    pub(crate) lat: f64,
    pub(crate) lon: f64,
    pub(crate) population: u32,
    pub(crate) timezone: String,
}

impl Hash for City {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.lat.to_bits(), self.lon.to_bits()).hash(state);
        (self.population, &self.timezone).hash(state);
    }
}

/// A line of the file: key and value side by side.
#[derive(Deserialize)]
struct Line {
    id: u32,
    country: String,
    admin1: String,
    #[serde(flatten)]
    city: City,
}

/// Reads a file of cities, one JSON object per line, and shows how far it has come.
pub(crate) struct CityLines {
    path: PathBuf,
    reader: BufReader<File>,
    line: String,
    number: u64,
    bar: ProgressBar,
}

impl CityLines {
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        let told = |error| format!("cannot open {}: {error}", path.display());
        let file = File::open(path).map_err(told)?;
        let bytes = file.metadata().map_err(told)?.len();
        let template = "  {bar:40} {bytes} of {total_bytes}, {eta} left";
        let style = ProgressStyle::with_template(template)?.progress_chars("━╸ ");
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::new(file),
            line: String::new(),
            number: 0,
            // Drawn on stderr, and only where that is a terminal.
            bar: ProgressBar::new(bytes).with_style(style),
        })
    }

    /// The next city; `None` at the end of the file. Empty lines are passed over.
    pub(crate) fn next_city(&mut self) -> Outcome<Option<(CityKey, City)>> {
        loop {
            self.line.clear();
            self.number += 1;
            let bytes = self
                .reader
                .read_line(&mut self.line)
                .map_err(|e| self.told(&e))?;
            if bytes == 0 {
                return Ok(None);
            }
            self.bar.inc(bytes as u64);
            let text = self.line.trim();
            if text.is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(text).map_err(|e| self.told(&e))?;
            let Line {
                id,
                country,
                admin1,
                city,
            } = line;
            return Ok(Some((
                CityKey {
                    country,
                    admin1,
                    id,
                },
                city,
            )));
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn told(&self, error: &dyn std::error::Error) -> String {
        self.finish();
        // The parser sees one line only and calls it the first.
        let error = error.to_string().replace(" at line 1 column", ", column");
        format!("{}, line {}: {error}", self.path.display(), self.number)
    }
}
