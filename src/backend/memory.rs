//! A backend in the memory of the process: for tests, and for data that may be lost with it.
//!
//! One sorted map under one lock; reads share it, writes take turns. A scan notes what it is to
//! show when it begins (pointers, not bytes), so it sees one moment and holds up nobody. Expired
//! values leave the memory with the next write.

use super::bounds;
use super::capabilities::Capabilities;
use super::contract::{KvBackend, Pairs};
use super::page::{Direction, Page, ScanRequest};
use super::stored::{Pair, Stored};
use super::write::{WriteError, WriteOp, WriteResult};
use crate::clock::{Clock, MonotonicClock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Arc, RwLock, RwLockWriteGuard};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;

/// A backend that keeps everything in memory.
///
/// ```
/// use grainstore::backend::{KvBackend, MemoryBackend};
/// let backend = MemoryBackend::new();
/// backend.put(b"k", b"v")?;
/// assert_eq!(backend.get(b"k")?, Some(b"v".to_vec()));
/// # Ok::<(), grainstore::Error>(())
/// ```
pub struct MemoryBackend {
    content: RwLock<Content>,
    clock: MonotonicClock,
    capabilities: Capabilities,
}

#[derive(Default)]
struct Content {
    records: BTreeMap<Arc<[u8]>, Record>,
    /// Records that end, by their ends.
    ends: BTreeSet<(u64, Arc<[u8]>)>,
    closed: bool,
}

/// A key and its value that a scan is to show.
type Noted = (Arc<[u8]>, Arc<[u8]>);

#[derive(Clone)]
struct Record {
    value: Arc<[u8]>,
    expiry_ms: u64,
}

impl Record {
    fn is_live(&self, now_ms: u64) -> bool {
        self.expiry_ms == 0 || self.expiry_ms > now_ms
    }

    fn stored(&self) -> Stored {
        Stored {
            value: self.value.to_vec(),
            expiry_ms: self.expiry_ms,
        }
    }
}

impl Content {
    fn check_open(&self) -> Result<()> {
        if !self.closed {
            return Ok(());
        }
        let text = "the backend in memory was closed, and what was in it is gone";
        Err(Error::new(ErrorKind::Closed, text))
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some((key, record)) = self.records.remove_entry(key)
            && record.expiry_ms != 0
        {
            self.ends.remove(&(record.expiry_ms, key));
        }
    }

    fn put(&mut self, key: &[u8], value: &[u8], expiry_ms: u64) {
        self.remove(key);
        let (key, value): (Arc<[u8]>, _) = (key.into(), value.into());
        if expiry_ms != 0 {
            self.ends.insert((expiry_ms, Arc::clone(&key)));
        }
        self.records.insert(key, Record { value, expiry_ms });
    }

    /// Frees what has expired.
    fn sweep(&mut self, now_ms: u64) {
        while let Some((end, key)) = self.ends.pop_first() {
            if end > now_ms {
                self.ends.insert((end, key));
                return;
            }
            self.records.remove(&key);
        }
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryBackend {
    /// An empty one, with the system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// An empty one, with a clock of yours.
    #[must_use]
    pub fn with_clock(clock: impl Clock) -> Self {
        let capabilities = Capabilities {
            durable: false,
            ..Capabilities::default()
        };
        Self {
            content: RwLock::default(),
            clock: MonotonicClock::new(Arc::new(clock), 0),
            capabilities,
        }
    }

    /// The same with other limits: to see how a program fares with those of another backend.
    #[must_use]
    pub fn limits(mut self, set: impl FnOnce(&mut Capabilities)) -> Self {
        set(&mut self.capabilities);
        self
    }

    fn write(&self) -> WriteResult<RwLockWriteGuard<'_, Content>> {
        let mut content = self.content.write();
        content.check_open().map_err(WriteError::NotDone)?;
        content.sweep(self.clock.now_ms());
        Ok(content)
    }

    /// What `request` asks for, noted under the lock.
    fn noted(&self, request: &ScanRequest, records_max: usize) -> Result<Vec<Noted>> {
        let content = self.content.read();
        content.check_open()?;
        let Some(range) = bounds::range(request, b"") else {
            return Ok(Vec::new());
        };
        let upper = range
            .upper
            .as_deref()
            .map_or(Bound::Unbounded, Bound::Excluded);
        let now_ms = self.clock.now_ms();
        let within = (Bound::Included(&*range.lower), upper);
        let live = content.records.range::<[u8], _>(within);
        let live = live.filter(|(_, record)| record.is_live(now_ms));
        let noted = live.map(|(key, record)| (Arc::clone(key), Arc::clone(&record.value)));
        Ok(match request.direction {
            Direction::Forward => noted.take(records_max).collect(),
            Direction::Backward => noted.rev().take(records_max).collect(),
        })
    }
}

fn pair((key, value): Noted) -> Result<Pair> {
    Ok((key.to_vec(), value.to_vec()))
}

impl KvBackend for MemoryBackend {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>> {
        let mut found = self.get_batch_with_expiry(&[key])?;
        Ok(found.pop().flatten())
    }

    fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
        let content = self.content.read();
        content.check_open()?;
        let now_ms = self.clock.now_ms();
        let get = |key: &&[u8]| {
            let record = content.records.get(*key)?;
            record.is_live(now_ms).then(|| record.stored())
        };
        Ok(keys.iter().map(get).collect())
    }

    fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult {
        self.capabilities.check_put(key, value)?;
        self.write()?.put(key, value, expiry_ms);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> WriteResult {
        self.capabilities.check_delete(key)?;
        self.write()?.remove(key);
        Ok(())
    }

    fn write_batch(&self, ops: &[WriteOp]) -> WriteResult {
        self.capabilities.check_batch(ops)?;
        let mut content = self.write()?;
        for op in ops {
            match op {
                WriteOp::Put {
                    key,
                    value,
                    expiry_ms,
                } => content.put(key, value, *expiry_ms),
                WriteOp::Delete { key } => content.remove(key),
            }
        }
        Ok(())
    }

    fn scan_prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>> {
        let noted = self.noted(&ScanRequest::new(prefix), usize::MAX)?;
        Ok(Box::new(noted.into_iter().map(pair)))
    }

    fn scan_page(&self, request: &ScanRequest) -> Result<Page> {
        let noted = self.noted(request, request.limit.saturating_add(1))?;
        Page::collect(request, noted.into_iter().map(pair))
    }

    fn count_prefix(&self, prefix: &[u8]) -> Result<u64> {
        Ok(self.noted(&ScanRequest::new(prefix), usize::MAX)?.len() as u64)
    }

    fn flush(&self) -> Result<()> {
        self.content.read().check_open()
    }

    fn sync(&self) -> Result<()> {
        self.content.read().check_open()
    }

    fn close(&self) -> Result<()> {
        let mut content = self.content.write();
        *content = Content::default();
        content.closed = true;
        Ok(())
    }
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = self.content.read().records.len();
        f.debug_struct("MemoryBackend")
            .field("records", &records)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "sim"))]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn what_has_expired_leaves_the_memory_with_the_next_write() -> Result<()> {
        let clock = ManualClock::new(1_000);
        let backend = MemoryBackend::with_clock(clock.clone());
        backend.put_with_expiry(b"short", b"1", 1_010)?;
        backend.put_with_expiry(b"long", b"2", 9_000)?;
        backend.put_with_expiry(b"again", b"3", 1_010)?;
        backend.put(b"again", b"4")?;
        clock.advance(10);
        backend.delete(b"nothing")?;
        let content = backend.content.read();
        assert_eq!((content.records.len(), content.ends.len()), (2, 1));
        Ok(())
    }
}
