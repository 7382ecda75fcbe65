//! What a set of histories has really met, so that a generator that grows dull is noticed.

use crate::operation::{KINDS, Operation};
use std::fmt;

/// How often each kind of operation came, and each kind right after each.
#[derive(Debug, Clone)]
pub struct KindPairs {
    names: &'static [&'static str],
    histories: u64,
    kinds: Vec<u64>,
    pairs: Vec<Vec<u64>>,
}

impl KindPairs {
    /// No history yet; kinds are indices into `names`.
    pub fn new(names: &'static [&'static str]) -> Self {
        let (kinds, row) = (vec![0; names.len()], vec![0; names.len()]);
        Self {
            names,
            histories: 0,
            kinds,
            pairs: vec![row; names.len()],
        }
    }

    /// Counts a history of these kinds.
    pub fn note_history(&mut self, kinds: impl Iterator<Item = usize>) {
        self.histories += 1;
        let mut before = None;
        for kind in kinds {
            self.kinds[kind] += 1;
            if let Some(before) = before.replace(kind) {
                self.pairs[before][kind] += 1;
            }
        }
    }

    /// Panics where a pair never came.
    pub fn assert_whole(&self) {
        for (first, row) in self.names.iter().zip(&self.pairs) {
            for (second, count) in self.names.iter().zip(row) {
                assert!(*count > 0, "no history has {first:?} and then {second:?}");
            }
        }
    }
}

impl fmt::Display for KindPairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations: u64 = self.kinds.iter().sum();
        writeln!(f, "{} histories, {operations} operations", self.histories)?;
        for (kind, count) in self.names.iter().zip(&self.kinds) {
            writeln!(f, "  {kind} {count}")?;
        }
        let rarest = self.pairs.iter().flatten().min().unwrap_or(&0);
        write!(f, "  the rarest ordered pair {rarest}")
    }
}

/// Counts over histories of an engine.
#[derive(Debug, Clone)]
pub struct Coverage {
    kinds: KindPairs,
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

impl Default for Coverage {
    fn default() -> Self {
        Self {
            kinds: KindPairs::new(&KINDS),
            flushes: 0,
            compactions: 0,
            records_dropped: 0,
            level_max: 0,
            tables_on_level_max: 0,
            reopens_with_memtable: 0,
            reopens_with_tables: 0,
            kills: 0,
            snapshots_across_compaction: 0,
            scans_across_compaction: 0,
            expired_in_memtable: 0,
            expired_in_level0: 0,
            expired_deeper: 0,
            clean_compactions: 0,
        }
    }
}

impl Coverage {
    /// Counts the operations of a history.
    pub fn note_history(&mut self, history: &[Operation]) {
        self.kinds.note_history(history.iter().map(Operation::kind));
    }

    /// Panics where something that a history can do was never done.
    pub fn assert_whole(&self) {
        println!("{self}");
        self.kinds.assert_whole();
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
        writeln!(f, "{}", self.kinds)?;
        for (what, count) in self.events() {
            writeln!(f, "  {what} {count}")?;
        }
        writeln!(f, "  deepest level {}", self.level_max)?;
        write!(f, "  most tables on a level {}", self.tables_on_level_max)
    }
}
