//! The writing end of a journal: takes lines in their order, writes and syncs them in groups.
//!
//! Any thread may call. Lines are put into a queue, which fixes their order; of those who wait for
//! theirs one leads: it writes all that is queued with one write, syncs where the durability asks
//! for it, and answers for everybody. Lines that nobody waits for any more are written with the
//! next group, or when the appender is dropped.
//!
//! - A1: lines are written in the order in which they were queued, and each once.
//! - A2: under [`Durability::Sync`] a wait ends well only after a sync that began after the write.
//! - A3: after the first failure that leaves in doubt what the disk holds nothing more is written
//!   or synced, and an open finds it out. Nothing that was acknowledged is touched.
//! - A4: the first line of a group is marked unless all before it is synced (`record_line`, L2).
//! - A5: a group for which there is no space is taken back and leaves nothing in doubt: its bytes
//!   are cut off, and that is synced before anything is written in their place.

use super::opening::Opened;
use super::record_line::Lines;
use crate::engine::options::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::{File, FileLock};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::path::Path;

/// What the buffer of a group keeps for the next one, in bytes.
const BUFFER_BYTES_KEPT: usize = 1 << 20;

/// Appends lines to one file.
#[derive(Debug)]
pub(super) struct Appender {
    file: Arc<dyn File>,
    path: Arc<Path>,
    durability: Durability,
    state: Mutex<State>,
    /// A leader is done.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    queue: Lines,
    /// Set where what is queued now could not be written.
    refusal: Refusal,
    /// How many times lines were queued, and how many of those are done, well or not.
    queued: u64,
    done: u64,
    /// The length of the file, and how much of it is durable.
    end: u64,
    synced: u64,
    is_led: bool,
    /// What left the disk in doubt (A3).
    failure: Option<Error>,
    is_closed: bool,
    /// Held until close; the death of the process lets go, too.
    lock: Option<Box<dyn FileLock>>,
}

/// One for the lines of each group.
type Refusal = Arc<OnceLock<Error>>;

/// The place of queued lines.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    refusal: Refusal,
}

/// A group that was not written or not synced.
#[derive(Debug)]
struct Refused {
    error: Error,
    is_in_doubt: bool,
}

impl Appender {
    pub(super) fn new(opened: Opened, path: Arc<Path>, durability: Durability) -> Self {
        let state = State {
            queue: Lines::default(),
            refusal: Refusal::default(),
            queued: 0,
            done: 0,
            end: opened.end,
            synced: opened.end,
            is_led: false,
            failure: None,
            is_closed: false,
            lock: Some(opened.lock),
        };
        Self {
            file: opened.file,
            path,
            durability,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Puts `lines` behind all that were queued before. Does not block on the disk.
    pub(super) fn queue(&self, lines: Lines) -> Result<Ticket> {
        let mut state = self.state.lock();
        self.check(&state)?;
        if let Some(failure) = &state.failure {
            return Err(self.latched(failure));
        }
        state.queue.append(lines);
        state.queued += 1;
        Ok(Ticket {
            number: state.queued,
            refusal: Arc::clone(&state.refusal),
        })
    }

    /// Waits until the lines of `ticket` are written, and synced where the durability says so.
    pub(super) fn wait(&self, ticket: Ticket) -> Result<()> {
        let mut state = self.state.lock();
        loop {
            if state.done >= ticket.number {
                let refused = ticket.refusal.get().map(Error::copied);
                return refused.map_or(Ok(()), Err);
            }
            if let Some(failure) = &state.failure {
                return Err(self.latched(failure));
            }
            if state.is_led {
                self.changed.wait(&mut state);
            } else {
                // How it went stands in the ticket.
                let _ = self.lead(&mut state, self.durability == Durability::Sync);
            }
        }
    }

    /// Makes all that was queued so far durable.
    pub(super) fn sync(&self) -> Result<()> {
        let state = self.state.lock();
        self.check(&state)?;
        self.drain(state)
    }

    /// Makes all durable, takes nothing more, and lets go of the lock. Once more does nothing.
    pub(super) fn close(&self) -> Result<()> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Ok(());
        }
        state.is_closed = true;
        let drained = self.drain(state);
        self.state.lock().lock = None;
        drained
    }

    fn drain(&self, mut state: MutexGuard<'_, State>) -> Result<()> {
        let queued = state.queued;
        loop {
            if let Some(failure) = &state.failure {
                return Err(self.latched(failure));
            }
            if state.is_led {
                self.changed.wait(&mut state);
            } else if state.done >= queued && state.synced == state.end {
                return Ok(());
            } else {
                self.lead(&mut state, true)?;
            }
        }
    }

    /// Writes all that is queued, and syncs where `sync` says so; the lock is let go meanwhile.
    fn lead(&self, state: &mut MutexGuard<'_, State>, sync: bool) -> Result<()> {
        let mut group = std::mem::take(&mut state.queue);
        let refusal = std::mem::take(&mut state.refusal);
        let (queued, end) = (state.queued, state.end);
        if state.synced < end {
            group.mark_first(); // A4
        }
        state.is_led = true;
        let written = MutexGuard::unlocked(state, || self.write(group.bytes(), end, sync));
        state.is_led = false;
        state.done = queued;
        self.changed.notify_all();
        match written {
            Ok(()) => {
                state.end = end + group.bytes().len() as u64;
                if sync {
                    state.synced = state.end; // A2
                }
                if state.queue.is_empty() {
                    group.clear(BUFFER_BYTES_KEPT);
                    state.queue = group;
                }
                Ok(())
            }
            Err(Refused { error, is_in_doubt }) => {
                let _ = refusal.set(error.copied());
                if is_in_doubt {
                    state.failure = Some(error.copied()); // A3
                    state.queue = Lines::default();
                }
                Err(error)
            }
        }
    }

    fn write(&self, group: &[u8], end: u64, sync: bool) -> Result<(), Refused> {
        let path = &*self.path;
        if !group.is_empty() {
            self.check_length(end)?;
            if let Err(cause) = self.file.write_all_at(group, end) {
                let error = Error::io("write", path, cause);
                let is_taken_back = error.is_storage_full() && self.take_back(end).is_ok();
                return Err(Refused {
                    error,
                    is_in_doubt: !is_taken_back,
                });
            }
        }
        if sync {
            self.file.sync_data().map_err(|e| Refused {
                error: Error::io("sync", path, e),
                is_in_doubt: true,
            })?;
        }
        Ok(())
    }

    /// An error where the file does not end where it was left. Nothing is written then.
    fn check_length(&self, end: u64) -> Result<(), Refused> {
        let path = &*self.path;
        let there = self.file.len().map_err(|e| Refused {
            error: Error::io("measure", path, e),
            is_in_doubt: false,
        })?;
        if there == end {
            return Ok(());
        }
        let text = format!(
            "{there} bytes are there, and {end} were written; another program changed the file \
             while it was open"
        );
        Err(Refused {
            error: Error::corruption(path, there.min(end), text),
            is_in_doubt: true,
        })
    }

    /// Cuts off what was written behind `end`, for good (A5).
    fn take_back(&self, end: u64) -> std::io::Result<()> {
        self.file.set_len(end)?;
        self.file.sync_data()
    }

    /// How many bytes of the file are written.
    pub(super) fn bytes(&self) -> u64 {
        self.state.lock().end
    }

    fn check(&self, state: &State) -> Result<()> {
        if state.is_closed {
            let text = format!(
                "the journal {} was closed; open it again",
                self.path.display()
            );
            return Err(Error::new(ErrorKind::Closed, text));
        }
        Ok(())
    }

    #[cold]
    fn latched(&self, failure: &Error) -> Error {
        let text = format!(
            "the journal {} takes no more records since an earlier failure, reading goes on; open \
             it again to repair its end and append more (the failure: {failure})",
            self.path.display()
        );
        Error::new(ErrorKind::Latched, text)
    }
}

impl Drop for Appender {
    /// What nobody waited for is written and synced; whether that went well, only
    /// [`close`](Self::close) tells.
    fn drop(&mut self) {
        let _ = self.close();
    }
}
