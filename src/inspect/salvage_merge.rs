//! The entries of many tables in one order, newest version of a key first.
//!
//! A table is opened when the walk comes to its first key and closed behind its last, so there are
//! no more open than overlap. Versions with the same number come from the table with the higher
//! number first: it was written later. For one thread at a time.

use super::damage::Damage;
use super::repair_report::Loss;
use super::salvage_table::{Bounds, TableSalvage};
use crate::error::Result;
use crate::format::entry::EntryMeta;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

/// A table to be merged.
#[derive(Debug, Clone)]
pub(crate) struct MergeInput {
    pub(crate) path: PathBuf,
    pub(crate) number: u64,
    pub(crate) bounds: Bounds,
}

/// What was counted of a table once it has been read to its end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) blocks: u64,
    pub(crate) blocks_lost: u64,
    pub(crate) entries: u64,
}

/// The next entry: its place in the order and the input that stands on it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Head {
    pub(crate) key: Vec<u8>,
    sequence: Reverse<u64>,
    number: Reverse<u64>,
    pub(crate) input: usize,
}

/// A walk over tables in the order of their entries.
pub(crate) struct SalvageMerge {
    fs: Arc<dyn FileSystem>,
    inputs: Vec<MergeInput>,
    /// Inputs not yet opened, the one that begins first at the end.
    waiting: Vec<usize>,
    open: Vec<Option<TableSalvage>>,
    heads: BinaryHeap<Reverse<Head>>,
    /// What was passed over since somebody took it.
    pub(crate) lost: Vec<Loss>,
    pub(crate) damage: Vec<Damage>,
    pub(crate) counts: Vec<Counts>,
}

impl SalvageMerge {
    /// Merges `inputs`.
    pub(crate) fn new(fs: Arc<dyn FileSystem>, inputs: Vec<MergeInput>) -> Self {
        let mut waiting: Vec<usize> = (0..inputs.len()).collect();
        let first = |&i: &usize| {
            inputs
                .get(i)
                .and_then(|input| input.bounds.key_first.clone())
        };
        waiting.sort_by_cached_key(|i| Reverse(first(i)));
        Self {
            fs,
            waiting,
            open: inputs.iter().map(|_| None).collect(),
            heads: BinaryHeap::new(),
            lost: Vec::new(),
            damage: Vec::new(),
            counts: vec![Counts::default(); inputs.len()],
            inputs,
        }
    }

    /// Takes the next entry off; [`value`](Self::value) is its until
    /// [`advance`](Self::advance), which has to follow.
    pub(crate) fn next(&mut self) -> Result<Option<Head>> {
        while let Some(&input) = self.waiting.last() {
            let first = self
                .inputs
                .get(input)
                .and_then(|i| i.bounds.key_first.as_ref());
            let head = self.heads.peek().map(|head| &head.0.key);
            if first.zip(head).is_some_and(|(first, head)| first > head) {
                break;
            }
            self.waiting.pop();
            self.open_input(input)?;
        }
        Ok(self.heads.pop().map(|head| head.0))
    }

    fn open_input(&mut self, number: usize) -> Result<()> {
        let Some(input) = self.inputs.get(number) else {
            return Ok(());
        };
        let bounds = input.bounds.clone();
        let table = TableSalvage::open(&*self.fs, &input.path, input.number, bounds)?;
        if let Some(slot) = self.open.get_mut(number) {
            *slot = Some(table);
        }
        self.push_head(number);
        Ok(())
    }

    /// Puts the entry that the input stands on into the order, or closes the input at its end.
    fn push_head(&mut self, input: usize) {
        let number = self.inputs.get(input).map_or(0, |input| input.number);
        let Some(slot) = self.open.get_mut(input) else {
            return;
        };
        let Some(table) = slot else { return };
        self.lost.append(&mut table.lost);
        self.damage.append(&mut table.damage);
        if let Some(counts) = self.counts.get_mut(input) {
            *counts = Counts {
                blocks: table.blocks,
                blocks_lost: table.blocks_lost,
                entries: table.entries,
            };
        }
        match table.entry() {
            Some((key, meta)) => self.heads.push(Reverse(Head {
                key: key.to_vec(),
                sequence: Reverse(meta.sequence),
                number: Reverse(number),
                input,
            })),
            None => *slot = None,
        }
    }

    /// All but key and value of the entry that `head` is.
    pub(crate) fn meta(&self, head: &Head) -> Option<EntryMeta> {
        let table = self.open.get(head.input)?.as_ref()?;
        table.entry().map(|(_, meta)| meta)
    }

    /// The value of the entry that `head` is.
    pub(crate) fn value(&self, head: &Head) -> &[u8] {
        let table = self.open.get(head.input).and_then(Option::as_ref);
        table.map_or(&[], TableSalvage::value)
    }

    /// Moves on behind `head`.
    pub(crate) fn advance(&mut self, head: &Head) -> Result<()> {
        if let Some(Some(table)) = self.open.get_mut(head.input) {
            table.advance()?;
        }
        self.push_head(head.input);
        Ok(())
    }
}
