//! The latch that the first failure closes which leaves in doubt what is on disk.
//!
//! After a failed sync nobody knows what the device holds: file systems mark the pages clean, so a
//! second sync that succeeds proves nothing. The engine therefore refuses every write from then on
//! (L1) and goes on answering reads; a reopen recovers what is there. What closes it: a failed
//! write or sync of the log or the manifest, and a failed sync of the directory. What does not: a
//! full disk, where what was written could be taken back, and any failure of a flush or compaction
//! before the manifest is told of its tables.

use super::trace;
use crate::error::{Error, ErrorKind, Result};
use crate::planted::{Mistake, planted};
use crate::sync::{AtomicBool, Mutex, Ordering};

/// Open until the first failure.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    closed: AtomicBool,
    cause: Mutex<Option<String>>,
}

impl Latch {
    /// `Ok` while nothing has failed; after that the error that every write gets (L1).
    pub(crate) fn check(&self) -> Result<()> {
        if !self.closed.load(Ordering::Acquire) {
            return Ok(());
        }
        let cause = self.cause.lock().clone().unwrap_or_default();
        let text = format!(
            "writes are refused since an earlier failure, reads go on; \
             reopen the database to write again (the failure: {cause})"
        );
        Err(Error::new(ErrorKind::Latched, text))
    }

    /// Closes the latch; the first cause stays.
    pub(crate) fn close(&self, cause: &Error) {
        if planted(Mistake::LatchStaysOpen) {
            return;
        }
        if !self.is_closed() {
            trace::latched(cause);
        }
        self.cause.lock().get_or_insert_with(|| cause.to_string());
        self.closed.store(true, Ordering::Release);
    }

    /// What closed it, where it is closed.
    pub(crate) fn cause(&self) -> Option<String> {
        self.cause.lock().clone()
    }

    /// True after the first failure.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Passes `result` on, closing the latch where it is an error.
    pub(crate) fn guard<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.close(error);
        }
        result
    }
}
