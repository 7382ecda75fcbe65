//! The tables of the database by level, at one moment.
//!
//! A version never changes; an edit makes the next one. Any thread may read it.
//!
//! - V1: on a level from 1 on, tables stand in the order of their first keys, no two begin with
//!   the same key, and a table's last key is not beyond the first key of the next. The two may be
//!   equal only where the earlier table has range tombstones: its last key is then the excluded end
//!   of one, which compaction cuts off at exactly the key that the next table begins with.
//! - V2: on level 0 tables stand from the highest run to the lowest, no run twice.
//! - V3: no number of a table stands twice in a version.

use crate::format::version_edit::{TableMeta, VersionEdit};
use crate::sync::Arc;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How many levels there are.
pub(crate) const LEVELS: usize = 7;

const LEVEL_BEYOND: &str = "a table is added to a level that does not exist";
const NUMBER_TWICE: &str = "a table is added that is there already";
const NOT_THERE: &str = "a table is removed that is not there";

/// The tables of the database by level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Version {
    /// Level 0 newest first (V2); the others in the order of keys, without overlap (V1).
    pub(crate) levels: [Vec<Arc<TableMeta>>; LEVELS],
}

impl Version {
    /// The version after `edit`, or what is wrong with the edit. Removals come first, so an edit
    /// that removes and adds a table moves it.
    pub(crate) fn apply(&self, edit: &VersionEdit) -> Result<Self, &'static str> {
        let removed: BTreeSet<u64> = edit.removed.iter().copied().collect();
        let mut next = self.clone();
        if !removed.is_empty() {
            for level in &mut next.levels {
                level.retain(|table| !removed.contains(&table.number));
            }
        }
        if self.table_count() - next.table_count() != edit.removed.len() {
            return Err(NOT_THERE);
        }
        let mut added = BTreeSet::new();
        if !edit.added.iter().all(|table| added.insert(table.number)) {
            return Err(NUMBER_TWICE); // V3
        }
        if next.tables().any(|table| added.contains(&table.number)) {
            return Err(NUMBER_TWICE); // V3
        }
        let mut touched = BTreeSet::new();
        for table in &edit.added {
            let level = usize::from(table.level);
            let tables = next.levels.get_mut(level).ok_or(LEVEL_BEYOND)?;
            tables.push(Arc::new(table.clone()));
            touched.insert(level);
        }
        for level in touched {
            settle(level, next.levels.get_mut(level).ok_or(LEVEL_BEYOND)?)?;
        }
        Ok(next)
    }

    /// Every table: level 0 newest first, then level by level in the order of keys.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Arc<TableMeta>> {
        self.levels.iter().flatten()
    }

    /// How many tables there are.
    pub(crate) fn table_count(&self) -> usize {
        self.levels.iter().map(Vec::len).sum()
    }
}

/// Tables by number: many edits applied one after the other, and levels made of them once.
///
/// As [`Version::apply`], but what an edit costs does not grow with the tables there are. Overlaps
/// are looked for at the end.
#[derive(Debug, Default)]
pub(crate) struct TableSet {
    tables: BTreeMap<u64, Arc<TableMeta>>,
}

impl TableSet {
    /// Applies `edit`, removals first.
    pub(crate) fn apply(&mut self, edit: VersionEdit) -> Result<(), &'static str> {
        for number in &edit.removed {
            self.tables.remove(number).ok_or(NOT_THERE)?;
        }
        for table in edit.added {
            if usize::from(table.level) >= LEVELS {
                return Err(LEVEL_BEYOND);
            }
            if self.tables.insert(table.number, Arc::new(table)).is_some() {
                return Err(NUMBER_TWICE); // V3
            }
        }
        Ok(())
    }

    /// The version that the tables make.
    pub(crate) fn into_version(self) -> Result<Version, &'static str> {
        let mut version = Version::default();
        for table in self.tables.into_values() {
            let level = version.levels.get_mut(usize::from(table.level));
            level.ok_or(LEVEL_BEYOND)?.push(table);
        }
        for (level, tables) in version.levels.iter_mut().enumerate() {
            settle(level, tables)?;
        }
        Ok(version)
    }
}

/// Brings the tables of `level` into their order and checks V1 or V2.
fn settle(level: usize, tables: &mut [Arc<TableMeta>]) -> Result<(), &'static str> {
    if level == 0 {
        tables.sort_by_key(|table| Reverse(table.run));
        return if tables.is_sorted_by(|a, b| a.run > b.run) {
            Ok(())
        } else {
            Err("two tables of level 0 have the same run")
        };
    }
    tables.sort_by(|a, b| a.properties.key_first.cmp(&b.properties.key_first));
    if tables.is_sorted_by(|a, b| lies_before(a, b)) {
        Ok(())
    } else {
        Err("two tables of a level overlap")
    }
}

/// True where `b` may follow `a` on a level from 1 on (V1).
fn lies_before(a: &TableMeta, b: &TableMeta) -> bool {
    let (a, b) = (&a.properties, &b.properties);
    let shares_boundary = a.key_last == b.key_first && a.range_tombstones > 0;
    a.key_first < b.key_first && (a.key_last < b.key_first || shares_boundary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::properties::Properties;
    use proptest::prelude::*;

    fn table(number: u64, level: u8, run: u64, keys: (u8, u8), range_tombstones: u64) -> TableMeta {
        let properties = Properties {
            range_tombstones,
            key_first: [keys.0][..].into(),
            key_last: [keys.1][..].into(),
            ..Properties::default()
        };
        TableMeta {
            number,
            level,
            run,
            bytes: 10 + number,
            checksum: 0,
            properties,
        }
    }

    fn adding(added: Vec<TableMeta>) -> VersionEdit {
        VersionEdit {
            added,
            ..VersionEdit::default()
        }
    }

    #[test]
    fn boundary_is_shared_only_with_the_end_of_a_range_tombstone() {
        let version = |tombstones| {
            let (a, b) = ((b'a', b'c'), (b'c', b'd'));
            let edit = adding(vec![table(1, 1, 0, a, tombstones), table(2, 1, 0, b, 0)]);
            Version::default().apply(&edit)
        };
        assert!(version(0).is_err());
        let shared = version(1).unwrap();
        assert_eq!(shared.table_count(), 2);
        let twice = adding(vec![table(3, 1, 0, (b'c', b'c'), 1)]);
        assert!(shared.apply(&twice).is_err(), "two tables begin with c");
    }

    #[test]
    fn table_moves_between_levels_in_one_edit() {
        let one = Version::default().apply(&adding(vec![table(7, 1, 0, (1, 5), 0)]));
        let mut edit = adding(vec![table(7, 2, 0, (1, 5), 0)]);
        edit.removed = vec![7];
        let moved = one.unwrap().apply(&edit).unwrap();
        assert_eq!((moved.levels[1].len(), moved.levels[2].len()), (0, 1));
        edit.removed = vec![7, 7];
        assert_eq!(moved.apply(&edit), Err(NOT_THERE));
    }

    #[test]
    fn level_that_does_not_exist_is_refused_to_edits() {
        let edit = adding(vec![table(1, LEVELS as u8, 0, (1, 1), 0)]);
        assert_eq!(Version::default().apply(&edit), Err(LEVEL_BEYOND));
        assert_eq!(TableSet::default().apply(edit), Err(LEVEL_BEYOND));
    }

    /// What [`Version::apply`] promises, said pair by pair.
    fn model(
        tables: &BTreeMap<u64, TableMeta>,
        edit: &VersionEdit,
    ) -> Option<BTreeMap<u64, TableMeta>> {
        let mut next = tables.clone();
        for number in &edit.removed {
            next.remove(number)?;
        }
        for table in &edit.added {
            let fresh = next.insert(table.number, table.clone()).is_none();
            if !fresh || usize::from(table.level) >= LEVELS {
                return None;
            }
        }
        let sound = next.values().all(|a| {
            next.values().all(|b| {
                let (p, q) = (&a.properties, &b.properties);
                let touch = p.key_last == q.key_first && p.range_tombstones > 0;
                let touch = touch && p.key_first < q.key_first;
                a.number == b.number
                    || a.level != b.level
                    || (a.level == 0 && a.run != b.run)
                    || (a.level > 0 && (p.key_last < q.key_first || q.key_last < p.key_first))
                    || (a.level > 0 && touch)
                    || (a.level > 0 && q.key_last == p.key_first && q.range_tombstones > 0)
                        && q.key_first < p.key_first
            })
        });
        sound.then_some(next)
    }

    prop_compose! {
        fn any_table()(
            number in 0u64..12, level in 0u8..4, run in 0u64..8,
            first in 0u8..30, length in 0u8..4, range_tombstones in 0u64..2,
        ) -> TableMeta {
            table(number, level, run, (first, first + length), range_tombstones)
        }
    }

    prop_compose! {
        fn any_edit()(
            added in prop::collection::vec(any_table(), 0..3),
            removed in prop::collection::vec(0u64..12, 0..2),
        ) -> VersionEdit {
            VersionEdit { added, removed, ..VersionEdit::default() }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn apply_accepts_exactly_what_the_model_accepts_and_keeps_levels_in_order(
            edits in prop::collection::vec(any_edit(), 1..40),
        ) {
            let (mut version, mut tables) = (Version::default(), BTreeMap::new());
            let mut accepted = Vec::new();
            for edit in edits {
                let applied = version.apply(&edit).ok();
                let expected = model(&tables, &edit);
                prop_assert_eq!(applied.is_some(), expected.is_some());
                if let (Some(next), Some(next_tables)) = (applied, expected) {
                    (version, tables) = (next, next_tables);
                    accepted.push(edit);
                }
            }
            let found: BTreeMap<_, _> =
                version.tables().map(|t| (t.number, TableMeta::clone(t))).collect();
            prop_assert_eq!(&found, &tables);
            prop_assert_eq!(version.table_count(), tables.len());
            let mut set = TableSet::default();
            for edit in accepted {
                prop_assert_eq!(set.apply(edit), Ok(()));
            }
            prop_assert_eq!(set.into_version(), Ok(version.clone()));

            for (level, held) in version.levels.iter().enumerate() {
                let sorted = match level {
                    0 => held.is_sorted_by(|a, b| a.run > b.run),
                    _ => held.is_sorted_by_key(|t| &t.properties.key_first),
                };
                prop_assert!(sorted, "level {}", level);
            }
        }
    }
}
