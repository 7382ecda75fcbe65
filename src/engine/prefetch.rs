//! Opening all tables before a database is in use, side by side.
//!
//! A table is opened by reading its index, filter, range tombstones and properties: a few reads
//! each, which one thread alone would wait for one after the other. Called by the open alone.

use super::core::Core;
use super::live_table::LiveTable;
use crate::error::{Error, Result};
use crate::sync::{Arc, AtomicUsize, JoinHandle, Mutex, Ordering, spawn};

/// What the threads share.
struct Opening {
    tables: Vec<Arc<LiveTable>>,
    next: AtomicUsize,
    failure: Mutex<Option<Error>>,
}

impl Opening {
    /// Opens one table after the other until none is left or one fails.
    fn run(&self) {
        while let Some(live) = self.tables.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = live.table() {
                self.failure.lock().get_or_insert(error);
                self.next.store(self.tables.len(), Ordering::Relaxed);
            }
        }
    }
}

/// Opens every table of the current view on `threads` threads; the first failure is the error.
pub(crate) fn open_tables(core: &Core, threads: usize) -> Result<()> {
    let tables: Vec<_> = core.view.load().levels.tables().cloned().collect();
    let beside = threads.min(tables.len()).saturating_sub(1);
    let opening = Arc::new(Opening {
        tables,
        next: AtomicUsize::new(0),
        failure: Mutex::new(None),
    });
    let start = |_| {
        let opening = Arc::clone(&opening);
        spawn("grainstore-open", move || opening.run())
    };
    // Where a thread cannot be started, the others do its part.
    let started: Vec<JoinHandle<()>> = (0..beside).filter_map(|n| start(n).ok()).collect();
    opening.run();
    for thread in started {
        // A thread that panicked has nothing left to say here.
        let _ = thread.join();
    }
    let failure = opening.failure.lock().take();
    failure.map_or(Ok(()), Err)
}
