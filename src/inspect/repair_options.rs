//! What a repair can be told.

use crate::engine::options::EngineOptions;

/// The options of a repair. All have defaults that save as much as can be trusted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RepairOptions {
    /// How the new tables are written (sizes, filter, compression), and the disk and the clock.
    pub engine: EngineOptions,
    /// Read tables, too, that are no part of the database any more. What was deleted or written
    /// over since may come back; for when a compaction lost something. Default false.
    pub use_obsolete_tables: bool,
    /// Read records, too, that stand behind the torn end of a log segment: writes around a crash
    /// that were never acknowledged as durable. Default false.
    pub use_torn_ends: bool,
    /// Memory for what is read from the log, in bytes; 64 KiB at least. Default 64 MiB.
    pub memory_bytes_max: usize,
    /// How many records in doubt the report lists; all are counted. Default 1000.
    pub doubts_listed_max: usize,
    /// Read every new table back before the database counts as made. Default true.
    pub verify_new_tables: bool,
}

impl Default for RepairOptions {
    fn default() -> Self {
        Self {
            engine: EngineOptions::default(),
            use_obsolete_tables: false,
            use_torn_ends: false,
            memory_bytes_max: 64 << 20,
            doubts_listed_max: 1_000,
            verify_new_tables: true,
        }
    }
}

/// How far a repair has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepairProgress {
    /// Looking at the tables: how many of how many.
    Looking {
        /// Tables looked at.
        done: u64,
        /// Tables there are.
        of: u64,
    },
    /// Reading the log: operations so far.
    Log {
        /// Operations read.
        operations: u64,
    },
    /// Finding tables that a compaction left behind: entries so far.
    Comparing {
        /// Entries compared.
        entries: u64,
    },
    /// Writing the new database: records so far.
    Writing {
        /// Records written.
        records: u64,
        /// Their bytes.
        bytes: u64,
    },
}
