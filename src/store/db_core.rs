//! What a database and all its stores share.

use super::open_stores::OpenStores;
use crate::engine::lsm::Engine;
use crate::sync::{AtomicU64, Ordering};
use std::time::Duration;

/// What a database and its stores share.
#[derive(Debug)]
pub(crate) struct DbCore {
    pub(crate) engine: Engine,
    pub(crate) default_ttl: Option<Duration>,
    /// The last version given to a record. Every commit's sequence numbers are larger than the
    /// versions in it, so that after a reopen the engine's last number is a safe start.
    versions: AtomicU64,
    pub(crate) open_stores: OpenStores,
}

impl DbCore {
    pub(crate) fn new(engine: Engine, default_ttl: Option<Duration>) -> Self {
        let versions = AtomicU64::new(engine.stats().sequence_last);
        Self {
            engine,
            default_ttl,
            versions,
            open_stores: OpenStores::default(),
        }
    }

    /// A version larger than all before.
    pub(crate) fn next_version(&self) -> u64 {
        self.versions.fetch_add(1, Ordering::Relaxed) + 1
    }
}
