//! grainstore's engine, with its defaults but for the size of the cache.

use crate::keys::successor;
use crate::peer::{Direction, Outcome, Peer, Reader, Setup, Walk, Writes, taste};
use grainstore::engine::{Durability, Engine, EngineOptions, WriteBatch};
use std::ops::Bound;
use std::path::Path;

/// The engine.
pub struct Grainstore(Engine);

impl Peer for Grainstore {
    fn open(dir: &Path, setup: Setup) -> Outcome<Self> {
        let mut options = EngineOptions::default();
        options.cache_bytes = setup.cache_bytes();
        options.memtable_bytes = setup.memtable_bytes();
        if setup.small {
            options.wal_segment_bytes = 64 << 10;
            options.wal_spares_max = 0;
        }
        options.durability = match setup.writes {
            Writes::Buffered => Durability::Buffered,
            Writes::Durable => Durability::Sync,
        };
        Ok(Self(Engine::open(dir, options)?))
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Outcome<()> {
        Ok(self.0.put(key, value)?)
    }

    fn put_batch<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        let mut batch = WriteBatch::new();
        for (key, value) in records {
            batch.put(key.as_ref(), value.as_ref())?;
        }
        Ok(self.0.write(batch)?)
    }

    fn delete(&self, key: &[u8]) -> Outcome<()> {
        Ok(self.0.delete(key)?)
    }

    fn delete_batch<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        let mut batch = WriteBatch::new();
        for key in keys {
            batch.delete(key.as_ref())?;
        }
        Ok(self.0.write(batch)?)
    }

    fn reader(&self) -> Outcome<impl Reader + '_> {
        Ok(&self.0)
    }

    fn settle(&self) -> Outcome<()> {
        self.0.flush()?;
        Ok(self.0.run_due_work()?)
    }

    fn compact(&mut self) -> Outcome<()> {
        Ok(self.0.compact()?)
    }

    fn close(self) -> Outcome<()> {
        Ok(self.0.close()?)
    }
}

impl Reader for &Engine {
    fn get(&self, key: &[u8]) -> Outcome<Option<u64>> {
        Ok(self.get_with(key, taste)?)
    }

    fn scan(&self, direction: Direction) -> Outcome<u64> {
        let mut walk = Walk::default();
        let mut cursor = self.cursor::<&[u8]>(..)?;
        match direction {
            Direction::Forward => cursor.seek_to_first()?,
            Direction::Backward => cursor.seek_to_last()?,
        }
        while cursor.valid() {
            walk.see(cursor.key(), cursor.value());
            match direction {
                Direction::Forward => cursor.next()?,
                Direction::Backward => cursor.prev()?,
            }
        }
        Ok(walk.count())
    }

    fn seek(&self, key: &[u8], count: usize) -> Outcome<u64> {
        let mut walk = Walk::default();
        let mut cursor = self.cursor(key..)?;
        cursor.seek_to_first()?;
        for _ in 0..count {
            if !cursor.valid() {
                break;
            }
            walk.see(cursor.key(), cursor.value());
            cursor.next()?;
        }
        Ok(walk.count())
    }

    fn prefix(&self, prefix: &[u8]) -> Outcome<u64> {
        let mut walk = Walk::default();
        let after = successor(prefix);
        let bounds = (
            Bound::Included(prefix),
            after.as_deref().map_or(Bound::Unbounded, Bound::Excluded),
        );
        let mut cursor = self.cursor::<&[u8]>(bounds)?;
        cursor.seek_to_first()?;
        while cursor.valid() {
            walk.see(cursor.key(), cursor.value());
            cursor.next()?;
        }
        Ok(walk.count())
    }
}
