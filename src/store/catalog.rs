//! The stores of a database: name, number, and what their keys and values are.
//!
//! Each store has one entry under the database's own keyspace, written when it is first opened and
//! compared on every later open, so that a store read with another key type or codec is a clear
//! error and never a thousand corrupt records.
//!
//! ```text
//! key    00 | name; `index_catalog` says what may follow it
//! value  01 | number: varint | kind | key schema | codec | value schema | value schema version
//!        kind, key schema, codec, value schema: length: varint and UTF-8; version: varint
//! ```

use super::keyspace::{self, CATALOG, Keyspace};
use crate::engine::lsm::Engine;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use crate::format::bytes::{Reader, put_slice, put_varint};
use crate::format::damage::Damage;
use crate::key::shape::Shape;

const FORMAT: u8 = 1;

/// The longest name of a store, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// What a store was made as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreDefinition {
    /// "grains", "u32" or "bytes".
    pub(crate) kind: String,
    /// The structure of its keys.
    pub(crate) key_schema: String,
    /// The identity of its codec.
    pub(crate) codec: String,
    /// The name its users gave to the type of its values; may be empty.
    pub(crate) value_schema: String,
    /// The version of that type.
    pub(crate) value_schema_version: u32,
}

impl StoreDefinition {
    fn encode(&self, number: u32) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put_varint(&mut out, u64::from(number));
        for text in [
            &self.kind,
            &self.key_schema,
            &self.codec,
            &self.value_schema,
        ] {
            put_slice(&mut out, text.as_bytes());
        }
        put_varint(&mut out, u64::from(self.value_schema_version));
        out
    }

    fn decode(bytes: &[u8]) -> Result<(u32, Self), Damage> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != FORMAT {
            return Err(Damage::new(0, "a format that this release does not know"));
        }
        let number = small(&mut reader)?;
        let [kind, key_schema, codec, value_schema] = [
            text(&mut reader)?,
            text(&mut reader)?,
            text(&mut reader)?,
            text(&mut reader)?,
        ];
        let value_schema_version = small(&mut reader)?;
        Ok((
            number,
            Self {
                kind,
                key_schema,
                codec,
                value_schema,
                value_schema_version,
            },
        ))
    }

    fn describe(&self) -> String {
        let Self {
            kind,
            key_schema,
            codec,
            value_schema,
            value_schema_version,
        } = self;
        let schema = match value_schema.as_str() {
            "" => String::new(),
            name => format!(", values {name} version {value_schema_version}"),
        };
        format!("kind {kind}, keys {key_schema}, codec {codec}{schema}")
    }
}

/// Reads a number of 32 bits.
pub(crate) fn small(reader: &mut Reader<'_>) -> Result<u32, Damage> {
    let at = reader.offset();
    u32::try_from(reader.varint()?).map_err(|_| Damage::new(at, "a number beyond 32 bits"))
}

/// Reads a text with its length.
pub(crate) fn text(reader: &mut Reader<'_>) -> Result<String, Damage> {
    let at = reader.offset();
    let bytes = reader.slice()?.to_vec();
    String::from_utf8(bytes).map_err(|_| Damage::new(at, "text that is not UTF-8"))
}

/// Finds the store `name`, or makes it; refuses one that was made as something else.
pub(crate) fn open_store(
    engine: &Engine,
    name: &str,
    definition: &StoreDefinition,
) -> Result<Keyspace> {
    check_name("a store", name)?;
    let key = catalog_key(name)?;
    loop {
        let (found, sequence) = engine.look_up(&key, None, |value, _| value.to_vec())?;
        if let Some(stored) = found {
            match open_existing(engine, name, &key, &stored, sequence, definition) {
                // Somebody raised the schema's version meanwhile; that may have been all.
                Err(error) if error.is_conflict() => continue,
                done => return done,
            }
        }
        // Two stores made at the same moment must not get one number, nor one name two.
        let mut numbers = Numbers::take(engine)?;
        let number = numbers.next_number()?;
        let keyspace = Keyspace::new(number)?;
        let mut batch = WriteBatch::new();
        batch.put(&key, &definition.encode(number))?;
        batch.guard(&key, sequence);
        numbers.put_into(&mut batch)?;
        match engine.write(batch) {
            Ok(()) => return Ok(keyspace),
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
}

fn open_existing(
    engine: &Engine,
    name: &str,
    key: &[u8],
    stored: &[u8],
    sequence: u64,
    wanted: &StoreDefinition,
) -> Result<Keyspace> {
    let (number, found) = decode_entry(name, stored)?;
    let same = found.kind == wanted.kind
        && reads_keys(&found.key_schema, &wanted.key_schema)
        && found.codec == wanted.codec
        && ["", &wanted.value_schema].contains(&found.value_schema.as_str())
        && found.value_schema_version <= wanted.value_schema_version;
    if !same {
        let text = format!(
            "the store {name:?} is opened as something else than it was made as\n  \
             made as:   {}\n  opened as: {}\nopen it with the types it was made with, or copy its \
             records to a new store",
            found.describe(),
            wanted.describe()
        );
        return Err(Error::new(ErrorKind::SchemaMismatch, text));
    }
    // What grew, an enum of the key or the version of the values, is remembered.
    if found != *wanted {
        let mut batch = WriteBatch::new();
        batch.put(key, &wanted.encode(number))?;
        batch.guard(key, sequence);
        engine.write(batch)?;
    }
    Keyspace::new(number)
}

/// True where keys made under the schema `stored` are the same bytes under `wanted`.
pub(crate) fn reads_keys(stored: &str, wanted: &str) -> bool {
    stored == wanted
        || match (Shape::from_schema(stored), Shape::from_schema(wanted)) {
            (Ok(stored), Ok(wanted)) => wanted.reads(&stored),
            _ => false,
        }
}

pub(crate) fn decode_entry(name: &str, stored: &[u8]) -> Result<(u32, StoreDefinition)> {
    StoreDefinition::decode(stored).map_err(|damage| {
        let text = format!(
            "the catalog entry of the store {name:?} cannot be read: {} at its byte {}",
            damage.what, damage.offset
        );
        Error::new(ErrorKind::UnsupportedFormat, text)
    })
}

/// The names of all stores, in order.
pub(crate) fn store_names(engine: &Engine) -> Result<Vec<String>> {
    let keyspace = Keyspace::new(CATALOG)?;
    let mut names = Vec::new();
    for record in engine.scan_prefix(keyspace.bytes())? {
        let (key, _) = record?;
        let name = String::from_utf8_lossy(keyspace.strip(&key)).into_owned();
        // The empty name is the counter's; one with a NUL is an index's.
        if !name.is_empty() && !name.contains('\0') {
            names.push(name);
        }
    }
    Ok(names)
}

/// The number and definition of the store `name`, and the sequence number up to which that holds.
pub(crate) fn find_store(
    engine: &Engine,
    name: &str,
) -> Result<(Option<(u32, StoreDefinition)>, u64)> {
    check_name("a store", name)?;
    let look = |value: &[u8], _| decode_entry(name, value);
    let (found, sequence) = engine.look_up(&catalog_key(name)?, None, look)?;
    Ok((found.transpose()?, sequence))
}

/// Appends the removal of the store `name` from the catalog, as it was seen at `sequence`.
pub(crate) fn remove_into(batch: &mut WriteBatch, name: &str, sequence: u64) -> Result<()> {
    let key = catalog_key(name)?;
    batch.guard(&key, sequence);
    batch.delete(&key)
}

/// Numbers for stores and indexes, none given twice, not even after a removal.
#[derive(Debug)]
pub(crate) struct Numbers {
    last: u32,
    sequence_seen: u64,
}

impl Numbers {
    /// What was given so far.
    pub(crate) fn take(engine: &Engine) -> Result<Self> {
        let (last, sequence_seen) = engine.look_up(&counter_key()?, None, |value, _| {
            <[u8; 4]>::try_from(value).map(u32::from_le_bytes)
        })?;
        let last = last.unwrap_or(Ok(0)).map_err(|_| {
            let text = "the catalog's count of stores cannot be read";
            Error::new(ErrorKind::UnsupportedFormat, text)
        })?;
        let last = match last {
            0 => last_in_use(engine)?,
            counted => counted,
        };
        Ok(Self {
            last,
            sequence_seen,
        })
    }

    /// The next free number; an error where no keyspace has it.
    pub(crate) fn next_number(&mut self) -> Result<u32> {
        self.last = self.last.saturating_add(1);
        Keyspace::new(self.last)?;
        Ok(self.last)
    }

    /// Appends what was given, so that of two who took the same numbers one meets a conflict.
    pub(crate) fn put_into(&self, batch: &mut WriteBatch) -> Result<()> {
        let key = counter_key()?;
        batch.guard(&key, self.sequence_seen);
        batch.put(&key, &self.last.to_le_bytes())
    }
}

/// The largest number that an entry of the catalog tells, or a record's key begins with: what is
/// there where a repair could save all but the counter.
fn last_in_use(engine: &Engine) -> Result<u32> {
    let newest = engine.scan::<&[u8]>(..)?.next_back().transpose()?;
    let newest = newest.and_then(|(key, _)| keyspace::number_of(&key));
    let mut last = newest.unwrap_or(0);
    for entry in engine.scan_prefix(Keyspace::new(CATALOG)?.bytes())? {
        let (_, entry) = entry?;
        // The entries of stores and of indexes begin in the same way.
        let mut reader = Reader::new(&entry);
        if reader.u8().is_ok_and(|format| format == FORMAT) {
            last = last.max(small(&mut reader).unwrap_or(0));
        }
    }
    Ok(last)
}

/// Where the catalog keeps the last number it gave out: under the empty name.
fn counter_key() -> Result<Vec<u8>> {
    catalog_key("")
}

fn catalog_key(name: &str) -> Result<Vec<u8>> {
    Ok([Keyspace::new(CATALOG)?.bytes(), name.as_bytes()].concat())
}

/// An error where `name` cannot name `what` ("a store").
pub(crate) fn check_name(what: &str, name: &str) -> Result<()> {
    let usable = !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains('\0');
    if usable {
        return Ok(());
    }
    let text = format!(
        "{name:?} cannot name {what}: a name has 1 to {NAME_BYTES_MAX} bytes and no NUL among them"
    );
    Err(Error::new(ErrorKind::InvalidInput, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalog_entries_have_the_bytes_of_the_documentation() {
        let definition = StoreDefinition {
            kind: "u32".into(),
            key_schema: "k".into(),
            codec: "c".into(),
            value_schema: String::new(),
            value_schema_version: 2,
        };
        let golden = [1, 7, 3, b'u', b'3', b'2', 1, b'k', 1, b'c', 0, 2];
        assert_eq!(definition.encode(7), golden);
        assert_eq!(StoreDefinition::decode(&golden), Ok((7, definition)));
        for cut in 0..golden.len() {
            assert!(StoreDefinition::decode(&golden[..cut]).is_err());
        }
    }
}
