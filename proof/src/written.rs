//! What was written to a database, commit by commit: what a recovery is compared with.

use crate::carry::carry_out;
use crate::operation::Operation;
use crate::oracle::Model;
use crate::setting::Setting;
use grainstore::Result;
use grainstore::engine::Engine;

/// All versions of all keys, where each commit ended, and how the database is set.
#[derive(Debug, Clone)]
pub struct Written {
    pub setting: Setting,
    pub model: Model,
    /// The last write of each commit, rising, and the engine's time then.
    ends: Vec<(u64, u64)>,
}

impl Written {
    /// Nothing yet, at a time.
    #[must_use]
    pub fn nothing(setting: Setting, now_ms: u64) -> Self {
        Self {
            setting,
            model: Model::new(now_ms),
            ends: vec![(0, 0)],
        }
    }

    /// A commit ends with the write `sequence`; `kept_ms` is the time that was written with it.
    pub fn note(&mut self, sequence: u64, kept_ms: u64) {
        if self.ends.last().is_none_or(|(last, _)| *last < sequence) {
            self.ends.push((sequence, kept_ms));
        }
    }

    /// Carries out an operation on `engine`, and where that succeeds on the model.
    ///
    /// # Errors
    ///
    /// Those of the engine; nothing is noted then.
    pub fn carry_out(&mut self, engine: &Engine, operation: &Operation) -> Result<()> {
        carry_out(engine, &self.model, operation)?;
        self.apply(operation);
        Ok(())
    }

    /// Notes an operation that was, or may have been, carried out.
    pub fn apply(&mut self, operation: &Operation) {
        self.model.apply(operation);
        let kept_ms = match operation {
            // An ingest writes no time down.
            Operation::Ingest(_) => self.ends.last().map_or(0, |(_, kept_ms)| *kept_ms),
            _ => self.model.now_ms(),
        };
        self.note(self.model.sequence(), kept_ms);
    }

    /// Takes back every write after `sequence`, as a crash does.
    pub fn forget_after(&mut self, sequence: u64) {
        self.model.forget_after(sequence);
        self.ends.retain(|(end, _)| *end <= sequence);
    }

    /// Whether a commit ends with `sequence`.
    #[must_use]
    pub fn is_end(&self, sequence: u64) -> bool {
        self.ends.binary_search_by_key(&sequence, |it| it.0).is_ok()
    }

    /// The least that the engine's time may be where `sequence` is the last write that is there.
    #[must_use]
    pub fn kept_ms_at(&self, sequence: u64) -> u64 {
        let at = self.ends.partition_point(|(end, _)| *end <= sequence);
        at.checked_sub(1).map_or(0, |at| self.ends[at].1)
    }
}
