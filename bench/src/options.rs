//! What a run is asked for, from the command line; the workers get the same words.

use crate::peer::Outcome;
use crate::stores::NAMES;
use std::path::{Path, PathBuf};

const USAGE: &str = "options: --records N  --rounds N  --stores a,b  --rows text,text  --dir DIR  \
    --out FILE  --cpu";

/// What to measure and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Records in the store that is read.
    pub records: u64,
    /// Rounds of every row.
    pub rounds: usize,
    /// The stores, grainstore first.
    pub stores: Vec<String>,
    /// Parts of the names of the rows to run; all where empty.
    pub rows: Vec<String>,
    /// Take the time that the one thread of a row ran, not the time that passed: for a machine that
    /// has other work to do. Rows of writes always take the time that passed.
    pub cpu: bool,
    /// Where the stores are put; removed afterwards.
    pub dir: PathBuf,
    /// Where the table goes besides the terminal.
    pub out: Option<PathBuf>,
    /// Set in a worker: the store it measures.
    pub worker: Option<String>,
    /// Set in a worker that fills its store and waits to be killed.
    pub victim: bool,
}

impl Options {
    /// Reads the words of a command line.
    pub fn from_args(args: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut options = Self {
            records: 1_000_000,
            rounds: 3,
            stores: NAMES.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
            cpu: false,
            dir: std::env::current_dir()?.join("target/grainstore-bench"),
            out: None,
            worker: None,
            victim: false,
        };
        let mut args = args;
        while let Some(word) = args.next() {
            let mut value = || args.next().ok_or(format!("{word} needs a value; {USAGE}"));
            let list = |text: String| text.split(',').map(str::to_owned).collect();
            match word.as_str() {
                "--records" => options.records = value()?.replace('_', "").parse()?,
                "--rounds" => options.rounds = value()?.parse()?,
                "--stores" => options.stores = list(value()?),
                "--rows" => options.rows = list(value()?),
                "--cpu" => options.cpu = true,
                "--dir" => options.dir = value()?.into(),
                "--out" => options.out = Some(value()?.into()),
                "--worker" => options.worker = Some(value()?),
                "--victim" => options.victim = true,
                _ => return Err(format!("unknown word {word}; {USAGE}").into()),
            }
        }
        if options.records == 0 || options.rounds == 0 || options.stores.is_empty() {
            return Err(format!("nothing to measure; {USAGE}").into());
        }
        Ok(options)
    }

    /// The words that make a worker of `store`.
    pub fn worker_args(&self, store: &str) -> Vec<String> {
        self.worker_args_in(store, &self.dir.join(store))
    }

    /// The words that make a worker of `store` in `dir`.
    pub fn worker_args_in(&self, store: &str, dir: &Path) -> Vec<String> {
        let dir = dir.to_string_lossy();
        let records = self.records.to_string();
        let mut words = vec!["--worker", store, "--records", &records, "--dir", &dir];
        words.extend(self.cpu.then_some("--cpu"));
        words.extend(self.victim.then_some("--victim"));
        words.into_iter().map(str::to_owned).collect()
    }

    /// True where the row is asked for.
    pub fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|part| row.contains(part.as_str()))
    }
}
