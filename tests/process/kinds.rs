//! Kinds of writers that are killed: how each opens its database, and what is odd about it.

use crate::{typed, work};
use grainstore::engine::{Compaction, Durability, EngineOptions};
use std::path::Path;
use std::time::Duration;

/// A kind of writer. All but the typed one make the same commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Each commit is on the device before it is told.
    Synced,
    /// The device is flushed a millisecond later; a kill takes nothing for that.
    Batched,
    /// The device is flushed when the log is rolled; a kill takes nothing for that.
    Buffered,
    /// Every few commits make a table and every table a compaction, and one thread asks for
    /// another compaction all the time.
    Compacting,
    /// As that, by size.
    CompactingTiers,
    /// Typed records with an index and expiries.
    Typed,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Synced,
        Self::Batched,
        Self::Buffered,
        Self::Compacting,
        Self::CompactingTiers,
        Self::Typed,
    ];

    /// Its name, also as the role of a child.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Batched => "batched",
            Self::Buffered => "buffered",
            Self::Compacting => "compacting",
            Self::CompactingTiers => "compacting-tiers",
            Self::Typed => "typed",
        }
    }

    /// True where one thread compacts all the time.
    pub(crate) fn compacts(self) -> bool {
        matches!(self, Self::Compacting | Self::CompactingTiers)
    }

    /// How it opens its database.
    pub(crate) fn options(self) -> EngineOptions {
        let mut options = work::options();
        match self {
            Self::Synced | Self::Typed => {}
            Self::Batched => {
                options.durability = Durability::Batch(Duration::from_millis(1));
            }
            Self::Buffered => options.durability = Durability::Buffered,
            Self::Compacting => {
                options.memtable_bytes = 4 << 10;
                options.table_bytes = 4 << 10;
                options.level0_tables = 1;
                options.level1_bytes = 4 << 10;
                options.level_ratio = 2;
            }
            Self::CompactingTiers => {
                options.memtable_bytes = 4 << 10;
                options.table_bytes = 4 << 10;
                options.compaction = Compaction::SizeTiered {
                    runs_merged_min: 2,
                    runs_max: 4,
                    space_percent_max: 100,
                };
            }
        }
        options
    }

    /// Lives the life of a child: writes until the process dies.
    pub(crate) fn live(self, dir: &Path) {
        match self {
            Self::Typed => typed::write_for_ever(dir),
            _ => work::write_for_ever(self, dir),
        }
    }

    /// Opens what a killed child left and holds it against what it told; answers what is there.
    pub(crate) fn compare(self, dir: &Path, told: &work::Told) -> Result<work::Found, String> {
        match self {
            Self::Typed => typed::compare(dir, told),
            _ => work::compare(self, dir, told),
        }
    }
}
