//! Asking a store for many records: a prefix, a range, a direction, a limit.
//!
//! A query is an iterator. It opens its cursor at its first step and reads one commit point from
//! then on, its snapshot's or that of the moment. A record that cannot be decoded is an error of
//! its own row, and the next row follows; an error of the engine is the last item.

use super::entry::{Entry, key_error};
use super::grain_store::GrainStore;
use super::page::{Page, PageCursor};
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
#[must_use = "a query does nothing until it is iterated"]
pub struct Query<'a, K, V, C, N = K> {
    pub(crate) store: &'a GrainStore<K, V, C>,
    snapshot: Option<&'a Snapshot>,
    /// The bytes of the prefix, which `range` bounds the next component of.
    prefix: Vec<u8>,
    pub(crate) range: ByteRange,
    pub(crate) reversed: bool,
    limit: Option<usize>,
    after: Option<PageCursor>,
    walk: Walk,
    next: PhantomData<fn() -> N>,
}

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// Every record, in key order.
    pub fn iter(&self) -> Query<'_, K, V, C, K> {
        Query::new(self, None, ByteRange::all())
    }

    /// The records whose keys lie in `range`, in key order.
    pub fn range<R: KeyRange<K>>(&self, range: R) -> Query<'_, K, V, C, K> {
        Query::new(self, None, ByteRange::keys(&range))
    }

    /// The records whose keys begin with these components, in key order. A prefix of the wrong
    /// type or order does not compile.
    pub fn prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Query<'_, K, V, C, P::Next> {
        Query::with_prefix(self, None, &prefix)
    }
}

/// What a query asks, with a hold of its own on store and snapshot.
#[cfg(feature = "tokio")]
pub(crate) struct OwnedQuery<K, V, C, N> {
    pub(crate) store: GrainStore<K, V, C>,
    pub(crate) snapshot: Option<Snapshot>,
    prefix: Vec<u8>,
    range: ByteRange,
    reversed: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<PageCursor>,
    next: PhantomData<fn() -> N>,
}

#[cfg(feature = "tokio")]
impl<K: Key, V, C: Codec<V>, N> OwnedQuery<K, V, C, N> {
    /// The query, not yet begun.
    pub(crate) fn query(&self) -> Query<'_, K, V, C, N> {
        Query {
            store: &self.store,
            snapshot: self.snapshot.as_ref(),
            prefix: self.prefix.clone(),
            range: self.range.clone(),
            reversed: self.reversed,
            limit: self.limit,
            after: self.after.clone(),
            walk: Walk::New,
            next: PhantomData,
        }
    }
}

/// How far an iteration has come.
enum Walk {
    New,
    At(Box<Cursor>),
    Done,
}

impl<'a, K: Key, V, C: Codec<V>, N> Query<'a, K, V, C, N> {
    pub(crate) fn new(
        store: &'a GrainStore<K, V, C>,
        snapshot: Option<&'a Snapshot>,
        range: ByteRange,
    ) -> Self {
        let (prefix, walk, next) = (Vec::new(), Walk::New, PhantomData);
        let (reversed, limit, after) = (false, None, None);
        Self {
            store,
            snapshot,
            prefix,
            range,
            reversed,
            limit,
            after,
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
    /// to high, also over a descending component. Takes the place of a range given before.
    pub fn range<R>(mut self, range: R) -> Self
    where
        N: NextPart,
        R: KeyRange<N::Value>,
    {
        self.range = ByteRange::next::<N, R>(&self.prefix, &range);
        self
    }

    /// Only records whose component after the prefix, a text, begins with `text`. Takes the place
    /// of a range given before.
    pub fn starts_with(mut self, text: &<N::Value as TextPart>::Text) -> Self
    where
        N: NextPart<Value: TextPart>,
    {
        self.range = ByteRange::next_starting_with::<N>(&self.prefix, text);
        self
    }

    /// Against key order, from the last record to the first.
    #[allow(clippy::should_implement_trait)]
    pub fn rev(mut self) -> Self {
        self.reversed = !self.reversed;
        self
    }

    /// At most this many records. On a query with a limit already, the smaller one counts.
    pub fn limit(mut self, records: usize) -> Self {
        self.limit = Some(self.limit.map_or(records, |limit| limit.min(records)));
        self
    }

    /// Only records behind the last one of the page that `cursor` came with, in the direction of
    /// the query; whether that record is still there does not matter.
    pub fn after(mut self, cursor: &PageCursor) -> Self {
        self.after = Some(cursor.clone());
        self
    }

    /// How many records there are. Walks their keys; values are not touched.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`; `InvalidInput` where the page cursor is another query's.
    pub fn count(mut self) -> Result<u64> {
        let mut count = 0;
        while let Some(step) = self.step(|_, _| ()) {
            step?;
            count += 1;
        }
        Ok(count)
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
    pub fn page(mut self) -> Result<Page<K, V>> {
        let limit = *self.limit.get_or_insert(Page::<K, V>::LIMIT_DEFAULT);
        if limit == 0 {
            // Nothing was passed, so the next page is where this one was.
            let (items, next) = (Vec::new(), self.after);
            return Ok(Page { items, next });
        }
        // One more than asked for, to know whether there is more.
        self.limit = Some(limit.saturating_add(1));
        let (mut items, mut next, mut last_key) = (Vec::new(), None, Vec::new());
        let store = self.store;
        loop {
            let step = self.step(|key, cursor| (decode_entry(store, key, cursor), key.to_vec()));
            let Some(step) = step else { break };
            let (entry, key) = step?;
            let entry = entry?;
            if items.len() == limit {
                next = Some(PageCursor::new(self.fingerprint(), &last_key));
                break;
            }
            items.push(entry);
            last_key = key;
        }
        Ok(Page { items, next })
    }

    /// Takes a step and calls `look` with the engine key and the cursor standing on the record.
    pub(crate) fn step<R>(&mut self, look: impl FnOnce(&[u8], &Cursor) -> R) -> Option<Result<R>> {
        if self.limit == Some(0) {
            self.walk = Walk::Done;
        }
        let moved = match &mut self.walk {
            Walk::Done => return None,
            Walk::New => self.start(),
            Walk::At(cursor) if self.reversed => cursor.prev(),
            Walk::At(cursor) => cursor.next(),
        };
        if let Err(error) = moved {
            self.walk = Walk::Done;
            return Some(Err(error));
        }
        match &self.walk {
            Walk::At(cursor) if cursor.valid() => {
                self.limit = self.limit.map(|limit| limit - 1);
                Some(Ok(look(cursor.key(), cursor)))
            }
            _ => {
                self.walk = Walk::Done;
                None
            }
        }
    }

    /// Up to `most` more rows, and the cursor behind the last of them where there may be more.
    #[cfg(feature = "tokio")]
    pub(crate) fn rows<R>(
        &mut self,
        most: usize,
        look: impl Fn(&GrainStore<K, V, C>, &[u8], &Cursor) -> Result<R>,
    ) -> (Vec<Result<R>>, Option<PageCursor>) {
        let (mut rows, mut last_key) = (Vec::new(), Vec::new());
        let store = self.store;
        while rows.len() < most {
            let step = self.step(|key, cursor| {
                last_key.clear();
                last_key.extend_from_slice(key);
                look(store, key, cursor)
            });
            match step {
                None => return (rows, None),
                Some(Ok(row)) => rows.push(row),
                // An error of the engine is the last item.
                Some(Err(error)) => {
                    rows.push(Err(error));
                    return (rows, None);
                }
            }
        }
        (rows, Some(PageCursor::new(self.fingerprint(), &last_key)))
    }

    /// The query without its loans, to be taken up again on another thread.
    #[cfg(feature = "tokio")]
    pub(crate) fn into_owned(self) -> OwnedQuery<K, V, C, N> {
        OwnedQuery {
            store: self.store.clone(),
            snapshot: self.snapshot.cloned(),
            prefix: self.prefix,
            range: self.range,
            reversed: self.reversed,
            limit: self.limit,
            after: self.after,
            next: PhantomData,
        }
    }

    fn start(&mut self) -> Result<()> {
        let mut cursor = self.store.raw.cursor(self.snapshot, &self.range)?;
        match (&self.after, self.reversed) {
            (None, false) => cursor.seek_to_first()?,
            (None, true) => cursor.seek_to_last()?,
            (Some(after), reversed) => {
                let key = after.key_of(self.fingerprint())?;
                if reversed {
                    cursor.seek_before(key)?;
                } else {
                    cursor.seek(&[key, &[0]].concat())?;
                }
            }
        }
        self.walk = Walk::At(Box::new(cursor));
        Ok(())
    }

    /// What a page cursor is bound to: the store, the range and the direction.
    fn fingerprint(&self) -> u64 {
        let (lower, upper) = self.store.raw.bounds(&self.range);
        PageCursor::fingerprint(&lower, &upper, self.reversed)
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
            .field("range", &self.range)
            .field("reversed", &self.reversed)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
