//! Asking an index for many records.
//!
//! A query is an iterator over the entries of the index, and reads each entry's record at the same
//! commit point, that of a snapshot it takes at its first step where it was given none. Where only
//! keys are asked for, no record is touched. A record that cannot be decoded is an error of its own
//! row; an error of the engine is the last item.

use super::entry::{Entry, Found};
use super::grain_store::GrainStore;
use super::index::IndexDefinition;
use super::index_set::LiveIndex;
use super::page::{Page, PageCursor};
use super::walk::Walk;
use crate::codec::contract::Codec;
use crate::engine::cursor::Cursor;
use crate::engine::snapshot::Snapshot;
use crate::error::{Error, ErrorKind, Result};
use crate::key::byte_range::ByteRange;
use crate::key::key_error::KeyError;
use crate::key::key_part::{Key, KeyPart};
use crate::key::key_prefix::{NextPart, TextPart};
use crate::key::key_range::KeyRange;
use crate::key::key_reader::KeyReader;
use crate::sync::Arc;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

/// An index of a store, or the description of one that the store does not have.
pub(crate) type Asked<'a, V> = Result<&'a LiveIndex<V>, Arc<IndexDefinition<V>>>;

/// Records of a store in the order of an index, or with [`rev`](Self::rev) against it; records of
/// one index key in the order of their own.
///
/// `I` is the type of the index's keys, `N` the component that follows the prefix asked for; it
/// types the bounds of [`range`](Self::range). A record that has several keys in the index comes up
/// under each of them.
#[must_use = "a query does nothing until it is iterated"]
pub struct IndexQuery<'a, K, V, C, I, N = I> {
    store: &'a GrainStore<K, V, C>,
    index: Asked<'a, V>,
    snapshot: Option<&'a Snapshot>,
    /// Taken at the first step where none was given and records are read.
    own: Option<Snapshot>,
    /// The bytes of the prefix, which `range` bounds the next component of.
    prefix: Vec<u8>,
    walk: Walk,
    types: PhantomData<fn() -> (I, N)>,
}

impl<'a, K: Key, V, C: Codec<V>, I: KeyPart, N> IndexQuery<'a, K, V, C, I, N> {
    pub(crate) fn new(
        store: &'a GrainStore<K, V, C>,
        index: Asked<'a, V>,
        snapshot: Option<&'a Snapshot>,
        (prefix, range): (Vec<u8>, ByteRange),
    ) -> Self {
        Self {
            store,
            index,
            snapshot,
            own: None,
            prefix,
            walk: Walk::new(range),
            types: PhantomData,
        }
    }

    /// Only records whose component of the index key after the prefix lies in `range`. The bounds
    /// are values, low to high, also over a descending component. Takes the place of a range given
    /// before.
    pub fn range<R>(mut self, range: R) -> Self
    where
        N: NextPart,
        R: KeyRange<N::Value>,
    {
        self.walk.range = ByteRange::next::<N, R>(&self.prefix, &range);
        self
    }

    /// Only records whose component of the index key after the prefix, a text, begins with `text`.
    /// Takes the place of a range given before.
    pub fn starts_with(mut self, text: &<N::Value as TextPart>::Text) -> Self
    where
        N: NextPart<Value: TextPart>,
    {
        self.walk.range = ByteRange::next_starting_with::<N>(&self.prefix, text);
        self
    }

    /// Against the order of the index, from the last entry to the first.
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

    /// The keys alone: of the index and of the record. Records are not touched.
    pub fn keys(self) -> KeysByIndex<'a, K, V, C, I, N> {
        KeysByIndex(self)
    }

    /// How many entries there are. Records are not touched.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`; `InvalidInput` where the store was opened without the index,
    /// or the page cursor is another query's.
    pub fn count(self) -> Result<u64> {
        let index = asked(self.store, &self.index)?;
        self.walk.count((&index.raw, self.snapshot))
    }

    /// The records up to the [`limit`](Self::limit) (50 without one), and the cursor to go on from
    /// where there are more.
    ///
    /// # Errors
    /// Of the first record that cannot be read; as [`count`](Self::count).
    pub fn page(mut self) -> Result<Page<K, V>> {
        self.pin();
        let index = asked(self.store, &self.index)?;
        let (store, snapshot) = (self.store, self.snapshot.or(self.own.as_ref()));
        let read = |cursor: &Cursor| record::<K, V, C, I>((store, index), snapshot, cursor)?;
        let (items, next) = self.walk.page((&index.raw, snapshot), read)?;
        Ok(Page { items, next })
    }

    /// Makes sure of a snapshot, so that entries and records are of one commit point.
    fn pin(&mut self) {
        if self.snapshot.is_none() && self.own.is_none() {
            self.own = Some(self.store.raw.db.engine.snapshot());
        }
    }

    /// Takes a step and calls `look` with the cursor standing on the entry. An error of `look` ends
    /// the walk.
    fn step<R>(
        &mut self,
        look: impl FnOnce(&LiveIndex<V>, Option<&Snapshot>, &Cursor) -> Result<R>,
    ) -> Option<Result<R>> {
        let index = match asked(self.store, &self.index) {
            Ok(index) => index,
            Err(error) => {
                // Told once: there is nothing to walk.
                let told = std::mem::replace(&mut self.walk, Walk::ended());
                return (!told.has_ended()).then_some(Err(error));
            }
        };
        let snapshot = self.snapshot.or(self.own.as_ref());
        let look = |cursor: &Cursor| look(index, snapshot, cursor);
        let step = self.walk.step((&index.raw, snapshot), look)?;
        let step = step.flatten();
        if step.is_err() {
            self.walk.end();
        }
        Some(step)
    }
}

/// The index asked for; an error where the store was opened without it.
pub(crate) fn asked<'a, K, V, C>(
    store: &GrainStore<K, V, C>,
    index: &Asked<'a, V>,
) -> Result<&'a LiveIndex<V>> {
    index.as_ref().copied().map_err(|wanted| {
        let text = format!(
            "the store {:?} was opened without the index {:?}; declare it with StoreBuilder::index",
            store.raw.name, wanted.name
        );
        Error::new(ErrorKind::InvalidInput, text)
    })
}

/// The index key of the entry that `cursor` stands on, and the key of its record, without its
/// keyspace.
fn split<'c, V, I: KeyPart>(index: &LiveIndex<V>, cursor: &'c Cursor) -> Result<(I, &'c [u8])> {
    let entry = index.raw.keyspace.strip(cursor.key());
    let mut reader = KeyReader::new(entry);
    let decoded = I::decode(&mut reader).map_err(|error| key_error(index, entry, error))?;
    let rest = entry.get(reader.offset()..).unwrap_or_default();
    Ok((
        decoded,
        if index.definition.unique {
            cursor.value()
        } else {
            rest
        },
    ))
}

#[cold]
fn key_error<V>(index: &LiveIndex<V>, entry: &[u8], error: KeyError) -> Error {
    let text = format!("{}: the key of an entry", index.place(entry));
    Error::caused(ErrorKind::Codec, text, error)
}

fn primary_key<K: Key, V>(index: &LiveIndex<V>, entry: &[u8], primary: &[u8]) -> Result<K> {
    K::decode_key(primary).map_err(|error| key_error(index, entry, error))
}

/// The record of the entry that `cursor` stands on. The outer error is the engine's, or that index
/// and store do not agree; the inner one is the row's.
fn record<K: Key, V, C: Codec<V>, I: KeyPart>(
    (store, index): (&GrainStore<K, V, C>, &LiveIndex<V>),
    snapshot: Option<&Snapshot>,
    cursor: &Cursor,
) -> Result<Result<Entry<K, V>>> {
    let entry = index.raw.keyspace.strip(cursor.key());
    let primary = match split::<V, I>(index, cursor) {
        Ok((_, primary)) => primary,
        Err(error) => return Ok(Err(error)),
    };
    let key = [store.raw.keyspace.bytes(), primary].concat();
    let (found, _) = store.found_row(snapshot, &key)?;
    match found {
        None => {
            Err(index.disagreement(entry, primary, "the index names a record that is not there"))
        }
        Some(found) => Ok(found
            .and_then(|found: Found<V>| Ok(found.into_entry(primary_key(index, entry, primary)?)))),
    }
}

impl<K: Key, V, C: Codec<V>, I: KeyPart, N> Iterator for IndexQuery<'_, K, V, C, I, N> {
    type Item = Result<Entry<K, V>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pin();
        let store = self.store;
        self.step(|index, snapshot, cursor| record::<K, V, C, I>((store, index), snapshot, cursor))
            .map(Result::flatten)
    }
}

impl<K: Key, V, C: Codec<V>, I: KeyPart, N> FusedIterator for IndexQuery<'_, K, V, C, I, N> {}

impl<K, V, C, I, N> fmt::Debug for IndexQuery<'_, K, V, C, I, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexQuery")
            .field("store", self.store)
            .field("index", &self.index)
            .field("walk", &self.walk)
            .finish_non_exhaustive()
    }
}

/// The keys of an index query: pairs of index key and key of the record. Records are not touched.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct KeysByIndex<'a, K, V, C, I, N = I>(IndexQuery<'a, K, V, C, I, N>);

impl<K: Key, V, C: Codec<V>, I: KeyPart, N> Iterator for KeysByIndex<'_, K, V, C, I, N> {
    type Item = Result<(I, K)>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.0.step(|index, _, cursor| {
            let pair = split::<V, I>(index, cursor).and_then(|(key, primary)| {
                let entry = index.raw.keyspace.strip(cursor.key());
                Ok((key, primary_key(index, entry, primary)?))
            });
            Ok(pair)
        });
        step.map(Result::flatten)
    }
}

impl<K: Key, V, C: Codec<V>, I: KeyPart, N> FusedIterator for KeysByIndex<'_, K, V, C, I, N> {}
