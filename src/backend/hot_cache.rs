//! A cache of single records before any backend: least recently used, written through, never stale.
//!
//! It pays off before a backend that is far away; before an engine in the same process, whose own
//! cache holds blocks, it saves little. Reads of single keys and of lists of keys are answered from
//! it, also with the knowledge that there is no such record; scans and counts go through. The rules
//! are H1 to H6 of `cache_table`. They hold for writes that go through this cache: whoever writes
//! past it makes it stale. Any thread may call.

use super::cache_table::{CacheTable, Look};
use super::capabilities::Capabilities;
use super::contract::{Keys, KvBackend, Pairs};
use super::page::{Page, ScanRequest};
use super::stored::Stored;
use super::write::{WriteError, WriteOp, WriteResult};
use crate::error::Result;
use crate::sync::{AtomicU64, Ordering};
use std::collections::BTreeMap;

/// How much a hot cache keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotCacheOptions {
    /// The most entries, those for missing records included. 0 for no cache. Default 10,000.
    pub entries_max: usize,
    /// The longest value that is kept, in bytes. Default 64 KiB.
    pub value_bytes_max: usize,
}

impl Default for HotCacheOptions {
    fn default() -> Self {
        Self {
            entries_max: 10_000,
            value_bytes_max: 64 << 10,
        }
    }
}

impl HotCacheOptions {
    /// No cache.
    #[must_use]
    pub fn off() -> Self {
        Self {
            entries_max: 0,
            ..Self::default()
        }
    }
}

/// What a hot cache has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HotCacheStats {
    /// Keys that were answered from it with a value.
    pub hits: u64,
    /// Keys that were answered from it with "there is none".
    pub negative_hits: u64,
    /// Keys that the backend was asked for.
    pub misses: u64,
    /// Entries in it now.
    pub entries: usize,
}

/// A backend with a cache of its hottest records before it.
///
/// ```
/// use grainstore::backend::{HotCache, HotCacheOptions, KvBackend, MemoryBackend};
/// let backend = HotCache::new(MemoryBackend::new(), HotCacheOptions::default());
/// backend.put(b"ada", b"100")?;
/// assert_eq!(backend.get(b"ada")?, Some(b"100".to_vec())); // the write put it there
/// assert_eq!((backend.get(b"bob")?, backend.get(b"bob")?), (None, None));
/// let stats = backend.stats();
/// assert_eq!((stats.hits, stats.misses, stats.negative_hits), (1, 1, 1));
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug)]
pub struct HotCache<B> {
    backend: B,
    table: CacheTable,
    hits: AtomicU64,
    negative_hits: AtomicU64,
    misses: AtomicU64,
}

/// What the operations of a write leave under each key: the last one counts.
type Left<'o> = BTreeMap<&'o [u8], Option<(&'o [u8], u64)>>;

impl<B: KvBackend> HotCache<B> {
    /// A cache before `backend`, empty.
    #[must_use]
    pub fn new(backend: B, options: HotCacheOptions) -> Self {
        Self {
            backend,
            table: CacheTable::new(options.entries_max, options.value_bytes_max),
            hits: AtomicU64::new(0),
            negative_hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// The backend behind it. What is written there directly makes the cache stale.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// What it has done and what it holds.
    #[must_use]
    pub fn stats(&self) -> HotCacheStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HotCacheStats {
            hits: get(&self.hits),
            negative_hits: get(&self.negative_hits),
            misses: get(&self.misses),
            entries: self.table.len(),
        }
    }

    /// Forgets the keys of `ops`, which are about to be written; each call is followed by one of
    /// [`end_write`](Self::end_write).
    pub(crate) fn begin_write(&self, ops: &[WriteOp]) {
        if self.table.is_off() {
            return;
        }
        if ops.len() > 1 {
            self.table.begin_group();
        }
        let left = left_by(ops);
        left.keys().for_each(|key| self.table.begin(key));
    }

    /// Remembers what `ops` left, where that is known.
    pub(crate) fn end_write(&self, ops: &[WriteOp], outcome: &WriteResult) {
        let unknown = matches!(outcome, Err(WriteError::Unknown(_)));
        for (key, left) in left_by(ops) {
            if unknown {
                self.table.doubt(key);
            }
            self.table.end(key, outcome.is_ok().then_some(left));
        }
        if ops.len() > 1 {
            self.table.end_group();
        }
    }

    /// Makes one write to the backend, and keeps the cache in step with it.
    fn through(&self, ops: &[WriteOp], write: impl FnOnce(&B) -> WriteResult) -> WriteResult {
        if self.table.is_off() {
            return write(&self.backend);
        }
        self.begin_write(ops);
        let outcome = write(&self.backend);
        self.end_write(ops, &outcome);
        outcome
    }

    fn look(&self, key: &[u8]) -> Look {
        let look = self.table.look(key, || self.backend.now_ms());
        let counter = match &look {
            Look::Known(Some(_)) => &self.hits,
            Look::Known(None) => &self.negative_hits,
            Look::Unknown(_) => &self.misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        look
    }

    /// The values of `keys` from the cache, and of those it does not know from the backend.
    fn get_mixed(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
        let (mut found, mut missing) = (Vec::with_capacity(keys.len()), Vec::new());
        for key in keys {
            match self.look(key) {
                Look::Known(known) => found.push(known),
                Look::Unknown(ticket) => {
                    missing.push((found.len(), *key, ticket));
                    found.push(None);
                }
            }
        }
        if !missing.is_empty() {
            let asked: Vec<&[u8]> = missing.iter().map(|(_, key, _)| *key).collect();
            let answers = self.backend.get_batch_with_expiry(&asked)?;
            for ((at, key, ticket), answer) in missing.into_iter().zip(answers) {
                self.table.admit(key, ticket, answer.as_ref());
                if let Some(place) = found.get_mut(at) {
                    *place = answer;
                }
            }
        }
        Ok(found)
    }
}

fn left_by(ops: &[WriteOp]) -> Left<'_> {
    let mut left = Left::new();
    for op in ops {
        let value = match op {
            WriteOp::Put {
                value, expiry_ms, ..
            } => Some((value.as_slice(), *expiry_ms)),
            WriteOp::Delete { .. } => None,
        };
        left.insert(op.key(), value);
    }
    left
}

impl<B: KvBackend> KvBackend for HotCache<B> {
    fn capabilities(&self) -> Capabilities {
        self.backend.capabilities()
    }

    fn now_ms(&self) -> u64 {
        self.backend.now_ms()
    }

    fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>> {
        if self.table.is_off() {
            return self.backend.get_with_expiry(key);
        }
        match self.look(key) {
            Look::Known(known) => Ok(known),
            Look::Unknown(ticket) => {
                let found = self.backend.get_with_expiry(key)?;
                self.table.admit(key, ticket, found.as_ref());
                Ok(found)
            }
        }
    }

    fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
        // H6: what comes partly from here and partly from there has to be of one moment.
        if !self.table.is_off()
            && let Some(groups) = self.table.groups_at_rest()
        {
            let found = self.get_mixed(keys)?;
            if self.table.none_since(groups) {
                return Ok(found);
            }
        }
        self.backend.get_batch_with_expiry(keys)
    }

    fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult {
        let op = WriteOp::put_with_expiry(key, value, expiry_ms);
        let put = |backend: &B| backend.put_with_expiry(key, value, expiry_ms);
        self.through(&[op], put)
    }

    fn delete(&self, key: &[u8]) -> WriteResult {
        self.through(&[WriteOp::delete(key)], |backend| backend.delete(key))
    }

    fn write_batch(&self, ops: &[WriteOp]) -> WriteResult {
        self.through(ops, |backend| backend.write_batch(ops))
    }

    fn scan_prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>> {
        self.backend.scan_prefix(prefix)
    }

    fn scan_keys(&self, prefix: &[u8]) -> Result<Keys<'_>> {
        self.backend.scan_keys(prefix)
    }

    fn scan_page(&self, request: &ScanRequest) -> Result<Page> {
        self.backend.scan_page(request)
    }

    fn count_prefix(&self, prefix: &[u8]) -> Result<u64> {
        self.backend.count_prefix(prefix)
    }

    fn flush(&self) -> Result<()> {
        self.backend.flush()
    }

    fn sync(&self) -> Result<()> {
        self.backend.sync()
    }

    fn close(&self) -> Result<()> {
        self.table.turn_off();
        self.backend.close()
    }
}
