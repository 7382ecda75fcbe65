//! A data block, written: takes entries in order and lays them out as [`block`](super::block)
//! documents.
//!
//! Values are appended where they will stand, so a value is copied once however long it is. Keys
//! and the rest wait until the block is finished, when their common prefix, the bases and the
//! widths are known. The builder keeps its buffers from block to block; it does no I/O and is used
//! by one thread at a time.

use super::block::{FLAG_DELETES, FLAG_ENTRY_OFFSETS, FLAG_KINDS, FLAG_VALUE_OFFSETS, TAIL_BYTES};
use super::block_buckets::{self, BUCKET_BYTES, Buckets};
use super::block_spans::Spans;
use super::entry::{EntryMeta, Kind};

/// A buffer longer than this is given back after the block that needed it.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Lays out entries as a data block.
#[derive(Debug, Default)]
pub(crate) struct BlockBuilder {
    out: Vec<u8>,
    keys: Vec<u8>,
    entries: Vec<Pending>,
    buckets: Vec<u16>,
    hash_index: bool,
    keys_different: usize,
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    key_end: usize,
    value_end: usize,
    meta: EntryMeta,
    /// The key's hash, where the entry is the newest version of its key in the block.
    newest: Option<u64>,
}

/// What the entries of a block have in common.
struct Shape {
    prefix_len: usize,
    flags: u8,
    sequence_base: u64,
    sequence_width: usize,
    expiry_base: u64,
    expiry_width: usize,
}

impl BlockBuilder {
    /// Builds blocks with or without a hash index.
    pub(crate) fn new(hash_index: bool) -> Self {
        Self {
            hash_index,
            ..Self::default()
        }
    }

    /// True where the block has no entry yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// About how long the block is, never less than it will be by more than the wide offsets.
    pub(crate) fn bytes(&self) -> usize {
        self.out.len() + self.keys.len() + self.entries.len() * 8 + TAIL_BYTES
    }

    /// Appends an entry, which must come after those before it. `hash` is the key's.
    pub(crate) fn add(&mut self, key: &[u8], hash: u64, meta: EntryMeta, value: &[u8]) {
        let is_newest = self.is_empty() || self.last_key() != key;
        self.keys_different += usize::from(is_newest);
        self.keys.extend_from_slice(key);
        self.out.extend_from_slice(value);
        self.entries.push(Pending {
            key_end: self.keys.len(),
            value_end: self.out.len(),
            meta,
            newest: is_newest.then_some(hash),
        });
    }

    /// The key of the last entry; empty where there is none.
    pub(crate) fn last_key(&self) -> &[u8] {
        self.key(self.entries.len().wrapping_sub(1))
    }

    fn key(&self, i: usize) -> &[u8] {
        let start = self.key_start(i);
        let end = self.entries.get(i).map_or(start, |e| e.key_end);
        self.keys.get(start..end).unwrap_or_default()
    }

    fn key_start(&self, i: usize) -> usize {
        let before = i.checked_sub(1).and_then(|i| self.entries.get(i));
        before.map_or(0, |e| e.key_end)
    }

    /// The bytes of the block; [`clear`](Self::clear) begins the next.
    pub(crate) fn finish(&mut self) -> &[u8] {
        let shape = self.shape();
        let values_bytes = self.out.len();
        self.put_entries(&shape);
        let entries_bytes = self.out.len() - values_bytes;
        let offset_flags = self.put_offsets(&shape);
        let bucket_count = self.put_buckets();
        let prefix = self.keys.get(..shape.prefix_len).unwrap_or_default();
        self.out.extend_from_slice(prefix);
        self.out
            .extend_from_slice(&shape.sequence_base.to_le_bytes());
        self.out.extend_from_slice(&shape.expiry_base.to_le_bytes());
        for number in [self.entries.len(), entries_bytes, shape.prefix_len] {
            self.out.extend_from_slice(&(number as u32).to_le_bytes());
        }
        self.out.extend_from_slice(&bucket_count.to_le_bytes());
        self.out.push(shape.flags | offset_flags);
        self.out
            .push((shape.sequence_width | shape.expiry_width << 4) as u8);
        &self.out
    }

    /// Begins a new block.
    pub(crate) fn clear(&mut self) {
        self.out.clear();
        self.out.shrink_to(KEPT_BYTES_MAX);
        self.keys.clear();
        self.keys.shrink_to(KEPT_BYTES_MAX);
        self.entries.clear();
        self.keys_different = 0;
    }

    fn shape(&self) -> Shape {
        let metas = || self.entries.iter().map(|e| e.meta);
        let expiries = || metas().map(|m| m.expiry_ms).filter(|&e| e != 0);
        let sequence_base = metas().map(|m| m.sequence).min().unwrap_or(0);
        let sequence_top = metas().map(|m| m.sequence).max().unwrap_or(0);
        let expiry_base = expiries().min().unwrap_or(0);
        let expiry_code_max = expiries().max().map_or(0, |top| top - expiry_base + 1);
        let deletes = metas().filter(|m| m.kind == Kind::Delete).count();
        let flags = match deletes {
            0 => 0,
            n if n == self.entries.len() => FLAG_DELETES,
            _ => FLAG_KINDS,
        };
        Shape {
            prefix_len: common_prefix(self.key(0), self.last_key()),
            flags,
            sequence_base,
            sequence_width: width(sequence_top - sequence_base),
            expiry_base,
            expiry_width: width(expiry_code_max),
        }
    }

    fn put_entries(&mut self, shape: &Shape) {
        let mut key_start = 0;
        for entry in &self.entries {
            let EntryMeta {
                sequence,
                kind,
                expiry_ms,
            } = entry.meta;
            if shape.flags & FLAG_KINDS != 0 {
                self.out.push(kind as u8);
            }
            let code = match expiry_ms {
                0 => 0,
                _ => expiry_ms - shape.expiry_base + 1,
            };
            put_integer(
                &mut self.out,
                sequence - shape.sequence_base,
                shape.sequence_width,
            );
            put_integer(&mut self.out, code, shape.expiry_width);
            let suffix = self.keys.get(key_start + shape.prefix_len..entry.key_end);
            self.out.extend_from_slice(suffix.unwrap_or_default());
            key_start = entry.key_end;
        }
    }

    /// Appends the offsets of entries and values, and answers with the flags that say how.
    fn put_offsets(&mut self, shape: &Shape) -> u8 {
        let kinds = usize::from(shape.flags & FLAG_KINDS != 0);
        let meta_width = kinds + shape.sequence_width + shape.expiry_width;
        let entry_ends = self
            .entries
            .iter()
            .scan((0, 0), |(key_at, entry_at), entry| {
                *entry_at += meta_width + entry.key_end - *key_at - shape.prefix_len;
                *key_at = entry.key_end;
                Some(*entry_at)
            });
        let value_ends = self.entries.iter().map(|entry| entry.value_end);
        let entries = Spans::choose(entry_ends.clone());
        let values = Spans::choose(value_ends.clone());
        entries.encode(&mut self.out, entry_ends);
        values.encode(&mut self.out, value_ends);
        flags(entries, FLAG_ENTRY_OFFSETS) | flags(values, FLAG_VALUE_OFFSETS)
    }

    fn put_buckets(&mut self) -> u16 {
        if !self.hash_index || self.entries.len() > block_buckets::ENTRIES_MAX {
            return 0;
        }
        let count = Buckets::count_for(self.keys_different);
        let buckets = Buckets::new(count as u32, self.entries.len() as u32);
        block_buckets::reset(&mut self.buckets, count);
        for (i, entry) in self.entries.iter().enumerate() {
            if let Some(hash) = entry.newest {
                buckets.insert(&mut self.buckets, hash, i as u32);
            }
        }
        self.out.reserve(count * BUCKET_BYTES);
        self.out
            .extend(self.buckets.iter().flat_map(|b| b.to_le_bytes()));
        count as u16
    }
}

/// How many bytes the two slices have in common at their start.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// How many bytes it takes to hold `value`.
fn width(value: u64) -> usize {
    (u64::BITS - value.leading_zeros()).div_ceil(8) as usize
}

fn put_integer(out: &mut Vec<u8>, value: u64, width: usize) {
    out.extend_from_slice(value.to_le_bytes().get(..width).unwrap_or_default());
}

fn flags(spans: Spans, flag: u8) -> u8 {
    match spans {
        Spans::Equal(_) => 0,
        Spans::Narrow => flag,
        Spans::Wide => 3 * flag,
    }
}
