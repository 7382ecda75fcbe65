//! What a set of histories has really met, so that a generator that grows dull is noticed.

use super::operation::{KINDS, Operation};
use std::fmt;

/// Counts over histories.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    pub histories: u64,
    pub operations: u64,
    kinds: [u64; KINDS.len()],
    pairs: Vec<[u64; KINDS.len()]>,
    pub flushes: u64,
    pub compactions: u64,
    pub records_dropped: u64,
    /// The deepest level that held a table.
    pub level_max: usize,
    /// The most tables on one level below level 0.
    pub tables_on_level_max: usize,
    pub reopens_with_memtable: u64,
    pub reopens_with_tables: u64,
    pub kills: u64,
    /// Snapshots that were held while a compaction ran.
    pub snapshots_across_compaction: u64,
    /// Scans that were held while a compaction ran.
    pub scans_across_compaction: u64,
    /// Records that expired while their newest version lay there.
    pub expired_in_memtable: u64,
    pub expired_in_level0: u64,
    pub expired_deeper: u64,
    /// Compactions after which every entry on disk was found alive.
    pub clean_compactions: u64,
}

impl Coverage {
    /// Counts the operations of a history.
    pub fn note_history(&mut self, history: &[Operation]) {
        self.histories += 1;
        self.operations += history.len() as u64;
        self.pairs.resize(KINDS.len(), [0; KINDS.len()]);
        for operation in history {
            self.kinds[operation.kind()] += 1;
        }
        for pair in history.windows(2) {
            self.pairs[pair[0].kind()][pair[1].kind()] += 1;
        }
    }

    /// Panics where something that a history can do was never done.
    pub fn assert_whole(&self) {
        println!("{self}");
        for (first, row) in KINDS.iter().zip(&self.pairs) {
            for (second, count) in KINDS.iter().zip(row) {
                assert!(*count > 0, "no history has {first:?} and then {second:?}");
            }
        }
        assert!(self.level_max >= 2, "no history reached level 2");
        assert!(self.tables_on_level_max > 1, "no level had two tables");
        for (what, count) in self.events() {
            assert!(count > 0, "no history had {what}");
        }
    }

    fn events(&self) -> [(&'static str, u64); 12] {
        [
            ("flushes", self.flushes),
            ("compactions", self.compactions),
            ("dropped records", self.records_dropped),
            ("reopens with a memtable", self.reopens_with_memtable),
            ("reopens with tables", self.reopens_with_tables),
            ("kills", self.kills),
            (
                "snapshots across compaction",
                self.snapshots_across_compaction,
            ),
            ("scans across compaction", self.scans_across_compaction),
            ("expired in memtable", self.expired_in_memtable),
            ("expired in level 0", self.expired_in_level0),
            ("expired deeper", self.expired_deeper),
            ("clean compactions", self.clean_compactions),
        ]
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} histories, {} operations",
            self.histories, self.operations
        )?;
        let pairs = self.pairs.iter().flatten();
        writeln!(
            f,
            "  rarest ordered pair {} times",
            pairs.min().unwrap_or(&0)
        )?;
        for (kind, count) in KINDS.iter().zip(self.kinds) {
            writeln!(f, "  {kind} {count}")?;
        }
        for (what, count) in self.events() {
            writeln!(f, "  {what} {count}")?;
        }
        writeln!(f, "  deepest level {}", self.level_max)?;
        write!(f, "  most tables on a level {}", self.tables_on_level_max)
    }
}
