//! redb 4. A durable write is a transaction of its own with `Immediate`. Its `None` is weaker than
//! what the others do unsynced: a killed process loses what was committed since the last
//! `Immediate`. Reads share one read transaction.

use crate::peer::{Direction, Outcome, Peer, Reader, Setup, Walk, Writes, taste};
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition};
use std::path::Path;

const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// A database with one table.
pub struct Redb {
    database: Database,
    durability: Durability,
}

struct ReadTable(ReadOnlyTable<&'static [u8], &'static [u8]>);

impl Redb {
    fn write<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        let mut write = self.database.begin_write()?;
        write.set_durability(self.durability)?;
        let mut table = write.open_table(RECORDS)?;
        for (key, value) in records {
            table.insert(key.as_ref(), value.as_ref())?;
        }
        drop(table);
        Ok(write.commit()?)
    }
}

impl Peer for Redb {
    fn open(dir: &Path, setup: Setup) -> Outcome<Self> {
        std::fs::create_dir_all(dir)?;
        let mut builder = Database::builder();
        builder.set_cache_size(setup.cache_bytes());
        let database = builder.create(dir.join("records.redb"))?;
        // The table is there even where all that was put into it was lost with a process.
        let write = database.begin_write()?;
        write.open_table(RECORDS)?;
        write.commit()?;
        Ok(Self {
            database,
            durability: match setup.writes {
                Writes::Buffered => Durability::None,
                Writes::Durable => Durability::Immediate,
            },
        })
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Outcome<()> {
        self.write(std::iter::once((key, value)))
    }

    fn put_batch<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        self.write(records)
    }

    fn delete(&self, key: &[u8]) -> Outcome<()> {
        self.delete_batch(std::iter::once(key))
    }

    fn delete_batch<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        let mut write = self.database.begin_write()?;
        write.set_durability(self.durability)?;
        let mut table = write.open_table(RECORDS)?;
        for key in keys {
            table.remove(key.as_ref())?;
        }
        drop(table);
        Ok(write.commit()?)
    }

    fn bulk_put<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        records: impl Iterator<Item = (K, V)>,
    ) -> Outcome<()> {
        self.write(records)
    }

    fn bulk_delete<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Outcome<()> {
        self.delete_batch(keys)
    }

    fn reader(&self) -> Outcome<impl Reader + '_> {
        Ok(ReadTable(self.database.begin_read()?.open_table(RECORDS)?))
    }

    fn settle(&self) -> Outcome<()> {
        let mut write = self.database.begin_write()?;
        write.set_durability(Durability::Immediate)?;
        Ok(write.commit()?)
    }

    fn compact(&mut self) -> Outcome<()> {
        self.settle()?;
        self.database.compact()?;
        Ok(())
    }

    fn close(self) -> Outcome<()> {
        self.settle()
    }
}

impl ReadTable {
    fn walk(&self, from: &[u8], count: usize, direction: Direction) -> Outcome<u64> {
        let mut walk = Walk::default();
        let mut range = self.0.range(from..)?;
        for _ in 0..count {
            let pair = match direction {
                Direction::Forward => range.next(),
                Direction::Backward => range.next_back(),
            };
            let Some(pair) = pair else { break };
            let (key, value) = pair?;
            walk.see(key.value(), value.value());
        }
        Ok(walk.count())
    }
}

impl Reader for ReadTable {
    fn get(&self, key: &[u8]) -> Outcome<Option<u64>> {
        Ok(self.0.get(key)?.map(|value| taste(value.value())))
    }

    fn scan(&self, direction: Direction) -> Outcome<u64> {
        self.walk(&[], usize::MAX, direction)
    }

    fn seek(&self, key: &[u8], count: usize) -> Outcome<u64> {
        self.walk(key, count, Direction::Forward)
    }

    fn prefix(&self, prefix: &[u8]) -> Outcome<u64> {
        let mut walk = Walk::default();
        for pair in self.0.range(prefix..)? {
            let (key, value) = pair?;
            if !key.value().starts_with(prefix) {
                break;
            }
            walk.see(key.value(), value.value());
        }
        Ok(walk.count())
    }
}
