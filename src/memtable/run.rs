//! A sorted run: items in the order of keys, the versions of a key newest first.
//!
//! Runs are made from the tail of recent inserts and merged with each other. Each covers a stretch
//! of insertions, so of two runs one is older as a whole, and a version in the newer run comes
//! before those of the same key in the older (U1). Nothing of a run ever changes.
//!
//! Any thread may read runs and make them.

use super::arena::Arena;
use super::item::{Head, Item, common_prefix};
use super::record::Address;
use crate::format::guided_search::{partition_point_near, share_of};
use std::cmp::Ordering;

/// Items in order, with what all their keys have in common.
#[derive(Debug)]
pub(super) struct Run {
    prefix: Box<[u8]>,
    items: Box<[Item]>,
    /// The first words of every [`SAMPLE_ITEMS`]th item, close together for the first half of a
    /// search.
    samples: Box<[u64]>,
}

const SAMPLE_ITEMS: usize = 64;

impl Run {
    /// The run of `items`, which are in order and whose keys all begin with `prefix`.
    pub(super) fn new(prefix: &[u8], items: Box<[Item]>) -> Self {
        let sampled = items.iter().step_by(SAMPLE_ITEMS);
        Self {
            prefix: prefix.into(),
            samples: sampled.map(|item| item.high()).collect(),
            items,
        }
    }

    /// The run of the records at `addresses`, which come in the order of insertion.
    pub(super) fn sorted(arena: &Arena, addresses: &[Address]) -> Self {
        let first = addresses.first().map(|&at| arena.key(at));
        let first = first.unwrap_or_default();
        let shared = addresses.iter().fold(first, |shared, &at| {
            &shared[..common_prefix(shared, arena.key(at))]
        });
        let mut items: Vec<Item> = addresses
            .iter()
            .rev() // newest first, which the stable sort keeps (U1)
            .map(|&at| {
                let key = arena.key(at);
                Item::new(key.get(shared.len()..).unwrap_or_default(), at)
            })
            .collect();
        items.sort_by(|a, b| a.compare(*b, arena));
        Self::new(shared, items.into())
    }

    /// The bytes all keys begin with; the `skip` of the items is their number.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// All items.
    #[inline]
    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item at `index`.
    #[inline]
    pub(super) fn item(&self, index: usize) -> Option<Item> {
        self.items.get(index).copied()
    }

    /// How many entries come before `key` at `sequence` in the order of entries.
    pub(super) fn position(&self, arena: &Arena, key: &[u8], sequence: u64) -> usize {
        let start = key.get(..self.prefix.len()).unwrap_or(key);
        match start.cmp(&self.prefix) {
            Ordering::Less => return 0,
            Ordering::Greater => return self.items.len(),
            Ordering::Equal => {}
        }
        let wanted = Head::new(&key[start.len()..]);
        // What has a lesser first word lies before the position, what has a greater one behind.
        let high = wanted.high();
        let from = self.samples.partition_point(|&sample| sample < high);
        let to = from + self.samples[from..].partition_point(|&sample| sample == high);
        let from = from.saturating_sub(1) * SAMPLE_ITEMS;
        let to = (to * SAMPLE_ITEMS).min(self.items.len());
        let window = &self.items[from..to];
        let ends = window.first().zip(window.last());
        let share = ends.and_then(|(first, last)| share_of(high, (first.high(), last.high())));
        let guess = share.map_or(window.len() / 2, |share| {
            (share * window.len() as f64) as usize
        });
        let within = partition_point_near(window.len(), guess, |i| {
            let item = window[i];
            let order = item.head().compare(wanted);
            match order.unwrap_or_else(|| item.key(arena).cmp(key)) {
                Ordering::Equal => {
                    let record = item.address().and_then(|at| arena.record(at));
                    record.is_some_and(|r| r.meta.sequence > sequence)
                }
                order => order == Ordering::Less,
            }
        });
        from + within
    }
}
