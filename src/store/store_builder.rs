//! The options of a typed store.

use super::catalog::StoreDefinition;
use super::db::Db;
use super::grain_store::{DefaultCodec, GrainStore};
use super::index::Index;
use super::index_build::BuildProgress;
use super::index_open::DeclaredIndexes;
use super::migrations::Migrations;
use crate::codec::contract::Codec;
use crate::error::Result;
use crate::key::key_part::Key;
use crate::sync::Arc;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

/// The options of a store, and then the store.
///
/// ```
/// use grainstore::{Db, Json};
/// use std::time::Duration;
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-store-{}", std::process::id()));
/// # let db = Db::open(&dir)?;
/// let otps = db
///     .grains::<String, u32>("one-time passwords")
///     .codec(Json)
///     .default_ttl(Duration::from_secs(120))
///     .open()?;
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is opened"]
pub struct StoreBuilder<K, V, C> {
    db: Db,
    name: String,
    codec: C,
    default_ttl: Option<Duration>,
    indexes: DeclaredIndexes<V>,
    migrations: Migrations<V, C>,
    types: PhantomData<fn() -> (K, V)>,
}

impl Db {
    /// The store `name` with keys `K` and values `V`, in the default codec, made where there is
    /// none.
    ///
    /// # Errors
    /// `SchemaMismatch` where it was made with another key type or codec, `InvalidInput` where the
    /// name is empty, has a NUL or more than 255 bytes.
    pub fn store<K: Key, V: 'static>(&self, name: &str) -> Result<GrainStore<K, V>>
    where
        DefaultCodec: Codec<V>,
    {
        self.grains(name).open()
    }

    /// As [`store`](Self::store), with another codec.
    ///
    /// ```
    /// use grainstore::{Bincode, Db};
    /// # let dir = std::env::temp_dir().join(format!("grainstore-with-{}", std::process::id()));
    /// # let db = Db::open(&dir)?;
    /// let levels = db.store_with::<u32, (u8, u8), _>("levels", Bincode)?;
    /// levels.put(&7, &(1, 2))?;
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`store`](Self::store).
    pub fn store_with<K: Key, V: 'static, C: Codec<V>>(
        &self,
        name: &str,
        codec: C,
    ) -> Result<GrainStore<K, V, C>> {
        self.grains(name).codec(codec).open()
    }

    /// The options of a store: codec, lifetime of its records, schema of its values.
    pub fn grains<K: Key, V>(&self, name: &str) -> StoreBuilder<K, V, DefaultCodec> {
        StoreBuilder::new(self, name)
    }
}

impl<K: Key, V: 'static> GrainStore<K, V, DefaultCodec>
where
    DefaultCodec: Codec<V>,
{
    /// A database of its own in `dir` with one store in it: the short way where one is enough.
    ///
    /// # Errors
    /// As [`Db::open`](crate::Db::open) and [`Db::store`](crate::Db::store).
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Db::open(dir)?.store("main")
    }
}

impl<K, V, C> GrainStore<K, V, C> {
    /// The database that the store is in.
    #[must_use]
    pub fn db(&self) -> Db {
        let core = Arc::clone(&self.raw.db);
        Db { core }
    }
}

impl<K: Key, V, C: Default> StoreBuilder<K, V, C> {
    pub(crate) fn new(db: &Db, name: &str) -> Self {
        Self {
            db: db.clone(),
            name: name.to_owned(),
            codec: C::default(),
            default_ttl: None,
            indexes: DeclaredIndexes::default(),
            migrations: Migrations::none(),
            types: PhantomData,
        }
    }
}

impl<K: Key, V, C> StoreBuilder<K, V, C> {
    /// The codec of its values. Its identity is kept with the store and compared on every open.
    pub fn codec<D>(self, codec: D) -> StoreBuilder<K, V, D> {
        let Self {
            db,
            name,
            default_ttl,
            indexes,
            migrations,
            types,
            ..
        } = self;
        StoreBuilder {
            db,
            name,
            codec,
            default_ttl,
            indexes,
            migrations: migrations.for_codec(),
            types,
        }
    }

    /// The lifetime of its records that get none of their own. Default: the database's.
    pub fn default_ttl(mut self, ttl: Duration) -> Self {
        self.default_ttl = Some(ttl);
        self
    }

    /// A name and version for the type of its values, kept with the store: opening it later under
    /// another name or a lower version is an error. Every record remembers the version it was
    /// written under; [`migrate`](Self::migrate) says what becomes of older ones. A store that was
    /// made without one is at version 0, and can be given a name later.
    pub fn value_schema(mut self, name: &str, version: u32) -> Self {
        (self.migrations.schema, self.migrations.version) = (name.to_owned(), version);
        self
    }

    /// How a value written under version `from` becomes one of the current version: it is decoded
    /// as what it was then, an `Old`, by the codec of the store, and upgraded by `upgrade`.
    ///
    /// That happens wherever such a record is read, and writes nothing; the record is of the new
    /// version once it is written again, by an update or by
    /// [`migrate_all`](GrainStore::migrate_all). Every way of reading gets the upgraded value:
    /// `get`, queries, `lazy`, snapshots, `take`, and what `update` is given. So `upgrade` should
    /// be quick, do nothing but compute, and make the same of the same each time. One function
    /// each leads from an old version straight to the newest; functions of your own that lead
    /// from version to version can be called one after the other within it.
    ///
    /// A record of an older version without a migration is an error of that record
    /// (`SchemaMismatch`), and so is one of a newer version; where `upgrade` fails it is one of
    /// `Codec`, with its error as the source. Name the codec before the migrations.
    ///
    /// ```
    /// use grainstore::{Db, Result};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct SessionV1 { user: String, minutes: u64 }
    ///
    /// #[derive(Serialize, Deserialize, Debug, PartialEq)]
    /// struct Session { user: String, seconds: u64 }
    ///
    /// # let dir = std::env::temp_dir().join(format!("grainstore-migrate-{}", std::process::id()));
    /// # let db = Db::open(&dir)?;
    /// let old = db.grains::<u32, SessionV1>("sessions").value_schema("session", 1).open()?;
    /// old.put(&7, &SessionV1 { user: "ada".into(), minutes: 2 })?;
    ///
    /// let sessions = db
    ///     .grains::<u32, Session>("sessions")
    ///     .value_schema("session", 2)
    ///     .migrate(1, |old: SessionV1| -> Result<Session> {
    ///         Ok(Session { user: old.user, seconds: 60 * old.minutes })
    ///     })
    ///     .open()?;
    /// assert_eq!(sessions.get(&7)?, Some(Session { user: "ada".into(), seconds: 120 }));
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    pub fn migrate<Old, E>(
        mut self,
        from: u32,
        upgrade: impl Fn(Old) -> Result<V, E> + Send + Sync + 'static,
    ) -> Self
    where
        C: Codec<Old>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.migrations.add(from, upgrade);
        self
    }

    /// Values of version `version` and later read as they are: what changed since, the codec reads
    /// by itself, such as a field with `#[serde(default)]` in MessagePack or JSON.
    pub fn readable_since(mut self, version: u32) -> Self {
        self.migrations.readable_since(version);
        self
    }

    /// Opens the store with this index. A store that has records already gets it built before it
    /// opens, in commits of about a MiB; a crash in between leaves the store as it was.
    ///
    /// Where the version of the value schema has risen, it is built anew in the same way: a
    /// migration may have changed what it is of.
    ///
    /// A store is opened with all the indexes it has, every time: what is written without one of
    /// them would be missing in it.
    pub fn index<I, U>(mut self, index: &Index<V, I, U>) -> Self {
        let definition = Arc::clone(&index.definition);
        self.indexes.declared.push(definition);
        self
    }

    /// Lets go of the index `name`, where the store has it, before it opens: its entries are gone
    /// in one commit. Where an index of that name is declared as well, it is built anew.
    pub fn drop_index(mut self, name: &str) -> Self {
        self.indexes.dropped.push(name.to_owned());
        self
    }

    /// Calls `tell` while new indexes are built: at the beginning, after each commit, and at the
    /// end. `tell` must not open this store.
    pub fn on_progress(mut self, tell: impl FnMut(BuildProgress) + Send + 'static) -> Self {
        self.indexes.on_progress = Some(Box::new(tell));
        self
    }

    /// Opens the store, making it where there is none, and building the indexes it does not have.
    ///
    /// # Errors
    /// `SchemaMismatch` where it was made with another key type, codec or value schema, or has
    /// other indexes; `InvalidInput` where a name cannot be used, or where its indexes would change
    /// while another handle of it is live; `Duplicate` or `Codec` where an index cannot be built
    /// over the records there are (the store is then as it was), or where a migration has no use.
    pub fn open(self) -> Result<GrainStore<K, V, C>>
    where
        C: Codec<V>,
        V: 'static,
    {
        self.migrations.check(&self.name)?;
        let definition = StoreDefinition {
            kind: "grains".to_owned(),
            key_schema: K::schema(),
            codec: C::ID.to_owned(),
            value_schema: self.migrations.schema.clone(),
            value_schema_version: self.migrations.version,
        };
        let place = self.db.core.open_stores.place(&self.name);
        let mut turn = place.turn(&self.name);
        let raw = self
            .db
            .open_raw(&self.name, &definition, K::key_shape(), self.default_ttl)?;
        let store = GrainStore::new(raw, self.codec, self.migrations);
        let indexes = self.indexes.settle(&store, &turn)?;
        Ok(store.opened(turn.share(), indexes))
    }
}
