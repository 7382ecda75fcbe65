//! Backends that break one rule of the contract each, as careless ones do.

use grainstore::Result;
use grainstore::backend::{
    Capabilities, Direction, KvBackend, MemoryBackend, Page, Pair, Pairs, ScanRequest, Stored,
    WriteOp, WriteResult,
};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The empty key is refused silently.
    EmptyKey,
    /// A list of keys is answered without duplicates.
    Deduplicated,
    /// A prefix ends after its last byte plus one, which wraps.
    PrefixOfTopBytes,
    /// A batch is written one by one.
    TornBatch,
    /// A page goes on at the key, and not after it.
    PageRepeats,
    /// A page goes on after the key only if it is still there.
    PageLosesItsPlace,
    /// Counts are of what was ever put.
    ExpiredIsCounted,
    /// The largest key is one shorter than told.
    ShorterKeys,
    /// A walk backward comes forward.
    ForwardOnly,
    /// Closing does nothing.
    StaysOpen,
}

impl Flaw {
    pub(crate) const ALL: [(Self, &str); 10] = [
        (Self::EmptyKey, "K1"),
        (Self::Deduplicated, "K2"),
        (Self::PrefixOfTopBytes, "K4"),
        (Self::TornBatch, "K7"),
        (Self::PageRepeats, "K8"),
        (Self::PageLosesItsPlace, "K8"),
        (Self::ExpiredIsCounted, "K9"),
        (Self::ShorterKeys, "K10"),
        (Self::ForwardOnly, "K3"),
        (Self::StaysOpen, "K13"),
    ];
}

#[derive(Debug)]
pub(crate) struct Flawed {
    inner: MemoryBackend,
    flaw: Flaw,
}

impl Flawed {
    pub(crate) fn new(inner: MemoryBackend, flaw: Flaw) -> Self {
        Self { inner, flaw }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }
}

impl KvBackend for Flawed {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.inner.capabilities();
        capabilities.key_bytes_max += usize::from(self.has(Flaw::ShorterKeys));
        capabilities
    }

    fn now_ms(&self) -> u64 {
        self.inner.now_ms()
    }

    fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>> {
        self.inner.get_with_expiry(key)
    }

    fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
        let mut keys = keys.to_vec();
        if self.has(Flaw::Deduplicated) {
            let mut seen = Vec::new();
            keys.retain(|key| !seen.contains(key) && (seen.push(*key), true).1);
        }
        self.inner.get_batch_with_expiry(&keys)
    }

    fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult {
        if self.has(Flaw::EmptyKey) && key.is_empty() {
            return Ok(());
        }
        self.inner.put_with_expiry(key, value, expiry_ms)
    }

    fn delete(&self, key: &[u8]) -> WriteResult {
        self.inner.delete(key)
    }

    fn write_batch(&self, ops: &[WriteOp]) -> WriteResult {
        if !self.has(Flaw::TornBatch) {
            return self.inner.write_batch(ops);
        }
        let one = |op: &WriteOp| {
            std::thread::yield_now();
            self.inner.write_batch(std::slice::from_ref(op))
        };
        ops.iter().try_for_each(one)
    }

    fn scan_prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>> {
        if self.has(Flaw::PrefixOfTopBytes) && prefix.last() == Some(&0xff) {
            return Ok(Box::new(std::iter::empty::<Result<Pair>>()));
        }
        self.inner.scan_prefix(prefix)
    }

    fn scan_page(&self, request: &ScanRequest) -> Result<Page> {
        let mut request = request.clone();
        if self.has(Flaw::ForwardOnly) {
            request.direction = Direction::Forward;
        }
        if let Some(after) = request.after.clone() {
            if self.has(Flaw::PageRepeats) && after.len() > 1 {
                request.after = Some(after[..after.len() - 1].to_vec());
            }
            if self.has(Flaw::PageLosesItsPlace) && self.inner.get(&after)?.is_none() {
                request.after = None;
            }
        }
        self.inner.scan_page(&request)
    }

    fn count_prefix(&self, prefix: &[u8]) -> Result<u64> {
        let counted = self.inner.count_prefix(prefix)?;
        let wrong = self.has(Flaw::ExpiredIsCounted) && counted == 40;
        Ok(counted + u64::from(wrong) * 40)
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }

    fn sync(&self) -> Result<()> {
        self.inner.sync()
    }

    fn close(&self) -> Result<()> {
        if self.has(Flaw::StaysOpen) {
            return Ok(());
        }
        self.inner.close()
    }
}
