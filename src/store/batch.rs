//! Writes to several stores that commit together.

use super::batch_store::{BatchStore, sealed};
use super::condition;
use super::db_core::DbCore;
use super::lifetime::Ttl;
use super::raw_store::RawStore;
use super::stage::{Overlay, Stage};
use super::version::If;
use crate::engine::snapshot::Snapshot;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::key::byte_range::ByteRange;
use crate::key::key_part::KeyRef;
use crate::key::key_prefix::KeyPrefix;
use crate::key::key_range::KeyRange;
use crate::sync::Arc;

/// Puts and deletes in any stores of one database that take effect together or not at all, also
/// after a crash.
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-batch-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let hp = db.store::<String, u32>("hp")?;
/// let scores = db.u32_store("scores")?;
/// let mut batch = db.batch();
/// batch.put(&hp, "ada", &100)?;
/// batch.put(&scores, &7u32, &1)?;
/// batch.delete(&hp, "bob")?;
/// batch.commit()?;
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a batch does nothing until it is committed"]
pub struct Batch {
    db: Arc<DbCore>,
    writes: WriteBatch,
    /// What the batch looks at: conditions, and what indexes have to know. From before its first
    /// look, so that the commit can tell what was written since.
    since: Option<Snapshot>,
    overlay: Overlay,
}

impl Batch {
    pub(crate) fn new(db: Arc<DbCore>) -> Self {
        Self {
            db,
            writes: WriteBatch::new(),
            since: None,
            overlay: Overlay::default(),
        }
    }

    /// Puts `value` under `key` of `store`, with the default lifetime.
    ///
    /// # Errors
    /// `Codec` where the value cannot be encoded, `TooLarge`, `InvalidInput` where the store is of
    /// another database; in a store with indexes also `Duplicate`, and `Codec` where the value that
    /// is there cannot be decoded. The batch is then as it was before.
    pub fn put<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        value: &S::Value,
    ) -> Result<()> {
        self.put_with(store, key, value, Ttl::Default)
    }

    /// Puts `value` under `key` of `store`, with this lifetime. [`Ttl::Keep`] reads the lifetime
    /// now, and the commit fails with `Conflict` where the record is written in between.
    ///
    /// # Errors
    /// As [`put`](Self::put); `Corruption` or `Io` where a kept lifetime cannot be read.
    pub fn put_with<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        value: &S::Value,
        ttl: Ttl,
    ) -> Result<()> {
        let raw = self.checked(store)?;
        self.look_from_now(ttl == Ttl::Keep || store.looks());
        raw.with_key(key, |key| {
            self.append(|stage| store.append_put(&mut sealed::Staged(stage), key, value, ttl))
        })
    }

    /// Puts `value` under `key` of `store` where `condition` holds, keeping the lifetime of the
    /// record that is there.
    ///
    /// The condition is one of the record before the batch: what the batch itself writes does not
    /// count. It is looked at now, as of the first look of the batch, and the commit fails with
    /// `Conflict` where somebody else writes the record in between.
    ///
    /// ```
    /// use grainstore::If;
    /// # let dir = std::env::temp_dir().join(format!("grainstore-doc-bif-{}", std::process::id()));
    /// # let db = grainstore::Db::open(&dir)?;
    /// let gold = db.store::<String, u32>("gold")?;
    /// let swords = db.store::<u32, String>("swords")?;
    /// gold.put("ada", &10)?;
    /// let seen = gold.get_versioned("ada")?.unwrap();
    ///
    /// let mut batch = db.batch();
    /// batch.put_if(&gold, "ada", &(seen.value - 7), If::Version(seen.version))?;
    /// batch.put_if(&swords, &1, &"ada".into(), If::Absent)?;
    /// gold.put("ada", &3)?; // somebody else
    /// assert!(batch.commit().unwrap_err().is_conflict());
    /// assert!(swords.is_empty()?);
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Conflict` where the condition does not hold now; `InvalidInput` where it names a version
    /// and the store keeps none (`U32Store`, `BytesStore`); else as [`put`](Self::put).
    pub fn put_if<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        value: &S::Value,
        condition: If,
    ) -> Result<()> {
        self.put_if_with(store, key, value, condition, Ttl::Keep)
    }

    /// As [`put_if`](Self::put_if), with this lifetime.
    ///
    /// # Errors
    /// As [`put_if`](Self::put_if).
    pub fn put_if_with<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        value: &S::Value,
        condition: If,
        ttl: Ttl,
    ) -> Result<()> {
        self.append_if(store, key, condition, |stage, key| {
            store.append_put(&mut sealed::Staged(stage), key, value, ttl)
        })
    }

    /// Removes the record under `key` of `store`, whether or not it is there.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
    ) -> Result<()> {
        let raw = self.checked(store)?;
        self.look_from_now(store.looks());
        raw.with_key(key, |key| {
            self.append(|stage| store.append_delete(&mut sealed::Staged(stage), key))
        })
    }

    /// Removes the record under `key` of `store` where `condition` holds, as
    /// [`put_if`](Self::put_if) puts one.
    ///
    /// # Errors
    /// As [`put_if`](Self::put_if).
    pub fn delete_if<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        condition: If,
    ) -> Result<()> {
        self.append_if(store, key, condition, |stage, key| {
            store.append_delete(&mut sealed::Staged(stage), key)
        })
    }

    /// Makes the batch depend on `condition` without writing the record under `key` of `store`. A
    /// batch that only requires writes nothing, and its commit tells whether all still holds.
    ///
    /// # Errors
    /// As [`put_if`](Self::put_if).
    pub fn require<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        condition: If,
    ) -> Result<()> {
        self.append_if(store, key, condition, |_, _| Ok(()))
    }

    /// Appends what `write` does under the engine key, guarded by `condition`.
    fn append_if<S: BatchStore, Q: ?Sized + KeyRef<S::Key>>(
        &mut self,
        store: &S,
        key: &Q,
        condition: If,
        write: impl FnOnce(&mut Stage<'_>, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let raw = self.checked(store)?;
        self.look_from_now(true);
        raw.with_key(key, |key| {
            self.append(|stage| {
                require(stage, store, key, condition)?;
                write(stage, key)
            })
        })
    }

    /// Removes every record of `store` under `prefix`. In a store with indexes each of them is
    /// read, and the commit fails with `Conflict` where somebody else writes under the prefix in
    /// between.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete_prefix<S: BatchStore, P: KeyPrefix<S::Key>>(
        &mut self,
        store: &S,
        prefix: P,
    ) -> Result<()> {
        self.delete_bytes(store, &ByteRange::prefix::<S::Key, P>(&prefix))
    }

    /// Removes every record of `store` whose key lies in `range`, as
    /// [`delete_prefix`](Self::delete_prefix) does those under a prefix.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn delete_range<S: BatchStore, R: KeyRange<S::Key>>(
        &mut self,
        store: &S,
        range: R,
    ) -> Result<()> {
        self.delete_bytes(store, &ByteRange::keys::<S::Key, R>(&range))
    }

    fn delete_bytes<S: BatchStore>(&mut self, store: &S, range: &ByteRange) -> Result<()> {
        self.checked(store)?;
        self.look_from_now(store.looks());
        self.append(|stage| store.append_delete_range(&mut sealed::Staged(stage), range))
    }

    /// Appends what `write` does, or nothing of it where that fails.
    fn append(&mut self, write: impl FnOnce(&mut Stage<'_>) -> Result<()>) -> Result<()> {
        let savepoint = self.writes.savepoint();
        let before = self.since.as_ref().map(|since| (&self.overlay, since));
        let mut stage = Stage::in_batch(&mut self.writes, before);
        match write(&mut stage) {
            Ok(()) => {
                let left = stage.into_left();
                self.overlay.apply(left);
                Ok(())
            }
            Err(error) => {
                self.writes.go_back_to(savepoint);
                Err(error)
            }
        }
    }

    fn look_from_now(&mut self, looks: bool) {
        if looks && self.since.is_none() {
            self.since = Some(self.db.engine.snapshot());
        }
    }

    /// The number of writes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// True where there is no write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Commits all writes together. A batch without writes commits nothing.
    ///
    /// # Errors
    /// `Conflict` where a condition, a kept lifetime or what an index rests on was overtaken: make
    /// the batch again. `Io` (the outcome is then unknown until the next open), `Latched`,
    /// `Closed`.
    pub fn commit(self) -> Result<()> {
        self.db.engine.write(self.writes)
    }

    /// The store below `store`, which is of the batch's database.
    fn checked<'s, S: BatchStore>(&self, store: &'s S) -> Result<&'s RawStore> {
        let sealed::Raw(raw) = store.raw_store();
        if Arc::ptr_eq(&self.db, &raw.db) {
            return Ok(raw);
        }
        let text = format!(
            "the store {:?} is of another database than the batch; make the batch there",
            raw.name
        );
        Err(Error::new(ErrorKind::InvalidInput, text))
    }
}

/// Guards the record under an engine key of `store`; an error where `condition` does not hold of
/// it before the batch.
fn require<S: BatchStore>(
    stage: &mut Stage<'_>,
    store: &S,
    key: &[u8],
    condition: If,
) -> Result<()> {
    let sealed::Raw(raw) = store.raw_store();
    if matches!(condition, If::Version(_)) && !store.keeps_versions() {
        let text = format!(
            "the store {:?} keeps no versions; its conditions are If::Absent and If::Present",
            raw.name
        );
        return Err(Error::new(ErrorKind::InvalidInput, text));
    }
    let found = stage.look_before(raw, key, |record, _| store.version_of(key, record))?;
    condition::check(raw, key, condition, found.transpose()?)
}
