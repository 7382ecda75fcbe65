//! One change of what the manifest knows, as tagged fields.
//!
//! ```text
//! edit  = field …
//! field = 01 added table       number | level: u8 | run | bytes | checksum: u32 LE | properties
//!       | 02 removed table     number
//!       | 03 first log         number
//!       | 04 last log          number
//!       | 05 closed            log number | offset
//!       | 06 last sequence     number
//!       | 07 next file number  number
//!       | 08 clock             ms since the epoch
//! Where nothing else is said, numbers are varints; 01 and 02 may repeat, the others may not.
//!
//! table 5 at level 1, run 2, of 300 bytes, with one put "a" = "xy" at sequence 3; table 4 gone;
//! last log 7
//!   01 05 01 02 AC 02 EF BE AD DE
//!      01 00 00 00 03 03 00 00 00 00 00 00 00 00 00 00 01 02 01 61 01 61
//!   02 04  04 07
//! ```
//!
//! A tag that is not in this list comes from a newer version of grainstore. It cannot be skipped:
//! what it says may be what keeps a table alive. Readers refuse the edit instead.

use super::bytes::{Reader, put_varint};
use super::damage::Damage;
use super::entry::SEQUENCE_MAX;
use super::properties::Properties;

/// The largest number of a file; far from where adding one could overflow.
pub(crate) const FILE_NUMBER_MAX: u64 = u64::MAX >> 1;

const TAG_ADDED: u8 = 1;
const TAG_REMOVED: u8 = 2;
const TAG_LOG_FIRST: u8 = 3;
const TAG_LOG_LAST: u8 = 4;
const TAG_CLOSED: u8 = 5;
const TAG_SEQUENCE_LAST: u8 = 6;
const TAG_FILE_NUMBER_NEXT: u8 = 7;
const TAG_CLOCK: u8 = 8;

/// What the manifest keeps of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TableMeta {
    /// The number in the name of its file.
    pub(crate) number: u64,
    /// The level it belongs to.
    pub(crate) level: u8,
    /// Its age among the tables of level 0: higher is newer.
    pub(crate) run: u64,
    /// The length of its file.
    pub(crate) bytes: u64,
    /// The plain CRC-32 of its whole file.
    pub(crate) checksum: u32,
    /// Counts and bounds of its entries.
    pub(crate) properties: Properties,
}

/// One change: what is `None` or empty stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct VersionEdit {
    /// Tables that are part of the database from now on.
    pub(crate) added: Vec<TableMeta>,
    /// Numbers of tables that no longer are. Removals come before additions, so a table in both
    /// lists moves to another level.
    pub(crate) removed: Vec<u64>,
    /// The oldest log still needed.
    pub(crate) log_first: Option<u64>,
    /// A log that must exist.
    pub(crate) log_last: Option<u64>,
    /// The database was closed: this log ends at this offset with a seal.
    pub(crate) closed: Option<(u64, u64)>,
    /// The last sequence number in the tables.
    pub(crate) sequence_last: Option<u64>,
    /// No file has this number or a higher one.
    pub(crate) file_number_next: Option<u64>,
    /// The highest time seen, in ms since the epoch.
    pub(crate) clock_ms: Option<u64>,
}

/// Why an edit cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EditRejection {
    /// Its bytes break the format.
    Damaged(Damage),
    /// It has a field that this version does not know.
    UnknownTag(u8),
}

impl From<Damage> for EditRejection {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl VersionEdit {
    /// Appends the bytes of the module's documentation.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for table in &self.added {
            encode_added(out, table);
        }
        for &number in &self.removed {
            put_field(out, TAG_REMOVED, number);
        }
        for (tag, value) in [
            (TAG_LOG_FIRST, self.log_first),
            (TAG_LOG_LAST, self.log_last),
            (TAG_SEQUENCE_LAST, self.sequence_last),
            (TAG_FILE_NUMBER_NEXT, self.file_number_next),
            (TAG_CLOCK, self.clock_ms),
        ] {
            if let Some(value) = value {
                put_field(out, tag, value);
            }
        }
        if let Some((log, offset)) = self.closed {
            put_field(out, TAG_CLOSED, log);
            put_varint(out, offset);
        }
    }

    /// Reads the bytes of the module's documentation.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, EditRejection> {
        let mut reader = Reader::new(bytes);
        let mut edit = Self::default();
        while !reader.is_at_end() {
            let at = reader.offset();
            match reader.u8()? {
                TAG_ADDED => edit.added.push(decode_added(&mut reader)?),
                TAG_REMOVED => edit.removed.push(number(&mut reader)?),
                TAG_LOG_FIRST => once(&mut edit.log_first, number(&mut reader)?, at)?,
                TAG_LOG_LAST => once(&mut edit.log_last, number(&mut reader)?, at)?,
                TAG_CLOSED => {
                    let closed = (number(&mut reader)?, reader.varint()?);
                    once(&mut edit.closed, closed, at)?;
                }
                TAG_SEQUENCE_LAST => {
                    let last = bounded(&mut reader, SEQUENCE_MAX, "sequence beyond the limit")?;
                    once(&mut edit.sequence_last, last, at)?;
                }
                TAG_FILE_NUMBER_NEXT => {
                    once(&mut edit.file_number_next, number(&mut reader)?, at)?;
                }
                TAG_CLOCK => once(&mut edit.clock_ms, reader.varint()?, at)?,
                unknown => return Err(EditRejection::UnknownTag(unknown)),
            }
        }
        Ok(edit)
    }
}

/// Appends the field that adds `table`.
pub(crate) fn encode_added(out: &mut Vec<u8>, table: &TableMeta) {
    put_field(out, TAG_ADDED, table.number);
    out.push(table.level);
    put_varint(out, table.run);
    put_varint(out, table.bytes);
    out.extend_from_slice(&table.checksum.to_le_bytes());
    table.properties.encode(out);
}

fn decode_added(reader: &mut Reader<'_>) -> Result<TableMeta, Damage> {
    Ok(TableMeta {
        number: number(reader)?,
        level: reader.u8()?,
        run: reader.varint()?,
        bytes: reader.varint()?,
        checksum: reader.u32()?,
        properties: Properties::decode(reader)?,
    })
}

fn put_field(out: &mut Vec<u8>, tag: u8, value: u64) {
    out.push(tag);
    put_varint(out, value);
}

fn number(reader: &mut Reader<'_>) -> Result<u64, Damage> {
    bounded(reader, FILE_NUMBER_MAX, "file number beyond the limit")
}

fn bounded(reader: &mut Reader<'_>, max: u64, what: &'static str) -> Result<u64, Damage> {
    let at = reader.offset();
    let value = reader.varint()?;
    if value <= max {
        Ok(value)
    } else {
        Err(Damage::new(at, what))
    }
}

fn once<T>(field: &mut Option<T>, value: T, at: usize) -> Result<(), Damage> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(Damage::new(at, "a field stands twice in an edit")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn example() -> VersionEdit {
        let properties = Properties {
            entries: 1,
            sequence_min: 3,
            sequence_max: 3,
            key_bytes: 1,
            value_bytes: 2,
            key_first: b"a"[..].into(),
            key_last: b"a"[..].into(),
            ..Properties::default()
        };
        let table = TableMeta {
            number: 5,
            level: 1,
            run: 2,
            bytes: 300,
            checksum: 0xdead_beef,
            properties,
        };
        VersionEdit {
            added: vec![table],
            removed: vec![4],
            log_last: Some(7),
            ..VersionEdit::default()
        }
    }

    fn encoded(edit: &VersionEdit) -> Vec<u8> {
        let mut out = Vec::new();
        edit.encode(&mut out);
        out
    }

    #[test]
    fn edit_has_the_bytes_of_the_documentation_and_reads_back() {
        let golden = [
            &[1, 5, 1, 2, 0xac, 2, 0xef, 0xbe, 0xad, 0xde][..],
            &[1, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[1, 2, 1, 0x61, 1, 0x61, 2, 4, 4, 7],
        ];
        assert_eq!(encoded(&example()), golden.concat());
        assert_eq!(VersionEdit::decode(&golden.concat()), Ok(example()));
    }

    #[test]
    fn field_said_twice_or_out_of_bounds_or_unknown_is_refused() {
        let damaged = |bytes: &[u8]| match VersionEdit::decode(bytes) {
            Err(EditRejection::Damaged(damage)) => (damage.offset, damage.what),
            other => panic!("{other:?}"),
        };
        for tag in [3, 4, 6, 7, 8] {
            let twice = (2, "a field stands twice in an edit");
            assert_eq!(damaged(&[tag, 1, tag, 1]), twice);
        }
        assert_eq!(damaged(&[5, 1, 1, 5, 1, 1]).0, 3);
        let mut bytes = vec![2];
        put_varint(&mut bytes, FILE_NUMBER_MAX + 1);
        assert_eq!(damaged(&bytes), (1, "file number beyond the limit"));
        bytes = vec![6];
        put_varint(&mut bytes, SEQUENCE_MAX + 1);
        assert_eq!(damaged(&bytes), (1, "sequence beyond the limit"));
        for tag in [0, 9, 255] {
            let refused = VersionEdit::decode(&[4, 1, tag, 1]);
            assert_eq!(refused, Err(EditRejection::UnknownTag(tag)));
        }
    }

    prop_compose! {
        fn table()(
            number in 0..=FILE_NUMBER_MAX,
            (level, run, bytes, checksum) in any::<(u8, u64, u64, u32)>(),
            keys in any::<(Vec<u8>, Vec<u8>)>(),
            (entries, tombstones, expiring) in (0u64..1000, any::<u64>(), any::<u64>()),
            sequences in (0..=SEQUENCE_MAX, 0..=SEQUENCE_MAX),
            mut quantiles in any::<[u64; 8]>(),
            (range_tombstones, key_bytes, value_bytes) in any::<(u64, u64, u64)>(),
        ) -> TableMeta {
            quantiles.sort_unstable();
            let properties = Properties {
                entries,
                tombstones: tombstones % (entries + 1),
                range_tombstones,
                expiring: expiring % (entries + 1),
                sequence_min: sequences.0.min(sequences.1),
                sequence_max: sequences.0.max(sequences.1),
                expiry_min_ms: quantiles[0],
                expiry_max_ms: quantiles[7],
                expiry_quantiles_ms: quantiles,
                key_bytes,
                value_bytes,
                key_first: keys.0.clone().min(keys.1.clone()).into(),
                key_last: keys.0.max(keys.1).into(),
            };
            TableMeta { number, level, run, bytes, checksum, properties }
        }
    }

    prop_compose! {
        fn edit()(
            added in prop::collection::vec(table(), 0..4),
            removed in prop::collection::vec(0..=FILE_NUMBER_MAX, 0..4),
            log_first in prop::option::of(0..=FILE_NUMBER_MAX),
            log_last in prop::option::of(0..=FILE_NUMBER_MAX),
            closed in prop::option::of((0..=FILE_NUMBER_MAX, any::<u64>())),
            sequence_last in prop::option::of(0..=SEQUENCE_MAX),
            file_number_next in prop::option::of(0..=FILE_NUMBER_MAX),
            clock_ms: Option<u64>,
        ) -> VersionEdit {
            VersionEdit {
                added, removed, log_first, log_last, closed, sequence_last, file_number_next,
                clock_ms,
            }
        }
    }

    proptest! {
        #[test]
        fn edits_come_back_and_no_cut_inside_a_field_reads(edit in edit()) {
            let bytes = encoded(&edit);
            let read = VersionEdit::decode(&bytes);
            prop_assert_eq!(read.as_ref(), Ok(&edit));
            for cut in 0..bytes.len() {
                if let Ok(shorter) = VersionEdit::decode(&bytes[..cut]) {
                    prop_assert_eq!(encoded(&shorter), &bytes[..cut]);
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = VersionEdit::decode(&bytes);
        }
    }
}
