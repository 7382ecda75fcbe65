//! A backend that is one engine in one directory.
//!
//! Keys are the engine's own, as they are. A batch is one commit; a read of several keys is of one
//! moment of the engine, so it sees single writes in their order, too.

use super::bounds;
use super::capabilities::Capabilities;
use super::contract::{Keys, KvBackend, Pairs};
use super::page::{Page, ScanRequest};
use super::stored::Stored;
use super::walk::Walk;
use super::write::{WriteError, WriteOp, WriteResult};
use crate::engine::lsm::Engine;
use crate::engine::options::EngineOptions;
use crate::engine::write_batch::WriteBatch;
use crate::error::{ErrorKind, Result};
use std::path::Path;

/// A backend that keeps everything in one engine.
///
/// ```
/// use grainstore::backend::{EmbeddedBackend, KvBackend};
/// use grainstore::engine::EngineOptions;
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-emb-{}", std::process::id()));
/// let backend = EmbeddedBackend::open(&dir, EngineOptions::default())?;
/// backend.put(b"k", b"v")?;
/// assert_eq!(backend.count_prefix(b"")?, 1);
/// backend.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct EmbeddedBackend {
    engine: Engine,
}

impl EmbeddedBackend {
    /// Opens the engine in `dir`, creating it where there is none.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open(dir: impl AsRef<Path>, options: EngineOptions) -> Result<Self> {
        Engine::open(dir, options).map(Self::from_engine)
    }

    /// An engine that is open already.
    #[must_use]
    pub fn from_engine(engine: Engine) -> Self {
        Self { engine }
    }

    /// The engine below.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    fn walk(&self, request: &ScanRequest) -> Result<Walk> {
        let moment = self.engine.moment()?;
        let range = bounds::range(request, b"");
        let cursor = range.map(|range| moment.cursor(range, self.engine.now_ms()));
        let cursors = cursor.into_iter().collect::<Result<_>>()?;
        Ok(Walk::new(cursors, request.direction, 0).keys_only(request.keys_only))
    }
}

/// Appends `op` to `batch`, its key with `lead` before it.
pub(crate) fn append(batch: &mut WriteBatch, op: &WriteOp, lead: &[u8]) -> WriteResult {
    let (key, appended);
    match op {
        WriteOp::Put {
            key: own,
            value,
            expiry_ms,
        } => {
            key = [lead, own].concat();
            appended = batch.put_with_expiry(&key, value, *expiry_ms);
        }
        WriteOp::Delete { key: own } => {
            key = [lead, own].concat();
            appended = batch.delete(&key);
        }
    }
    appended.map_err(WriteError::NotDone)
}

/// Commits `batch`, and tells how it ended.
pub(crate) fn commit(engine: &Engine, batch: WriteBatch) -> WriteResult {
    // What is refused before the write begins is not done. Later the same kinds may mean that a
    // sync beside this write has failed, and then nobody can tell.
    check_writable(engine)?;
    engine.write(batch).map_err(|error| match error.kind() {
        ErrorKind::TooLarge | ErrorKind::InvalidInput | ErrorKind::Conflict | ErrorKind::Closed => {
            WriteError::NotDone(error)
        }
        _ => WriteError::Unknown(error),
    })
}

/// Refuses where no write can be done: the engine is closed, or an earlier write has failed.
pub(crate) fn check_writable(engine: &Engine) -> WriteResult {
    let core = engine.core();
    let checked = core.check_open().and_then(|()| core.latch.check());
    checked.map_err(WriteError::NotDone)
}

/// The value and expiry that an engine lends, as the caller keeps them.
pub(crate) fn stored(value: &[u8], expiry_ms: u64) -> Stored {
    Stored {
        value: value.to_vec(),
        expiry_ms,
    }
}

impl KvBackend for EmbeddedBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn now_ms(&self) -> u64 {
        self.engine.now_ms()
    }

    fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>> {
        Ok(self.engine.look_up(key, None, stored)?.0)
    }

    fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
        let (moment, now_ms) = (self.engine.moment()?, self.engine.now_ms());
        let get = |key: &&[u8]| moment.look_up(key, now_ms, stored);
        keys.iter().map(get).collect()
    }

    fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult {
        self.capabilities().check_put(key, value)?;
        let mut batch = WriteBatch::with_capacity(key.len() + value.len() + 16);
        let appended = batch.put_with_expiry(key, value, expiry_ms);
        appended.map_err(WriteError::NotDone)?;
        commit(&self.engine, batch)
    }

    fn delete(&self, key: &[u8]) -> WriteResult {
        self.capabilities().check_delete(key)?;
        let mut batch = WriteBatch::with_capacity(key.len() + 8);
        batch.delete(key).map_err(WriteError::NotDone)?;
        commit(&self.engine, batch)
    }

    fn write_batch(&self, ops: &[WriteOp]) -> WriteResult {
        self.capabilities().check_batch(ops)?;
        let mut batch = WriteBatch::new();
        ops.iter().try_for_each(|op| append(&mut batch, op, b""))?;
        commit(&self.engine, batch)
    }

    fn scan_prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>> {
        Ok(Box::new(self.walk(&ScanRequest::new(prefix))?))
    }

    fn scan_keys(&self, prefix: &[u8]) -> Result<Keys<'_>> {
        let walk = self.walk(&ScanRequest::new(prefix).keys_only())?;
        Ok(Box::new(walk.map(|pair| pair.map(|(key, _)| key))))
    }

    fn scan_page(&self, request: &ScanRequest) -> Result<Page> {
        Page::collect(request, self.walk(request)?)
    }

    fn count_prefix(&self, prefix: &[u8]) -> Result<u64> {
        self.walk(&ScanRequest::new(prefix))?.count()
    }

    fn flush(&self) -> Result<()> {
        self.engine.flush()
    }

    fn sync(&self) -> Result<()> {
        self.engine.sync()
    }

    fn close(&self) -> Result<()> {
        self.engine.close()
    }
}
