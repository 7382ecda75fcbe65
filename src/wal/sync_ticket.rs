//! A sync that can run while others append.
//!
//! A [`SyncTicket`] is taken under the lock of the writer, run without it, and handed back under
//! it. All tickets of a writer share one [`SyncGate`]: syncs take turns, because an operating
//! system tells only one of two concurrent syncs of a file that its bytes were lost, and the first
//! failure closes the gate for ever (W2), because after a failed sync the next one may succeed
//! without having written anything. Any thread may run a ticket.

use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::File;
use crate::planted::{Mistake, planted};
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};
use std::path::Path;

/// What all syncs of a writer pass through.
#[derive(Debug, Default)]
pub(super) struct SyncGate {
    latched: AtomicBool,
    turn: Mutex<()>,
}

impl SyncGate {
    /// Refuses everything from here on.
    pub(super) fn latch(&self) {
        self.latched.store(true, Ordering::Release);
    }

    /// An error where a write or sync failed before.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        if self.latched.load(Ordering::Acquire) {
            let text = format!(
                "an earlier write or sync of the log failed, so {} takes no more: \
                 reopen the database",
                path.display()
            );
            return Err(Error::new(ErrorKind::Latched, text));
        }
        Ok(())
    }
}

/// A sync of a segment up to an offset.
#[derive(Debug)]
#[must_use = "a ticket that is not run makes nothing durable"]
pub(crate) struct SyncTicket {
    pub(super) gate: Arc<SyncGate>,
    pub(super) file: Arc<dyn File>,
    pub(super) path: Arc<Path>,
    pub(super) number: u64,
    pub(super) upto: u64,
    /// True where everything up to `upto` is durable.
    pub(super) done: bool,
}

impl SyncTicket {
    /// The offset up to which the segment is durable once the ticket ran.
    #[cfg(test)]
    pub(crate) fn upto(&self) -> u64 {
        self.upto
    }

    /// Makes the segment durable up to the ticket's offset, after the syncs that run already.
    /// Where it fails the outcome is unknown and the writer is latched.
    pub(crate) fn run(&mut self) -> Result<()> {
        let _turn = self.gate.turn.lock();
        self.gate.check(&self.path)?;
        if !self.done {
            let synced = self.file.sync_data();
            let synced = match synced {
                Err(_) if planted(Mistake::FailedSyncRetried) => self.file.sync_data(),
                synced => synced,
            };
            synced.map_err(|e| {
                self.gate.latch();
                Error::io("sync", &self.path, e)
            })?;
            self.done = true;
        }
        Ok(())
    }

    /// The segment and the offset up to which it is durable, where the ticket ran.
    pub(super) fn into_synced(self) -> Option<(u64, u64)> {
        self.done.then_some((self.number, self.upto))
    }
}
