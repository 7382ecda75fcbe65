//! Writes to a typed store.
//!
//! A write that depends on what is there looks, guards what it saw, and looks again where somebody
//! else was quicker. In a store with indexes every write depends on what is there, because the
//! entries of the old record go and those of the new one come in the same commit. A store without
//! indexes pays nothing for that: no look, no allocation.

use super::condition;
use super::grain_store::GrainStore;
use super::index_set::Entries;
use super::lifetime::Ttl;
use super::record::RecordHeader;
use super::stage::Stage;
use super::version::{Change, If, Version};
use crate::codec::contract::Codec;
use crate::engine::write_batch::WriteBatch;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::{Key, KeyRef};
use crate::key::key_prefix::KeyPrefix;
use crate::key::key_range::KeyRange;
use crate::planted::{Mistake, planted};
use std::cell::Cell;

/// What a write has to know of the record that it replaces.
#[derive(Debug)]
pub(crate) struct Before {
    version: u64,
    expiry_ms: u64,
    /// `None` in a store without indexes.
    entries: Option<Entries>,
}

thread_local! {
    /// The buffer that puts encode their records into, so that a put allocates once, for the log.
    static RECORD: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The largest buffer that a thread keeps from one put to the next.
const RECORD_BYTES_KEPT: usize = 64 << 10;

impl<K: Key, V, C: Codec<V>> GrainStore<K, V, C> {
    /// Puts `value` under `key` with the default lifetime; a lifetime set before is dropped.
    ///
    /// # Errors
    /// `Codec` where the value cannot be encoded; `TooLarge`; `Io`, `Latched`, `Closed`. In a store
    /// with indexes also `Duplicate` where another record has one of its unique keys, and `Codec`
    /// where the value that is there cannot be decoded, since its index entries cannot be found
    /// then: nothing is written, and nothing lost.
    pub fn put<Q: ?Sized + KeyRef<K>>(&self, key: &Q, value: &V) -> Result<()> {
        self.put_with(key, value, Ttl::Default)
    }

    /// Puts `value` under `key` with this lifetime.
    ///
    /// ```
    /// use grainstore::{Db, Expiry, Ttl};
    /// use std::time::Duration;
    /// # let dir = std::env::temp_dir().join(format!("grainstore-doc-ttl-{}", std::process::id()));
    /// # let db = Db::open(&dir)?;
    /// let otps = db.store::<String, u32>("one-time passwords")?;
    /// otps.put_with("ada", &123_456, Ttl::After(Duration::from_secs(120)))?;
    /// assert!(matches!(otps.ttl("ada")?, Expiry::In(left) if left <= Duration::from_secs(120)));
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with<Q: ?Sized + KeyRef<K>>(&self, key: &Q, value: &V, ttl: Ttl) -> Result<()> {
        self.raw.with_key(key, |key| {
            // Without indexes only a kept lifetime is guarded.
            self.raw.retrying(0, |batch| {
                self.put_into(&mut Stage::alone(batch), key, value, ttl)
            })
        })
    }

    /// Removes the record under `key`, whether or not it is there. To know whether it was, or what,
    /// use [`delete_if`](Self::delete_if) or [`take`](Self::take).
    ///
    /// # Errors
    /// `Io`, `Latched`, `Closed`. In a store with indexes also `Codec` where the value that is
    /// there cannot be decoded, since its index entries cannot be found then: it stays.
    pub fn delete<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<()> {
        self.raw.with_key(key, |key| {
            if self.indexes.is_none() {
                return self.raw.delete(key);
            }
            self.raw
                .retrying(0, |batch| self.delete_into(&mut Stage::alone(batch), key))
        })
    }

    /// Removes the record under `key` and answers its value, as one step: of several callers one
    /// gets it.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put). A value that cannot be decoded stays.
    pub fn take<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<Option<V>> {
        self.raw.with_key(key, |key| {
            self.raw.retrying(0, |batch| {
                let (found, sequence) = self.found(None, key)?;
                let Some(found) = found else { return Ok(None) };
                batch.guard(key, sequence);
                let was = self.entries(&found.value, found.expiry_ms);
                self.remove(&mut Stage::alone(batch), key, was.as_ref())?;
                Ok(Some(found.value))
            })
        })
    }

    /// Gives the record under `key` another lifetime; `false` where there is none. The value and
    /// its version stay. Costs a read and a write of the record.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn touch<Q: ?Sized + KeyRef<K>>(&self, key: &Q, ttl: Ttl) -> Result<bool> {
        self.raw.with_key(key, |key| {
            if self.indexes.is_none() {
                return self.raw.touch(key, ttl);
            }
            self.raw.retrying(0, |batch| {
                let look = |record: &[u8], expiry_ms| {
                    let found = self.decoder().found(key, record, expiry_ms);
                    found.map(|found| (record.to_vec(), found))
                };
                let (found, sequence) = self.raw.look_up(None, key, look)?;
                let Some((record, found)) = found.transpose()? else {
                    return Ok(false);
                };
                batch.guard(key, sequence);
                let was = self.entries(&found.value, found.expiry_ms);
                let expiry_ms = self.raw.expiry_ms(ttl, Some(found.expiry_ms))?;
                let stage = &mut Stage::alone(batch);
                match expiry_ms {
                    Some(expiry_ms) => {
                        let now = was.clone().map(|was| Entries { expiry_ms, ..was });
                        self.replace(stage, (key, &record, expiry_ms), was.as_ref(), now)?;
                    }
                    None => self.remove(stage, key, was.as_ref())?,
                }
                Ok(true)
            })
        })
    }

    /// Lets the record under `key` live for ever; `false` where there is none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn persist<Q: ?Sized + KeyRef<K>>(&self, key: &Q) -> Result<bool> {
        self.touch(key, Ttl::Never)
    }

    /// Puts `value` under `key` only where `condition` holds, as one step, keeping the lifetime of
    /// the record that is there (a new one gets the default); answers the new version.
    ///
    /// ```
    /// use grainstore::If;
    /// # let dir = std::env::temp_dir().join(format!("grainstore-put-if-{}", std::process::id()));
    /// # let db = grainstore::Db::open(&dir)?;
    /// let hp = db.store::<String, u32>("hp")?;
    /// let first = hp.put_if("ada", &100, If::Absent)?;
    /// hp.put_if("ada", &90, If::Version(first))?;
    /// let late = hp.put_if("ada", &80, If::Version(first));
    /// assert!(late.is_err_and(|error| error.is_conflict()));
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Conflict` ([`is_conflict`](crate::Error::is_conflict)) where it does not hold; else as
    /// [`put`](Self::put).
    pub fn put_if<Q: ?Sized + KeyRef<K>>(
        &self,
        key: &Q,
        value: &V,
        condition: If,
    ) -> Result<Version> {
        self.put_if_with(key, value, condition, Ttl::Keep)
    }

    /// As [`put_if`](Self::put_if), with this lifetime.
    ///
    /// ```
    /// use grainstore::{Db, If, Ttl};
    /// use std::time::Duration;
    /// # let dir = std::env::temp_dir().join(format!("grainstore-doc-piw-{}", std::process::id()));
    /// # let db = Db::open(&dir)?;
    /// let leases = db.store::<String, u32>("leases")?;
    /// let minute = Ttl::After(Duration::from_secs(60));
    /// let mine = leases.put_if_with("room 7", &1, If::Absent, minute)?;
    /// assert!(leases.put_if_with("room 7", &2, If::Absent, minute).unwrap_err().is_conflict());
    /// leases.put_if_with("room 7", &1, If::Version(mine), minute)?; // for another minute
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`put_if`](Self::put_if).
    pub fn put_if_with<Q: ?Sized + KeyRef<K>>(
        &self,
        key: &Q,
        value: &V,
        condition: If,
        ttl: Ttl,
    ) -> Result<Version> {
        self.raw.with_key(key, |key| {
            self.conditionally(key, condition, |batch, before| {
                self.put_over(&mut Stage::alone(batch), key, (value, ttl), before.as_ref())
            })
        })
    }

    /// Removes the record under `key` only where `condition` holds, as one step; answers whether
    /// there was one to remove.
    ///
    /// # Errors
    /// As [`put_if`](Self::put_if).
    pub fn delete_if<Q: ?Sized + KeyRef<K>>(&self, key: &Q, condition: If) -> Result<bool> {
        self.raw.with_key(key, |key| {
            self.conditionally(key, condition, |batch, before| {
                let was = before.as_ref().and_then(|before| before.entries.as_ref());
                self.remove(&mut Stage::alone(batch), key, was)?;
                Ok(before.is_some())
            })
        })
    }

    /// Commits what `write` appends where `condition` holds. Somebody else's write in between
    /// makes it look again, so that a conflict is always one of the condition itself.
    fn conditionally<R>(
        &self,
        key: &[u8],
        condition: If,
        write: impl Fn(&mut WriteBatch, Option<Before>) -> Result<R>,
    ) -> Result<R> {
        self.raw.retrying(0, |batch| {
            let look = |record: &[u8], expiry_ms| self.before(key, record, expiry_ms);
            let (found, sequence) = self.raw.look_up(None, key, look)?;
            let found = found.transpose()?;
            let version = found.as_ref().map(|before| before.version);
            condition::check(&self.raw, key, condition, version)?;
            batch.guard(key, sequence);
            write(batch, found)
        })
    }

    /// Reads the record under `key`, lets `change` decide, and writes what it says, as one step;
    /// answers the version of the record that is there then.
    ///
    /// Where somebody else writes the key meanwhile, `change` is called again with what they wrote.
    /// A put keeps the lifetime of the record, unless it names one ([`Change::PutWith`]).
    ///
    /// ```
    /// use grainstore::{Change, Db};
    /// # let dir = std::env::temp_dir().join(format!("grainstore-doc-up-{}", std::process::id()));
    /// # let db = Db::open(&dir)?;
    /// let hits = db.store::<String, u64>("hits")?;
    /// hits.update("/index", |old| Change::Put(old.unwrap_or(0) + 1))?;
    /// assert_eq!(hits.get("/index")?, Some(1));
    /// # db.close()?;
    /// # std::fs::remove_dir_all(&dir).unwrap();
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub fn update<Q: ?Sized + KeyRef<K>>(
        &self,
        key: &Q,
        mut change: impl FnMut(Option<V>) -> Change<V>,
    ) -> Result<Option<Version>> {
        self.raw.with_key(key, |key| {
            self.raw.retrying(0, |batch| {
                let (found, sequence) = self.found(None, key)?;
                let before = found.as_ref().map(|found| Before {
                    version: found.version,
                    expiry_ms: found.expiry_ms,
                    entries: self.entries(&found.value, found.expiry_ms),
                });
                let version = before.as_ref().map(|before| Version(before.version));
                let (new, ttl) = match change(found.map(|found| found.value)) {
                    Change::Nothing => return Ok(version),
                    Change::Delete if version.is_none() => return Ok(None),
                    Change::Delete => {
                        batch.guard(key, sequence);
                        let was = before.and_then(|before| before.entries);
                        self.remove(&mut Stage::alone(batch), key, was.as_ref())?;
                        return Ok(None);
                    }
                    Change::Put(new) => (new, Ttl::Keep),
                    Change::PutWith(new, ttl) => (new, ttl),
                };
                batch.guard(key, sequence);
                let stage = &mut Stage::alone(batch);
                self.put_over(stage, key, (&new, ttl), before.as_ref())
                    .map(Some)
            })
        })
    }

    /// Removes every record under `prefix`, at the cost of one write however many there are. In a
    /// store with indexes each of them is read, and its entries are removed in the same commit.
    ///
    /// # Errors
    /// `Io`, `Latched`, `Closed`; in a store with indexes as [`delete`](Self::delete), and
    /// `TooLarge` where the entries are more than a batch can hold (3 GiB).
    pub fn delete_prefix<P: KeyPrefix<K>>(&self, prefix: P) -> Result<()> {
        self.delete_bytes(&ByteRange::prefix::<K, P>(&prefix))
    }

    /// Removes every record whose key lies in `range`, at the cost of
    /// [`delete_prefix`](Self::delete_prefix).
    ///
    /// # Errors
    /// As [`delete_prefix`](Self::delete_prefix).
    pub fn delete_range<R: KeyRange<K>>(&self, range: R) -> Result<()> {
        self.delete_bytes(&ByteRange::keys(&range))
    }

    fn delete_bytes(&self, range: &ByteRange) -> Result<()> {
        loop {
            // Held until the commit, so that no merge forgets what its guards ask for.
            let snapshot = self.indexes.as_ref().map(|_| self.raw.db.engine.snapshot());
            let mut batch = WriteBatch::new();
            let stage = &mut Stage::alone(&mut batch);
            self.delete_range_into(stage, range, snapshot.as_ref())?;
            match self.raw.db.engine.write(batch) {
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
        }
    }

    /// What the record `record` under an engine key is to a write that replaces it.
    fn before(&self, key: &[u8], record: &[u8], expiry_ms: u64) -> Result<Before> {
        if self.indexes.is_some() {
            let found = self.decoder().found(key, record, expiry_ms)?;
            return Ok(Before {
                version: found.version,
                expiry_ms,
                entries: self.entries(&found.value, expiry_ms),
            });
        }
        Ok(Before {
            version: self.version_of(key, record)?,
            expiry_ms,
            entries: None,
        })
    }

    /// The version of a record.
    pub(crate) fn version_of(&self, key: &[u8], record: &[u8]) -> Result<u64> {
        let header = RecordHeader::decode(record).map(|(header, _)| header);
        let damaged = |what| self.decoder().damaged(key, what);
        header.map(|header| header.version).map_err(damaged)
    }

    /// What a record has in the indexes; `None` in a store without indexes.
    pub(crate) fn entries(&self, value: &V, expiry_ms: u64) -> Option<Entries> {
        let set = self.indexes.as_ref()?;
        Some(set.entries(value, expiry_ms))
    }

    /// What the record under an engine key has in the indexes, where there is one; guarded.
    fn entries_before(&self, stage: &mut Stage<'_>, key: &[u8]) -> Result<Option<Entries>> {
        let look = |record: &[u8], expiry_ms| self.before(key, record, expiry_ms);
        let before = stage.look(&self.raw, key, look)?.transpose()?;
        Ok(before.and_then(|before| before.entries))
    }

    /// Appends a put under an engine key. [`Ttl::Keep`] reads the lifetime that is there, and
    /// guards the batch against its change.
    pub(crate) fn put_into(
        &self,
        stage: &mut Stage<'_>,
        key: &[u8],
        value: &V,
        ttl: Ttl,
    ) -> Result<()> {
        let was = match &self.indexes {
            Some(_) => self.entries_before(stage, key)?,
            None => None,
        };
        let kept_ms = self.raw.kept_lifetime(stage.writes, key, ttl)?;
        self.append_put(stage, key, (value, ttl, kept_ms), was.as_ref())
            .map(|_| ())
    }

    /// Appends a put over the record `before`, which is guarded already.
    fn put_over(
        &self,
        stage: &mut Stage<'_>,
        key: &[u8],
        (value, ttl): (&V, Ttl),
        before: Option<&Before>,
    ) -> Result<Version> {
        let kept_ms = before.map(|before| before.expiry_ms);
        let was = before.and_then(|before| before.entries.as_ref());
        self.append_put(stage, key, (value, ttl, kept_ms), was)
    }

    fn append_put(
        &self,
        stage: &mut Stage<'_>,
        key: &[u8],
        (value, ttl, kept_ms): (&V, Ttl, Option<u64>),
        was: Option<&Entries>,
    ) -> Result<Version> {
        let version = self.raw.db.next_version();
        // Taken, not borrowed: where the codec puts into another store, that one finds it empty.
        let mut record = RECORD.take();
        record.clear();
        let appended = self
            .encode_record(&mut record, key, version, value)
            .and_then(|()| {
                stage.writes.raise_sequence_floor(version);
                match self.raw.expiry_ms(ttl, kept_ms)? {
                    Some(expiry_ms) => {
                        let now = self.entries(value, expiry_ms);
                        self.replace(stage, (key, &record, expiry_ms), was, now)
                    }
                    // Over at once: nothing of the value is kept.
                    None => self.remove(stage, key, was),
                }
            });
        if record.capacity() <= RECORD_BYTES_KEPT {
            RECORD.set(record);
        }
        appended.map(|()| Version(version))
    }

    /// The record of `value`, at this version and under the current version of the schema.
    pub(crate) fn record(&self, key: &[u8], version: u64, value: &V) -> Result<Vec<u8>> {
        let mut record = Vec::new();
        self.encode_record(&mut record, key, version, value)?;
        Ok(record)
    }

    /// Appends the [`record`](Self::record) to `out`.
    fn encode_record(&self, out: &mut Vec<u8>, key: &[u8], version: u64, value: &V) -> Result<()> {
        RecordHeader {
            version,
            schema_version: match self.migrations.version {
                _ if planted(Mistake::UpgradeUnversioned) => 0,
                version => version,
            },
        }
        .encode(out);
        let encoded = self.codec.encode(value, out);
        encoded.map_err(|e| self.decoder().encode_error(key, e))
    }

    /// Appends a record under an engine key in the place of one with the entries `was`.
    fn replace(
        &self,
        stage: &mut Stage<'_>,
        (key, record, expiry_ms): (&[u8], &[u8], u64),
        was: Option<&Entries>,
        now: Option<Entries>,
    ) -> Result<()> {
        let Some(set) = &self.indexes else {
            return stage.writes.put_with_expiry(key, record, expiry_ms);
        };
        set.change(stage, self.raw.keyspace.strip(key), was, now.as_ref())?;
        stage.put(key, record, expiry_ms)
    }

    /// Appends the removal of the record under an engine key, which has the entries `was`.
    fn remove(&self, stage: &mut Stage<'_>, key: &[u8], was: Option<&Entries>) -> Result<()> {
        let Some(set) = &self.indexes else {
            return stage.writes.delete(key);
        };
        set.change(stage, self.raw.keyspace.strip(key), was, None)?;
        stage.delete(key)
    }

    /// Appends a delete under an engine key.
    pub(crate) fn delete_into(&self, stage: &mut Stage<'_>, key: &[u8]) -> Result<()> {
        let was = match &self.indexes {
            Some(_) => self.entries_before(stage, key)?,
            None => None,
        };
        self.remove(stage, key, was.as_ref())
    }
}
