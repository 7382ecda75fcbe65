//! Asking a store by one of its indexes.

use super::entry::Entry;
use super::grain_store::GrainStore;
use super::index::{Index, Unique};
use super::index_query::{Asked, IndexQuery, asked};
use super::store_at::StoreAt;
use crate::codec::contract::Codec;
use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::{Key, KeyPart, KeyRef};
use crate::key::key_prefix::{KeyPrefix, NothingFollows};
use crate::key::key_range::KeyRange;
use crate::sync::Arc;
use std::fmt;
use std::marker::PhantomData;

/// A store seen through one of its indexes.
///
/// Look-ups take whatever encodes as an index key: `&str` for a `String`, a tuple of its fields for
/// a derived key. A key of another type does not compile.
///
/// ```
/// # use grainstore::{Db, Index};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-by-{}", std::process::id()));
/// # let db = Db::open(&dir)?;
/// // Orders, by the day they are due and then by weight.
/// let by_due = Index::one("by_due", |order: &(u32, u16)| (order.0, order.1));
/// let orders = db.grains::<u64, (u32, u16)>("orders").index(&by_due).open()?;
/// for id in 0..10 {
///     orders.put(&id, &(20_261_100 + id as u32 % 2, id as u16 * 10))?;
/// }
/// let first_day = orders.by(&by_due).prefix((20_261_100u32,));
/// assert_eq!(first_day.count()?, 5);
/// let heavy = orders.by(&by_due).prefix((20_261_100u32,)).range(40..).rev().limit(2);
/// let ids: Vec<u64> = heavy.map(|e| e.map(|e| e.key)).collect::<Result<_, _>>()?;
/// assert_eq!(ids, [8, 6]);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[must_use = "this is a question not asked yet"]
pub struct ByIndex<'a, K, V, C, I, U> {
    store: &'a GrainStore<K, V, C>,
    index: Asked<'a, V>,
    snapshot: Option<&'a Snapshot>,
    types: PhantomData<fn() -> (I, U)>,
}

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// The store seen through `index`, with which it was opened; where it was not, every question
    /// is answered by `InvalidInput`.
    pub fn by<I: KeyPart, U>(&self, index: &Index<V, I, U>) -> ByIndex<'_, K, V, C, I, U> {
        ByIndex::new(self, index, None)
    }
}

impl<'a, K: Key, V, C: Codec<V>> StoreAt<'a, K, V, C> {
    /// The store seen through `index`, as the snapshot sees it; see [`GrainStore::by`].
    pub fn by<I: KeyPart, U>(&self, index: &Index<V, I, U>) -> ByIndex<'a, K, V, C, I, U> {
        ByIndex::new(self.store, index, Some(self.snapshot))
    }
}

impl<'a, K: Key, V, C: Codec<V>, I: KeyPart, U> ByIndex<'a, K, V, C, I, U> {
    fn new(
        store: &'a GrainStore<K, V, C>,
        index: &Index<V, I, U>,
        snapshot: Option<&'a Snapshot>,
    ) -> Self {
        let set = store.indexes.as_ref();
        let found = set.and_then(|set| set.find(&index.definition));
        Self {
            store,
            index: found.ok_or_else(|| Arc::clone(&index.definition)),
            snapshot,
            types: PhantomData,
        }
    }

    /// The same as `snapshot` sees it.
    pub fn at<'s>(&self, snapshot: &'s Snapshot) -> ByIndex<'s, K, V, C, I, U>
    where
        'a: 's,
    {
        ByIndex {
            store: self.store,
            index: self.index.clone(),
            snapshot: Some(snapshot),
            types: PhantomData,
        }
    }

    /// Every entry, in the order of the index.
    pub fn iter(&self) -> IndexQuery<'a, K, V, C, I, I> {
        self.query((Vec::new(), ByteRange::all()))
    }

    /// The records whose index key is `key`, in the order of their own keys.
    pub fn get<Q: ?Sized + KeyRef<I>>(
        &self,
        key: &Q,
    ) -> IndexQuery<'a, K, V, C, I, NothingFollows> {
        let mut prefix = Vec::new();
        key.encode(&mut prefix);
        let range = ByteRange::starting_with(prefix.clone());
        self.query((prefix, range))
    }

    /// The records whose index keys lie in `range`.
    pub fn range<R: KeyRange<I>>(&self, range: R) -> IndexQuery<'a, K, V, C, I, I> {
        self.query((Vec::new(), ByteRange::next::<I, R>(&[], &range)))
    }

    /// The records whose index keys begin with these components. A prefix of the wrong type or
    /// order does not compile.
    pub fn prefix<P: KeyPrefix<I>>(&self, prefix: P) -> IndexQuery<'a, K, V, C, I, P::Next> {
        let mut bytes = Vec::new();
        prefix.encode_prefix(&mut bytes);
        let range = ByteRange::starting_with(bytes.clone());
        self.query((bytes, range))
    }

    /// True where a record has the index key `key`. Records are not touched.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn contains<Q: ?Sized + KeyRef<I>>(&self, key: &Q) -> Result<bool> {
        Ok(self.get(key).limit(1).count()? > 0)
    }

    /// How many entries there are: records, each as often as it has keys. Walks the entries;
    /// records are not touched.
    ///
    /// # Errors
    /// `Corruption`, `Io`, `Closed`; `InvalidInput` where the store was opened without the index.
    pub fn count(&self) -> Result<u64> {
        self.iter().count()
    }

    fn query<N>(&self, range: (Vec<u8>, ByteRange)) -> IndexQuery<'a, K, V, C, I, N> {
        IndexQuery::new(self.store, self.index.clone(), self.snapshot, range)
    }
}

impl<K: Key, V, C: Codec<V>, I: KeyPart> ByIndex<'_, K, V, C, I, Unique> {
    /// The record whose index key is `key`; two look-ups.
    ///
    /// # Errors
    /// `Codec` where it cannot be decoded; `Corruption` where it is not there though the index
    /// names it; `Io`, `Closed`; `InvalidInput` where the store was opened without the index.
    pub fn get_one<Q: ?Sized + KeyRef<I>>(&self, key: &Q) -> Result<Option<Entry<K, V>>> {
        let index = asked(self.store, &self.index)?;
        let own = self.snapshot.is_none();
        // Both look-ups are of one commit point.
        let own = own.then(|| self.store.raw.db.engine.snapshot());
        let snapshot = self.snapshot.or(own.as_ref());
        let look = |primary: &[u8], _| [self.store.raw.keyspace.bytes(), primary].concat();
        let (found, entry) = index.raw.with_key(key, |entry| {
            let found = index.raw.look_up(snapshot, entry, look);
            (found, index.raw.keyspace.strip(entry).to_vec())
        });
        let Some(primary) = found?.0 else {
            return Ok(None);
        };
        let typed = super::query::decode_key(self.store, &primary)?;
        match self.store.found(snapshot, &primary)?.0 {
            Some(found) => Ok(Some(found.into_entry(typed))),
            None => {
                let primary = self.store.raw.keyspace.strip(&primary);
                let what = "the index names a record that is not there";
                Err(index.disagreement(&entry, primary, what))
            }
        }
    }
}

impl<K, V, C, I, U> fmt::Debug for ByIndex<'_, K, V, C, I, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByIndex")
            .field("store", self.store)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
