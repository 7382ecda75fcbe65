//! A query that is read as a stream or in pages.

use super::rows::Rows;
use crate::codec::contract::Codec;
use crate::engine::cursor::Cursor;
use crate::error::Result;
use crate::key::key_part::Key;
use crate::key::key_prefix::{NextPart, TextPart};
use crate::key::key_range::KeyRange;
use crate::store::entry::Entry;
use crate::store::grain_store::GrainStore;
use crate::store::page::{Page, PageCursor};
use crate::store::query::{Query, decode_entry, decode_key};
use crate::sync::off_runtime;

/// Records of an [`AsyncStore`](super::async_store::AsyncStore), asked for as a [`Query`] asks.
#[derive(Debug)]
#[must_use = "a query does nothing until it is read"]
pub struct AsyncQuery<'a, K, V, C, N = K>(Query<'a, K, V, C, N>);

impl<'a, K, V, C, N> AsyncQuery<'a, K, V, C, N>
where
    K: Key + 'static,
    V: 'static,
    C: Codec<V>,
    N: 'static,
{
    pub(crate) fn new(query: Query<'a, K, V, C, N>) -> Self {
        Self(query)
    }

    /// Only records whose component after the prefix lies in `range`.
    pub fn range<R>(self, range: R) -> Self
    where
        N: NextPart,
        R: KeyRange<N::Value>,
    {
        Self(self.0.range(range))
    }

    /// Only records whose component after the prefix, a text, begins with `text`.
    pub fn starts_with(self, text: &<N::Value as TextPart>::Text) -> Self
    where
        N: NextPart<Value: TextPart>,
    {
        Self(self.0.starts_with(text))
    }

    /// Against key order, from the last record to the first.
    #[allow(clippy::should_implement_trait)]
    pub fn rev(self) -> Self {
        Self(self.0.rev())
    }

    /// At most this many records.
    pub fn limit(self, records: usize) -> Self {
        Self(self.0.limit(records))
    }

    /// Only records behind the page that `cursor` came with.
    pub fn after(self, cursor: &PageCursor) -> Self {
        Self(self.0.after(cursor))
    }

    /// How many records there are. Walks their keys.
    ///
    /// # Errors
    /// As [`Query::count`].
    pub async fn count(self) -> Result<u64> {
        let (store, snapshot, walk) = self.0.into_parts();
        off_runtime(move || walk.count((&store.raw, snapshot.as_ref()))).await
    }

    /// The records up to the limit (50 without one), and the cursor to go on from.
    ///
    /// # Errors
    /// As [`Query::page`].
    pub async fn page(self) -> Result<Page<K, V>>
    where
        K: Send,
        V: Send,
    {
        let (store, snapshot, walk) = self.0.into_parts();
        off_runtime(move || {
            let read = |cursor: &Cursor| decode_entry(&store, cursor.key(), cursor);
            let (items, next) = walk.page((&store.raw, snapshot.as_ref()), read)?;
            Ok(Page { items, next })
        })
        .await
    }

    /// The records as a stream. It reads one commit point, the one of its first poll; it fetches
    /// some hundred rows ahead, and waits for nobody while they last.
    pub fn stream(self) -> Rows<Entry<K, V>> {
        self.rows(|store, cursor| decode_entry(store, cursor.key(), cursor))
    }

    /// The keys alone as a stream; values are not touched.
    pub fn keys(self) -> Rows<K> {
        self.rows(|store, cursor| decode_key(store, cursor.key()))
    }

    fn rows<R: 'static>(self, read: fn(&GrainStore<K, V, C>, &Cursor) -> Result<R>) -> Rows<R> {
        let (store, snapshot, mut walk) = self.0.into_parts();
        Rows::new(move |rows| {
            let source = (&store.raw, snapshot.as_ref());
            let step = || walk.step(source, |cursor| read(&store, cursor));
            let steps = std::iter::from_fn(step).take(rows);
            steps.map(Result::flatten).collect()
        })
    }
}
