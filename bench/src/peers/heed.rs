//! LMDB through heed. Unsynced it runs with `NO_SYNC`: a killed process loses nothing, a power cut
//! may break the file. Reads share one read transaction. Its cache is the operating system's.

use crate::peer::{Direction, Outcome, Peer, Reader, Setup, Walk, Writes, taste};
use heed::types::Bytes;
use heed::{Database, Env, EnvFlags, EnvOpenOptions, RoTxn, RwTxn, WithTls};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

const MAP_BYTES: usize = 64 << 30;
const SMALL_MAP_BYTES: usize = 16 << 20;

/// An environment with one database.
pub struct Heed {
    env: Env<WithTls>,
    records: Database<Bytes, Bytes>,
    writes: Writes,
    commits: AtomicU64,
}

/// A read transaction.
pub struct ReadTransaction<'e> {
    transaction: RoTxn<'e, WithTls>,
    records: Database<Bytes, Bytes>,
}

impl Heed {
    /// A read transaction, for whoever wants the bytes of values.
    pub fn view(&self) -> Outcome<ReadTransaction<'_>> {
        Ok(ReadTransaction {
            transaction: self.env.read_txn()?,
            records: self.records,
        })
    }

    fn commit(&self, write: RwTxn<'_>) -> Outcome<()> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(write.commit()?)
    }
}

impl Peer for Heed {
    const HAS_COMPACTION: bool = false;

    fn open(dir: &Path, setup: Setup) -> Outcome<Self> {
        std::fs::create_dir_all(dir)?;
        let mut options = EnvOpenOptions::new();
        options.map_size(if setup.small {
            SMALL_MAP_BYTES
        } else {
            MAP_BYTES
        });
        // SAFETY: P1: nobody but this process opens, changes or truncates the file while it is
        // mapped, and what NO_SYNC may break in a power cut is not read again.
        let env = unsafe {
            if setup.writes == Writes::Buffered {
                options.flags(EnvFlags::NO_SYNC);
            }
            options.open(dir)?
        };
        let mut write = env.write_txn()?;
        let records = env.create_database(&mut write, None)?;
        write.commit()?;
        Ok(Self {
            env,
            records,
            writes: setup.writes,
            commits: AtomicU64::new(0),
        })
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Outcome<()> {
        self.put_batch(std::iter::once((key, value)))
    }

    fn put_batch<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        let mut write = self.env.write_txn()?;
        for (key, value) in records {
            self.records.put(&mut write, key.as_ref(), value.as_ref())?;
        }
        self.commit(write)
    }

    fn bulk_put<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        self.put_batch(records)
    }

    fn delete(&self, key: &[u8]) -> Outcome<()> {
        self.delete_batch(std::iter::once(key))
    }

    fn delete_batch<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        let mut write = self.env.write_txn()?;
        for key in keys {
            self.records.delete(&mut write, key.as_ref())?;
        }
        self.commit(write)
    }

    fn bulk_delete<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        self.delete_batch(keys)
    }

    /// Each durable commit ends with its meta page, through a descriptor opened with `O_DSYNC`.
    fn synchronous_writes(&self) -> u64 {
        match self.writes {
            Writes::Durable => self.commits.load(Ordering::Relaxed),
            Writes::Buffered => 0,
        }
    }

    fn reader(&self) -> Outcome<impl Reader + '_> {
        self.view()
    }

    fn settle(&self) -> Outcome<()> {
        Ok(self.env.force_sync()?)
    }

    fn compact(&mut self) -> Outcome<()> {
        Ok(()) // a file of LMDB never shrinks; a copy of it could
    }

    fn close(self) -> Outcome<()> {
        self.settle()?;
        self.env.prepare_for_closing().wait();
        Ok(())
    }
}

/// A step of a walk.
pub type Pair<'t> = heed::Result<(&'t [u8], &'t [u8])>;

fn walk<'t>(pairs: impl Iterator<Item = Pair<'t>>) -> Outcome<u64> {
    let mut walk = Walk::default();
    for pair in pairs {
        let (key, value) = pair?;
        walk.see(key, value);
    }
    Ok(walk.count())
}

impl ReadTransaction<'_> {
    /// The value under `key`.
    pub fn value(&self, key: &[u8]) -> Outcome<Option<&[u8]>> {
        Ok(self.records.get(&self.transaction, key)?)
    }

    /// The pairs whose keys begin with `prefix`.
    pub fn pairs(&self, prefix: &[u8]) -> Outcome<impl Iterator<Item = Pair<'_>>> {
        Ok(self.records.prefix_iter(&self.transaction, prefix)?)
    }
}

impl Reader for ReadTransaction<'_> {
    fn get(&self, key: &[u8]) -> Outcome<Option<u64>> {
        Ok(self.records.get(&self.transaction, key)?.map(taste))
    }

    fn scan(&self, direction: Direction) -> Outcome<u64> {
        match direction {
            Direction::Forward => walk(self.records.iter(&self.transaction)?),
            Direction::Backward => walk(self.records.rev_iter(&self.transaction)?),
        }
    }

    fn seek(&self, key: &[u8], count: usize) -> Outcome<u64> {
        let from = (std::ops::Bound::Included(key), std::ops::Bound::Unbounded);
        walk(self.records.range(&self.transaction, &from)?.take(count))
    }

    fn prefix(&self, prefix: &[u8]) -> Outcome<u64> {
        walk(self.records.prefix_iter(&self.transaction, prefix)?)
    }
}
