//! Walking a memtable in order: key ascending, of one key the newest version first.
//!
//! A cursor merges the sorted runs and the sorted tail as they stood when it was made; what is
//! inserted later it does not see (except that it may see some of what was inserted during its
//! creation). All versions and all tombstones come up; range tombstones do not.
//!
//! - W1: in every run the cursor stands in a gap between two items. Going forward, the candidates
//!   are the items after the gaps; going backward, those before. The current entry is the least,
//!   or the greatest, of the candidates. So everything before the gaps is less than everything
//!   after them, and turning round moves no gap.
//! - W2: the candidates play a tournament; an inner node keeps the loser, so that after a step only
//!   the games of the one that moved are played again.
//!
//! A cursor belongs to one thread at a time and holds the memtable alive.

use super::arena::Arena;
use super::item::{Item, Rebase, common_prefix};
use super::map::{Memtable, PinnedMem};
use super::record::Record;
use super::run::Run;
use crate::format::entry::EntryMeta;
use crate::sync::Arc;
use std::cmp::Ordering;

/// How many items ahead of the cursor records are fetched into the cache.
const PREFETCH_ITEMS: usize = 8;
/// How many of them are fetched when a cursor takes its first step, from all runs together, and
/// from every run at least.
const PREFETCH_FIRST_ITEMS: [usize; 2] = [PREFETCH_ITEMS, 3];
/// How many of the first records are fetched, from every run, as soon as a cursor is placed.
const PREFETCH_PLACED_ITEMS: usize = 2;

/// A place in a memtable, between its entries in order.
#[derive(Debug)]
pub(crate) struct MemtableCursor {
    memtable: Arc<Memtable>,
    /// From the oldest to the newest, so that the larger number has the newer versions.
    sources: Vec<Source>,
    /// The losers of the games, by node; node 1 is the final (W2).
    losers: Vec<usize>,
    /// The winners of the games while all are played, by node; kept for its memory.
    winners: Vec<usize>,
    winner: usize,
    forward: bool,
    /// No step has been made since the last seek.
    fresh: bool,
}

/// A run and the gap the cursor stands in (W1).
#[derive(Debug)]
struct Source {
    run: Arc<Run>,
    rebase: Rebase,
    gap: usize,
    /// The candidate, comparable with those of other sources; none at the end.
    candidate: Option<Item>,
}

impl Source {
    #[inline]
    fn look(&mut self, forward: bool) {
        let at = if forward {
            Some(self.gap)
        } else {
            self.gap.checked_sub(1)
        };
        let item = at.and_then(|at| self.run.item(at));
        self.candidate = item.map(|item| self.rebase.apply(item));
    }

    /// Fetches the record of the item that will be the candidate `steps` on.
    #[inline]
    fn prefetch(&self, arena: &Arena, steps: usize, forward: bool) {
        let at = if forward {
            self.gap.checked_add(steps)
        } else {
            self.gap.checked_sub(1 + steps)
        };
        let item = at.and_then(|at| self.run.item(at));
        if let Some(address) = item.and_then(Item::address) {
            arena.prefetch(address);
        }
    }
}

impl Memtable {
    /// A cursor over all entries inserted before the call.
    pub(crate) fn cursor(self: &Arc<Self>) -> MemtableCursor {
        MemtableCursor::new(Arc::clone(self), self.sorted_runs())
    }
}

impl MemtableCursor {
    /// A cursor over `runs`, from the oldest to the newest. It stands nowhere yet.
    pub(super) fn new(memtable: Arc<Memtable>, runs: Vec<Arc<Run>>) -> Self {
        let first = runs.first().map(|run| run.prefix()).unwrap_or_default();
        let skip = runs.iter().fold(first.len(), |skip, run| {
            skip.min(common_prefix(first, run.prefix()))
        });
        let sources: Vec<Source> = runs
            .into_iter()
            .map(|run| Source {
                rebase: Rebase::new(run.prefix(), skip),
                run,
                gap: 0,
                candidate: None,
            })
            .collect();
        // One alone plays no games.
        let players = if sources.len() > 1 { sources.len() } else { 0 };
        Self {
            memtable,
            losers: vec![0; players],
            winners: vec![0; 2 * players],
            sources,
            winner: 0,
            forward: true,
            fresh: true,
        }
    }

    /// Moves to the first entry.
    pub(crate) fn seek_to_first(&mut self) {
        self.place(true, |_, _| 0);
    }

    /// Moves to the last entry.
    pub(crate) fn seek_to_last(&mut self) {
        self.place(false, |_, run| run.len());
    }

    /// Moves to the first entry at or after `key` at `sequence`: the newest version of `key` up to
    /// `sequence`, or else the first entry after it.
    pub(crate) fn seek(&mut self, key: &[u8], sequence: u64) {
        self.place(true, |memtable, run| {
            run.position(memtable.arena(), key, sequence)
        });
    }

    /// Moves to the last entry whose key is less than `key`.
    pub(crate) fn seek_before(&mut self, key: &[u8]) {
        self.place(false, |memtable, run| {
            run.position(memtable.arena(), key, u64::MAX)
        });
    }

    /// Moves on to the next entry. From before the first it moves to the first.
    #[inline]
    pub(crate) fn next(&mut self) {
        self.step(true);
    }

    /// Moves back to the entry before. From behind the last it moves to the last.
    #[inline]
    pub(crate) fn prev(&mut self) {
        self.step(false);
    }

    /// True where the cursor stands at an entry.
    #[inline]
    pub(crate) fn valid(&self) -> bool {
        self.item().is_some()
    }

    /// The key of the entry; empty where the cursor is not [`valid`](Self::valid).
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        self.record().map(|r| r.key).unwrap_or_default()
    }

    /// Key and sequence number of the entry at once.
    #[inline]
    pub(crate) fn standing(&self) -> (&[u8], u64) {
        self.record().map_or((&[], 0), |r| (r.key, r.meta.sequence))
    }

    /// Key, meta and value of the entry at once, which is cheaper than one after the other.
    #[inline]
    pub(crate) fn entry(&self) -> Option<(&[u8], EntryMeta, &[u8])> {
        self.record().map(|r| (r.key, r.meta, r.value))
    }

    /// The value of the entry; empty where the cursor is not [`valid`](Self::valid).
    #[inline]
    pub(crate) fn value(&self) -> &[u8] {
        self.record().map(|r| r.value).unwrap_or_default()
    }

    /// The value of the entry, alive on its own.
    pub(crate) fn pin(&self) -> Option<PinnedMem> {
        self.memtable.pin_at(self.item()?.address()?)
    }

    #[inline]
    fn item(&self) -> Option<Item> {
        self.sources.get(self.winner)?.candidate
    }

    #[inline]
    fn record(&self) -> Option<Record<'_>> {
        self.memtable.arena().record(self.item()?.address()?)
    }

    fn place(&mut self, forward: bool, gap: impl Fn(&Memtable, &Run) -> usize) {
        for source in &mut self.sources {
            source.gap = gap(&self.memtable, &source.run);
            // The first record is looked at right away; the waits for the next overlap with that.
            for steps in 0..PREFETCH_PLACED_ITEMS {
                source.prefetch(self.memtable.arena(), steps, forward);
            }
        }
        self.play_all(forward);
    }

    #[inline]
    fn step(&mut self, forward: bool) {
        if forward != self.forward {
            // The current entry lies on the side the cursor comes from, so the candidates of the
            // other side are one step on (W1).
            self.play_all(forward);
            return;
        }
        if self.fresh {
            self.prefetch_first();
        }
        let Some(source) = self.sources.get_mut(self.winner) else {
            return;
        };
        if source.candidate.is_none() {
            return;
        }
        source.gap = if forward {
            source.gap + 1
        } else {
            source.gap - 1
        };
        source.look(forward);
        source.prefetch(self.memtable.arena(), PREFETCH_ITEMS, forward);
        self.replay();
    }

    /// Who steps once will step on. Whoever only seeks does not pay for this.
    #[cold]
    fn prefetch_first(&mut self) {
        self.fresh = false;
        let [of_all, of_each] = PREFETCH_FIRST_ITEMS;
        let items = (of_all / self.sources.len().max(1)).max(of_each);
        for source in &self.sources {
            for steps in PREFETCH_PLACED_ITEMS..=items {
                source.prefetch(self.memtable.arena(), steps, self.forward);
            }
        }
    }

    /// Plays all games anew, for candidates after the gaps or before them.
    fn play_all(&mut self, forward: bool) {
        self.forward = forward;
        self.fresh = true;
        for source in &mut self.sources {
            source.look(forward);
        }
        let leaves = self.losers.len();
        for leaf in 0..leaves {
            self.winners[leaves + leaf] = leaf;
        }
        for node in (1..leaves).rev() {
            let (a, b) = (self.winners[2 * node], self.winners[2 * node + 1]);
            let (winner, loser) = if self.beats(b, a) { (b, a) } else { (a, b) };
            self.winners[node] = winner;
            self.losers[node] = loser;
        }
        self.winner = self.winners.get(1).copied().unwrap_or(0);
    }

    /// Plays again the games of the source that has moved (W2).
    #[inline]
    fn replay(&mut self) {
        let mut winner = self.winner;
        let mut node = (winner + self.sources.len()) / 2;
        while node > 0 {
            let rival = self.losers[node];
            if self.beats(rival, winner) {
                self.losers[node] = winner;
                winner = rival;
            }
            node /= 2;
        }
        self.winner = winner;
    }

    /// True where the candidate of source `a` comes before that of `b` on the way the cursor goes.
    #[inline]
    fn beats(&self, a: usize, b: usize) -> bool {
        match (self.sources[a].candidate, self.sources[b].candidate) {
            (Some(mine), Some(other)) => {
                let order = mine.compare(other, self.memtable.arena());
                // The newer run has the newer version, which comes first.
                let order = order.then(b.cmp(&a));
                (order == Ordering::Less) == self.forward
            }
            (mine, _) => mine.is_some(),
        }
    }
}
