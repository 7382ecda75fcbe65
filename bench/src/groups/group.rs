//! The groups by name: their rows, and who answers them.

use crate::groups::{
    amplification, core, flushes, growth, latency, redb_shapes, skew, small, values, ycsb,
};
use crate::peer::{Outcome, Peer};
use crate::row::Row;
use crate::scale::Scale;
use crate::typed;
use crate::worker::{Desk, Job};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Rows that are measured on the same stores and stand in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// What a store does all day.
    Core,
    /// Structs under keys.
    Typed,
    /// The shapes of redb's own benchmark.
    Redb,
    /// How long the slow ones take.
    Latency,
    /// What is written and kept beyond the data.
    Amplification,
    /// YCSB A to F.
    Ycsb,
    /// The same with more and more records.
    Growth,
    /// Values from 16 B to 64 KiB.
    Values,
    /// Keys with long prefixes in common.
    Skew,
    /// Flushes of the device for each commit.
    Flushes,
    /// A thousand databases in one process.
    Small,
}

impl Group {
    /// All of them, in the order of the report.
    pub const ALL: &[Self] = &[
        Self::Core,
        Self::Typed,
        Self::Redb,
        Self::Latency,
        Self::Amplification,
        Self::Ycsb,
        Self::Growth,
        Self::Values,
        Self::Skew,
        Self::Flushes,
        Self::Small,
    ];

    /// The word of it, as on the command line.
    pub fn word(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// True where each round fills a store of its own.
    pub fn is_heavy(self) -> bool {
        matches!(
            self,
            Self::Redb
                | Self::Latency
                | Self::Amplification
                | Self::Growth
                | Self::Values
                | Self::Small
        )
    }
}

/// The rows of `group`, in the order of its table.
pub fn rows(group: Group, scale: Scale) -> Vec<Row> {
    match group {
        Group::Core => core::rows(scale),
        Group::Typed => typed::rows(scale),
        Group::Redb => redb_shapes::rows(scale),
        Group::Latency => latency::rows(scale),
        Group::Amplification => amplification::rows(scale),
        Group::Ycsb => ycsb::rows(scale),
        Group::Growth => growth::rows(scale),
        Group::Values => values::rows(scale),
        Group::Skew => skew::rows(scale),
        Group::Flushes => flushes::rows(scale),
        Group::Small => small::rows(scale),
    }
}

/// Who answers them with stores of the kind `P`; the typed ones are answered elsewhere.
pub fn desk<P: Peer + 'static>(job: &Job) -> Outcome<Box<dyn Desk>> {
    Ok(match job.group {
        Group::Core => return core::desk::<P>(job),
        Group::Typed => return Err("typed rows have peers of their own".into()),
        Group::Redb => Box::new(redb_shapes::Shapes::<P>::new(job)),
        Group::Latency => Box::new(latency::Latency::<P>::new(job)),
        Group::Amplification => Box::new(amplification::Amplification::<P>::new(job)),
        Group::Ycsb => Box::new(ycsb::Ycsb::<P>::new(job)),
        Group::Growth => Box::new(growth::Growth::<P>::new(job)),
        Group::Values => Box::new(values::Values::<P>::new(job)),
        Group::Skew => Box::new(skew::Skew::<P>::new(job)),
        Group::Flushes => Box::new(flushes::Flushes::<P>::new(job)),
        Group::Small => Box::new(small::Small::<P>::new(job)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_of_a_group_has_a_word_of_its_own_and_a_line() {
        for records in [1_000, 1_000_000] {
            let scale = Scale {
                records,
                is_short: false,
            };
            for group in Group::ALL {
                let rows = rows(*group, scale);
                let words: BTreeSet<_> = rows.iter().map(|row| &row.word).collect();
                assert_eq!(words.len(), rows.len(), "{}", group.word());
                assert!(rows.iter().all(|row| !row.lines.is_empty()));
            }
        }
    }
}
