//! redb, with keys and values made into bytes by hand. An index by hand is not measured.

use super::codec::Codec;
use super::grain::{Grain, key_bytes, prefix_bytes};
use super::peer::{TypedPeer, TypedSetup};
use crate::peer::{CACHE_BYTES, Outcome, Writes};
use redb::{Database, Durability, ReadableDatabase, TableDefinition};
use std::hint::black_box;
use std::path::Path;

const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("grains");

/// A database with one table.
pub struct Typed {
    database: Database,
    durability: Durability,
    codec: Codec,
}

impl TypedPeer for Typed {
    fn open(dir: &Path, setup: TypedSetup) -> Outcome<Option<Self>> {
        if setup.is_indexed {
            return Ok(None);
        }
        std::fs::create_dir_all(dir)?;
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        Ok(Some(Self {
            database: builder.create(dir.join("grains.redb"))?,
            durability: match setup.writes {
                Writes::Buffered => Durability::None,
                Writes::Durable => Durability::Immediate,
            },
            codec: setup.codec,
        }))
    }

    fn put(&self, i: u64, grain: &Grain) -> Outcome<()> {
        self.put_batch(std::iter::once((i, grain)))
    }

    fn put_batch<'a>(&self, records: impl Iterator<Item = (u64, &'a Grain)>) -> Outcome<()> {
        let mut write = self.database.begin_write()?;
        write.set_durability(self.durability)?;
        let mut table = write.open_table(RECORDS)?;
        let mut bytes = Vec::new();
        for (i, grain) in records {
            self.codec.encode(grain, &mut bytes)?;
            table.insert(key_bytes(i).as_slice(), bytes.as_slice())?;
        }
        drop(table);
        Ok(write.commit()?)
    }

    fn get_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        let table = self.database.begin_read()?.open_table(RECORDS)?;
        let mut found = 0;
        for i in numbers {
            if let Some(value) = table.get(key_bytes(i).as_slice())? {
                black_box(self.codec.decode(value.value())?);
                found += 1;
            }
        }
        Ok(found)
    }

    fn walk_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        let table = self.database.begin_read()?.open_table(RECORDS)?;
        let mut seen = 0;
        for i in numbers {
            let prefix = prefix_bytes(i);
            for pair in table.range(prefix.as_slice()..)? {
                let (key, value) = pair?;
                if !key.value().starts_with(&prefix) {
                    break;
                }
                black_box(self.codec.decode(value.value())?);
                seen += 1;
            }
        }
        Ok(seen)
    }

    fn owned_each(&self, _numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        Err("there is no index".into())
    }
}
