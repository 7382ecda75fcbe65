//! The records of a journal as a stream.
//!
//! Reads ahead in small groups, each on one of tokio's threads for blocking calls, and only when it
//! is polled: a stream that nobody polls holds no thread, and dropping it at any moment is fine.

use super::records::Records;
use crate::error::Result;
use crate::sync::off_runtime;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How many records are read ahead at most.
const AHEAD_RECORDS: usize = 128;
/// After how many bytes of lines reading ahead pauses.
const AHEAD_BYTES: u64 = 256 << 10;

/// The records of a journal as a [`Stream`], oldest first.
///
/// Items and errors are those of [`Records`]. Up to 128 records or a little more than 256 KiB of
/// lines are read ahead.
#[must_use = "streams read as they are polled"]
pub struct RecordStream<R> {
    ready: VecDeque<Result<R>>,
    source: Source<R>,
}

enum Source<R> {
    Resting(Box<Records<R>>),
    Reading(Pin<Box<dyn Future<Output = Result<Piece<R>>> + Send>>),
    Ended,
}

/// Records that were read ahead, and the source of more.
struct Piece<R> {
    ready: VecDeque<Result<R>>,
    records: Box<Records<R>>,
}

impl<R: DeserializeOwned + Send + 'static> RecordStream<R> {
    pub(super) fn new(records: Records<R>) -> Self {
        Self {
            ready: VecDeque::new(),
            source: Source::Resting(Box::new(records)),
        }
    }

    /// The next record; `None` at the end. May be dropped and called again: no record is lost.
    pub async fn next(&mut self) -> Option<Result<R>> {
        poll_fn(|context| self.poll_record(context)).await
    }

    fn poll_record(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<R>>> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Poll::Ready(Some(record));
            }
            match std::mem::replace(&mut self.source, Source::Ended) {
                Source::Resting(records) => {
                    let reading = off_runtime(move || Ok(read_ahead(records)));
                    self.source = Source::Reading(Box::pin(reading));
                }
                Source::Reading(mut reading) => match reading.as_mut().poll(context) {
                    Poll::Pending => {
                        self.source = Source::Reading(reading);
                        return Poll::Pending;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(Ok(piece)) if piece.ready.is_empty() => {}
                    Poll::Ready(Ok(piece)) => {
                        self.ready = piece.ready;
                        self.source = Source::Resting(piece.records);
                    }
                },
                Source::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl<R: DeserializeOwned + Send + 'static> Stream for RecordStream<R> {
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<R>>> {
        self.poll_record(context)
    }
}

impl<R> Unpin for RecordStream<R> {}

impl<R> fmt::Debug for RecordStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream")
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

/// The next records; none at the end.
fn read_ahead<R: DeserializeOwned>(mut records: Box<Records<R>>) -> Piece<R> {
    let mut ready = VecDeque::new();
    let start = records.read_bytes();
    while ready.len() < AHEAD_RECORDS && records.read_bytes() - start < AHEAD_BYTES {
        match records.next() {
            Some(record) => ready.push_back(record),
            None => break,
        }
    }
    Piece { ready, records }
}
