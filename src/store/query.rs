//! Asking a store for many records: a prefix, a range, a direction, a limit.
//!
//! A query is an iterator. It opens its cursor at its first step and reads one commit point from
//! then on, its snapshot's or that of the moment. A record that cannot be decoded is an error of
//! its own row, and the next row follows; an error of the engine is the last item.

use super::entry::{Entry, key_error};
use super::grain_store::GrainStore;
use super::page::{Page, PageCursor};
use super::walk::Walk;
use crate::codec::contract::Codec;
use crate::engine::cursor::Cursor;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use crate::key::key_prefix::{KeyPrefix, NextPart, TextPart};
use crate::key::key_range::KeyRange;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

/// Records of a store, in key order or with [`rev`](Self::rev) against it.
///
/// `N` is the component that follows the prefix asked for; it types the bounds of
/// [`range`](Self::range).
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-query-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let visits = db.store::<(String, u32), u64>("visits")?; // place and day: how many
/// for day in 1..=30 {
///     visits.put(&("tower", day), &u64::from(day))?;
///     visits.put(&("zoo", day), &1)?;
/// }
/// let mut first_week = visits.prefix(("tower",)).range(1..=7);
/// assert_eq!(first_week.next().unwrap()?.key, ("tower".to_owned(), 1));
/// let last = visits.prefix(("tower",)).rev().limit(2).values();
/// assert_eq!(last.collect::<grainstore::Result<Vec<u64>>>()?, [30, 29]);
/// assert_eq!(visits.prefix(()).starts_with("z").count()?, 30);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[must_use = "a query does nothing until it is iterated"]
pub struct Query<'a, K, V, C, N = K> {
    pub(crate) store: &'a GrainStore<K, V, C>,
    snapshot: Option<&'a Snapshot>,
    /// The bytes of the prefix, which `range` bounds the next component of.
    prefix: Vec<u8>,
    walk: Walk,
    next: PhantomData<fn() -> N>,
}

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// Every record, in key order.
    pub fn iter(&self) -> Query<'_, K, V, C, K> {
        Query::new(self, None, ByteRange::all())
    }

    /// The records whose keys lie in `range`, in key order.
    ///
    /// ```
    /// # let dir = std::env::temp_dir().join(format!("grainstore-range-{}", std::process::id()));
    /// # let db = grainstore::Db::open(&dir)?;
    /// let names = db.store::<u32, String>("names")?;
    /// for id in [1, 5, 9] {
    ///     names.put(&id, &format!("grain {id}"))?;
    /// }
    /// assert_eq!(names.range(2..=9).count()?, 2);
    /// assert_eq!(names.range(..5).count()?, 1);
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    pub fn range<R: KeyRange<K>>(&self, range: R) -> Query<'_, K, V, C, K> {
        Query::new(self, None, ByteRange::keys(&range))
    }

    /// The records whose keys begin with these components, in key order. A prefix of the wrong
    /// type or order does not compile.
    ///
    /// ```
    /// use grainstore::Key;
    /// #[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    /// struct OrderKey { tenant: String, day: u32, id: u64 }
    /// # let dir = std::env::temp_dir().join(format!("grainstore-prefix-{}", std::process::id()));
    /// # let db = grainstore::Db::open(&dir)?;
    /// let orders = db.store::<OrderKey, u32>("orders")?;
    /// orders.put(&("eu", 1, 7), &100)?;
    /// orders.put(&("eu", 2, 8), &200)?;
    /// assert_eq!(orders.prefix(("eu",)).count()?, 2);
    /// assert_eq!(orders.prefix(("eu", 2)).count()?, 1);
    /// assert_eq!(orders.prefix(("eu",)).range(2..).count()?, 1); // days
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    pub fn prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Query<'_, K, V, C, P::Next> {
        Query::with_prefix(self, None, &prefix)
    }
}

impl<'a, K: Key, V, C: Codec<V>, N> Query<'a, K, V, C, N> {
    pub(crate) fn new(
        store: &'a GrainStore<K, V, C>,
        snapshot: Option<&'a Snapshot>,
        range: ByteRange,
    ) -> Self {
        let (prefix, walk, next) = (Vec::new(), Walk::new(range), PhantomData);
        Self {
            store,
            snapshot,
            prefix,
            walk,
            next,
        }
    }

    pub(crate) fn with_prefix<P: KeyPrefix<K>>(
        store: &'a GrainStore<K, V, C>,
        snapshot: Option<&'a Snapshot>,
        prefix: &P,
    ) -> Self {
        let mut it = Self::new(store, snapshot, ByteRange::prefix::<K, P>(prefix));
        prefix.encode_prefix(&mut it.prefix);
        it
    }

    /// Only records whose component after the prefix lies in `range`. The bounds are values, low
    /// to high, also over a descending component. On a query with a range already, records lie in
    /// both.
    pub fn range<R>(mut self, range: R) -> Self
    where
        N: NextPart,
        R: KeyRange<N::Value>,
    {
        let range = ByteRange::next::<N, R>(&self.prefix, &range);
        self.walk.range = self.walk.range.intersection(range);
        self
    }

    /// Only records whose component after the prefix, a text, begins with `text`. On a query with a
    /// range already, records lie in that, too.
    pub fn starts_with(mut self, text: &<N::Value as TextPart>::Text) -> Self
    where
        N: NextPart<Value: TextPart>,
    {
        let range = ByteRange::next_starting_with::<N>(&self.prefix, text);
        self.walk.range = self.walk.range.intersection(range);
        self
    }

    /// Against key order, from the last record to the first.
    #[allow(clippy::should_implement_trait)]
    pub fn rev(mut self) -> Self {
        self.walk.reverse();
        self
    }

    /// At most this many records. On a query with a limit already, the smaller one counts.
    pub fn limit(mut self, records: usize) -> Self {
        self.walk.limit(records);
        self
    }

    /// Only records behind the last one of the page that `cursor` came with, in the direction of
    /// the query; whether that record is still there does not matter.
    pub fn after(mut self, cursor: &PageCursor) -> Self {
        self.walk.after(cursor);
        self
    }

    /// How many records there are. Walks their keys; values are not touched.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`; `InvalidInput` where the page cursor is another query's.
    pub fn count(self) -> Result<u64> {
        self.walk.count((&self.store.raw, self.snapshot))
    }

    /// The records up to the [`limit`](Self::limit) (50 without one), and the cursor to go on from
    /// where there are more.
    ///
    /// ```
    /// # let dir = std::env::temp_dir().join(format!("grainstore-page-{}", std::process::id()));
    /// # let db = grainstore::Db::open(&dir)?;
    /// let names = db.store::<u32, String>("names")?;
    /// for id in 0..5 {
    ///     names.put(&id, &format!("grain {id}"))?;
    /// }
    /// let first = names.iter().limit(3).page()?;
    /// let rest = names.iter().limit(3).after(first.next.as_ref().unwrap()).page()?;
    /// assert_eq!((first.items.len(), rest.items.len()), (3, 2));
    /// assert!(rest.next.is_none());
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// Of the first record that cannot be read; as [`count`](Self::count).
    pub fn page(self) -> Result<Page<K, V>> {
        let store = self.store;
        let read = |cursor: &Cursor| decode_entry(store, cursor.key(), cursor);
        let (items, next) = self.walk.page((&store.raw, self.snapshot), read)?;
        Ok(Page { items, next })
    }

    /// Takes a step and calls `look` with the engine key and the cursor standing on the record.
    pub(crate) fn step<R>(&mut self, look: impl FnOnce(&[u8], &Cursor) -> R) -> Option<Result<R>> {
        let look = |cursor: &Cursor| look(cursor.key(), cursor);
        self.walk.step((&self.store.raw, self.snapshot), look)
    }
}

#[cfg(feature = "tokio")]
impl<K: Key, V, C: Codec<V>, N> Query<'_, K, V, C, N> {
    /// The store, snapshot and walk, without the query's loans: another thread may go on.
    pub(crate) fn into_parts(self) -> (GrainStore<K, V, C>, Option<Snapshot>, Walk) {
        (self.store.clone(), self.snapshot.cloned(), self.walk)
    }
}

pub(crate) fn decode_entry<K: Key, V, C: Codec<V>>(
    store: &GrainStore<K, V, C>,
    key: &[u8],
    cursor: &Cursor,
) -> Result<Entry<K, V>> {
    let decoded = decode_key(store, key)?;
    let found = store
        .decoder()
        .found(key, cursor.value(), cursor.expiry_ms())?;
    Ok(found.into_entry(decoded))
}

/// The typed key of an engine key.
pub(crate) fn decode_key<K: Key, V, C>(store: &GrainStore<K, V, C>, key: &[u8]) -> Result<K> {
    K::decode_key(store.raw.keyspace.strip(key)).map_err(|e| key_error(&store.raw, key, e))
}

impl<K: Key, V, C: Codec<V>, N> Iterator for Query<'_, K, V, C, N> {
    type Item = Result<Entry<K, V>>;

    fn next(&mut self) -> Option<Self::Item> {
        let store = self.store;
        self.step(|key, cursor| decode_entry(store, key, cursor))
            .map(Result::flatten)
    }
}

impl<K: Key, V, C: Codec<V>, N> FusedIterator for Query<'_, K, V, C, N> {}

impl<K, V, C, N> fmt::Debug for Query<'_, K, V, C, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("store", self.store)
            .field("walk", &self.walk)
            .finish_non_exhaustive()
    }
}
