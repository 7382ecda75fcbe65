//! The side of a run that has a store: reads names of rows, answers figures.
//!
//! A line in is the word of a row; a line out is `ok` and its figures, or `failed` and why. A
//! figure that is not a number says that the store has no such thing. One worker answers one
//! group.

use crate::files::remove;
use crate::groups::Group;
use crate::peer::Outcome;
use crate::scale::Scale;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

/// What a worker is started for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    pub store: String,
    pub group: Group,
    /// Its own; removed at the end.
    pub dir: PathBuf,
    pub scale: Scale,
    pub cpu: bool,
    /// It fills its store and waits to be killed.
    pub is_victim: bool,
}

impl Job {
    /// A fresh place inside the worker's.
    pub fn fresh_dir(&self, name: &str) -> Outcome<PathBuf> {
        let dir = self.dir.join(name);
        remove(&dir)?;
        Ok(dir)
    }

    /// The same in a place of its own, to be killed.
    pub fn victim(&self, dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            is_victim: true,
            ..self.clone()
        }
    }
}

/// Who answers the rows of a group, and keeps what has to live between them.
pub trait Desk {
    /// The figures of the row `word`, one for each of its lines. `round` is another at every call.
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>>;
}

/// The answer of a desk that has no such row.
pub fn no_row(word: &str) -> Outcome<Vec<f64>> {
    Err(format!("no row is called {word}").into())
}

/// Answers rows until the standard input ends, then removes the stores.
pub fn serve(job: &Job, mut desk: Box<dyn Desk>) -> Outcome<()> {
    remove(&job.dir)?;
    std::fs::create_dir_all(&job.dir)?;
    for (round, line) in (1..).zip(std::io::stdin().lock().lines()) {
        let answer = match desk.answer(&line?, round) {
            Ok(figures) => {
                let figures: Vec<_> = figures.iter().map(f64::to_string).collect();
                format!("ok {}", figures.join(" "))
            }
            Err(error) => format!("failed {}", error.to_string().replace('\n', " ")),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    drop(desk);
    remove(&job.dir)
}

/// An error where a row did not find what it should.
pub fn expect(found: u64, wanted: u64) -> Outcome<()> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("found {found} records, not {wanted}").into())
}
