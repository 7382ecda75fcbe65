//! A history on a simulated disk: what was written, and at which call each operation returned.
//!
//! With one writer and inline work the same seed makes the same calls on every run, which is what
//! lets one line replay a failure.

use crate::coverage::Coverage;
use crate::engine_run::{EngineRun, START_MS, of_setting};
use crate::operation::{Leave, Operation};
use crate::setting::Setting;
use crate::written::Written;
use grainstore::engine::Durability;
use grainstore::fs::CrashDisk;

/// An operation that returned.
#[derive(Debug, Clone, Copy)]
pub struct Returned {
    /// The calls on the disk by then.
    pub calls: usize,
    /// The last write.
    pub sequence: u64,
    /// What the source of time showed.
    pub source_ms: u64,
    /// Who made it; 0 where there is one writer.
    pub writer: usize,
}

/// What may have survived: the last write, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survivors {
    pub least: u64,
    pub most: u64,
}

impl Survivors {
    /// This one, and nothing else.
    #[must_use]
    pub fn exactly(sequence: u64) -> Self {
        Self {
            least: sequence,
            most: sequence,
        }
    }
}

/// A history that ran, and everything that a crash in it is compared with.
#[derive(Debug)]
pub struct Recorded {
    /// Its name in the line that replays a failure.
    pub name: &'static str,
    pub seed: u64,
    pub disk: CrashDisk,
    pub written: Written,
    /// The operations in the order in which they returned.
    pub returned: Vec<Returned>,
    /// When something became durable that was not before: the calls by then, and the last write.
    pub durable: Vec<(usize, u64)>,
    pub coverage: Coverage,
}

impl Recorded {
    /// Carries out `operations` on a new disk, and closes the database.
    #[must_use]
    pub fn of(name: &'static str, seed: u64, setting: Setting, operations: &[Operation]) -> Self {
        let mut coverage = Coverage::default();
        coverage.note_history(operations);
        let mut run = EngineRun::new(of_setting(&setting), &mut coverage);
        run.keep_disk();
        let (mut returned, mut durable) = (Vec::new(), Vec::new());
        let mut written = Written::nothing(setting, START_MS);
        for operation in operations {
            run.apply(operation);
            let now = Returned {
                calls: run.disk().calls(),
                sequence: run.model.sequence(),
                source_ms: run.source_ms(),
                writer: 0,
            };
            written.note(now.sequence, run.clock_kept_ms());
            if makes_durable(operation) {
                durable.push((now.calls, now.sequence));
            }
            returned.push(now);
        }
        let (model, disk) = run.close();
        written.model = model;
        Self {
            name,
            seed,
            disk,
            written,
            returned,
            durable,
            coverage,
        }
    }

    /// How many operations of `writer` had returned at `call`, in their order.
    fn returned_of(&self, writer: usize) -> impl Iterator<Item = &Returned> {
        self.returned.iter().filter(move |it| it.writer == writer)
    }

    /// What may survive a crash at `call`. A killed process (`killed`) loses nothing that was
    /// acknowledged; a power cut, where writes are not synced, only what nobody asked to sync.
    #[must_use]
    pub fn survivors_at(&self, call: usize, killed: bool) -> Survivors {
        let lossless = killed || self.written.setting.durability == Durability::Sync;
        let acknowledged = self.returned.iter().filter(|it| it.calls <= call);
        let acknowledged = acknowledged.map(|it| it.sequence).max().unwrap_or(0);
        let synced = self.durable.iter().filter(|(calls, _)| *calls <= call);
        let synced = synced.map(|(_, sequence)| *sequence).max().unwrap_or(0);
        let writers = self
            .returned
            .iter()
            .map(|it| it.writer + 1)
            .max()
            .unwrap_or(1);
        let in_flight = (0..writers).filter_map(|writer| {
            let next = self.returned_of(writer).find(|it| it.calls > call)?;
            Some(next.sequence)
        });
        Survivors {
            least: if lossless { acknowledged } else { synced },
            most: in_flight.max().unwrap_or(0).max(acknowledged),
        }
    }

    /// What the source of time shows to a recovery at `call`: the time of the crash.
    #[must_use]
    pub fn source_at(&self, call: usize) -> u64 {
        let in_flight = self.returned.iter().find(|it| it.calls > call);
        let in_flight = in_flight.or(self.returned.last());
        in_flight.map_or(0, |it| it.source_ms)
    }
}

/// True where all that was written before is on the device when the operation has returned.
fn makes_durable(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Flush
            | Operation::Compact
            | Operation::Sync
            | Operation::Reopen(Leave::Close, _)
    )
}
