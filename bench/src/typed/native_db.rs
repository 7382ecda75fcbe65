//! native_db 0.8, which keeps structs with their indexes in a redb 2 of its own. Its codec is the
//! one it uses unless told otherwise, bincode 1.3. Every commit of it is durable: it has no other.

use super::codec::Codec;
use super::grain::{Grain, key_bytes, owner, prefix_bytes};
use super::peer::{TypedPeer, TypedSetup};
use crate::peer::{CACHE_BYTES, Outcome, Writes};
use native_db::{Builder, Database, Key, Models, ToKey, native_db};
use native_model::{Model, native_model};
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::path::Path;

/// A key that is bytes already.
#[derive(Debug)]
pub struct Bytes(Vec<u8>);

impl ToKey for Bytes {
    fn to_key(&self) -> Key {
        Key::new(self.0.clone())
    }

    fn key_names() -> Vec<String> {
        vec!["Bytes".to_owned()]
    }
}

#[derive(Serialize, Deserialize, Debug, Clone)]
#[native_model(id = 1, version = 1)]
#[native_db(primary_key(key -> Bytes))]
struct Plain(Grain);

impl Plain {
    fn key(&self) -> Bytes {
        Bytes(key_bytes(self.0.id))
    }
}

#[derive(Serialize, Deserialize, Debug, Clone)]
#[native_model(id = 2, version = 1)]
#[native_db(primary_key(key -> Bytes), secondary_key(owner -> u64))]
struct Indexed(Grain);

impl Indexed {
    fn key(&self) -> Bytes {
        Bytes(key_bytes(self.0.id))
    }

    fn owner(&self) -> u64 {
        self.0.owner
    }
}

/// A database with one of the two models in use.
pub struct Typed {
    database: Database<'static>,
    is_indexed: bool,
}

impl TypedPeer for Typed {
    fn open(dir: &Path, setup: TypedSetup) -> Outcome<Option<Self>> {
        if setup.codec != Codec::Bincode || setup.writes != Writes::Durable {
            return Ok(None);
        }
        std::fs::create_dir_all(dir)?;
        let mut models = Models::new();
        models.define::<Plain>()?;
        models.define::<Indexed>()?;
        // A database borrows its models, and this one lives as long as the process.
        let models: &'static Models = Box::leak(Box::new(models));
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        Ok(Some(Self {
            database: builder.create(models, dir.join("grains.native_db"))?,
            is_indexed: setup.is_indexed,
        }))
    }

    fn put(&self, i: u64, grain: &Grain) -> Outcome<()> {
        self.put_batch(std::iter::once((i, grain)))
    }

    fn put_batch<'a>(&self, records: impl Iterator<Item = (u64, &'a Grain)>) -> Outcome<()> {
        let write = self.database.rw_transaction()?;
        for (_, grain) in records {
            // It takes its records by value.
            match self.is_indexed {
                true => drop(write.upsert(Indexed(grain.clone()))?),
                false => drop(write.upsert(Plain(grain.clone()))?),
            }
        }
        Ok(write.commit()?)
    }

    fn get_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        let read = self.database.r_transaction()?;
        let mut found = 0;
        for i in numbers {
            let plain: Option<Plain> = read.get().primary(Bytes(key_bytes(i)))?;
            found += u64::from(black_box(plain).is_some());
        }
        Ok(found)
    }

    fn walk_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        let read = self.database.r_transaction()?;
        let mut seen = 0;
        for i in numbers {
            let scan = read.scan().primary::<Plain>()?;
            for plain in scan.start_with(Bytes(prefix_bytes(i)))? {
                black_box(plain?);
                seen += 1;
            }
        }
        Ok(seen)
    }

    fn owned_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        let read = self.database.r_transaction()?;
        let mut seen = 0;
        for i in numbers {
            let scan = read.scan().secondary::<Indexed>(IndexedKey::owner)?;
            for indexed in scan.range(owner(i)..=owner(i))? {
                black_box(indexed?);
                seen += 1;
            }
        }
        Ok(seen)
    }
}
