//! The journal, open for appending.
//!
//! A handle is one pointer, cheap to clone, and may be used from any thread: appends that wait at
//! the same time share one write and one sync. It keeps no record in memory and applies none;
//! state is the business of whoever replays.

use super::appender::{Appender, Ticket};
use super::opening::{Repair, open};
use super::options::Options;
use super::record_line::Lines;
use super::records::Records;
use super::window::Window;
use crate::engine::options::Durability;
use crate::error::Result;
use crate::sync::Arc;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// An append-only file of records, one JSON value a line.
///
/// A record is on disk when [`append`](Self::append) returns, and records come back in the order
/// in which they were appended. The [module](crate::journal) has the format, and what holds after
/// a crash.
///
/// A journal is open for appending once: a second open is refused, and the lock dies with its
/// holder. Share the handle instead; a clone is the same journal. Reading needs no open.
///
/// ```
/// use grainstore::journal::Journal;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Debug, PartialEq)]
/// enum Event { Created { user: u64 }, Renamed { user: u64, name: String } }
///
/// # let name = format!("grainstore-doc-journal-{}.jsonl", std::process::id());
/// # let path = std::env::temp_dir().join(name);
/// let journal = Journal::open(&path)?; // made if missing
/// journal.append(&Event::Created { user: 7 })?;
/// journal.append(&Event::Renamed { user: 7, name: "ada".into() })?;
///
/// let events = Journal::replay::<Event, _>(&path)?;
/// assert_eq!(events.len(), 2);
/// assert_eq!(events[0], Event::Created { user: 7 });
/// # journal.close()?;
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Dropped first: its thread must not outlive the lock.
    window: Option<Window>,
    appender: Arc<Appender>,
    options: Options,
    repaired: Option<Repair>,
}

impl Journal {
    pub(super) fn with(options: Options) -> Result<Self> {
        options.check()?;
        let mut opened = open(&options)?;
        let repaired = opened.repair.take();
        let path = Arc::clone(&options.path);
        let appender = Arc::new(Appender::new(opened, path, options.durability));
        let window = match options.durability {
            Durability::Batch(span) => {
                let appender = Arc::clone(&appender);
                // A failure is kept by the appender for the next append.
                let sync = move || drop(appender.sync());
                Some(Window::start(span, &options.path, sync)?)
            }
            Durability::Sync | Durability::Buffered => None,
        };
        Ok(Self {
            shared: Arc::new(Shared {
                window,
                appender,
                options,
                repaired,
            }),
        })
    }

    /// Appends `record` as one line and makes it durable.
    ///
    /// When this returns `Ok`, no crash and no power cut loses the record (with another
    /// [`Durability`] than the default: see there). One write and one sync; threads that append at
    /// the same time share them.
    ///
    /// # Errors
    /// `Codec` and `TooLarge` where the record has no line (see [`Json`](crate::Json) for what JSON
    /// cannot keep), and `StorageFull` where there is no space for it: nothing has happened then,
    /// and others can be appended. `Io` where the disk failed, `Corruption` where another program
    /// changed the length of the file: the record may or may not be there after the next open.
    /// From then on, unless nothing is in doubt, `Latched`, until the journal is opened again.
    /// `Closed` after [`close`](Self::close).
    pub fn append<R: Serialize + ?Sized>(&self, record: &R) -> Result<()> {
        self.wait(self.queue(self.lines([record])?)?)
    }

    /// Appends `records` with one write and one sync, in their order and with nothing between them.
    ///
    /// When this returns `Ok`, all are durable. A crash before that leaves any number of them, from
    /// the first on, each one whole: a group is not atomic. Where it has to be, append one record
    /// that holds a list. The whole group is held in memory as text.
    ///
    /// # Errors
    /// As [`append`](Self::append); where one record has no line, none is appended.
    pub fn append_all<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> Result<()> {
        let lines = self.lines(records)?;
        if lines.is_empty() {
            return Ok(());
        }
        self.wait(self.queue(lines)?)
    }

    /// Makes all that was appended durable, whatever the durability: what there is to do under
    /// [`Durability::Buffered`].
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn sync(&self) -> Result<()> {
        self.shared.appender.sync()
    }

    /// Reads the whole journal at `path` into memory, oldest record first. It need not be open, and
    /// may be, for others too.
    ///
    /// # Errors
    /// The first line that cannot be read: `Corruption` with its number and offset where it is no
    /// JSON, `Codec` where it is no `R`, `TooLarge` where it is too long. `InvalidInput` where the
    /// file is no journal, `UnsupportedFormat` where a newer release wrote it, `Io`.
    pub fn replay<R: DeserializeOwned, P: AsRef<Path>>(path: P) -> Result<Vec<R>> {
        Records::open(&Options::new(path.as_ref()))?.collect()
    }

    /// The records that are in the journal now, oldest first, in constant memory.
    ///
    /// # Errors
    /// `Io` where the file cannot be read. Each record is a result of its own.
    pub fn records<R: DeserializeOwned>(&self) -> Result<Records<R>> {
        Records::open(&self.shared.options)
    }

    /// How many records there are. Reads the whole file, without decoding it.
    ///
    /// # Errors
    /// `Io` where the file cannot be read.
    pub fn count(&self) -> Result<u64> {
        Records::<()>::open(&self.shared.options)?.count_lines()
    }

    /// The length of the file, in bytes. Costs nothing.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.appender.bytes()
    }

    /// Where the journal is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.options.path
    }

    /// What the open mended at the end of the file; `None` where it was whole.
    #[must_use]
    pub fn repaired(&self) -> Option<&Repair> {
        self.shared.repaired.as_ref()
    }

    /// Makes everything durable and lets go of the file, for all clones. Dropping the last clone
    /// does the same, but cannot tell of a failure.
    ///
    /// # Errors
    /// `Io` where the disk refused, `Latched` where it did so before. The file is let go of anyway.
    pub fn close(&self) -> Result<()> {
        self.shared.appender.close()
    }

    /// `records` as lines.
    pub(super) fn lines<R: Serialize>(
        &self,
        records: impl IntoIterator<Item = R>,
    ) -> Result<Lines> {
        let options = &self.shared.options;
        let mut lines = Lines::default();
        for record in records {
            lines.add(&record, options.line_bytes_max, &options.path)?;
        }
        Ok(lines)
    }

    /// Fixes the place of `lines` behind all others. Does not block on the disk.
    pub(super) fn queue(&self, lines: Lines) -> Result<Ticket> {
        self.shared.appender.queue(lines)
    }

    /// Waits until the lines of `ticket` are as durable as the journal has it.
    pub(super) fn wait(&self, ticket: Ticket) -> Result<()> {
        self.shared.appender.wait(ticket)?;
        if let Some(window) = &self.shared.window {
            window.ask();
        }
        Ok(())
    }
}
