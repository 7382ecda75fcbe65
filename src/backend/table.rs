//! One table: its part of a backend, its expiration, its hot cache.
//!
//! A table is a backend in its own right and keeps the same contract, on primary keys; what it adds
//! is told at [`Table`]. Any thread may use it.

use super::capabilities::Capabilities;
use super::contract::{Keys, KvBackend, Pairs};
use super::hot_cache::{HotCache, HotCacheStats};
use super::page::{Page, ScanRequest};
use super::stored::{Pair, Stored};
use super::table_definition::TableDefinition;
use super::write::{WriteOp, WriteResult};
use crate::error::Result;
use crate::sync::Arc;
use std::fmt;

/// A table, by its primary keys.
///
/// It keeps the contract of [`KvBackend`], with two things of its own: a put with expiry 0 gets the
/// expiration of the table, where it has one; and a close closes the backend, with all its tables.
///
/// Cheap to clone; all clones are one table with one hot cache.
#[derive(Clone)]
pub struct Table {
    core: Arc<TableCore>,
}

/// What the clones of a table share.
pub(crate) struct TableCore {
    pub(crate) definition: TableDefinition,
    /// The name and a NUL.
    pub(crate) prefix: Vec<u8>,
    pub(crate) cache: HotCache<Arc<dyn KvBackend>>,
}

impl Table {
    pub(crate) fn new(core: TableCore) -> Self {
        Self {
            core: Arc::new(core),
        }
    }

    /// What it was defined as.
    #[must_use]
    pub fn definition(&self) -> &TableDefinition {
        &self.core.definition
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.definition.name
    }

    /// What its hot cache has done.
    #[must_use]
    pub fn cache_stats(&self) -> HotCacheStats {
        self.core.cache.stats()
    }

    pub(crate) fn cache(&self) -> &HotCache<Arc<dyn KvBackend>> {
        &self.core.cache
    }

    /// True where it lives in `backend`.
    pub(crate) fn is_on(&self, backend: &Arc<dyn KvBackend>) -> bool {
        Arc::ptr_eq(self.core.cache.backend(), backend)
    }

    /// True where both are handles of one table.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }

    /// The key of the backend for a primary key.
    fn key(&self, key: &[u8]) -> Vec<u8> {
        [&self.core.prefix, key].concat()
    }

    fn expiry_ms(&self, wanted_ms: u64) -> u64 {
        match self.core.definition.expiration {
            Some(seconds) if wanted_ms == 0 => {
                let span_ms = seconds.saturating_mul(1_000);
                self.now_ms().saturating_add(span_ms)
            }
            _ => wanted_ms,
        }
    }

    /// The operation of the backend for one on a primary key.
    pub(crate) fn op(&self, op: &WriteOp) -> WriteOp {
        match op {
            WriteOp::Put {
                key,
                value,
                expiry_ms,
            } => {
                let expiry_ms = self.expiry_ms(*expiry_ms);
                WriteOp::put_with_expiry(self.key(key), value.as_slice(), expiry_ms)
            }
            WriteOp::Delete { key } => WriteOp::delete(self.key(key)),
        }
    }

    fn primary(&self, key: &[u8]) -> Vec<u8> {
        key.get(self.core.prefix.len()..)
            .unwrap_or_default()
            .to_vec()
    }
}

impl KvBackend for Table {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.core.cache.capabilities();
        let own = self.core.prefix.len();
        capabilities.key_bytes_max = capabilities.key_bytes_max.saturating_sub(own);
        // A batch has the name with each key; what is left is so for batches of any shape.
        let most = capabilities.batch_bytes_max / 2;
        capabilities.batch_bytes_max = most;
        let operations = capabilities.batch_operations_max;
        capabilities.batch_operations_max = operations.min(most / own);
        capabilities
    }

    fn now_ms(&self) -> u64 {
        self.core.cache.now_ms()
    }

    fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>> {
        self.core.cache.get_with_expiry(&self.key(key))
    }

    fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| self.key(key)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        self.core.cache.get_batch_with_expiry(&keys)
    }

    fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult {
        self.capabilities().check_put(key, value)?;
        let (key, expiry_ms) = (self.key(key), self.expiry_ms(expiry_ms));
        self.core.cache.put_with_expiry(&key, value, expiry_ms)
    }

    fn delete(&self, key: &[u8]) -> WriteResult {
        self.capabilities().check_delete(key)?;
        self.core.cache.delete(&self.key(key))
    }

    fn write_batch(&self, ops: &[WriteOp]) -> WriteResult {
        self.capabilities().check_batch(ops)?;
        let ops: Vec<WriteOp> = ops.iter().map(|op| self.op(op)).collect();
        self.core.cache.write_batch(&ops)
    }

    fn scan_prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>> {
        let pairs = self.core.cache.scan_prefix(&self.key(prefix))?;
        let primary = |(key, value): Pair| (self.primary(&key), value);
        Ok(Box::new(pairs.map(move |pair| pair.map(primary))))
    }

    fn scan_keys(&self, prefix: &[u8]) -> Result<Keys<'_>> {
        let keys = self.core.cache.scan_keys(&self.key(prefix))?;
        Ok(Box::new(keys.map(|key| key.map(|key| self.primary(&key)))))
    }

    fn scan_page(&self, request: &ScanRequest) -> Result<Page> {
        let request = ScanRequest {
            prefix: self.key(&request.prefix),
            after: request.after.as_ref().map(|after| self.key(after)),
            ..request.clone()
        };
        let mut page = self.core.cache.scan_page(&request)?;
        for (key, _) in &mut page.items {
            *key = self.primary(key);
        }
        page.next = page.next.map(|next| self.primary(&next));
        Ok(page)
    }

    fn count_prefix(&self, prefix: &[u8]) -> Result<u64> {
        self.core.cache.count_prefix(&self.key(prefix))
    }

    fn flush(&self) -> Result<()> {
        self.core.cache.flush()
    }

    fn sync(&self) -> Result<()> {
        self.core.cache.sync()
    }

    fn close(&self) -> Result<()> {
        self.core.cache.close()
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("definition", &self.core.definition)
            .finish_non_exhaustive()
    }
}
