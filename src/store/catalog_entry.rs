//! The catalog as it stands in tables and logs, for tools that look at a database from outside.
//!
//! Reads bytes alone: pure, from any thread, opens nothing. What it cannot read it calls no entry,
//! for keys of an engine without stores may begin as those of the catalog.

use super::catalog::decode_entry;
use super::index_catalog::StoredIndex;
use super::keyspace::{CATALOG, Keyspace, number_of};
use super::lifetime::expiry_time;
use super::record::RecordHeader;
use super::store_info::StoreInfo;
use super::untyped_store::UntypedRecord;
use super::version::Version;
use crate::error::{Error, ErrorKind, Result};

/// An entry of the catalog: a store or an index of one, and what its keys begin with.
///
/// ```
/// use grainstore::CatalogEntry;
/// // Store 7 of kind u32 with keys u32: what a table or a log has under the name "hits".
/// let value = b"\x01\x07\x03u32\x06k1:u32\x06u32/le\x00\x00";
/// let entry = CatalogEntry::read(b"\x00hits", value).unwrap();
/// assert_eq!((entry.store.as_str(), entry.index), ("hits", None));
/// assert_eq!(entry.key_start, [7]);
/// assert_eq!(entry.info.unwrap().key_schema, "k1:u32");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogEntry {
    /// The name of the store.
    pub store: String,
    /// The name of its index; `None` where the entry is the store's own.
    pub index: Option<String>,
    /// The bytes that all its keys in the engine begin with.
    pub key_start: Vec<u8>,
    /// What the store was made as; `None` where the entry is an index's. Names no indexes: they
    /// have entries of their own.
    pub info: Option<StoreInfo>,
}

impl CatalogEntry {
    /// The names of store and index that stand in an engine key; `None` where it is no key of an
    /// entry.
    #[must_use]
    pub fn names(key: &[u8]) -> Option<(String, Option<String>)> {
        if number_of(key) != Some(CATALOG) {
            return None;
        }
        let name = std::str::from_utf8(key.get(1..)?).ok()?;
        match name.split_once('\0') {
            None if name.is_empty() => None,
            None => Some((name.to_owned(), None)),
            Some((store, index)) => Some((store.to_owned(), Some(index.to_owned()))),
        }
    }

    /// Reads the entry under an engine key; `None` where it is none that this release knows.
    #[must_use]
    pub fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let (store, index) = Self::names(key)?;
        let (number, info) = match &index {
            None => {
                let (number, definition) = decode_entry(&store, value).ok()?;
                let info = StoreInfo::from_definition(&store, definition, Vec::new());
                info.key_shape().ok()?;
                (number, Some(info))
            }
            Some(name) => (StoredIndex::decode(name, value).ok()?.number, None),
        };
        let key_start = Keyspace::new(number).ok()?.bytes().to_vec();
        Some(Self {
            store,
            index,
            key_start,
            info,
        })
    }
}

impl UntypedRecord {
    /// Reads a record of the store `info` as it stands in tables and logs, with its expiry in ms
    /// since the epoch, 0 for never.
    ///
    /// # Errors
    /// `Codec` where its header cannot be read.
    pub fn read(info: &StoreInfo, bytes: &[u8], expiry_ms: u64) -> Result<Self> {
        let expires_at = expiry_time(expiry_ms);
        if info.kind != "grains" {
            return Ok(Self {
                value: bytes.to_vec(),
                version: None,
                schema_version: 0,
                expires_at,
            });
        }
        let (header, value) = RecordHeader::decode(bytes).map_err(|what| {
            let text = format!(
                "a record of the store {:?} cannot be read: {what}",
                info.name
            );
            Error::new(ErrorKind::Codec, text)
        })?;
        Ok(Self {
            value: value.to_vec(),
            version: Some(Version(header.version)),
            schema_version: header.schema_version,
            expires_at,
        })
    }
}
