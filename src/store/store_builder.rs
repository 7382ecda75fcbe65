//! The options of a typed store.

use super::catalog::StoreDefinition;
use super::db::Db;
use super::grain_store::GrainStore;
use crate::codec::contract::Codec;
use crate::error::Result;
use crate::key::key_part::Key;
use std::marker::PhantomData;
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
    value_schema: (String, u32),
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V, C: Default> StoreBuilder<K, V, C> {
    pub(crate) fn new(db: &Db, name: &str) -> Self {
        Self {
            db: db.clone(),
            name: name.to_owned(),
            codec: C::default(),
            default_ttl: None,
            value_schema: (String::new(), 0),
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
            value_schema,
            types,
            ..
        } = self;
        StoreBuilder {
            db,
            name,
            codec,
            default_ttl,
            value_schema,
            types,
        }
    }

    /// The lifetime of its records that get none of their own. Default: the database's.
    pub fn default_ttl(mut self, ttl: Duration) -> Self {
        self.default_ttl = Some(ttl);
        self
    }

    /// A name and version for the type of its values, kept with the store: opening it later under
    /// another name or a lower version is an error.
    pub fn value_schema(mut self, name: &str, version: u32) -> Self {
        self.value_schema = (name.to_owned(), version);
        self
    }

    /// Opens the store, making it where there is none.
    ///
    /// # Errors
    /// `SchemaMismatch` where it was made with another key type, codec or value schema;
    /// `InvalidInput` where its name cannot be used.
    pub fn open(self) -> Result<GrainStore<K, V, C>>
    where
        C: Codec<V>,
    {
        let (value_schema, value_schema_version) = self.value_schema;
        let definition = StoreDefinition {
            kind: "grains".to_owned(),
            key_schema: K::schema(),
            codec: C::ID.to_owned(),
            value_schema,
            value_schema_version,
        };
        let raw = self
            .db
            .open_raw(&self.name, &definition, self.default_ttl)?;
        Ok(GrainStore::new(raw, self.codec, value_schema_version))
    }
}
