//! The journal for asynchronous programs on tokio.
//!
//! The same calls with the same promises. Nothing blocks the executor: calls that wait for the disk
//! run on tokio's threads for blocking calls. Usable from any task; a clone is the same journal.
//!
//! - S1: the place of a record is fixed when its future is first polled. From then on it is written
//!   whole, in that place, whether or not the future lives on; before that, dropping the future
//!   takes the record back. No half of a line is ever written because of a dropped future.

use super::journal::Journal;
use super::journal_builder::JournalBuilder;
use super::opening::Repair;
use super::record_line::Lines;
use super::record_stream::RecordStream;
use crate::error::Result;
use crate::sync::{off_runtime, runtime};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A [`Journal`] whose calls are awaited. Needs the cargo feature `tokio` and runs within a tokio
/// runtime of any kind.
///
/// ```
/// use grainstore::journal::AsyncJournal;
///
/// # let name = format!("grainstore-doc-journal-async-{}.jsonl", std::process::id());
/// # let path = std::env::temp_dir().join(name);
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let mut journal = AsyncJournal::open(&path).await?;
/// journal.append(&("created", 7)).await?;
/// journal.append(&("deleted", 7)).await?;
/// let events = AsyncJournal::replay::<(String, u64), _>(&path).await?;
/// assert_eq!(events[1], ("deleted".to_owned(), 7));
/// # journal.close().await?;
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// # })?;
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AsyncJournal {
    journal: Journal,
}

impl AsyncJournal {
    /// As [`Journal::open`].
    ///
    /// # Errors
    /// As [`Journal::open`]; `InvalidInput` outside of a tokio runtime.
    pub async fn open<P: AsRef<Path>>(path: P) -> Result<Self> {
        Self::open_with(Journal::builder(path)).await
    }

    /// Opens the journal that `builder` describes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(builder: JournalBuilder) -> Result<Self> {
        let options = builder.into_options();
        let journal = off_runtime(move || Journal::with(options)).await?;
        Ok(Self { journal })
    }

    /// As [`Journal::append`]. The record is encoded here and now, and appended by the future.
    ///
    /// Dropping the future before it was polled appends nothing. Dropping it later takes nothing
    /// back: the record is appended, whole and in its place, only nobody is told.
    pub fn append<R: Serialize + ?Sized>(&self, record: &R) -> Appending {
        self.appending(self.journal.lines([record]))
    }

    /// As [`Journal::append_all`], and with futures as [`append`](Self::append).
    pub fn append_all<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> Appending {
        self.appending(self.journal.lines(records))
    }

    fn appending(&self, lines: Result<Lines>) -> Appending {
        let journal = self.journal.clone();
        Appending {
            outcome: Box::pin(append(journal, lines)),
        }
    }

    /// As [`Journal::sync`].
    ///
    /// # Errors
    /// As [`Journal::sync`].
    pub async fn sync(&self) -> Result<()> {
        let journal = self.journal.clone();
        off_runtime(move || journal.sync()).await
    }

    /// As [`Journal::replay`].
    ///
    /// # Errors
    /// As [`Journal::replay`]; `InvalidInput` outside of a tokio runtime.
    pub async fn replay<R, P>(path: P) -> Result<Vec<R>>
    where
        R: DeserializeOwned + Send + 'static,
        P: AsRef<Path>,
    {
        let builder = Journal::builder(path);
        off_runtime(move || builder.replay()).await
    }

    /// The records that are in the journal now, as a stream, in constant memory.
    ///
    /// # Errors
    /// As [`Journal::records`].
    pub async fn records<R>(&self) -> Result<RecordStream<R>>
    where
        R: DeserializeOwned + Send + 'static,
    {
        let journal = self.journal.clone();
        let records = off_runtime(move || journal.records()).await?;
        Ok(RecordStream::new(records))
    }

    /// The journal itself, for everything that does not block:
    /// [`bytes`](Journal::bytes), [`path`](Journal::path), [`repaired`](Journal::repaired).
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// As [`Journal::repaired`].
    #[must_use]
    pub fn repaired(&self) -> Option<&Repair> {
        self.journal.repaired()
    }

    /// As [`Journal::close`].
    ///
    /// # Errors
    /// As [`Journal::close`].
    pub async fn close(&self) -> Result<()> {
        let journal = self.journal.clone();
        off_runtime(move || journal.close()).await
    }
}

/// An append on its way; see [`AsyncJournal::append`].
///
/// Its errors are those of [`Journal::append`]; outside of a tokio runtime `InvalidInput`, with
/// nothing appended.
#[must_use = "nothing is appended before the future is awaited"]
pub struct Appending {
    outcome: Pin<Box<dyn Future<Output = Result<()>> + Send>>,
}

/// Up to its one wait this runs in the first poll, so the place of the lines is fixed there (S1).
async fn append(journal: Journal, lines: Result<Lines>) -> Result<()> {
    let lines = lines?;
    if lines.is_empty() {
        return Ok(());
    }
    runtime()?; // without one nobody could wait, so nothing is queued
    let ticket = journal.queue(lines)?;
    off_runtime(move || journal.wait(ticket)).await
}

impl Future for Appending {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.outcome.as_mut().poll(context)
    }
}

impl fmt::Debug for Appending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appending").finish_non_exhaustive()
    }
}
