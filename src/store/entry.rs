//! Records on their way out: decoded, or an error that says which store and which key.

use super::lifetime::expiry_time;
use super::migrations::Migrations;
use super::raw_store::RawStore;
use super::record::RecordHeader;
use super::version::{Version, Versioned};
use crate::codec::codec_error::CodecError;
use crate::codec::contract::Codec;
use crate::error::{Error, ErrorKind, Result};
use crate::key::key_error::KeyError;
use std::any::type_name;
use std::time::SystemTime;

/// A record of a query: key, value, version, expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// The version of the record.
    pub version: Version,
    /// When it stops existing; `None` for never.
    pub expires_at: Option<SystemTime>,
}

/// A decoded record.
#[derive(Debug)]
pub(crate) struct Found<V> {
    pub(crate) value: V,
    pub(crate) version: u64,
    pub(crate) expiry_ms: u64,
}

impl<V> Found<V> {
    pub(crate) fn into_versioned(self) -> Versioned<V> {
        let (version, expires_at) = (Version(self.version), expiry_time(self.expiry_ms));
        Versioned {
            value: self.value,
            version,
            expires_at,
        }
    }

    pub(crate) fn into_entry<K>(self, key: K) -> Entry<K, V> {
        let (version, expires_at) = (Version(self.version), expiry_time(self.expiry_ms));
        Entry {
            key,
            value: self.value,
            version,
            expires_at,
        }
    }
}

/// Turns the records of one store into values.
pub(crate) struct Decoder<'a, V, C> {
    raw: &'a RawStore,
    codec: &'a C,
    migrations: &'a Migrations<V, C>,
}

impl<'a, V, C: Codec<V>> Decoder<'a, V, C> {
    pub(crate) fn new(raw: &'a RawStore, codec: &'a C, migrations: &'a Migrations<V, C>) -> Self {
        Self {
            raw,
            codec,
            migrations,
        }
    }

    /// The value of a record.
    #[inline]
    pub(crate) fn value(&self, key: &[u8], record: &[u8]) -> Result<V> {
        let (header, bytes) =
            RecordHeader::decode(record).map_err(|what| self.damaged(key, what))?;
        self.decode(key, header, bytes)
    }

    /// The value that `bytes` are, upgraded where it was written under an older version of the
    /// schema.
    #[inline]
    fn decode(&self, key: &[u8], header: RecordHeader, bytes: &[u8]) -> Result<V> {
        if header.schema_version != self.migrations.version {
            let (from, place) = (header.schema_version, || self.place(key));
            return self.migrations.upgrade(self.codec, from, bytes, place);
        }
        self.codec
            .decode(bytes)
            .map_err(|error| self.decode_error(key, error))
    }

    /// All of a record.
    pub(crate) fn found(&self, key: &[u8], record: &[u8], expiry_ms: u64) -> Result<Found<V>> {
        let decoded = RecordHeader::decode(record);
        let (header, bytes) = decoded.map_err(|what| self.damaged(key, what))?;
        Ok(Found {
            value: self.decode(key, header, bytes)?,
            version: header.version,
            expiry_ms,
        })
    }

    /// The store and the engine key, for the text of an error.
    pub(crate) fn place(&self, key: &[u8]) -> String {
        self.raw.place(key)
    }

    #[cold]
    fn decode_error(&self, key: &[u8], error: CodecError) -> Error {
        Error::caused(
            ErrorKind::Codec,
            format!("{}: its value is no {}", self.place(key), type_name::<V>()),
            error,
        )
    }

    #[cold]
    pub(crate) fn encode_error(&self, key: &[u8], error: CodecError) -> Error {
        Error::caused(
            ErrorKind::Codec,
            format!("{}: the {} given", self.place(key), type_name::<V>()),
            error,
        )
    }

    #[cold]
    pub(crate) fn damaged(&self, key: &[u8], what: &str) -> Error {
        Error::new(ErrorKind::Codec, format!("{}: {what}", self.place(key)))
    }
}

/// A key that does not decode as the type of its store.
#[cold]
pub(crate) fn key_error(raw: &RawStore, key: &[u8], error: KeyError) -> Error {
    Error::caused(
        ErrorKind::Codec,
        format!("{}: its key", raw.place(key)),
        error,
    )
}
