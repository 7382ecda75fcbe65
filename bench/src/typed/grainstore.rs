//! grainstore's own typed store.

use super::codec::Codec;
use super::grain::{Grain, GrainKey, key, owner, prefix};
use super::peer::{TypedPeer, TypedSetup};
use crate::peer::{CACHE_BYTES, Outcome, Writes};
use grainstore::{Bincode, Db, Durability, GrainStore, Index, MessagePack};
use std::hint::black_box;
use std::path::Path;

/// A database with one store, by its codec.
pub enum Typed {
    MessagePack(Grains<MessagePack>),
    Bincode(Grains<Bincode>),
}

/// A store with its database and its index.
pub struct Grains<C> {
    db: Db,
    store: GrainStore<GrainKey, Grain, C>,
    by_owner: Index<Grain, u64>,
}

/// The same for either codec.
macro_rules! either {
    ($typed:expr, $grains:ident => $what:expr) => {
        match $typed {
            Self::MessagePack($grains) => $what,
            Self::Bincode($grains) => $what,
        }
    };
}

fn grains<C: grainstore::Codec<Grain>>(db: Db, codec: C, is_indexed: bool) -> Outcome<Grains<C>> {
    let by_owner = Index::one("by_owner", |grain: &Grain| grain.owner);
    let builder = db.grains::<GrainKey, Grain>("grains").codec(codec);
    let builder = match is_indexed {
        true => builder.index(&by_owner),
        false => builder,
    };
    Ok(Grains {
        store: builder.open()?,
        db,
        by_owner,
    })
}

impl TypedPeer for Typed {
    fn open(dir: &Path, setup: TypedSetup) -> Outcome<Option<Self>> {
        let durability = match setup.writes {
            Writes::Buffered => Durability::Buffered,
            Writes::Durable => Durability::Sync,
        };
        let builder = Db::builder(dir).durability(durability);
        let db = builder.cache_bytes(CACHE_BYTES).open()?;
        Ok(Some(match setup.codec {
            Codec::MessagePack => Self::MessagePack(grains(db, MessagePack, setup.is_indexed)?),
            Codec::Bincode => Self::Bincode(grains(db, Bincode, setup.is_indexed)?),
        }))
    }

    fn put(&self, i: u64, grain: &Grain) -> Outcome<()> {
        either!(self, grains => Ok(grains.store.put(&key(i), grain)?))
    }

    fn put_batch<'a>(&self, records: impl Iterator<Item = (u64, &'a Grain)>) -> Outcome<()> {
        either!(self, grains => {
            let mut batch = grains.db.batch();
            for (i, grain) in records {
                batch.put(&grains.store, &key(i), grain)?;
            }
            Ok(batch.commit()?)
        })
    }

    fn get_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        either!(self, grains => {
            let mut found = 0;
            for i in numbers {
                found += u64::from(black_box(grains.store.get(&key(i))?).is_some());
            }
            Ok(found)
        })
    }

    fn walk_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        either!(self, grains => {
            let mut seen = 0;
            for i in numbers {
                for entry in grains.store.prefix(prefix(i)).values() {
                    black_box(entry?);
                    seen += 1;
                }
            }
            Ok(seen)
        })
    }

    fn owned_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        either!(self, grains => {
            let mut seen = 0;
            for i in numbers {
                for entry in grains.store.by(&grains.by_owner).get(&owner(i)) {
                    black_box(entry?);
                    seen += 1;
                }
            }
            Ok(seen)
        })
    }
}
