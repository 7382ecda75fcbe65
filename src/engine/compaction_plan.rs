//! Which tables to compact next, and why: the plans of leveled compaction, and what planning shares
//! with the size-tiered one.
//!
//! Level 0 holds flushed tables by age; from level 1 down each level is one sorted run,
//! `level_ratio` times as large as the one above (LevelDB's scheme). In order of urgency:
//!
//! 1. level 0 has too many tables: all of it merges into level 1;
//! 2. a level is larger than it should be: one of its tables moves down a level;
//! 3. a table has more expired records than it is worth keeping: it is rewritten, or dropped
//!    unread where all of it has expired;
//! 4. a table has many tombstones: it moves down, where they meet what they delete.
//!
//! A plan reads only the tables' metas, so making one costs no I/O.

use super::live_table::LiveTable;
use super::options::{Compaction, EngineOptions};
use super::read_view::Levels;
use super::snapshots::CommitPoint;
use super::table_output::Place;
use crate::format::properties::{EXPIRY_QUANTILES, Properties};
use crate::manifest::version::LEVELS;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;

/// What to do with which tables.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    /// The table goes to another level as it is.
    Move { table: Arc<LiveTable>, level: u8 },
    /// The tables go, unread: every record in them has expired and nothing older can reappear.
    Drop { tables: Vec<Arc<LiveTable>> },
    /// The inputs are merged into new tables at `place`.
    Merge {
        inputs: Vec<Arc<LiveTable>>,
        place: Place,
    },
}

/// What planning looks at.
#[derive(Debug)]
pub(crate) struct Planner<'a> {
    pub(crate) options: &'a EngineOptions,
    pub(crate) levels: &'a Levels,
    /// Held snapshots, in rising order.
    pub(crate) points: &'a [CommitPoint],
    pub(crate) now_ms: u64,
}

impl Planner<'_> {
    /// The most urgent plan of leveled compaction, or `None` where all is well.
    pub(crate) fn next(&self) -> Option<Plan> {
        self.level0()
            .or_else(|| self.oversized_level())
            .or_else(|| self.expired_table())
            .or_else(|| self.tombstone_table())
    }

    /// A plan for everything at once: all levels merge into the deepest one in use, or with
    /// size-tiered compaction into the last, where the oldest run belongs.
    pub(crate) fn everything(&self) -> Option<Plan> {
        let inputs: Vec<_> = self.levels.tables().cloned().collect();
        let deepest = match self.options.compaction {
            Compaction::Leveled => self.levels.deepest(),
            Compaction::SizeTiered { .. } => LEVELS - 1,
        };
        let in_place = inputs
            .iter()
            .all(|t| usize::from(t.meta().level) == deepest);
        // A merge at the bottom gives entries that every snapshot sees alike the number zero. Where
        // there is another, an older version of the same key may lie below it.
        let is_settled =
            |t: &LiveTable| !self.has_garbage(t) && t.meta().properties.sequence_max == 0;
        let nothing_to_gain = in_place && inputs.iter().all(|t| is_settled(t));
        (!nothing_to_gain).then_some(Plan::Merge {
            inputs,
            place: Place::on(deepest as u8),
        })
    }

    fn level0(&self) -> Option<Plan> {
        let tables = self.levels.level(0);
        if tables.len() < self.options.level0_tables {
            return None;
        }
        Some(self.merge_level0(tables))
    }

    fn merge_level0(&self, tables: &[Arc<LiveTable>]) -> Plan {
        // The oldest moves as it is where it meets nothing: the shape of ascending keys.
        if let Some((oldest, newer)) = tables.split_last() {
            let (first, last) = (oldest.key_first(), oldest.key_last());
            let alone = !newer.iter().any(|t| t.overlaps(first, last));
            if alone && !self.has_garbage(oldest) && self.overlapping(1, first, last).is_empty() {
                return Plan::Move {
                    table: Arc::clone(oldest),
                    level: 1,
                };
            }
        }
        let mut inputs = tables.to_vec();
        if planted(Mistake::OldestTableLeftOut) && inputs.len() > 1 {
            inputs.pop();
        }
        if let Some((first, last)) = span(tables) {
            inputs.extend(self.overlapping(1, &first, &last).iter().cloned());
        }
        let place = Place::on(1);
        Plan::Merge { inputs, place }
    }

    fn oversized_level(&self) -> Option<Plan> {
        let mut target = self.options.level1_bytes;
        for level in 1..LEVELS - 1 {
            if self.levels.bytes(level) > target {
                let table = self.cheapest_to_move(level)?;
                return Some(self.down_from(level, table));
            }
            target = target.saturating_mul(self.options.level_ratio);
        }
        None
    }

    /// The table with the least to rewrite below for each byte that leaves the level.
    fn cheapest_to_move(&self, level: usize) -> Option<&Arc<LiveTable>> {
        let cost = |table: &Arc<LiveTable>| {
            let below = self.overlapping(level + 1, table.key_first(), table.key_last());
            let bytes: u64 = below.iter().map(|t| t.meta().bytes).sum();
            bytes.saturating_mul(1_000) / table.meta().bytes.max(1)
        };
        self.levels.level(level).iter().min_by_key(|t| cost(t))
    }

    /// Takes `table` a level down, merging where it meets others.
    fn down_from(&self, level: usize, table: &Arc<LiveTable>) -> Plan {
        let below = self.overlapping(level + 1, table.key_first(), table.key_last());
        if below.is_empty() && !self.has_garbage(table) {
            return Plan::Move {
                table: Arc::clone(table),
                level: level as u8 + 1,
            };
        }
        let mut inputs = vec![Arc::clone(table)];
        inputs.extend(below.iter().cloned());
        Plan::Merge {
            inputs,
            place: Place::on(level as u8 + 1),
        }
    }

    fn expired_table(&self) -> Option<Plan> {
        let table = self.expired()?;
        let level = usize::from(table.meta().level);
        let dropped = self.drop_whole(table);
        Some(dropped.unwrap_or_else(|| self.rewrite(level, table)))
    }

    /// A table of which so much has expired that it is not worth keeping as it is.
    pub(crate) fn expired(&self) -> Option<&Arc<LiveTable>> {
        self.levels.tables().find(|t| {
            expiry_due_ms(&t.meta().properties).is_some_and(|due| due <= self.now_ms)
                && !self.is_watched(t)
        })
    }

    /// Drops `table` unread, where all of it has expired and nothing older can reappear.
    pub(crate) fn drop_whole(&self, table: &Arc<LiveTable>) -> Option<Plan> {
        let properties = &table.meta().properties;
        let level = usize::from(table.meta().level);
        let (first, last) = (table.key_first(), table.key_last());
        let older_below = self.levels.overlaps_below(level, first, last)
            || (level == 0 && self.levels.level(0).iter().any(|t| is_older(t, table)));
        let all_expired = properties.expiring == properties.entries
            && properties.range_tombstones == 0
            && properties.expiry_max_ms <= self.now_ms;
        (all_expired && !older_below).then(|| Plan::Drop {
            tables: vec![Arc::clone(table)],
        })
    }

    /// Rewrites `table` one level down where there is anything below it, in its level otherwise.
    fn rewrite(&self, level: usize, table: &Arc<LiveTable>) -> Plan {
        if level == 0 {
            return self.merge_level0(self.levels.level(0));
        }
        if level + 1 < LEVELS
            && self
                .levels
                .overlaps_below(level, table.key_first(), table.key_last())
        {
            return self.down_from(level, table);
        }
        in_place(table)
    }

    fn tombstone_table(&self) -> Option<Plan> {
        let table = self.levels.tables().find(|t| self.has_many_tombstones(t))?;
        Some(self.rewrite(usize::from(table.meta().level), table))
    }

    /// True where a rewrite that meets what the tombstones delete is worth its while.
    pub(crate) fn has_many_tombstones(&self, table: &LiveTable) -> bool {
        let properties = &table.meta().properties;
        let many = properties.tombstones * 4 >= properties.entries && properties.tombstones > 0;
        (many || properties.range_tombstones > 0) && !self.is_watched(table)
    }

    /// True where a held snapshot may be the reason that the table looks as it does, so that a
    /// rewrite could go on for ever without gain.
    fn is_watched(&self, table: &LiveTable) -> bool {
        let sequence_max = table.meta().properties.sequence_max;
        !self.points.is_empty()
            && self
                .points
                .iter()
                .any(|p| p.sequence < sequence_max || self.sees_alive(p, table))
    }

    fn sees_alive(&self, point: &CommitPoint, table: &LiveTable) -> bool {
        let properties = &table.meta().properties;
        properties.expiring > 0 && point.time_ms < properties.expiry_max_ms
    }

    /// True where a rewrite would drop something.
    fn has_garbage(&self, table: &LiveTable) -> bool {
        let properties = &table.meta().properties;
        properties.tombstones > 0
            || properties.range_tombstones > 0
            || (properties.expiring > 0 && properties.expiry_min_ms <= self.now_ms)
    }

    fn overlapping(&self, level: usize, first: &[u8], last: &[u8]) -> &[Arc<LiveTable>] {
        self.levels.overlapping(level, first, last)
    }
}

/// Rewrites `table` where it is.
pub(crate) fn in_place(table: &Arc<LiveTable>) -> Plan {
    let meta = table.meta();
    let place = Place {
        level: meta.level,
        run: meta.run,
    };
    Plan::Merge {
        inputs: vec![Arc::clone(table)],
        place,
    }
}

fn is_older(other: &LiveTable, table: &LiveTable) -> bool {
    other.meta().run < table.meta().run && other.overlaps(table.key_first(), table.key_last())
}

/// The smallest inclusive key range over `tables`.
#[allow(clippy::type_complexity)] // a first and a last key
pub(crate) fn span(tables: &[Arc<LiveTable>]) -> Option<(Box<[u8]>, Box<[u8]>)> {
    let first = tables.iter().map(|t| t.key_first()).min()?;
    let last = tables.iter().map(|t| t.key_last()).max()?;
    Some((first.into(), last.into()))
}

/// When enough of a table has expired to be worth a rewrite: a quarter of its entries, or all that
/// ever will. `None` where nothing in it expires.
pub(crate) fn expiry_due_ms(properties: &Properties) -> Option<u64> {
    if properties.expiring == 0 {
        return None;
    }
    // The i-th quantile is when (i + 1) / 8 of the expiring entries have gone.
    let enough = |i: usize| {
        let gone = properties.expiring * (i as u64 + 1) / EXPIRY_QUANTILES as u64;
        gone * 4 >= properties.entries
    };
    let quantiles = properties.expiry_quantiles_ms.iter().enumerate();
    let quarter = quantiles
        .filter(|(i, _)| enough(*i))
        .map(|(_, &ms)| ms)
        .min();
    Some(
        quarter
            .unwrap_or(properties.expiry_max_ms)
            .min(properties.expiry_max_ms),
    )
}
