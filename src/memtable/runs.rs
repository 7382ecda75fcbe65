//! The runs of a memtable and how they are kept few.
//!
//! The tail becomes a run when it is full, and neighbours of like size are merged (the logarithmic
//! method): n entries lie in about log2(n / tail) runs and each was moved about as often.
//!
//! - S1: the list goes from the oldest to the newest, and only neighbours are merged, so of any two
//!   runs one is older as a whole.
//! - S2: merges are done in pieces, the newest (and smallest) first. With every
//!   [`PUSHES_A_PIECE`] records the writer moves at most [`RunsWriter::budget_for`] items, twice
//!   of what is needed on average, so its longest pause hardly grows with the memtable, and what is
//!   put off stays little.
//!   Scans help where nobody writes: each merges a little more than it would have to, so that the
//!   scans of a memtable that is read much find one run.
//! - S3: the list and its tail together hold every entry once. They are changed by putting a new
//!   [`Runs`] in the place of the old, so a cursor has a set that fits together.

use super::arena::Arena;
use super::merge::Merge;
use super::record::Address;
use super::run::Run;
use super::tail::Tail;
use crate::sync::{Arc, Mutex};

/// Records between two pieces of the merges under way.
const PUSHES_A_PIECE: usize = 16;

/// Items that a scan moves for the scans after it, in less than a microsecond.
const TIDY_ITEMS: usize = 128;

/// All entries in order, in several runs and the tail (S3).
#[derive(Debug)]
pub(super) struct Runs {
    list: Vec<Arc<Run>>,
    tail: Arc<Tail>,
}

/// The runs at present. Locked for as long as it takes to clone or replace the `Arc`.
pub(super) type RunsNow = Mutex<Arc<Runs>>;

/// How much longer each tail of a replay is than the one before, up to the longest: what a tail has
/// is put in order by whoever scans or flushes it, and not while the replay is waited for.
const TAIL_GROWTH: usize = 64;

/// The writer's side.
#[derive(Debug)]
pub(super) struct RunsWriter {
    tail: Arc<Tail>,
    tail_entries: usize,
    /// Up to here tails grow; more than `tail_entries` only while a log is replayed.
    tail_entries_max: usize,
    /// Items to be moved for one piece (S2).
    budget: usize,
    /// Merges under way; each is of newer runs than the one before (S2).
    merges: Vec<Merge>,
}

impl Runs {
    /// No runs and an empty tail, which becomes a run at `tail_entries`.
    pub(super) fn new(tail_entries: usize) -> (RunsNow, RunsWriter) {
        let tail = Arc::new(Tail::new(tail_entries));
        let runs = Self {
            list: Vec::new(),
            tail: Arc::clone(&tail),
        };
        let writer = RunsWriter {
            tail,
            tail_entries,
            tail_entries_max: tail_entries,
            budget: 0,
            merges: Vec::new(),
        };
        (Mutex::new(Arc::new(runs)), writer)
    }

    /// True where scans have nothing to gain from another merge.
    pub(super) fn is_tidy(&self) -> bool {
        self.list.len() <= 1
    }

    /// Everything inserted before the call, as runs from the oldest to the newest.
    pub(super) fn sorted(&self, arena: &Arena) -> Vec<Arc<Run>> {
        let mut runs = self.list.clone();
        runs.extend(self.tail.sorted(arena));
        runs
    }
}

impl RunsWriter {
    /// Adds a record.
    #[inline]
    pub(super) fn push(&mut self, now: &RunsNow, arena: &Arena, address: Address) {
        let length = self.tail.push(address);
        if length >= self.tail_entries {
            self.seal(now, arena);
        }
        if length.is_multiple_of(self.piece()) && !self.merges.is_empty() {
            self.go_on(now, arena, self.budget);
        }
    }

    #[inline]
    fn piece(&self) -> usize {
        PUSHES_A_PIECE.min(self.tail_entries)
    }

    /// Makes the full tail a run and begins a new tail, and the merges that the run calls for.
    #[cold]
    fn seal(&mut self, now: &RunsNow, arena: &Arena) {
        let mut list = now.lock().list.clone();
        list.push(Arc::new(self.tail.to_run(arena)));
        self.budget = self.budget_for(&list);
        self.begin_merge(&list);
        self.tail_entries = (TAIL_GROWTH * self.tail_entries).min(self.tail_entries_max);
        self.tail = Arc::new(Tail::new(self.tail_entries));
        self.publish(now, list);
    }

    /// Lets tails grow up to `tail_entries_max`.
    pub(super) fn begin_replay(&mut self, tail_entries_max: usize) {
        self.tail_entries_max = tail_entries_max;
    }

    /// Makes the tail a run, and the tails to come `tail_entries` long.
    pub(super) fn end_replay(&mut self, now: &RunsNow, arena: &Arena, tail_entries: usize) {
        (self.tail_entries, self.tail_entries_max) = (tail_entries, tail_entries);
        // An empty one may stay: the next after it is as long as it should be.
        if !self.tail.is_empty() {
            self.seal(now, arena);
        }
    }

    /// Does a piece of the merges under way: about as many items as `budget`.
    #[cold]
    fn go_on(&mut self, now: &RunsNow, arena: &Arena, mut budget: usize) {
        while let Some(merge) = self.merges.last_mut() {
            let Some(run) = merge.advance(arena, &mut budget) else {
                return;
            };
            let mut list = now.lock().list.clone();
            if let Some(at) = list.iter().position(|run| merge.has(run)) {
                list.splice(at..at + 2, [Arc::new(run)]);
            }
            self.merges.pop();
            self.begin_merge(&list);
            self.publish(now, list);
        }
    }

    /// Does a piece of work that only scans gain from: merges neighbours of unlike size, too, until
    /// there is one run. For a reader that finds no writer at work.
    pub(super) fn tidy(&mut self, now: &RunsNow, arena: &Arena) {
        if self.merges.is_empty() {
            let list = now.lock().list.clone();
            let pairs = list.windows(2).enumerate();
            let smallest =
                pairs.min_by_key(|(_, pair)| pair.iter().map(|r| r.len()).sum::<usize>());
            let Some((at, _)) = smallest else {
                return;
            };
            self.merges.push(Merge::new(&list[at], &list[at + 1]));
        }
        self.go_on(now, arena, TIDY_ITEMS);
    }

    fn publish(&self, now: &RunsNow, list: Vec<Arc<Run>>) {
        let tail = Arc::clone(&self.tail);
        let old = std::mem::replace(&mut *now.lock(), Arc::new(Runs { list, tail }));
        // Freed here, not under the lock.
        drop(old);
    }

    /// How many items may be moved for one piece while there are the runs of `list` (S2).
    fn budget_for(&self, list: &[Arc<Run>]) -> usize {
        let entries: usize = list.iter().map(|run| run.len()).sum();
        let levels = (entries / self.tail_entries).max(1).ilog2() as usize + 1;
        2 * levels * self.piece()
    }

    fn begin_merge(&mut self, list: &[Arc<Run>]) {
        if let Some(at) = self.next_pair(list) {
            self.merges.push(Merge::new(&list[at], &list[at + 1]));
        }
    }

    /// The newest neighbours to be merged, of which the older is not larger; only such that are
    /// newer than every merge under way (S2).
    fn next_pair(&self, list: &[Arc<Run>]) -> Option<usize> {
        let busy = self.merges.last();
        let last_busy = list
            .iter()
            .rposition(|run| busy.is_some_and(|m| m.has(run)));
        let from = last_busy.map_or(0, |at| at + 1);
        let free = list.get(from..)?;
        let mut pairs = free.windows(2);
        let at = pairs.rposition(|pair| matches!(pair, [a, b] if a.len() <= b.len()))?;
        Some(from + at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::Item;
    use super::*;
    use crate::format::entry::{EntryMeta, Kind};

    const TAIL: usize = 8;

    /// Inserts keys in the order that `number` gives them; the largest number of runs on the way,
    /// and of items moved for one tail.
    fn filled(count: u64, number: impl Fn(u64) -> u64) -> (Vec<Arc<Run>>, Arena, usize) {
        let (arena, mut arena_writer) = Arena::new(1 << 10);
        let (now, mut writer) = Runs::new(TAIL);
        let mut runs_max = 0;
        for i in 0..count {
            let meta = EntryMeta {
                sequence: i + 1,
                kind: Kind::Put,
                expiry_ms: 0,
            };
            let key = number(i).to_be_bytes();
            let at = arena.append(&mut arena_writer, &key, meta, b"", None);
            writer.push(&now, &arena, at);
            runs_max = runs_max.max(now.lock().list.len());
        }
        let runs = Arc::clone(&*now.lock());
        (runs.sorted(&arena), arena, runs_max)
    }

    #[test]
    fn scans_leave_one_run_behind_them_and_writes_go_on_from_it() {
        let (arena, mut arena_writer) = Arena::new(1 << 10);
        let (now, mut writer) = Runs::new(TAIL);
        let mut inserted = 0u64;
        let mut insert = |writer: &mut RunsWriter, count: u64| {
            for _ in 0..count {
                inserted += 1;
                let meta = EntryMeta {
                    sequence: inserted,
                    kind: Kind::Put,
                    expiry_ms: 0,
                };
                let key = (inserted * 7_919 % 601).to_be_bytes();
                let at = arena.append(&mut arena_writer, &key, meta, b"", None);
                writer.push(&now, &arena, at);
            }
            inserted as usize
        };
        for round in 0..3 {
            let total = insert(&mut writer, if cfg!(miri) { 44 } else { 1_004 });
            let scans = (0..).take_while(|_| {
                let is_tidy = now.lock().is_tidy();
                writer.tidy(&now, &arena);
                !is_tidy
            });
            assert!(scans.count() < 100);
            let runs = Arc::clone(&*now.lock()).sorted(&arena);
            let entries: usize = runs.iter().map(|run| run.len()).sum();
            assert_eq!(entries, total, "round {round}");
            assert!(runs.len() <= 2, "one run and the tail");
            let order = |run: &Run| -> Vec<(Vec<u8>, u64)> {
                let record = |item: &Item| arena.record(item.address()?);
                let records = run.items().iter().filter_map(record);
                records
                    .map(|r| (r.key.to_vec(), u64::MAX - r.meta.sequence))
                    .collect()
            };
            assert!(runs.iter().all(|run| order(run).is_sorted()));
        }
    }

    #[test]
    fn runs_stay_few_and_hold_every_entry_in_order() {
        let count: u64 = if cfg!(miri) { 150 } else { 40_000 };
        let orders: [fn(u64) -> u64; 4] = [
            |i| i,
            |i| u64::MAX - i,
            |i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            |i| ((i % 7) << 32) | (i / 7),
        ];
        for order in orders {
            let (runs, arena, runs_max) = filled(count, order);
            let entries: usize = runs.iter().map(|run| run.len()).sum();
            assert_eq!(entries as u64, count);
            let levels = (count as usize / TAIL).ilog2() as usize + 1;
            assert!(runs_max <= levels + 3, "{runs_max} runs on {levels} levels");
            for run in &runs {
                let keys: Vec<&[u8]> = run.items().iter().map(|i| i.key(&arena)).collect();
                assert!(keys.is_sorted());
            }
        }
    }
}
