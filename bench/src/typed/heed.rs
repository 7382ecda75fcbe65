//! LMDB through heed, with keys and values made into bytes by hand, on the peer of the other
//! groups' environment. An index by hand is not measured.

use super::codec::Codec;
use super::grain::{Grain, key_bytes, prefix_bytes};
use super::peer::{TypedPeer, TypedSetup};
use crate::peer::{Outcome, Peer, Setup};
use crate::peers::Heed;
use std::hint::black_box;
use std::path::Path;

/// An environment with one database.
pub struct Typed {
    environment: Heed,
    codec: Codec,
}

impl TypedPeer for Typed {
    fn open(dir: &Path, setup: TypedSetup) -> Outcome<Option<Self>> {
        if setup.is_indexed {
            return Ok(None);
        }
        let bytes = Setup {
            writes: setup.writes,
            small: false,
            roomy: false,
        };
        Ok(Some(Self {
            environment: Heed::open(dir, bytes)?,
            codec: setup.codec,
        }))
    }

    fn put(&self, i: u64, grain: &Grain) -> Outcome<()> {
        let mut bytes = Vec::new();
        self.codec.encode(grain, &mut bytes)?;
        self.environment.put(&key_bytes(i), &bytes)
    }

    fn put_batch<'a>(&self, records: impl Iterator<Item = (u64, &'a Grain)>) -> Outcome<()> {
        let mut encoded = Vec::new();
        for (i, grain) in records {
            let mut bytes = Vec::new();
            self.codec.encode(grain, &mut bytes)?;
            encoded.push((key_bytes(i), bytes));
        }
        self.environment.put_batch(encoded.into_iter())
    }

    fn get_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        let view = self.environment.view()?;
        let mut found = 0;
        for i in numbers {
            if let Some(value) = view.value(&key_bytes(i))? {
                black_box(self.codec.decode(value)?);
                found += 1;
            }
        }
        Ok(found)
    }

    fn walk_each(&self, numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        let view = self.environment.view()?;
        let mut seen = 0;
        for i in numbers {
            for pair in view.pairs(&prefix_bytes(i))? {
                black_box(self.codec.decode(pair?.1)?);
                seen += 1;
            }
        }
        Ok(seen)
    }

    fn owned_each(&self, _numbers: impl Iterator<Item = u64>) -> Outcome<u64> {
        Err("there is no index".into())
    }
}
