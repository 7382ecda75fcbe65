//! A database whose methods are futures.

use super::async_store::AsyncStore;
use crate::codec::contract::Codec;
use crate::engine::maintenance::VerifyReport;
use crate::engine::snapshot::Snapshot;
use crate::engine::stats::EngineStats;
use crate::error::Result;
use crate::key::key_part::Key;
use crate::store::batch::Batch;
use crate::store::db::Db;
use crate::store::db_builder::DbBuilder;
use crate::store::grain_store::DefaultCodec;
use crate::store::store_builder::StoreBuilder;
use crate::sync::off_runtime;
use std::path::Path;

/// A [`Db`] as async methods, for the tasks of a tokio runtime.
///
/// Cheap to clone. The last handle to go, of either kind, closes the database on the thread that
/// drops it, which may wait for the disk; [`close`](Self::close) first, and it does not.
#[derive(Debug, Clone)]
pub struct AsyncDb {
    db: Db,
}

impl Db {
    /// The database as async methods.
    #[must_use]
    pub fn into_async(self) -> AsyncDb {
        AsyncDb { db: self }
    }
}

impl DbBuilder {
    /// Opens the database on a thread that may wait.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_async(self) -> Result<AsyncDb> {
        off_runtime(move || self.open()).await.map(Db::into_async)
    }
}

impl<K, V, C> StoreBuilder<K, V, C>
where
    K: Key + 'static,
    V: 'static,
    C: Codec<V>,
{
    /// Opens the store on a thread that may wait.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_async(self) -> Result<AsyncStore<K, V, C>> {
        let opened = off_runtime(move || self.open()).await;
        opened.map(crate::store::grain_store::GrainStore::into_async)
    }
}

impl AsyncDb {
    /// Opens the database in `dir` with safe defaults, creating it where there is none.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Db::builder(dir).open_async().await
    }

    /// The database below, whose methods wait on the thread that calls them.
    #[must_use]
    pub fn blocking(&self) -> &Db {
        &self.db
    }

    /// Runs `work` with the database on a thread that may wait: for what no method here does.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Db) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let db = self.db.clone();
        off_runtime(move || work(&db)).await
    }

    /// The store `name` with the default codec, made where there is none.
    ///
    /// # Errors
    /// As [`Db::store`].
    pub async fn store<K: Key + 'static, V: 'static>(
        &self,
        name: &str,
    ) -> Result<AsyncStore<K, V, DefaultCodec>>
    where
        DefaultCodec: Codec<V>,
    {
        self.db.grains(name).open_async().await
    }

    /// The store `name` with this codec, made where there is none.
    ///
    /// # Errors
    /// As [`Db::store_with`].
    pub async fn store_with<K: Key + 'static, V: 'static, C: Codec<V>>(
        &self,
        name: &str,
        codec: C,
    ) -> Result<AsyncStore<K, V, C>> {
        self.db.grains(name).codec(codec).open_async().await
    }

    /// An empty batch. Filling it waits for nobody but where a put keeps a lifetime or has a
    /// condition, which reads; such batches are made in [`run`](Self::run).
    pub fn batch(&self) -> Batch {
        self.db.batch()
    }

    /// Commits all writes of `batch` together.
    ///
    /// # Errors
    /// As [`Batch::commit`].
    pub async fn commit(&self, batch: Batch) -> Result<()> {
        off_runtime(move || batch.commit()).await
    }

    /// One commit point of every store.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.db.snapshot()
    }

    /// What the engine has done and what it holds.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        self.db.stats()
    }

    /// Writes what is in memory to tables.
    ///
    /// # Errors
    /// As [`Db::flush`].
    pub async fn flush(&self) -> Result<()> {
        self.run(Db::flush).await
    }

    /// Merges everything on disk.
    ///
    /// # Errors
    /// As [`Db::compact`].
    pub async fn compact(&self) -> Result<()> {
        self.run(Db::compact).await
    }

    /// Makes every write so far durable, whatever the durability chosen.
    ///
    /// # Errors
    /// As [`Db::sync`].
    pub async fn sync(&self) -> Result<()> {
        self.run(Db::sync).await
    }

    /// Reads every byte of every table and of the manifest and checks it.
    ///
    /// # Errors
    /// As [`Db::verify`].
    pub async fn verify(&self) -> Result<VerifyReport> {
        self.run(Db::verify).await
    }

    /// Makes a database of its own in `dir`, as of now.
    ///
    /// # Errors
    /// As [`Db::checkpoint`].
    pub async fn checkpoint(&self, dir: impl AsRef<Path>) -> Result<()> {
        let dir = dir.as_ref().to_owned();
        self.run(move |db| db.checkpoint(dir)).await
    }

    /// Closes the database. Stores opened from it give `Closed` from then on.
    ///
    /// # Errors
    /// As [`Db::close`].
    pub async fn close(&self) -> Result<()> {
        self.run(Db::close).await
    }
}
