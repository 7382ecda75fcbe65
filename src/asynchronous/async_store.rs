//! A typed store whose methods are futures.

use super::async_query::AsyncQuery;
use super::encoded_key::EncodedKey;
use crate::codec::contract::Codec;
use crate::error::Result;
use crate::key::key_part::{Key, KeyRef};
use crate::key::key_prefix::KeyPrefix;
use crate::key::key_range::KeyRange;
use crate::store::grain_store::{DefaultCodec, GrainStore};
use crate::store::lifetime::{Expiry, Ttl};
use crate::store::version::{Change, If, Version, Versioned};
use crate::sync::off_runtime;
use std::fmt;

/// A [`GrainStore`] as async methods, for the tasks of a tokio runtime.
///
/// Cheap to clone; the store it was made of stays usable beside it. Every method does what the
/// method of the same name does there, with its errors, and fails with `InvalidInput` outside of a
/// runtime. A write once polled commits, also where its future is dropped.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-async-{}", std::process::id()));
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// use grainstore::Ttl;
/// use grainstore::asynchronous::AsyncDb;
/// use std::time::Duration;
///
/// let db = AsyncDb::open(&dir).await?;
/// let sessions = db.store::<String, u32>("sessions").await?;
/// sessions.put_with("ada", 100, Ttl::After(Duration::from_secs(60))).await?;
/// assert_eq!(sessions.get("ada").await?, Some(100));
/// assert_eq!(sessions.iter().page().await?.items.len(), 1);
/// db.close().await
/// # })?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
pub struct AsyncStore<K, V, C = DefaultCodec> {
    store: GrainStore<K, V, C>,
}

impl<K, V, C> Clone for AsyncStore<K, V, C> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
        }
    }
}

impl<K, V, C> fmt::Debug for AsyncStore<K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncStore").field(&self.store).finish()
    }
}

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// The store as async methods.
    #[must_use]
    pub fn into_async(self) -> AsyncStore<K, V, C> {
        AsyncStore { store: self }
    }
}

impl<K, V, C> AsyncStore<K, V, C> {
    /// The store below, whose methods wait on the thread that calls them.
    #[must_use]
    pub fn blocking(&self) -> &GrainStore<K, V, C> {
        &self.store
    }
}

impl<K: Key + 'static, V: Send + 'static, C: Codec<V>> AsyncStore<K, V, C> {
    /// The name of the store.
    #[must_use]
    pub fn name(&self) -> &str {
        self.store.name()
    }

    /// Runs `work` with the store on a thread that may wait: for what no method here does.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&GrainStore<K, V, C>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let store = self.store.clone();
        off_runtime(move || work(&store)).await
    }

    /// As [`run`](Self::run), with a key.
    async fn with_key<Q: ?Sized + KeyRef<K>, R: Send + 'static>(
        &self,
        key: &Q,
        work: impl FnOnce(&GrainStore<K, V, C>, &EncodedKey<K>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let key = EncodedKey::new(key);
        self.run(move |store| work(store, &key)).await
    }

    /// The value under `key`.
    ///
    /// # Errors
    /// As [`GrainStore::get`].
    pub async fn get<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Option<V>> {
        self.with_key(key, move |store, key| store.get(key)).await
    }

    /// The value under `key` with its version and expiry.
    ///
    /// # Errors
    /// As [`GrainStore::get_versioned`].
    pub async fn get_versioned<Q: ?Sized + KeyRef<K>>(
        &self,
        key: &Q,
    ) -> Result<Option<Versioned<V>>> {
        self.with_key(key, move |store, key| store.get_versioned(key))
            .await
    }

    /// True where there is a record under `key`.
    ///
    /// # Errors
    /// As [`GrainStore::contains`].
    pub async fn contains<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<bool> {
        self.with_key(key, move |store, key| store.contains(key))
            .await
    }

    /// Puts `value` under `key` with the default lifetime.
    ///
    /// # Errors
    /// As [`GrainStore::put`].
    pub async fn put<Q: ?Sized + KeyRef<K>>(&self, key: &Q, value: V) -> Result<()> {
        self.with_key(key, move |store, key| store.put(key, &value))
            .await
    }

    /// Puts `value` under `key` with this lifetime.
    ///
    /// # Errors
    /// As [`GrainStore::put_with`].
    pub async fn put_with<Q: ?Sized + KeyRef<K>>(&self, key: &Q, value: V, ttl: Ttl) -> Result<()> {
        self.with_key(key, move |store, key| store.put_with(key, &value, ttl))
            .await
    }

    /// Puts `value` under `key` only where `condition` holds, keeping the lifetime; answers the
    /// new version.
    ///
    /// # Errors
    /// As [`GrainStore::put_if`].
    pub async fn put_if<Q: ?Sized + KeyRef<K>>(
        &self,
        key: &Q,
        value: V,
        condition: If,
    ) -> Result<Version> {
        self.with_key(key, move |store, key| store.put_if(key, &value, condition))
            .await
    }

    /// Removes the record under `key`, whether or not it is there.
    ///
    /// # Errors
    /// As [`GrainStore::delete`].
    pub async fn delete<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<()> {
        self.with_key(key, move |store, key| store.delete(key))
            .await
    }

    /// Removes the record under `key` only where `condition` holds; answers whether there was one.
    ///
    /// # Errors
    /// As [`GrainStore::delete_if`].
    pub async fn delete_if<Q: ?Sized + KeyRef<K>>(&self, key: &Q, condition: If) -> Result<bool> {
        self.with_key(key, move |store, key| store.delete_if(key, condition))
            .await
    }

    /// Removes the record under `key` and answers its value, as one step.
    ///
    /// # Errors
    /// As [`GrainStore::take`].
    pub async fn take<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Option<V>> {
        self.with_key(key, move |store, key| store.take(key)).await
    }

    /// The lifetime that the record under `key` has left.
    ///
    /// # Errors
    /// As [`GrainStore::ttl`].
    pub async fn ttl<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Expiry> {
        self.with_key(key, move |store, key| store.ttl(key)).await
    }

    /// Gives the record under `key` another lifetime; `false` where there is none.
    ///
    /// # Errors
    /// As [`GrainStore::touch`].
    pub async fn touch<Q: ?Sized + KeyRef<K>>(&self, key: &Q, ttl: Ttl) -> Result<bool> {
        self.with_key(key, move |store, key| store.touch(key, ttl))
            .await
    }

    /// Lets the record under `key` live for ever; `false` where there is none.
    ///
    /// # Errors
    /// As [`GrainStore::persist`].
    pub async fn persist<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<bool> {
        self.with_key(key, move |store, key| store.persist(key))
            .await
    }

    /// The values under `keys`, in their order, as of one moment.
    ///
    /// # Errors
    /// As [`GrainStore::get_many`].
    pub async fn get_many<'q, Q: ?Sized + KeyRef<K> + 'q>(
        &self,
        keys: impl IntoIterator<Item = &'q Q>,
    ) -> Result<Vec<Option<V>>> {
        let keys: Vec<_> = keys.into_iter().map(EncodedKey::new).collect();
        self.run(move |store| store.get_many(&keys)).await
    }

    /// Reads the record under `key`, lets `change` decide, and writes what it says, as one step;
    /// answers the version of the record that is there then. `change` runs on a thread that may
    /// wait, and again where somebody else writes the key meanwhile.
    ///
    /// # Errors
    /// As [`GrainStore::update`].
    pub async fn update<Q: ?Sized + KeyRef<K>>(
        &self,
        key: &Q,
        change: impl FnMut(Option<V>) -> Change<V> + Send + 'static,
    ) -> Result<Option<Version>> {
        self.with_key(key, move |store, key| store.update(key, change))
            .await
    }

    /// How many records there are. Walks their keys.
    ///
    /// # Errors
    /// As [`GrainStore::count`].
    pub async fn count(&self) -> Result<u64> {
        self.run(GrainStore::count).await
    }

    /// True where there is no record.
    ///
    /// # Errors
    /// As [`GrainStore::is_empty`].
    pub async fn is_empty(&self) -> Result<bool> {
        self.run(GrainStore::is_empty).await
    }

    /// How many records there are under `prefix`. Walks their keys.
    ///
    /// # Errors
    /// As [`GrainStore::count`].
    pub async fn count_prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Result<u64>
    where
        P::Next: 'static,
    {
        self.prefix(prefix).count().await
    }

    /// Removes every record under `prefix`, as one write.
    ///
    /// # Errors
    /// As [`GrainStore::delete_prefix`].
    pub async fn delete_prefix<P: KeyPrefix<K> + Send + 'static>(&self, prefix: P) -> Result<()> {
        self.run(move |store| store.delete_prefix(prefix)).await
    }

    /// Every record, in key order.
    pub fn iter(&self) -> AsyncQuery<'_, K, V, C, K> {
        AsyncQuery::new(self.store.iter())
    }

    /// The records whose keys lie in `range`, in key order.
    pub fn range<R: KeyRange<K>>(&self, range: R) -> AsyncQuery<'_, K, V, C, K> {
        AsyncQuery::new(self.store.range(range))
    }

    /// The records whose keys begin with these components, in key order.
    pub fn prefix<P: KeyPrefix<K>>(&self, prefix: P) -> AsyncQuery<'_, K, V, C, P::Next>
    where
        P::Next: 'static,
    {
        AsyncQuery::new(self.store.prefix(prefix))
    }
}
