//! Making one run of two, a piece at a time.
//!
//! A merge can be left and taken up again after any number of items, so that the writer never
//! pauses for the length of a large one. Until it is finished, its inputs stay in use.
//!
//! Stretches in which one run is all before the other, as inserts in order make them, are copied
//! without comparing their items. Where items do not tell keys apart, records are fetched ahead.

use super::arena::Arena;
use super::item::{Item, Rebase, common_prefix};
use super::run::Run;
use crate::sync::Arc;
use std::cmp::Ordering;

/// Items between two looks at whether a whole stretch can be copied.
const STRETCH_ITEMS: usize = 64;
/// How far ahead records are fetched.
const PREFETCH_ITEMS: usize = 8;

/// A merge under way.
#[derive(Debug)]
pub(super) struct Merge {
    older: Input,
    newer: Input,
    skip: usize,
    items: Vec<Item>,
    /// How many items there are to be.
    total: usize,
    /// The last stretch had keys that their items did not tell apart.
    tied: bool,
}

/// A run to be merged, from which the first `at` items are taken already.
#[derive(Debug)]
struct Input {
    run: Arc<Run>,
    rebase: Rebase,
    at: usize,
}

impl Input {
    fn new(run: &Arc<Run>, skip: usize) -> Self {
        Self {
            run: Arc::clone(run),
            rebase: Rebase::new(run.prefix(), skip),
            at: 0,
        }
    }

    fn rest(&self) -> &[Item] {
        self.run.items().get(self.at..).unwrap_or_default()
    }

    /// Moves the next `count` items, or what there is of them, to `out`.
    fn take(&mut self, count: usize, out: &mut Vec<Item>) {
        let rest = self.rest();
        let count = count.min(rest.len());
        let rebase = self.rebase;
        out.extend(rest[..count].iter().map(|&item| rebase.apply(item)));
        self.at += count;
    }

    /// True where the next stretch of this run lies before all that is left of `other`.
    fn stretch_is_before(&self, other: &Self, arena: &Arena) -> bool {
        let (mine, others) = (self.rest(), other.rest());
        let last = mine.get(STRETCH_ITEMS - 1).or(mine.last());
        let (Some(&last), Some(&first)) = (last, others.first()) else {
            return false;
        };
        let (last, first) = (self.rebase.apply(last), other.rebase.apply(first));
        last.compare(first, arena) == Ordering::Less
    }
}

impl Merge {
    /// A merge of two runs, of which `newer` was inserted after `older` as a whole.
    pub(super) fn new(older: &Arc<Run>, newer: &Arc<Run>) -> Self {
        let skip = common_prefix(older.prefix(), newer.prefix());
        let total = older.len() + newer.len();
        Self {
            items: Vec::with_capacity(total),
            total,
            older: Input::new(older, skip),
            newer: Input::new(newer, skip),
            skip,
            tied: false,
        }
    }

    /// True where `run` is one of the two.
    pub(super) fn has(&self, run: &Arc<Run>) -> bool {
        Arc::ptr_eq(run, &self.older.run) || Arc::ptr_eq(run, &self.newer.run)
    }

    /// Goes on for about as many items as `budget`, which is lowered by the work done. The run,
    /// when it is finished.
    pub(super) fn advance(&mut self, arena: &Arena, budget: &mut usize) -> Option<Run> {
        loop {
            if self.items.len() >= self.total {
                let items = std::mem::take(&mut self.items);
                let prefix = &self.older.run.prefix()[..self.skip];
                return Some(Run::new(prefix, items.into_boxed_slice()));
            }
            if *budget == 0 {
                return None;
            }
            let before = self.items.len();
            self.stretch(arena);
            *budget = budget.saturating_sub(self.items.len() - before);
        }
    }

    fn stretch(&mut self, arena: &Arena) {
        let (olds, news) = (self.older.rest().len(), self.newer.rest().len());
        if news == 0 || self.older.stretch_is_before(&self.newer, arena) {
            self.older.take(STRETCH_ITEMS, &mut self.items);
        } else if olds == 0 || self.newer.stretch_is_before(&self.older, arena) {
            self.newer.take(STRETCH_ITEMS, &mut self.items);
        } else {
            self.interleave(arena, olds.min(news).min(STRETCH_ITEMS));
        }
    }

    /// Merges `count` items; both runs have as many.
    fn interleave(&mut self, arena: &Arena, count: usize) {
        let (olds, news) = (self.older.rest(), self.newer.rest());
        let (mut i, mut j, mut ties) = (0, 0, 0);
        for _ in 0..count {
            let (a, b) = (
                self.older.rebase.apply(olds[i]),
                self.newer.rebase.apply(news[j]),
            );
            if self.tied {
                for item in [olds.get(i + PREFETCH_ITEMS), news.get(j + PREFETCH_ITEMS)] {
                    item.and_then(|item| item.address())
                        .inspect(|&at| arena.prefetch(at));
                }
            }
            let order = b.head().compare(a.head()).unwrap_or_else(|| {
                ties += 1;
                b.key(arena).cmp(a.key(arena))
            });
            // Of one key the newer version comes first.
            let newer = order != Ordering::Greater;
            self.items.push(if newer { b } else { a });
            i += usize::from(!newer);
            j += usize::from(newer);
        }
        self.older.at += i;
        self.newer.at += j;
        self.tied = ties > count / 8;
    }
}
