//! sled 0.34, with `HighThroughput`. A write is in sled's own memory for up to half a second, so a
//! killed process loses more than others do. What it calls a flush hands pages to the system and
//! does not flush the device, so it takes no part in durable rows.

use crate::peer::{Direction, Outcome, Peer, Reader, Setup, Walk, Writes, taste};
use sled::{Batch, Config, Db, IVec, Mode};
use std::path::Path;

/// A tree.
pub struct Sled {
    db: Db,
    writes: Writes,
}

impl Sled {
    fn written(&self) -> Outcome<()> {
        if self.writes == Writes::Durable {
            self.db.flush()?;
        }
        Ok(())
    }
}

impl Peer for Sled {
    const IS_DURABLE: bool = false;
    const HAS_COMPACTION: bool = false;

    fn open(dir: &Path, setup: Setup) -> Outcome<Self> {
        let config = Config::new()
            .path(dir)
            .mode(Mode::HighThroughput)
            .cache_capacity(setup.cache_bytes() as u64);
        let (db, writes) = (config.open()?, setup.writes);
        Ok(Self { db, writes })
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Outcome<()> {
        self.db.insert(key, value)?;
        self.written()
    }

    fn put_batch<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        let mut batch = Batch::default();
        for (key, value) in records {
            batch.insert(key.as_ref(), value.as_ref());
        }
        self.db.apply_batch(batch)?;
        self.written()
    }

    fn delete(&self, key: &[u8]) -> Outcome<()> {
        self.db.remove(key)?;
        self.written()
    }

    fn delete_batch<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        let mut batch = Batch::default();
        for key in keys {
            batch.remove(key.as_ref());
        }
        self.db.apply_batch(batch)?;
        self.written()
    }

    fn reader(&self) -> Outcome<impl Reader + '_> {
        Ok(&self.db)
    }

    fn settle(&self) -> Outcome<()> {
        self.db.flush()?;
        Ok(())
    }

    fn compact(&mut self) -> Outcome<()> {
        self.settle() // there is nothing to ask for
    }

    fn close(self) -> Outcome<()> {
        self.settle()
    }
}

fn walk(pairs: impl Iterator<Item = sled::Result<(IVec, IVec)>>) -> Outcome<u64> {
    let mut walk = Walk::default();
    for pair in pairs {
        let (key, value) = pair?;
        walk.see(&key, &value);
    }
    Ok(walk.count())
}

impl Reader for &Db {
    fn get(&self, key: &[u8]) -> Outcome<Option<u64>> {
        Ok(sled::Tree::get(self, key)?.map(|value| taste(&value)))
    }

    fn scan(&self, direction: Direction) -> Outcome<u64> {
        match direction {
            Direction::Forward => walk(self.iter()),
            Direction::Backward => walk(self.iter().rev()),
        }
    }

    fn seek(&self, key: &[u8], count: usize) -> Outcome<u64> {
        walk(self.range(key..).take(count))
    }

    fn prefix(&self, prefix: &[u8]) -> Outcome<u64> {
        walk(self.scan_prefix(prefix))
    }
}
