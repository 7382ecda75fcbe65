//! What a suite did, in figures: printed, and kept for the scoreboard where somebody asks for it.
//!
//! With `GRAIN_SCORES=file` every figure is appended to that file as a line `row<TAB>count`.
#![allow(clippy::print_stdout)] // the figures are what a run shows
#![allow(clippy::disallowed_methods)] // the file is the run's, not the database's

use std::io::Write;

/// What is counted. Counts of one row add up over tests and runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// Databases opened after power was lost at a call, and compared.
    CrashRecoveries,
    /// As those, where power was lost in a recovery.
    NestedRecoveries,
    /// Recoveries of histories that were enumerated rather than drawn.
    ExhaustiveRecoveries,
    /// Histories that were enumerated rather than drawn.
    ExhaustiveHistories,
    /// Histories held against the oracle.
    ModelHistories,
    /// Histories that all option sets and backends answered alike.
    MetamorphicHistories,
    /// Runs of those: one for each option set and backend.
    MetamorphicRuns,
    /// Runs in which a call failed.
    FailingCalls,
    /// Bits turned over, one at a time.
    BitFlips,
    /// Of the bits of a database of a megabyte, those turned over.
    MegabyteFlips,
    /// Files cut, blocks swapped, doubled and zeroed, files missing and foreign.
    Mutilations,
    /// Processes killed.
    Kills,
    /// Histories run twice, whose bytes were the same.
    SameBytes,
    /// Inputs of fuzz targets in the plain test run.
    FuzzInputs,
}

impl Row {
    /// All rows, in the order of the scoreboard.
    pub const ALL: [Self; 14] = [
        Self::CrashRecoveries,
        Self::NestedRecoveries,
        Self::ExhaustiveHistories,
        Self::ExhaustiveRecoveries,
        Self::ModelHistories,
        Self::MetamorphicHistories,
        Self::MetamorphicRuns,
        Self::FailingCalls,
        Self::BitFlips,
        Self::MegabyteFlips,
        Self::Mutilations,
        Self::Kills,
        Self::SameBytes,
        Self::FuzzInputs,
    ];

    /// Its name in the file of figures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CrashRecoveries => "crash recoveries",
            Self::NestedRecoveries => "nested recoveries",
            Self::ExhaustiveHistories => "exhaustive histories",
            Self::ExhaustiveRecoveries => "exhaustive recoveries",
            Self::ModelHistories => "model histories",
            Self::MetamorphicHistories => "metamorphic histories",
            Self::MetamorphicRuns => "metamorphic runs",
            Self::FailingCalls => "failing calls",
            Self::BitFlips => "bit flips",
            Self::MegabyteFlips => "flips of a megabyte",
            Self::Mutilations => "mutilations",
            Self::Kills => "kills",
            Self::SameBytes => "same bytes",
            Self::FuzzInputs => "fuzz inputs",
        }
    }
}

/// Tells that `count` of `row` were done and held.
pub fn tell(row: Row, count: u64) {
    println!("score: {} {count}", row.name());
    let Some(path) = std::env::var_os("GRAIN_SCORES") else {
        return;
    };
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    // One write for the line, so that lines of several processes do not mix.
    file.write_all(format!("{}\t{count}\n", row.name()).as_bytes())
        .unwrap();
}
