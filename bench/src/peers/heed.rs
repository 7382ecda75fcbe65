//! LMDB through heed. Unsynced it runs with `NO_SYNC`: a killed process loses nothing, a power cut
//! may break the file. Reads share one read transaction. Its cache is the operating system's.

use crate::peer::{Direction, Outcome, Peer, Reader, Walk, Writes, taste};
use crate::records::Key;
use heed::types::Bytes;
use heed::{Database, Env, EnvFlags, EnvOpenOptions, RoTxn, WithTls};
use std::path::Path;

const MAP_BYTES: usize = 32 << 30;

/// An environment with one database.
pub struct Heed {
    env: Env<WithTls>,
    records: Database<Bytes, Bytes>,
}

struct ReadTransaction<'e> {
    transaction: RoTxn<'e, WithTls>,
    records: Database<Bytes, Bytes>,
}

impl Peer for Heed {
    fn open(dir: &Path, writes: Writes) -> Outcome<Self> {
        std::fs::create_dir_all(dir)?;
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP_BYTES);
        // SAFETY: P1: nobody but this process opens, changes or truncates the file while it is
        // mapped, and what NO_SYNC may break in a power cut is not read again.
        let env = unsafe {
            if writes == Writes::Buffered {
                options.flags(EnvFlags::NO_SYNC);
            }
            options.open(dir)?
        };
        let mut write = env.write_txn()?;
        let records = env.create_database(&mut write, None)?;
        write.commit()?;
        Ok(Self { env, records })
    }

    fn put(&self, key: &Key, value: &[u8]) -> Outcome<()> {
        self.put_batch(std::iter::once((*key, value)))
    }

    fn put_batch<'a>(&self, records: impl Iterator<Item = (Key, &'a [u8])>) -> Outcome<()> {
        let mut write = self.env.write_txn()?;
        for (key, value) in records {
            self.records.put(&mut write, &key, value)?;
        }
        Ok(write.commit()?)
    }

    fn delete(&self, key: &Key) -> Outcome<()> {
        let mut write = self.env.write_txn()?;
        self.records.delete(&mut write, key)?;
        Ok(write.commit()?)
    }

    fn reader(&self) -> Outcome<impl Reader + '_> {
        Ok(ReadTransaction {
            transaction: self.env.read_txn()?,
            records: self.records,
        })
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

type Pair<'t> = heed::Result<(&'t [u8], &'t [u8])>;

fn walk<'t>(pairs: impl Iterator<Item = Pair<'t>>) -> Outcome<u64> {
    let mut walk = Walk::default();
    for pair in pairs {
        let (key, value) = pair?;
        walk.see(key, value);
    }
    Ok(walk.count())
}

impl Reader for ReadTransaction<'_> {
    fn get(&self, key: &Key) -> Outcome<Option<u64>> {
        Ok(self.records.get(&self.transaction, key)?.map(taste))
    }

    fn scan(&self, direction: Direction) -> Outcome<u64> {
        match direction {
            Direction::Forward => walk(self.records.iter(&self.transaction)?),
            Direction::Backward => walk(self.records.rev_iter(&self.transaction)?),
        }
    }

    fn seek(&self, key: &Key, count: usize) -> Outcome<u64> {
        let from = (
            std::ops::Bound::Included(&key[..]),
            std::ops::Bound::Unbounded,
        );
        walk(self.records.range(&self.transaction, &from)?.take(count))
    }
}
