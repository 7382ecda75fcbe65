//! What all stores of a database share: their keyspace over the engine, and its operations on
//! encoded keys.

use super::db_core::DbCore;
use super::keyspace::Keyspace;
use super::lifetime::{Expiry, Ttl, stored_expiry};
use super::open_stores::OpenStore;
use crate::engine::cursor::Cursor;
use crate::engine::key_range::KeyRange;
use crate::engine::pinned_bytes::PinnedBytes;
use crate::engine::snapshot::Snapshot;
use crate::engine::write_batch::WriteBatch;
use crate::error::Result;
use crate::key::byte_range::ByteRange;
use crate::key::key_part::KeyRef;
use crate::key::shape::Shape;
use crate::sync::Arc;
use std::cell::Cell;
use std::ops::Bound;
use std::time::Duration;

/// A store without types: bytes under its own keyspace.
#[derive(Debug, Clone)]
pub(crate) struct RawStore {
    pub(crate) db: Arc<DbCore>,
    pub(crate) keyspace: Keyspace,
    pub(crate) name: Arc<str>,
    /// What its keys look like, to print them in errors.
    pub(crate) key_shape: Arc<Shape>,
    /// The store's own default, else the database's.
    pub(crate) default_ttl: Option<Duration>,
    /// Makes this a live handle of the store.
    pub(crate) open: Option<Arc<OpenStore>>,
}

thread_local! {
    /// The buffer that look-ups encode their keys into, so that a get allocates nothing.
    static KEY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl RawStore {
    /// Calls `act` with the engine's key for `key`, encoded into this thread's buffer.
    #[inline]
    pub(crate) fn with_key<K: ?Sized, Q: ?Sized + KeyRef<K>, R>(
        &self,
        key: &Q,
        act: impl FnOnce(&[u8]) -> R,
    ) -> R {
        // Taken, not borrowed: where `act` looks up another key, that one finds an empty buffer.
        let mut buffer = KEY.take();
        buffer.clear();
        buffer.extend_from_slice(self.keyspace.bytes());
        key.encode(&mut buffer);
        let result = act(&buffer);
        KEY.set(buffer);
        result
    }

    /// Calls `look` with the value and the stored expiry of the record under an engine key; also
    /// answers the sequence number up to which the answer holds.
    pub(crate) fn look_up<R>(
        &self,
        snapshot: Option<&Snapshot>,
        key: &[u8],
        look: impl FnOnce(&[u8], u64) -> R,
    ) -> Result<(Option<R>, u64)> {
        self.db.engine.look_up(key, snapshot, look)
    }

    /// The value under an engine key, now.
    #[inline]
    pub(crate) fn get_with<R>(
        &self,
        key: &[u8],
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.db.engine.get_with(key, look)
    }

    /// The value under an engine key, pinned.
    pub(crate) fn get_pinned(
        &self,
        snapshot: Option<&Snapshot>,
        key: &[u8],
    ) -> Result<Option<PinnedBytes>> {
        match snapshot {
            None => self.db.engine.get(key),
            Some(snapshot) => self.db.engine.get_at(snapshot, key),
        }
    }

    /// Lets `attempt` look and append, and commits what it appended. Where somebody else wrote what
    /// it guarded meanwhile, it looks again: a conflict that comes out of this is one of `attempt`.
    /// The batch begins with room for `bytes`.
    pub(crate) fn retrying<R>(
        &self,
        bytes: usize,
        mut attempt: impl FnMut(&mut WriteBatch) -> Result<R>,
    ) -> Result<R> {
        loop {
            let mut batch = WriteBatch::with_capacity(bytes);
            let answer = attempt(&mut batch)?;
            match self.db.engine.write(batch) {
                Err(error) if error.is_conflict() => {}
                done => return done.map(|()| answer),
            }
        }
    }

    /// The stored expiry that `ttl` asks for; `None` where it is over at once.
    pub(crate) fn expiry_ms(&self, ttl: Ttl, kept_ms: Option<u64>) -> Result<Option<u64>> {
        let now_ms = || self.db.engine.now_ms();
        let expiry_ms = stored_expiry(ttl, self.default_ttl, kept_ms, now_ms)?;
        let is_over = expiry_ms != 0 && expiry_ms <= now_ms();
        Ok((!is_over).then_some(expiry_ms))
    }

    /// Appends a put of `value` with the expiry that `ttl` asks for; one that is over at once is a
    /// delete, so that nothing of the value is kept.
    pub(crate) fn put_into(
        &self,
        batch: &mut WriteBatch,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
        kept_ms: Option<u64>,
    ) -> Result<()> {
        match self.expiry_ms(ttl, kept_ms)? {
            Some(expiry_ms) => batch.put_with_expiry(key, value, expiry_ms),
            None => batch.delete(key),
        }
    }

    /// Puts `value` under an engine key.
    pub(crate) fn put(&self, key: &[u8], value: &[u8], ttl: Ttl) -> Result<()> {
        // Only a kept lifetime is guarded.
        self.retrying(key.len() + value.len() + 16, |batch| {
            self.put_guarded_into(batch, key, value, ttl)
        })
    }

    /// As [`put_into`](Self::put_into), reading the lifetime that [`Ttl::Keep`] asks for and
    /// guarding the batch against its change.
    pub(crate) fn put_guarded_into(
        &self,
        batch: &mut WriteBatch,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
    ) -> Result<()> {
        let kept_ms = self.kept_lifetime(batch, key, ttl)?;
        self.put_into(batch, key, value, ttl, kept_ms)
    }

    /// The stored expiry of the record there is, where `ttl` is to keep it; `batch` then commits
    /// only if nobody writes the key meanwhile.
    pub(crate) fn kept_lifetime(
        &self,
        batch: &mut WriteBatch,
        key: &[u8],
        ttl: Ttl,
    ) -> Result<Option<u64>> {
        if ttl != Ttl::Keep {
            return Ok(None);
        }
        let (found, sequence) = self.look_up(None, key, |_, expiry_ms| expiry_ms)?;
        batch.guard(key, sequence);
        Ok(found)
    }

    /// Removes the record under an engine key, whether or not it is there.
    pub(crate) fn delete(&self, key: &[u8]) -> Result<()> {
        self.db.engine.delete(key)
    }

    /// The lifetime left of the record under an engine key.
    pub(crate) fn ttl(&self, snapshot: Option<&Snapshot>, key: &[u8]) -> Result<Expiry> {
        let (found, _) = self.look_up(snapshot, key, |_, expiry_ms| expiry_ms)?;
        let now_ms = snapshot.map_or_else(|| self.db.engine.now_ms(), Snapshot::time_ms);
        Ok(found.map_or(Expiry::Missing, |expiry_ms| {
            Expiry::from_stored(expiry_ms, now_ms)
        }))
    }

    /// Gives the record under an engine key another lifetime; `false` where there is none. Writes
    /// the record again, in one commit that fails where somebody else writes it meanwhile, and is
    /// then tried again.
    pub(crate) fn touch(&self, key: &[u8], ttl: Ttl) -> Result<bool> {
        self.retrying(0, |batch| {
            let (found, sequence) =
                self.look_up(None, key, |value, expiry_ms| (value.to_vec(), expiry_ms))?;
            let Some((value, expiry_ms)) = found else {
                return Ok(false);
            };
            batch.guard(key, sequence);
            self.put_into(batch, key, &value, ttl, Some(expiry_ms))?;
            Ok(true)
        })
    }

    /// The engine's bounds for a range of this store's keys.
    pub(crate) fn bounds(&self, range: &ByteRange) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
        let space = self.keyspace.bytes();
        let within = |bound: Bound<&[u8]>| bound.map(|key| [space, key].concat());
        let whole = ByteRange::starting_with(space.to_vec()).into_bounds();
        let lower = match within(range.lower()) {
            Bound::Unbounded => whole.0,
            bound => bound,
        };
        let upper = match within(range.upper()) {
            Bound::Unbounded => whole.1,
            bound => bound,
        };
        (lower, upper)
    }

    /// A cursor over a range of this store's records.
    pub(crate) fn cursor(&self, snapshot: Option<&Snapshot>, range: &ByteRange) -> Result<Cursor> {
        let bounds = self.bounds(range);
        self.db
            .engine
            .cursor_in(snapshot, KeyRange::new::<Vec<u8>>(&bounds))
    }

    /// How many records lie in `range`: their keys are walked, their values not touched.
    pub(crate) fn count(&self, snapshot: Option<&Snapshot>, range: &ByteRange) -> Result<u64> {
        let mut cursor = self.cursor(snapshot, range)?;
        cursor.seek_to_first()?;
        let mut count = 0;
        while cursor.valid() {
            count += 1;
            cursor.next()?;
        }
        Ok(count)
    }

    /// Removes every record of `range`, at the cost of one write.
    pub(crate) fn delete_range_into(
        &self,
        batch: &mut WriteBatch,
        range: &ByteRange,
    ) -> Result<()> {
        let range = KeyRange::new::<Vec<u8>>(&self.bounds(range));
        match &range.upper {
            Some(upper) => batch.delete_range(&range.lower, upper),
            None => Ok(()), // keyspaces end below FE, so every range of one has an end
        }
    }
}
