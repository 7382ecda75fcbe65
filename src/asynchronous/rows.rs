//! The rows of a query as a stream.

use crate::codec::contract::Codec;
use crate::engine::cursor::Cursor;
use crate::error::Result;
use crate::key::key_part::Key;
use crate::store::entry::Entry;
use crate::store::grain_store::GrainStore;
use crate::store::page::PageCursor;
use crate::store::query::OwnedQuery;
use crate::sync::off_runtime;
use futures_core::{FusedStream, Stream};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The records of an [`AsyncQuery`](super::async_query::AsyncQuery).
pub type Entries<K, V, C, N> = Rows<K, V, C, N, Entry<K, V>>;

/// The keys of an [`AsyncQuery`](super::async_query::AsyncQuery).
pub type KeyRows<K, V, C, N> = Rows<K, V, C, N, K>;

/// The most rows that one trip to another thread brings; the first brings fewer.
const CHUNK_ROWS_MAX: usize = 256;
const CHUNK_ROWS_FIRST: usize = 16;

type Look<K, V, C, R> = fn(&GrainStore<K, V, C>, &[u8], &Cursor) -> Result<R>;

/// A trip to a thread that may wait, and what it brings back.
type Trip<K, V, C, N, R> =
    Pin<Box<dyn Future<Output = Result<Chunk<K, V, C, N, R>>> + Send + 'static>>;

struct Chunk<K, V, C, N, R> {
    query: OwnedQuery<K, V, C, N>,
    rows: Vec<Result<R>>,
    next: Option<PageCursor>,
}

enum State<K, V, C, N, R> {
    Resting(Box<OwnedQuery<K, V, C, N>>),
    Away(Trip<K, V, C, N, R>),
    Done,
}

/// Rows of a query, as of the commit point of the first poll. A row that cannot be decoded is an
/// error of its own, and the next row follows; an error of the engine is the last item.
#[must_use = "a stream does nothing until it is polled"]
pub struct Rows<K, V, C, N, R> {
    state: State<K, V, C, N, R>,
    look: Look<K, V, C, R>,
    ready: VecDeque<Result<R>>,
    chunk_rows: usize,
}

impl<K, V, C, N, R> Rows<K, V, C, N, R> {
    pub(crate) fn new(query: OwnedQuery<K, V, C, N>, look: Look<K, V, C, R>) -> Self {
        Self {
            state: State::Resting(Box::new(query)),
            look,
            ready: VecDeque::new(),
            chunk_rows: CHUNK_ROWS_FIRST,
        }
    }
}

impl<K, V, C, N, R> Rows<K, V, C, N, R>
where
    K: Key + 'static,
    V: 'static,
    C: Codec<V>,
    N: 'static,
    R: Send + 'static,
{
    fn depart(&mut self, query: OwnedQuery<K, V, C, N>) -> Trip<K, V, C, N, R> {
        let (look, most) = (self.look, self.chunk_rows);
        self.chunk_rows = CHUNK_ROWS_MAX;
        Box::pin(off_runtime(move || Ok(fetch(query, most, look))))
    }

    fn arrive(&mut self, chunk: Chunk<K, V, C, N, R>) {
        let Chunk {
            mut query,
            rows,
            next,
        } = chunk;
        query.limit = query.limit.map(|limit| limit.saturating_sub(rows.len()));
        self.ready.extend(rows);
        self.state = match next {
            Some(next) if query.limit != Some(0) => {
                query.after = Some(next);
                State::Resting(Box::new(query))
            }
            _ => State::Done,
        };
    }
}

/// Reads the next rows of `query`, all through one snapshot.
fn fetch<K: Key, V, C: Codec<V>, N, R>(
    mut query: OwnedQuery<K, V, C, N>,
    most: usize,
    look: Look<K, V, C, R>,
) -> Chunk<K, V, C, N, R> {
    if query.snapshot.is_none() {
        query.snapshot = Some(query.store.raw.db.engine.snapshot());
    }
    let (rows, next) = query.query().rows(most, look);
    Chunk { query, rows, next }
}

impl<K, V, C, N, R> Stream for Rows<K, V, C, N, R>
where
    K: Key + 'static,
    V: 'static,
    C: Codec<V>,
    N: 'static,
    R: Send + Unpin + 'static,
{
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<R>>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Poll::Ready(Some(row));
            }
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Poll::Ready(None),
                State::Resting(query) => {
                    let trip = self.depart(*query);
                    self.state = State::Away(trip);
                }
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

impl<K, V, C, N, R> FusedStream for Rows<K, V, C, N, R>
where
    Self: Stream,
{
    fn is_terminated(&self) -> bool {
        self.ready.is_empty() && matches!(self.state, State::Done)
    }
}

impl<K, V, C, N, R> fmt::Debug for Rows<K, V, C, N, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
