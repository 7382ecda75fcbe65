//! The catalog's entries of indexes: which ones a store has, where they lie, and in which state.
//!
//! ```text
//! key    00 | name of the store | 00 | name of the index
//! value  01 | number: varint | flags: u8 | version: varint | values: varint | key schema
//!        values: the version of the value schema that it was built over
//!        key schema: length: varint and UTF-8
//! flag 01: the index is unique
//! flag 02: it is being built, and nobody may read it; every other flag is refused
//!
//! unique index of number 7, version 2, over values of version 5, of keys "k"
//!     01 07 01 02 05 01 6b
//! ```
//!
//! Names of stores have no NUL, so no store lies between a store and its indexes.

use super::catalog::{self, Numbers};
use super::keyspace::{CATALOG, Keyspace};
use crate::engine::key_range::KeyRange;
use crate::engine::lsm::Engine;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::format::bytes::{Reader, put_slice, put_varint};
use crate::format::damage::Damage;
use crate::key::shape::Shape;

const FORMAT: u8 = 1;
const FLAG_UNIQUE: u8 = 1;
const FLAG_BUILDING: u8 = 2;

/// What the catalog keeps of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredIndex {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) unique: bool,
    pub(crate) building: bool,
    pub(crate) version: u32,
    pub(crate) value_schema_version: u32,
    pub(crate) key_schema: String,
}

impl StoredIndex {
    fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put_varint(&mut out, u64::from(self.number));
        let unique = if self.unique { FLAG_UNIQUE } else { 0 };
        let building = if self.building { FLAG_BUILDING } else { 0 };
        out.push(unique | building);
        put_varint(&mut out, u64::from(self.version));
        put_varint(&mut out, u64::from(self.value_schema_version));
        put_slice(&mut out, self.key_schema.as_bytes());
        out
    }

    pub(crate) fn decode(name: &str, bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != FORMAT {
            return Err(Damage::new(0, "a format that this release does not know"));
        }
        let number = catalog::small(&mut reader)?;
        let at = reader.offset();
        let flags = reader.u8()?;
        if flags & !(FLAG_UNIQUE | FLAG_BUILDING) != 0 {
            return Err(Damage::new(at, "flags that this release does not know"));
        }
        Ok(Self {
            name: name.to_owned(),
            number,
            unique: flags & FLAG_UNIQUE != 0,
            building: flags & FLAG_BUILDING != 0,
            version: catalog::small(&mut reader)?,
            value_schema_version: catalog::small(&mut reader)?,
            key_schema: catalog::text(&mut reader)?,
        })
    }

    /// True where the entries of `stored` are what this one would write.
    pub(crate) fn reads(&self, stored: &Self) -> bool {
        self.name == stored.name
            && self.unique == stored.unique
            && self.version == stored.version
            && catalog::reads_keys(&stored.key_schema, &self.key_schema)
    }

    /// The index in a word or two, for the text of an error.
    pub(crate) fn describe(&self) -> String {
        let unique = if self.unique { " unique" } else { "" };
        let version = match self.version {
            0 => String::new(),
            version => format!(" version {version}"),
        };
        format!("{} ({}{unique}{version})", self.name, self.key_schema)
    }

    /// Where its entries lie.
    pub(crate) fn keyspace(&self) -> Result<Keyspace> {
        Keyspace::new(self.number)
    }

    /// Appends this catalog entry.
    pub(crate) fn put_into(&self, batch: &mut WriteBatch, store: &str) -> Result<()> {
        batch.put(&catalog_key(store, &self.name)?, &self.encode())
    }

    /// Appends the removal of the index: its entries, and its place in the catalog.
    pub(crate) fn remove_into(&self, batch: &mut WriteBatch, store: &str) -> Result<()> {
        batch.delete(&catalog_key(store, &self.name)?)?;
        remove_keyspace(batch, self.keyspace()?)
    }
}

/// Appends the removal of everything in a keyspace.
pub(crate) fn remove_keyspace(batch: &mut WriteBatch, keyspace: Keyspace) -> Result<()> {
    let whole = KeyRange::prefix(keyspace.bytes());
    // Keyspaces end below FE, so every one of them has an end.
    batch.delete_range(&whole.lower, &whole.upper.unwrap_or_default())
}

/// The indexes of `store`, by name.
pub(crate) fn list(engine: &Engine, store: &str) -> Result<Vec<StoredIndex>> {
    let prefix = catalog_key(store, "")?;
    let mut found = Vec::new();
    for record in engine.scan_prefix(&prefix)? {
        let (key, value) = record?;
        let name = String::from_utf8_lossy(key.get(prefix.len()..).unwrap_or_default());
        let decoded = StoredIndex::decode(&name, &value).map_err(|damage| {
            let text = format!(
                "the catalog entry of the index {name:?} of the store {store:?} cannot be read: {} \
                 at its byte {}",
                damage.what, damage.offset
            );
            Error::new(ErrorKind::UnsupportedFormat, text)
        })?;
        found.push(decoded);
    }
    Ok(found)
}

/// Gives the indexes numbers and enters them as being built.
pub(crate) fn enter(engine: &Engine, store: &str, new: &mut [StoredIndex]) -> Result<()> {
    loop {
        let mut batch = WriteBatch::new();
        let mut numbers = Numbers::take(engine)?;
        for index in new.iter_mut() {
            (index.number, index.building) = (numbers.next_number()?, true);
            index.put_into(&mut batch, store)?;
        }
        numbers.put_into(&mut batch)?;
        match engine.write(batch) {
            Err(error) if error.is_conflict() => {}
            done => return done,
        }
    }
}

fn catalog_key(store: &str, index: &str) -> Result<Vec<u8>> {
    let space = Keyspace::new(CATALOG)?;
    Ok([space.bytes(), store.as_bytes(), &[0], index.as_bytes()].concat())
}

/// What an index of these keys over such values is kept as; its number comes when it is entered.
pub(crate) fn wanted(
    name: &str,
    unique: bool,
    (version, value_schema_version): (u32, u32),
    keys: &Shape,
) -> StoredIndex {
    StoredIndex {
        name: name.to_owned(),
        number: 0,
        unique,
        building: false,
        version,
        value_schema_version,
        key_schema: keys.schema(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalog_entries_of_indexes_have_the_bytes_of_the_documentation() {
        let index = StoredIndex {
            name: "by".into(),
            number: 7,
            unique: true,
            building: false,
            version: 2,
            value_schema_version: 5,
            key_schema: "k".into(),
        };
        let golden = [1, 7, 1, 2, 5, 1, b'k'];
        assert_eq!(index.encode(), golden);
        assert_eq!(catalog_key("a", "by").unwrap(), [0, b'a', 0, b'b', b'y']);
        assert_eq!(StoredIndex::decode("by", &golden), Ok(index.clone()));
        let building = StoredIndex {
            building: true,
            ..index
        };
        assert_eq!(building.encode(), [1, 7, 3, 2, 5, 1, b'k']);
        for cut in 0..golden.len() {
            assert!(StoredIndex::decode("by", &golden[..cut]).is_err());
        }
        assert!(StoredIndex::decode("by", &[1, 7, 4, 2, 5, 1, b'k']).is_err());
        assert!(StoredIndex::decode("by", &[2, 7, 1, 2, 5, 1, b'k']).is_err());
    }
}
