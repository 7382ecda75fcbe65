//! grainstore's engine, with its defaults but for the size of the cache.

use crate::peer::{CACHE_BYTES, Direction, Outcome, Peer, Reader, Walk, Writes, taste};
use crate::records::Key;
use grainstore::engine::{Durability, Engine, EngineOptions, WriteBatch};
use std::path::Path;

/// The engine.
pub struct Grainstore(Engine);

impl Peer for Grainstore {
    fn open(dir: &Path, writes: Writes) -> Outcome<Self> {
        let mut options = EngineOptions::default();
        options.cache_bytes = CACHE_BYTES;
        options.durability = match writes {
            Writes::Buffered => Durability::Buffered,
            Writes::Durable => Durability::Sync,
        };
        Ok(Self(Engine::open(dir, options)?))
    }

    fn put(&self, key: &Key, value: &[u8]) -> Outcome<()> {
        Ok(self.0.put(key, value)?)
    }

    fn put_batch<'a>(&self, records: impl Iterator<Item = (Key, &'a [u8])>) -> Outcome<()> {
        let mut batch = WriteBatch::new();
        for (key, value) in records {
            batch.put(&key, value)?;
        }
        Ok(self.0.write(batch)?)
    }

    fn delete(&self, key: &Key) -> Outcome<()> {
        Ok(self.0.delete(key)?)
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
    fn get(&self, key: &Key) -> Outcome<Option<u64>> {
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

    fn seek(&self, key: &Key, count: usize) -> Outcome<u64> {
        let mut walk = Walk::default();
        let mut cursor = self.cursor(&key[..]..)?;
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
}
