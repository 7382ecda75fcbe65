//! One kind of damage, done to many places: what it broke, and how often it was done.

use super::judge::{Outcome, judge_twice};
use super::sample::Sample;
use grainstore::fs::CrashDisk;
use grainstore_proof::score::{Row, tell};

/// The damage done so far.
pub(crate) struct Round {
    name: &'static str,
    done: u64,
    /// What broke a promise.
    pub(crate) broken: Vec<String>,
}

impl Round {
    pub(crate) fn new(name: &'static str) -> Self {
        let (done, broken) = (0, Vec::new());
        Self { name, done, broken }
    }

    /// Judges `sample` after `damage`, which is described by `what`.
    pub(crate) fn after(
        &mut self,
        sample: &Sample,
        what: &str,
        damage: impl FnOnce(&CrashDisk),
    ) -> Option<Outcome> {
        let disk = sample.disk.fork();
        damage(&disk);
        self.done += 1;
        match judge_twice(sample, &disk) {
            Ok(outcome) => Some(outcome),
            Err(why) => {
                self.broken.push(format!("{}, {what}: {why}", sample.name));
                None
            }
        }
    }

    /// Nothing must be broken, and the damage have been done so often at least.
    pub(crate) fn end(self, least: u64) {
        let shown: Vec<_> = self.broken.iter().take(20).cloned().collect();
        assert!(
            shown.is_empty(),
            "{} broken promises, the first:\n{}",
            self.broken.len(),
            shown.join("\n")
        );
        println!("{} {}", self.done, self.name);
        assert!(self.done >= least, "only {} {}", self.done, self.name);
        tell(Row::Mutilations, self.done);
    }
}
