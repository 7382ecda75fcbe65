//! What a shard knows of itself: which one it is, of how many, of which database.
//!
//! Written when the database is made and compared on every open, so that another number of shards,
//! a shard that is missing or one that is in the place of another is an error that says so, and
//! never keys that cannot be found. Under the key `00 73`:
//!
//! ```text
//! 01 | shards: varint | index: varint | made_ms: varint | complete: u8
//! 01 04 02 e8 07 01        shard 2 of 4, made at 1,000 ms
//! ```
//!
//! `complete` is 1 in shard 0 once all shards have been made, and 0 everywhere else. Runs while the
//! database is opened, on one thread.

use crate::engine::lsm::Engine;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::format::bytes::{Reader, put_varint};
use crate::format::damage::Damage;
use std::path::Path;

const KEY: &[u8] = &[0, b's'];
const FORMAT: u8 = 1;

/// Which shard of which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) shards: u64,
    pub(crate) index: u64,
    /// When the database was made: tells two of them apart.
    pub(crate) made_ms: u64,
    /// All shards have been made.
    pub(crate) complete: bool,
}

impl Identity {
    fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put_varint(&mut out, self.shards);
        put_varint(&mut out, self.index);
        put_varint(&mut out, self.made_ms);
        out.push(u8::from(self.complete));
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != FORMAT {
            return Err(Damage::new(0, "a format that this release does not know"));
        }
        Ok(Self {
            shards: reader.varint()?,
            index: reader.varint()?,
            made_ms: reader.varint()?,
            complete: reader.u8()? != 0,
        })
    }

    /// What the shard in `dir` says of itself; `None` where it is new.
    pub(crate) fn read(engine: &Engine, dir: &Path) -> Result<Option<Self>> {
        let Some(found) = engine.get_with(KEY, Self::decode)? else {
            return Ok(None);
        };
        found.map(Some).map_err(|damage| {
            let text = format!(
                "{} does not say which shard it is: {}",
                dir.display(),
                damage.what
            );
            Error::new(ErrorKind::UnsupportedFormat, text)
        })
    }

    /// Writes it, to stay.
    pub(crate) fn write(&self, engine: &Engine) -> Result<()> {
        let mut batch = WriteBatch::new();
        batch.put(KEY, &self.encode())?;
        engine.write(batch)?;
        engine.sync()
    }

    /// Refuses a shard that is not the one that belongs in `dir`.
    pub(crate) fn check_found(&self, found: Option<Self>, dir: &Path) -> Result<()> {
        let same = |found: &Self| {
            let key = |it: &Self| (it.shards, it.index, it.made_ms);
            key(found) == key(self)
        };
        let text = match found {
            Some(found) if same(&found) => return Ok(()),
            None => format!(
                "{} is empty, but the database was made with {} shards; put the folder of shard \
                 {} back",
                dir.display(),
                self.shards,
                self.index
            ),
            Some(found) => format!(
                "{} holds shard {} of {} of a database made at {} ms; shard {} of {} of the one \
                 made at {} ms belongs there; put the folders back as they were",
                dir.display(),
                found.index,
                found.shards,
                found.made_ms,
                self.index,
                self.shards,
                self.made_ms
            ),
        };
        Err(Error::new(ErrorKind::InvalidInput, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_example() {
        let identity = Identity {
            shards: 4,
            index: 2,
            made_ms: 1_000,
            complete: true,
        };
        assert_eq!(identity.encode(), [1, 4, 2, 0xe8, 7, 1]);
        assert_eq!(Identity::decode(&identity.encode()), Ok(identity));
        assert!(Identity::decode(&[1, 4, 2]).is_err());
        assert!(Identity::decode(&[2, 4, 2, 0, 0]).is_err());
    }
}
