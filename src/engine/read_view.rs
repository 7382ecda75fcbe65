//! What a reader reads: memtables and tables, as of one moment.
//!
//! A view never changes; a new one replaces it whole. Its sources are ordered by age: for any
//! one key, everything in an earlier source is newer than everything in a later one (V1). The order
//! is the active memtable, frozen memtables (newest first), level 0 (newest first), levels 1 to 6.

use super::fences::{Bounds, Fences};
use super::live_table::LiveTable;
use crate::error::Result;
use crate::format::range_tombstones::RangeTombstones;
use crate::manifest::version::LEVELS;
use crate::memtable::map::Memtable;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::ops::Range;

/// A memtable that takes no more writes and waits for its flush.
#[derive(Debug, Clone)]
pub(crate) struct FrozenMemtable {
    pub(crate) memtable: Arc<Memtable>,
    /// The first log segment still needed once this memtable is in a table.
    pub(crate) log_next: u64,
    /// The last sequence number in it.
    pub(crate) sequence_last: u64,
}

/// The tables by level: level 0 newest first, the others in key order without overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Levels {
    levels: [Vec<Arc<LiveTable>>; LEVELS],
    /// Of every level but level 0.
    fences: [Fences; LEVELS],
}

impl Levels {
    /// Sorts `tables` into their levels.
    pub(crate) fn new(tables: impl IntoIterator<Item = Arc<LiveTable>>) -> Self {
        let mut it = Self::default();
        for table in tables {
            if let Some(level) = it.levels.get_mut(usize::from(table.meta().level)) {
                level.push(table);
            }
        }
        for (number, level) in it.levels.iter_mut().enumerate() {
            if number == 0 {
                level.sort_by_key(|t| std::cmp::Reverse(t.meta().run));
                if planted(Mistake::OldestTableFirst) {
                    level.reverse();
                }
            } else {
                level.sort_by(|a, b| a.key_first().cmp(b.key_first()));
                if let Some(fences) = it.fences.get_mut(number) {
                    *fences = Fences::of(level.iter().map(|table| table.bounds()));
                }
            }
        }
        it
    }

    /// The tables of a level below 0 that span `key`.
    #[inline]
    pub(crate) fn spanning(&self, level: usize, key: &[u8]) -> &[Arc<LiveTable>] {
        let tables = self.level(level);
        let Some(fences) = self.fences.get(level).filter(|_| !tables.is_empty()) else {
            return &[];
        };
        let spanning = fences.spanning(key, bounds_of(tables));
        tables.get(spanning).unwrap_or_default()
    }

    /// The tables of one level; none beyond the last.
    pub(crate) fn level(&self, level: usize) -> &[Arc<LiveTable>] {
        self.levels.get(level).map_or(&[], Vec::as_slice)
    }

    /// All tables, with level 0 first.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Arc<LiveTable>> {
        self.levels.iter().flatten()
    }

    /// The tables of a level below 0 that share a key with the inclusive range.
    pub(crate) fn overlapping(&self, level: usize, first: &[u8], last: &[u8]) -> &[Arc<LiveTable>] {
        let tables = self.level(level);
        let from = tables.partition_point(|t| t.key_last() < first);
        let rest = tables.get(from..).unwrap_or_default();
        rest.get(..rest.partition_point(|t| t.key_first() <= last))
            .unwrap_or_default()
    }

    /// Which tables of a level below 0 may hold keys from `lower` on, up to and without `upper`.
    pub(crate) fn within(&self, level: usize, lower: &[u8], upper: Option<&[u8]>) -> Range<usize> {
        let count = self.level(level).len();
        if count == 0 {
            return 0..0;
        }
        let from = self.first_to_reach(level, lower);
        let to = upper.map_or(count, |upper| self.first_from(level, upper));
        from..to.max(from)
    }

    /// The number of the first table of a level below 0 that does not end before `key`.
    #[inline]
    pub(crate) fn first_to_reach(&self, level: usize, key: &[u8]) -> usize {
        let bounds = bounds_of(self.level(level));
        let fences = self.fences.get(level);
        fences.map_or(0, |fences| fences.first_to_reach(key, bounds))
    }

    /// The number of the first table of a level below 0 that does not begin before `key`.
    #[inline]
    pub(crate) fn first_from(&self, level: usize, key: &[u8]) -> usize {
        let bounds = bounds_of(self.level(level));
        let fences = self.fences.get(level);
        fences.map_or(0, |fences| fences.first_from(key, bounds))
    }

    /// True where a level deeper than `level` shares a key with the inclusive range.
    pub(crate) fn overlaps_below(&self, level: usize, first: &[u8], last: &[u8]) -> bool {
        (level + 1..LEVELS).any(|deeper| !self.overlapping(deeper, first, last).is_empty())
    }

    /// The deepest level below 0 that has tables; 1 where none has.
    pub(crate) fn deepest(&self) -> usize {
        let used = |&level: &usize| !self.level(level).is_empty();
        (1..LEVELS).rev().find(used).unwrap_or(1)
    }

    /// The bytes of a level's files.
    pub(crate) fn bytes(&self, level: usize) -> u64 {
        self.level(level).iter().map(|t| t.meta().bytes).sum()
    }
}

/// The bounds of each of `tables`, as fences ask for them.
#[inline]
fn bounds_of<'a>(tables: &'a [Arc<LiveTable>]) -> impl Fn(usize) -> Option<Bounds<'a>> {
    move |at| tables.get(at).map(|table| table.bounds())
}

/// All the sources of a read, newest first (V1).
#[derive(Debug, Clone)]
pub(crate) struct ReadView {
    pub(crate) active: Arc<Memtable>,
    /// Newest first.
    pub(crate) frozen: Vec<FrozenMemtable>,
    pub(crate) levels: Levels,
    /// True where a table holds range tombstones, so that reads without any skip the question.
    has_table_tombstones: bool,
}

impl ReadView {
    /// A view of these sources.
    pub(crate) fn new(active: Arc<Memtable>, frozen: Vec<FrozenMemtable>, levels: Levels) -> Self {
        let has_table_tombstones = levels
            .tables()
            .any(|t| t.meta().properties.range_tombstones > 0);
        Self {
            active,
            frozen,
            levels,
            has_table_tombstones,
        }
    }

    /// The memtables, newest first.
    pub(crate) fn memtables(&self) -> impl Iterator<Item = &Arc<Memtable>> + Clone {
        std::iter::once(&self.active).chain(self.frozen.iter().map(|f| &f.memtable))
    }

    /// The range tombstones of all sources that reach into the inclusive key range; an open upper
    /// end is `None`.
    pub(crate) fn range_tombstones(
        &self,
        first: &[u8],
        last: Option<&[u8]>,
    ) -> Result<Vec<Arc<RangeTombstones>>> {
        let mut sets: Vec<_> = self
            .memtables()
            .filter_map(|m| m.range_tombstones())
            .collect();
        if self.has_table_tombstones {
            for table in self.levels.tables() {
                let reaches =
                    first <= table.key_last() && last.is_none_or(|last| table.key_first() <= last);
                if reaches && table.meta().properties.range_tombstones > 0 {
                    sets.extend(table.table()?.range_tombstones().cloned());
                }
            }
        }
        Ok(sets)
    }
}
