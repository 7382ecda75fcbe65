//! A backend of several engines in `shard-0/`, `shard-1/` …, with the keys spread over them.
//!
//! A key lives in the shard that [`placement`](super::placement) gives its primary key, so writers
//! of different shards do not queue for one log. Scans merge the shards into one order. Batches are
//! whole across shards, also through a crash; `shard_set` tells how, and `stage` how readers see
//! them. What holds, exactly:
//!
//! - A batch is whole or absent for every reader and after every crash, at every durability.
//! - Under `Durability::Sync` what was acknowledged survives. Otherwise a killed process loses
//!   nothing, and a power cut may take from each shard what it had not synced, the newest first. A
//!   batch that is left in one shard is completed in those that lost it, so it may come back
//!   without older single writes that were lost there; what is left took effect in its order.
//! - A write that was acknowledged after a batch is never undone by completing that batch.
//! - A read of several keys sees all that was acknowledged before it began. Of single writes to
//!   different shards *beside* it, it may see a later one and not an earlier one.
//! - No reader waits for a writer. Writers of a shard wait while a batch across shards is applied
//!   there.

use super::bounds;
use super::capabilities::Capabilities;
use super::contract::{Keys, KvBackend, Pairs};
use super::embedded;
use super::page::{Page, ScanRequest};
use super::shard::{self, Shard};
use super::shard_set::ShardSet;
use super::sharded_open;
use super::sharded_options::ShardedOptions;
use super::stored::Stored;
use super::walk::Walk;
use super::write::{WriteOp, WriteResult};
use crate::engine::lsm::Engine;
use crate::error::Result;
use crate::sync::Arc;
use std::fmt;
use std::path::{Path, PathBuf};

/// A backend that spreads its keys over several engines.
///
/// Cheap to clone; all clones are one database.
///
/// ```
/// use grainstore::backend::{KvBackend, ShardedBackend, ShardedOptions, WriteOp};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-shard-{}", std::process::id()));
/// let backend = ShardedBackend::open(&dir, ShardedOptions::default())?;
/// backend.write_batch(&[WriteOp::put(b"ada", b"7"), WriteOp::put(b"bob", b"3")])?; // whole
/// assert_eq!(backend.scan_keys(b"")?.count(), 2); // in the order of the keys
/// backend.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Clone)]
pub struct ShardedBackend {
    set: Arc<ShardSet>,
    dir: PathBuf,
}

impl ShardedBackend {
    /// Opens the database in `dir`, making it where there is none, and completes the batches that
    /// a crash has cut.
    ///
    /// # Errors
    /// `InvalidInput` where the number of shards is not that of the database, or a shard is missing
    /// or in the place of another; as [`Engine::open`] otherwise.
    pub fn open(dir: impl AsRef<Path>, options: ShardedOptions) -> Result<Self> {
        let dir = dir.as_ref().to_owned();
        let set = Arc::new(sharded_open::open(&dir, &options)?);
        Ok(Self { set, dir })
    }

    /// How many shards there are.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.set.shards().len()
    }

    /// Which shard `key` lives in, counted from 0.
    #[must_use]
    pub fn shard_of(&self, key: &[u8]) -> usize {
        self.set.place(key)
    }

    /// The engines of the shards, in their order: for statistics and verification. Their keys are
    /// the backend's own, so write through the backend.
    pub fn engines(&self) -> impl Iterator<Item = &Engine> {
        self.set.shards().iter().map(|shard| &shard.engine)
    }

    fn walk(&self, request: &ScanRequest) -> Result<Walk> {
        let moments = self.set.moments(|_| true)?;
        let (mut cursors, now_ms) = (Vec::new(), self.now_ms());
        if let Some(range) = bounds::range(request, super::intent::CALLER) {
            for moment in moments.iter().flatten() {
                cursors.push(moment.cursor(range.clone(), now_ms)?);
            }
        }
        let lead_bytes = super::intent::CALLER.len();
        Ok(Walk::new(cursors, request.direction, lead_bytes).keys_only(request.keys_only))
    }

    fn write_one(&self, op: &WriteOp) -> WriteResult {
        self.set.write_alone(self.set.place(op.key()), &[op])
    }
}

impl KvBackend for ShardedBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            key_bytes_max: (64 << 10) - super::intent::CALLER.len(),
            // A batch is kept whole in one record of an engine, of up to 1 GiB.
            batch_bytes_max: 512 << 20,
            ..Capabilities::default()
        }
    }

    fn now_ms(&self) -> u64 {
        let first = self.set.shards().first();
        first.map_or(0, |shard| shard.engine.now_ms())
    }

    fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>> {
        let own = shard::led(key);
        self.set.read_one(self.set.place(key), |shard, moment| {
            let engine = &shard.engine;
            match moment {
                None => Ok(engine.look_up(&own, None, embedded::stored)?.0),
                Some(moment) => {
                    engine.check_open()?;
                    moment.look_up(&own, engine.now_ms(), embedded::stored)
                }
            }
        })
    }

    fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
        let places: Vec<usize> = keys.iter().map(|key| self.set.place(key)).collect();
        let moments = self.set.moments(|shard| places.contains(&shard))?;
        let now_ms = self.now_ms();
        let get = |(key, place): (&&[u8], &usize)| match moments.get(*place) {
            Some(Some(moment)) => moment.look_up(&shard::led(key), now_ms, embedded::stored),
            _ => Ok(None),
        };
        keys.iter().zip(&places).map(get).collect()
    }

    fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult {
        self.capabilities().check_put(key, value)?;
        self.write_one(&WriteOp::put_with_expiry(key, value, expiry_ms))
    }

    fn delete(&self, key: &[u8]) -> WriteResult {
        self.capabilities().check_delete(key)?;
        self.write_one(&WriteOp::delete(key))
    }

    fn write_batch(&self, ops: &[WriteOp]) -> WriteResult {
        self.capabilities().check_batch(ops)?;
        self.set.write(ops)
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
        let mut shards = self.set.shards().iter();
        shards.try_for_each(|shard: &Shard| shard.engine.flush())
    }

    fn sync(&self) -> Result<()> {
        self.set.sync()
    }

    fn close(&self) -> Result<()> {
        self.set.close()
    }
}

impl fmt::Debug for ShardedBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedBackend")
            .field("dir", &self.dir)
            .field("shards", &self.shards())
            .finish_non_exhaustive()
    }
}
