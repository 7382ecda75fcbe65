//! The rows of a query as a stream.

use crate::error::Result;
use crate::sync::off_runtime;
use futures_core::{FusedStream, Stream};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The most rows that one trip to another thread brings; the first brings fewer.
const CHUNK_ROWS_MAX: usize = 256;
const CHUNK_ROWS_FIRST: usize = 16;

/// Reads the next rows, so many at most; fewer where there are no more.
type Source<R> = Box<dyn FnMut(usize) -> Vec<Result<R>> + Send>;

/// A trip to a thread that may wait, and what it brings back.
type Trip<R> = Pin<Box<dyn Future<Output = Result<Chunk<R>>> + Send>>;

struct Chunk<R> {
    source: Source<R>,
    rows: Vec<Result<R>>,
}

enum State<R> {
    Resting(Source<R>),
    Away(Trip<R>),
    Done,
}

/// Rows of a query, as of the commit point of the first poll. A row that cannot be decoded is an
/// error of its own, and the next row follows; an error of the engine is the last item.
#[must_use = "a stream does nothing until it is polled"]
pub struct Rows<R> {
    state: State<R>,
    ready: VecDeque<Result<R>>,
    /// How many rows the next trip, or the one under way, asks for.
    chunk_rows: usize,
}

impl<R> Rows<R> {
    pub(crate) fn new(source: impl FnMut(usize) -> Vec<Result<R>> + Send + 'static) -> Self {
        Self {
            state: State::Resting(Box::new(source)),
            ready: VecDeque::new(),
            chunk_rows: CHUNK_ROWS_FIRST,
        }
    }
}

impl<R: Send + 'static> Rows<R> {
    fn depart(&self, mut source: Source<R>) -> Trip<R> {
        let most = self.chunk_rows;
        Box::pin(off_runtime(move || {
            let rows = source(most);
            Ok(Chunk { source, rows })
        }))
    }

    fn arrive(&mut self, chunk: Chunk<R>) {
        if chunk.rows.len() == self.chunk_rows {
            self.state = State::Resting(chunk.source);
        }
        self.chunk_rows = CHUNK_ROWS_MAX;
        self.ready.extend(chunk.rows);
    }
}

impl<R: Send + Unpin + 'static> Stream for Rows<R> {
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<R>>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Poll::Ready(Some(row));
            }
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Poll::Ready(None),
                State::Resting(source) => self.state = State::Away(self.depart(source)),
                State::Away(mut trip) => match trip.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.state = State::Away(trip);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(chunk)) => self.arrive(chunk),
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                },
            }
        }
    }
}

impl<R: Send + Unpin + 'static> FusedStream for Rows<R> {
    fn is_terminated(&self) -> bool {
        self.ready.is_empty() && matches!(self.state, State::Done)
    }
}

impl<R> fmt::Debug for Rows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
