//! fjall 3: memtables of 64 MiB as by default and as ours, no compression, filters and indexes of
//! every level pinned in memory, hash indexes in its blocks. A durable write persists with
//! `SyncData` before it returns; a buffered one is with the operating system, fjall's default.

use crate::peer::{Direction, Outcome, Peer, Reader, Setup, Walk, Writes, taste};
use fjall::config::{CompressionPolicy, HashRatioPolicy, PinningPolicy};
use fjall::{CompressionType, Database, Guard, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;
use std::time::Duration;

/// A database with one keyspace.
pub struct Fjall {
    database: Database,
    records: Keyspace,
    mode: PersistMode,
}

fn tuned(setup: Setup) -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(setup.memtable_bytes() as u64)
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
        .data_block_hash_ratio_policy(HashRatioPolicy::all(0.75))
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .index_block_pinning_policy(PinningPolicy::all(true))
}

impl Fjall {
    fn is_busy(&self) -> bool {
        self.database.outstanding_flushes() > 0
            || self.database.active_compactions() > 0
            || self.records.sealed_memtable_count() > 0
    }
}

impl Peer for Fjall {
    fn open(dir: &Path, setup: Setup) -> Outcome<Self> {
        let mut builder = Database::builder(dir).journal_compression(CompressionType::None);
        if setup.small {
            builder = builder.worker_threads(1);
        }
        let database = builder.cache_size(setup.cache_bytes() as u64).open()?;
        Ok(Self {
            records: database.keyspace("records", || tuned(setup))?,
            database,
            mode: match setup.writes {
                Writes::Buffered => PersistMode::Buffer,
                Writes::Durable => PersistMode::SyncData,
            },
        })
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Outcome<()> {
        self.records.insert(key, value)?;
        if self.mode != PersistMode::Buffer {
            self.database.persist(self.mode)?;
        }
        Ok(())
    }

    fn put_batch<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        let mut batch = self.database.batch().durability(Some(self.mode));
        for (key, value) in records {
            batch.insert(&self.records, key.as_ref(), value.as_ref());
        }
        Ok(batch.commit()?)
    }

    fn delete(&self, key: &[u8]) -> Outcome<()> {
        self.records.remove(key)?;
        if self.mode != PersistMode::Buffer {
            self.database.persist(self.mode)?;
        }
        Ok(())
    }

    fn delete_batch<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        let mut batch = self.database.batch().durability(Some(self.mode));
        for key in keys {
            batch.remove(&self.records, key.as_ref());
        }
        Ok(batch.commit()?)
    }

    fn reader(&self) -> Outcome<impl Reader + '_> {
        Ok(&self.records)
    }

    fn settle(&self) -> Outcome<()> {
        self.records.rotate_memtable_and_wait()?;
        let mut quiet = 0;
        while quiet < 5 {
            std::thread::sleep(Duration::from_millis(50));
            quiet = if self.is_busy() { 0 } else { quiet + 1 };
        }
        Ok(())
    }

    fn compact(&mut self) -> Outcome<()> {
        self.settle()?;
        Ok(self.records.major_compact()?)
    }

    fn close(self) -> Outcome<()> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}

fn walk(pairs: impl Iterator<Item = Guard>) -> Outcome<u64> {
    let mut walk = Walk::default();
    for pair in pairs {
        let (key, value) = pair.into_inner()?;
        walk.see(&key, &value);
    }
    Ok(walk.count())
}

impl Reader for &Keyspace {
    fn get(&self, key: &[u8]) -> Outcome<Option<u64>> {
        Ok(Keyspace::get(self, key)?.map(|value| taste(&value)))
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
        walk(Keyspace::prefix(self, prefix))
    }
}
