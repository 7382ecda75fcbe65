//! The thread that syncs a journal within a window after it was written to.
//!
//! Only `Durability::Batch` starts one. It rests until it is asked, waits for the window to pass,
//! so that one sync serves all that was written in it, and syncs. A failure is found by the next
//! who appends. Dropping the window ends the thread and waits for it.

use crate::error::{Error, Result};
use crate::sync::{Arc, Condvar, JoinHandle, Mutex, spawn};
use std::path::Path;
use std::time::Duration;

/// A thread that syncs on demand, but not more often than once in its span.
#[derive(Debug)]
pub(super) struct Window {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Signal {
    wishes: Mutex<Wishes>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Wishes {
    sync: bool,
    stop: bool,
}

impl Window {
    /// Starts the thread; it calls `sync` after each `span` in which it was asked. `path` is for
    /// errors.
    pub(super) fn start(
        span: Duration,
        path: &Path,
        sync: impl Fn() + Send + 'static,
    ) -> Result<Self> {
        let signal = Arc::new(Signal::default());
        let shared = Arc::clone(&signal);
        let thread = spawn("grainstore-journal", move || {
            while shared.wait(span) {
                sync();
            }
        });
        let thread = thread.map_err(|e| Error::io("start the syncing thread of", path, e))?;
        Ok(Self {
            signal,
            thread: Some(thread),
        })
    }

    /// Asks for a sync within the span.
    pub(super) fn ask(&self) {
        let mut wishes = self.signal.wishes.lock();
        if !wishes.sync {
            wishes.sync = true;
            self.signal.changed.notify_one();
        }
    }
}

impl Signal {
    /// Waits for a wish and then for the window to pass; false where it is time to stop.
    fn wait(&self, span: Duration) -> bool {
        let mut wishes = self.wishes.lock();
        while !wishes.sync && !wishes.stop {
            self.changed.wait(&mut wishes);
        }
        if !wishes.stop {
            // Waking early makes the sync early, which breaks nothing.
            self.changed.wait_for(&mut wishes, span);
        }
        wishes.sync = false;
        !wishes.stop
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.signal.wishes.lock().stop = true;
        self.signal.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
