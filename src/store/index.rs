//! What an index is: a name, and how to get its keys out of a value.
//!
//! An [`Index`] is a description alone; it holds no data and belongs to no database. A store that
//! is opened with it keeps one entry per key and record, in the same commit as the record, and the
//! same description asks for them. The types of record, key and uniqueness are those of the
//! description, so that a wrong question does not compile.
//!
//! Any thread may use it; the function is called by whichever thread writes.

use crate::key::key_part::{KeyPart, KeyRef};
use crate::key::shape::Shape;
use crate::sync::Arc;
use std::fmt;
use std::marker::PhantomData;

/// An index may have many records under a key.
#[derive(Debug, Clone, Copy)]
pub enum Shared {}

/// An index has at most one record under a key.
#[derive(Debug, Clone, Copy)]
pub enum Unique {}

/// A second way to find the records of a store: by keys `I` that a function gets out of their
/// values `V`.
///
/// Cheap to clone. Declare it with [`StoreBuilder::index`](crate::StoreBuilder::index), ask with
/// [`GrainStore::by`](crate::GrainStore::by).
///
/// The function has to answer the same keys for the same value, always: entries are found again by
/// calling it on the old value. Where it changes, raise the [`version`](Self::version).
///
/// ```
/// use grainstore::{Db, Index};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Debug, PartialEq)]
/// struct User { email: String, city: String, tags: Vec<String> }
///
/// let by_city = Index::one("by_city", |user: &User| user.city.clone());
/// let by_tag = Index::many("by_tag", |user: &User| user.tags.clone());
/// let by_email = Index::unique("by_email", |user: &User| user.email.clone());
///
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-index-{}", std::process::id()));
/// # let db = Db::open(&dir)?;
/// let users = db
///     .grains::<u64, User>("users")
///     .index(&by_city)
///     .index(&by_tag)
///     .index(&by_email)
///     .open()?;
/// let (email, city) = ("ada@example.com".to_owned(), "London".to_owned());
/// users.put(&1, &User { email, city, tags: vec!["math".into()] })?;
///
/// for entry in users.by(&by_city).get("London") {
///     println!("{:?}", entry?.value);
/// }
/// let ada = users.by(&by_email).get_one("ada@example.com")?.unwrap();
/// assert_eq!((ada.key, ada.value.city.as_str()), (1, "London"));
///
/// let (email, city) = ("ada@example.com".to_owned(), "Oslo".to_owned());
/// let twice = users.put(&2, &User { email, city, tags: Vec::new() });
/// assert!(twice.unwrap_err().is_duplicate());
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
pub struct Index<V, I, U = Shared> {
    pub(crate) definition: Arc<IndexDefinition<V>>,
    types: PhantomData<fn() -> (I, U)>,
}

/// The keys of one value in one index, in their order and none twice.
pub(crate) type EncodedKeys = Vec<Vec<u8>>;

type Extract<V> = dyn Fn(&V, &mut EncodedKeys) + Send + Sync;

/// An index without the types of its keys.
pub(crate) struct IndexDefinition<V> {
    pub(crate) name: Box<str>,
    pub(crate) unique: bool,
    pub(crate) version: u32,
    /// What its keys look like.
    pub(crate) shape: Shape,
    extract: Arc<Extract<V>>,
}

impl<V> IndexDefinition<V> {
    /// The keys of `value`.
    pub(crate) fn keys(&self, value: &V) -> EncodedKeys {
        let mut keys = Vec::new();
        (self.extract)(value, &mut keys);
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Takes the keys of one value; see [`Index::each`].
#[derive(Debug)]
pub struct IndexKeys<'a, I> {
    keys: &'a mut EncodedKeys,
    types: PhantomData<fn(I)>,
}

impl<I: KeyPart> IndexKeys<'_, I> {
    /// Adds a key, in any form that can stand for one. The same key twice is one.
    pub fn add<Q: ?Sized + KeyRef<I>>(&mut self, key: &Q) {
        let mut bytes = Vec::new();
        key.encode(&mut bytes);
        self.keys.push(bytes);
    }
}

impl<V, I: KeyPart> Index<V, I, Shared> {
    /// An index in which every record has exactly one key.
    pub fn one(name: &str, key: impl Fn(&V) -> I + Send + Sync + 'static) -> Self {
        Self::new(name, false, move |value, keys| keys.add(&key(value)))
    }

    /// An index in which a record has any number of keys: a list of them, or an `Option`, with
    /// which a record without a key is not in the index.
    pub fn many<L: IntoIterator<Item = I>>(
        name: &str,
        keys: impl Fn(&V) -> L + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, false, move |value, out| add_all(keys(value), out))
    }

    /// As [`many`](Self::many) for keys that the record lends: nothing is cloned.
    ///
    /// ```
    /// use grainstore::{Index, IndexKeys};
    ///
    /// struct User { tags: Vec<String> }
    /// let by_tag = Index::each("by_tag", |user: &User, keys: &mut IndexKeys<'_, String>| {
    ///     user.tags.iter().for_each(|tag| keys.add(tag));
    /// });
    /// # let _: Index<User, String> = by_tag;
    /// ```
    pub fn each(
        name: &str,
        keys: impl Fn(&V, &mut IndexKeys<'_, I>) + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, false, keys)
    }
}

impl<V, I: KeyPart> Index<V, I, Unique> {
    /// An index in which every record has exactly one key, and no other record has it. A write that
    /// would give a record the key of another one fails with
    /// [`Duplicate`](crate::ErrorKind::Duplicate).
    pub fn unique(name: &str, key: impl Fn(&V) -> I + Send + Sync + 'static) -> Self {
        Self::new(name, true, move |value, keys| keys.add(&key(value)))
    }

    /// As [`unique`](Self::unique) with any number of keys for a record: a list of them, or an
    /// `Option`, with which records without a key do not stand in each other's way.
    pub fn unique_many<L: IntoIterator<Item = I>>(
        name: &str,
        keys: impl Fn(&V) -> L + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, true, move |value, out| add_all(keys(value), out))
    }
}

fn add_all<I: KeyPart>(keys: impl IntoIterator<Item = I>, out: &mut IndexKeys<'_, I>) {
    for key in keys {
        out.add(&key);
    }
}

impl<V, I: KeyPart, U> Index<V, I, U> {
    fn new(
        name: &str,
        unique: bool,
        keys: impl Fn(&V, &mut IndexKeys<'_, I>) + Send + Sync + 'static,
    ) -> Self {
        let extract = move |value: &V, out: &mut EncodedKeys| {
            let types = PhantomData;
            keys(value, &mut IndexKeys { keys: out, types });
        };
        let definition = IndexDefinition {
            name: name.into(),
            unique,
            version: 0,
            shape: I::shape(),
            extract: Arc::new(extract),
        };
        Self {
            definition: Arc::new(definition),
            types: PhantomData,
        }
    }
}

impl<V, I, U> Index<V, I, U> {
    /// The version of the function, kept with the store: raise it when the function comes to answer
    /// other keys. Opening a store whose index has another version is an error until the old index
    /// is let go with [`StoreBuilder::drop_index`](crate::StoreBuilder::drop_index), with which it
    /// is built anew. Default 0.
    #[must_use]
    pub fn version(self, version: u32) -> Self {
        let IndexDefinition {
            name,
            unique,
            shape,
            extract,
            ..
        } = &*self.definition;
        let definition = IndexDefinition {
            name: name.clone(),
            unique: *unique,
            version,
            shape: shape.clone(),
            extract: Arc::clone(extract),
        };
        Self {
            definition: Arc::new(definition),
            types: PhantomData,
        }
    }

    /// The name of the index.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }
}

impl<V, I, U> Clone for Index<V, I, U> {
    fn clone(&self) -> Self {
        Self {
            definition: Arc::clone(&self.definition),
            types: PhantomData,
        }
    }
}

impl<V, I, U> fmt::Debug for Index<V, I, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition.fmt(f)
    }
}

impl<V> fmt::Debug for IndexDefinition<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("name", &self.name)
            .field("unique", &self.unique)
            .field("version", &self.version)
            .field("keys", &self.shape.to_string())
            .finish_non_exhaustive()
    }
}
