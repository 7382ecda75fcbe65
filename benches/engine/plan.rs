//! What to measure, on how many records, where.

use crate::rounds::Outcome;
use grainstore::engine::{Durability, EngineOptions};
use std::path::{Path, PathBuf};

/// Memory for blocks.
const CACHE_BYTES: usize = 256 << 20;

/// The wishes of the command line.
pub struct Plan {
    /// Records in the database that is read.
    pub records: u64,
    /// Rounds of every row.
    pub rounds: u64,
    /// Operations are divided by this: a run without `--bench` only tries whether all rows work.
    pub shrink: u64,
    dir: PathBuf,
    names: Vec<String>,
}

impl Plan {
    /// Reads the words that cargo and the user wrote.
    pub fn from_args(args: impl Iterator<Item = String>) -> Outcome<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let mut plan = Self {
            records: 1_000_000,
            rounds: 5,
            shrink: 500,
            dir: target.join(format!("engine-bench-{}", std::process::id())),
            names: Vec::new(),
        };
        let mut args = args;
        while let Some(word) = args.next() {
            let mut value = || args.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--bench" => plan.shrink = 1,
                "--records" => plan.records = value()?.replace('_', "").parse()?,
                "--rounds" => plan.rounds = value()?.parse()?,
                "--dir" => plan.dir = PathBuf::from(value()?).join("engine-bench"),
                _ => plan.names.push(word),
            }
        }
        if plan.shrink > 1 {
            plan.rounds = 1;
            plan.records /= plan.shrink;
        }
        Ok(plan)
    }

    /// True where a row of this name is asked for.
    pub fn wants(&self, row: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| row.contains(name.as_str()))
    }

    /// `operations`, or few of them where rows are only tried.
    pub fn operations(&self, operations: u64) -> u64 {
        (operations / self.shrink).max(8)
    }

    /// An empty place for a database.
    pub fn fresh_dir(&self, name: &str) -> Outcome<PathBuf> {
        let dir = self.dir.join(name);
        remove(&dir)?;
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// The options of every engine here.
    pub fn engine_options(&self, durability: Durability) -> EngineOptions {
        let mut options = EngineOptions::default();
        options.cache_bytes = CACHE_BYTES;
        options.durability = durability;
        options
    }

    /// Removes all data.
    pub fn clean_up(&self) -> Outcome<()> {
        remove(&self.dir)
    }
}

/// Removes a folder that may not be there.
pub fn remove(dir: &Path) -> Outcome<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
