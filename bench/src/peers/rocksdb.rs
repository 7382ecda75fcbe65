//! RocksDB 11, tuned for this: a hyper-clock cache, bloom filters of 10 bits, hash indexes in its
//! blocks, no compression, memtables of 64 MiB, two background jobs, dynamic level sizes. A durable
//! write syncs its log.

use crate::keys::successor;
use crate::peer::{Direction, Outcome, Peer, Reader, Setup, Walk, Writes, taste};
use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, DataBlockIndexType, Options, ReadOptions,
    WaitForCompactOptions, WriteBatch, WriteOptions,
};
use std::path::Path;

/// A database with its default column family.
pub struct RocksDb {
    db: DB,
    writes: Writes,
}

fn tuned(setup: Setup) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&Cache::new_hyper_clock_cache(setup.cache_bytes(), 0));
    blocks.set_bloom_filter(10.0, false);
    blocks.set_format_version(6);
    blocks.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
    blocks.set_data_block_hash_ratio(0.75);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&blocks);
    options.set_write_buffer_size(setup.memtable_bytes());
    options.set_max_background_jobs(2);
    options.set_compression_type(DBCompressionType::None);
    options.set_bottommost_compression_type(DBCompressionType::None);
    options.set_level_compaction_dynamic_level_bytes(true);
    options
}

impl RocksDb {
    fn write_options(&self) -> WriteOptions {
        let mut options = WriteOptions::default();
        options.set_sync(self.writes == Writes::Durable);
        options
    }
}

impl Peer for RocksDb {
    fn open(dir: &Path, setup: Setup) -> Outcome<Self> {
        let db = DB::open(&tuned(setup), dir)?;
        let writes = setup.writes;
        Ok(Self { db, writes })
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Outcome<()> {
        Ok(self.db.put_opt(key, value, &self.write_options())?)
    }

    fn put_batch<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        let mut batch = WriteBatch::default();
        for (key, value) in records {
            batch.put(key.as_ref(), value.as_ref());
        }
        Ok(self.db.write_opt(batch, &self.write_options())?)
    }

    fn delete(&self, key: &[u8]) -> Outcome<()> {
        Ok(self.db.delete_opt(key, &self.write_options())?)
    }

    fn delete_batch<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        let mut batch = WriteBatch::default();
        for key in keys {
            batch.delete(key.as_ref());
        }
        Ok(self.db.write_opt(batch, &self.write_options())?)
    }

    fn reader(&self) -> Outcome<impl Reader + '_> {
        Ok(&self.db)
    }

    fn settle(&self) -> Outcome<()> {
        self.db.flush()?;
        Ok(self
            .db
            .wait_for_compact(&WaitForCompactOptions::default())?)
    }

    fn compact(&mut self) -> Outcome<()> {
        self.db.compact_range::<&[u8], &[u8]>(None, None);
        self.settle()
    }

    fn close(self) -> Outcome<()> {
        self.db.flush_wal(true)?;
        self.db.cancel_all_background_work(true);
        Ok(())
    }
}

fn walk(db: &DB, from: Option<&[u8]>, count: usize, direction: Direction) -> Outcome<u64> {
    let mut walk = Walk::default();
    let mut pairs = db.raw_iterator();
    match (from, direction) {
        (Some(key), _) => pairs.seek(key),
        (None, Direction::Forward) => pairs.seek_to_first(),
        (None, Direction::Backward) => pairs.seek_to_last(),
    }
    for _ in 0..count {
        let Some((key, value)) = pairs.item() else {
            break;
        };
        walk.see(key, value);
        match direction {
            Direction::Forward => pairs.next(),
            Direction::Backward => pairs.prev(),
        }
    }
    pairs.status()?;
    Ok(walk.count())
}

impl Reader for &DB {
    fn get(&self, key: &[u8]) -> Outcome<Option<u64>> {
        Ok(self.get_pinned(key)?.map(|value| taste(&value)))
    }

    fn scan(&self, direction: Direction) -> Outcome<u64> {
        walk(self, None, usize::MAX, direction)
    }

    fn seek(&self, key: &[u8], count: usize) -> Outcome<u64> {
        walk(self, Some(key), count, Direction::Forward)
    }

    fn prefix(&self, prefix: &[u8]) -> Outcome<u64> {
        let mut walk = Walk::default();
        let mut options = ReadOptions::default();
        if let Some(after) = successor(prefix) {
            options.set_iterate_upper_bound(after);
        }
        let mut pairs = self.raw_iterator_opt(options);
        pairs.seek(prefix);
        while let Some((key, value)) = pairs.item() {
            walk.see(key, value);
            pairs.next();
        }
        pairs.status()?;
        Ok(walk.count())
    }
}
