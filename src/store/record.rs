//! A record as bytes: what a typed store puts around the bytes of a value.
//!
//! ```text
//! record = flags: u8 | version: varint | schema version: varint, only with flag 01 | value bytes
//! flag 01: the value was written under this version of its schema, not under version 0;
//! every other flag is refused: a newer release wrote it
//!
//! version 300, value "hi"              00 AC 02 68 69
//! version 3, schema version 2, "hi"    01 03 02 68 69
//! ```
//!
//! The version is the record's ETag: larger with every write to the database, stored here because
//! the engine may forget a sequence number once it has no more use for it. The expiry is not here
//! but in the engine's entry, where scans and compactions see it without the value.

use crate::format::bytes::{Reader, put_varint};

const FLAG_SCHEMA: u8 = 1;

/// What stands before the bytes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) version: u64,
    pub(crate) schema_version: u32,
}

impl RecordHeader {
    /// Appends the header; the value's bytes follow it.
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        out.push(if self.schema_version == 0 {
            0
        } else {
            FLAG_SCHEMA
        });
        put_varint(out, self.version);
        if self.schema_version != 0 {
            put_varint(out, u64::from(self.schema_version));
        }
    }

    /// Splits a record into its header and the bytes of its value.
    pub(crate) fn decode(record: &[u8]) -> Result<(Self, &[u8]), &'static str> {
        const CUT: &str = "the record ends within its header";
        let mut reader = Reader::new(record);
        let flags = reader.u8().map_err(|_| CUT)?;
        if flags & !FLAG_SCHEMA != 0 {
            return Err("the record has flags that a newer release of grainstore gave it");
        }
        let version = reader.varint().map_err(|_| CUT)?;
        let schema_version = match flags & FLAG_SCHEMA {
            0 => 0,
            _ => u32::try_from(reader.varint().map_err(|_| CUT)?)
                .map_err(|_| "the record's schema version is beyond 32 bits")?,
        };
        let value = record.get(reader.offset()..).unwrap_or_default();
        Ok((
            Self {
                version,
                schema_version,
            },
            value,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_bytes_of_the_documentation() {
        let plain = RecordHeader {
            version: 300,
            schema_version: 0,
        };
        let later = RecordHeader {
            version: 3,
            schema_version: 2,
        };
        for (header, golden) in [(plain, &[0, 0xac, 2][..]), (later, &[1, 3, 2])] {
            let mut out = Vec::new();
            header.encode(&mut out);
            assert_eq!(out, golden);
            out.extend(b"hi");
            assert_eq!(RecordHeader::decode(&out), Ok((header, &b"hi"[..])));
        }
        for damaged in [&[][..], &[0], &[1, 3], &[2, 3, 0], &[0, 0x80]] {
            assert!(RecordHeader::decode(damaged).is_err(), "{damaged:?}");
        }
    }
}
