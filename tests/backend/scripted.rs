//! A backend that fails or waits where a test tells it to.

use grainstore::backend::{
    Capabilities, KvBackend, MemoryBackend, Page, Pairs, ScanRequest, Stored, WriteError, WriteOp,
    WriteResult,
};
use grainstore::{Error, ErrorKind, Result};
use std::sync::{Arc, Barrier, Mutex};

/// What the next call does besides.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// The write is not done.
    NotDone,
    /// The write is done, and the caller is told that nobody knows.
    UnknownDone,
    /// The write is not done, and the caller is told that nobody knows.
    UnknownNotDone,
    /// The read begins only after two meetings with the test.
    HoldQuestion(Arc<Barrier>),
    /// The read has its answer, and gives it only after two meetings with the test.
    HoldAnswer(Arc<Barrier>),
    /// The write is done, and returns only after two meetings with the test.
    HoldWrite(Arc<Barrier>),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Scripted {
    pub(crate) inner: Arc<MemoryBackend>,
    turns: Arc<Mutex<Vec<Turn>>>,
}

impl Scripted {
    /// The next call that a turn applies to takes it.
    pub(crate) fn next(&self, turn: Turn) {
        self.turns.lock().unwrap().insert(0, turn);
    }

    fn take(&self, wanted: impl Fn(&Turn) -> bool) -> Option<Turn> {
        let mut turns = self.turns.lock().unwrap();
        let at = turns.iter().rposition(wanted)?;
        Some(turns.remove(at))
    }

    fn read<R>(&self, read: impl FnOnce() -> R) -> R {
        if let Some(Turn::HoldQuestion(meeting)) = self.take(|t| matches!(t, Turn::HoldQuestion(_)))
        {
            meeting.wait();
            meeting.wait();
        }
        let answer = read();
        if let Some(Turn::HoldAnswer(meeting)) = self.take(|t| matches!(t, Turn::HoldAnswer(_))) {
            meeting.wait();
            meeting.wait();
        }
        answer
    }

    fn write(&self, write: impl Fn() -> WriteResult) -> WriteResult {
        let failed = || Error::new(ErrorKind::Backend, "the link broke");
        match self.take(|turn| !matches!(turn, Turn::HoldAnswer(_) | Turn::HoldQuestion(_))) {
            Some(Turn::NotDone) => Err(WriteError::NotDone(failed())),
            Some(Turn::UnknownNotDone) => Err(WriteError::Unknown(failed())),
            Some(Turn::UnknownDone) => {
                write()?;
                Err(WriteError::Unknown(failed()))
            }
            Some(Turn::HoldWrite(meeting)) => {
                write()?;
                meeting.wait();
                meeting.wait();
                Ok(())
            }
            _ => write(),
        }
    }
}

impl KvBackend for Scripted {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    fn now_ms(&self) -> u64 {
        self.inner.now_ms()
    }
    fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>> {
        self.read(|| self.inner.get_with_expiry(key))
    }
    fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
        self.read(|| self.inner.get_batch_with_expiry(keys))
    }
    fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult {
        self.write(|| self.inner.put_with_expiry(key, value, expiry_ms))
    }
    fn delete(&self, key: &[u8]) -> WriteResult {
        self.write(|| self.inner.delete(key))
    }
    fn write_batch(&self, ops: &[WriteOp]) -> WriteResult {
        self.write(|| self.inner.write_batch(ops))
    }
    fn scan_prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>> {
        self.inner.scan_prefix(prefix)
    }
    fn scan_page(&self, request: &ScanRequest) -> Result<Page> {
        self.inner.scan_page(request)
    }
    fn count_prefix(&self, prefix: &[u8]) -> Result<u64> {
        self.inner.count_prefix(prefix)
    }
    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }
    fn sync(&self) -> Result<()> {
        self.inner.sync()
    }
    fn close(&self) -> Result<()> {
        self.inner.close()
    }
}
