//! What of a store to watch, and how much may wait.

use super::bytes_store::BytesStore;
use super::grain_store::GrainStore;
use super::u32_store::U32Store;
use super::watch::Watch;
use super::watch_store::WatchStore;
use crate::codec::contract::Codec;
use crate::engine::watch_event::WatchOptions;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::Key;
use crate::key::key_prefix::KeyPrefix;
use crate::key::key_range::KeyRange;

/// The options of a watch, and then the watch.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-wb-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let scores = db.u32_store("scores")?;
/// let mut watch = scores.watch().range(10..20).capacity_events(64).open()?;
/// scores.put(9, 1)?;
/// assert!(watch.try_next().is_none());
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is opened"]
pub struct WatchBuilder<S> {
    store: S,
    range: ByteRange,
    options: WatchOptions,
}

impl<S: WatchStore> WatchBuilder<S> {
    pub(crate) fn new(store: &S) -> Self {
        Self {
            store: store.clone(),
            range: ByteRange::all(),
            options: WatchOptions::new().mark(S::version),
        }
    }

    /// Only records whose keys begin with these components. Takes the place of a range.
    pub fn prefix<P: KeyPrefix<S::Key>>(mut self, prefix: P) -> Self {
        self.range = ByteRange::prefix::<S::Key, P>(&prefix);
        self
    }

    /// Only records whose keys lie in `range`. Takes the place of a prefix.
    pub fn range<R: KeyRange<S::Key>>(mut self, range: R) -> Self {
        self.range = ByteRange::keys(&range);
        self
    }

    /// How many events may wait; at least 1. A batch with more in the watched range than fit is
    /// missed whole. Default 8,192.
    pub fn capacity_events(mut self, events: usize) -> Self {
        self.options = self.options.capacity_events(events);
        self
    }

    /// How many bytes of waiting events, counting encoded keys and values and 64 bytes for each.
    /// Default 8 MiB.
    pub fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.options = self.options.capacity_bytes(bytes);
        self
    }

    /// How many records that will expire are followed at the same time; 0 for none, which also
    /// spares the walk over the keys at the start. Default 65,536.
    pub fn capacity_expiries(mut self, records: usize) -> Self {
        self.options = self.options.capacity_expiries(records);
        self
    }

    /// Begins to watch.
    ///
    /// # Errors
    /// `Closed`.
    pub fn open(self) -> Result<Watch<S>> {
        Watch::begin(self.store, &self.range, self.options)
    }
}

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// The options of a watch: what of the store, and how much may wait.
    pub fn watch(&self) -> WatchBuilder<Self> {
        WatchBuilder::new(self)
    }

    /// Follows every commit to the store, and what expires, from now on.
    ///
    /// # Errors
    /// `Closed`.
    pub fn watch_all(&self) -> Result<Watch<Self>> {
        self.watch().open()
    }

    /// Follows every commit to the records whose keys begin with these components, and what of
    /// them expires, from now on.
    ///
    /// # Errors
    /// `Closed`.
    pub fn watch_prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Result<Watch<Self>> {
        self.watch().prefix(prefix).open()
    }
}

impl U32Store {
    /// The options of a watch: which keys, and how much may wait.
    pub fn watch(&self) -> WatchBuilder<Self> {
        WatchBuilder::new(self)
    }

    /// Follows every commit to the store, and what expires, from now on.
    ///
    /// # Errors
    /// `Closed`.
    pub fn watch_all(&self) -> Result<Watch<Self>> {
        self.watch().open()
    }
}

impl BytesStore {
    /// The options of a watch: which keys, and how much may wait.
    pub fn watch(&self) -> WatchBuilder<Self> {
        WatchBuilder::new(self)
    }

    /// Follows every commit to the store, and what expires, from now on.
    ///
    /// # Errors
    /// `Closed`.
    pub fn watch_all(&self) -> Result<Watch<Self>> {
        self.watch().open()
    }

    /// Follows every commit to the keys that begin with `prefix`, and what of them expires, from
    /// now on.
    ///
    /// # Errors
    /// `Closed`.
    pub fn watch_prefix(&self, prefix: impl AsRef<[u8]>) -> Result<Watch<Self>> {
        self.watch().prefix(prefix.as_ref()).open()
    }
}
