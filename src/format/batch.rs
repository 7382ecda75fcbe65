//! A write batch as bytes: what a commit puts into the log and a recovery reads back.
//!
//! A batch is its operations one after the other; the i-th (from 0) takes the sequence number
//! `base + i`, where `base` stands in the log record around it.
//!
//! ```text
//! operation = tag: u8 | key length: varint | key
//!             | expiry: varint           only tag 04
//!             | value length: varint | value   only tags 01, 03, 04
//! tag 01 put · 02 delete · 03 delete range [key, value) · 04 put that expires
//!
//! put "a" = "xy"          01 01 61 02 78 79
//! delete "a"              02 01 61
//! delete range "a".."c"   03 01 61 01 63
//! put "a" = "x" until 300 04 01 61 AC 02 01 78
//! ```

use super::bytes::{Reader, put_slice, put_varint};
use super::damage::Damage;
use super::entry::{KEY_BYTES_MAX, VALUE_BYTES_MAX};

const TAG_PUT: u8 = 1;
const TAG_DELETE: u8 = 2;
const TAG_DELETE_RANGE: u8 = 3;
const TAG_PUT_EXPIRING: u8 = 4;

/// One operation of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation<'a> {
    /// The key has the value, until `expiry_ms` (0: for ever).
    Put {
        key: &'a [u8],
        value: &'a [u8],
        expiry_ms: u64,
    },
    /// The key is gone.
    Delete { key: &'a [u8] },
    /// Every key from `start` up to and without `end` is gone.
    DeleteRange { start: &'a [u8], end: &'a [u8] },
}

impl<'a> Operation<'a> {
    /// The key, or the first key of a range.
    #[inline]
    pub(crate) fn key(&self) -> &'a [u8] {
        let (Self::Put { key, .. } | Self::Delete { key } | Self::DeleteRange { start: key, .. }) =
            *self;
        key
    }
}

/// Appends `operation` to a batch.
pub(crate) fn append(out: &mut Vec<u8>, operation: Operation<'_>) {
    match operation {
        Operation::Put {
            key,
            value,
            expiry_ms: 0,
        } => {
            out.push(TAG_PUT);
            put_slice(out, key);
            put_slice(out, value);
        }
        Operation::Put {
            key,
            value,
            expiry_ms,
        } => {
            out.push(TAG_PUT_EXPIRING);
            put_slice(out, key);
            put_varint(out, expiry_ms);
            put_slice(out, value);
        }
        Operation::Delete { key } => {
            out.push(TAG_DELETE);
            put_slice(out, key);
        }
        Operation::DeleteRange { start, end } => {
            out.push(TAG_DELETE_RANGE);
            put_slice(out, start);
            put_slice(out, end);
        }
    }
}

/// The operations of a batch, in order. Damage ends the walk.
pub(crate) fn operations(batch: &[u8]) -> impl Iterator<Item = Result<Operation<'_>, Damage>> {
    let mut reader = Reader::new(batch);
    let mut broken = false;
    std::iter::from_fn(move || {
        if broken || reader.is_at_end() {
            return None;
        }
        let operation = read(&mut reader);
        broken = operation.is_err();
        Some(operation)
    })
}

/// The first operation of a batch and how many bytes it takes; `None` at the end.
pub(crate) fn first(batch: &[u8]) -> Option<Result<(Operation<'_>, usize), Damage>> {
    let mut reader = Reader::new(batch);
    if reader.is_at_end() {
        return None;
    }
    Some(read(&mut reader).map(|operation| (operation, reader.offset())))
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Operation<'a>, Damage> {
    let at = reader.offset();
    let tag = reader.u8()?;
    let key = bounded(reader, KEY_BYTES_MAX, "key longer than the limit")?;
    match tag {
        TAG_PUT => Ok(Operation::Put {
            key,
            value: value(reader)?,
            expiry_ms: 0,
        }),
        TAG_DELETE => Ok(Operation::Delete { key }),
        TAG_DELETE_RANGE => {
            let end = bounded(reader, KEY_BYTES_MAX, "range end longer than the limit")?;
            Ok(Operation::DeleteRange { start: key, end })
        }
        TAG_PUT_EXPIRING => match reader.varint()? {
            0 => Err(Damage::new(at, "expiry of an expiring put is 0")),
            expiry_ms => Ok(Operation::Put {
                key,
                value: value(reader)?,
                expiry_ms,
            }),
        },
        _ => Err(Damage::new(at, "unknown operation of a batch")),
    }
}

fn value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Damage> {
    bounded(reader, VALUE_BYTES_MAX, "value longer than the limit")
}

fn bounded<'a>(
    reader: &mut Reader<'a>,
    bytes_max: usize,
    what: &'static str,
) -> Result<&'a [u8], Damage> {
    let at = reader.offset();
    let slice = reader.slice()?;
    if slice.len() > bytes_max {
        Err(Damage::new(at, what))
    } else {
        Ok(slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn operations_have_the_bytes_of_the_documentation() {
        let mut out = Vec::new();
        append(
            &mut out,
            Operation::Put {
                key: b"a",
                value: b"xy",
                expiry_ms: 0,
            },
        );
        append(&mut out, Operation::Delete { key: b"a" });
        append(
            &mut out,
            Operation::DeleteRange {
                start: b"a",
                end: b"c",
            },
        );
        append(
            &mut out,
            Operation::Put {
                key: b"a",
                value: b"x",
                expiry_ms: 300,
            },
        );
        let golden = [
            &[1, 1, 0x61, 2, 0x78, 0x79][..],
            &[2, 1, 0x61],
            &[3, 1, 0x61, 1, 0x63],
            &[4, 1, 0x61, 0xac, 2, 1, 0x78],
        ];
        assert_eq!(out, golden.concat());
        assert_eq!(operations(&out).filter(Result::is_ok).count(), 4);
    }

    #[test]
    fn operations_that_cannot_be_are_refused_where_they_stand() {
        let long = |head: &[u8]| {
            let mut bytes = head.to_vec();
            put_slice(&mut bytes, &vec![7; KEY_BYTES_MAX + 1]);
            bytes
        };
        let end_before = [TAG_DELETE, 1, 0x61];
        for (bytes, offset, what) in [
            (long(&[TAG_DELETE]), 1, "key longer than the limit"),
            (
                long(&[TAG_DELETE_RANGE, 0]),
                2,
                "range end longer than the limit",
            ),
            (
                vec![TAG_PUT_EXPIRING, 0, 0, 0],
                0,
                "expiry of an expiring put is 0",
            ),
            (vec![9, 0], 0, "unknown operation of a batch"),
            (vec![TAG_DELETE, 2, 0x61], 2, "bytes end too early"),
        ] {
            assert_eq!(
                read(&mut Reader::new(&bytes)),
                Err(Damage::new(offset, what))
            );
            assert_eq!(first(&bytes), Some(Err(Damage::new(offset, what))));
            let behind = [&end_before[..], &bytes].concat();
            let walked: Vec<_> = operations(&behind).collect();
            assert_eq!(walked.len(), 2, "the walk ends: {what}");
            let refused = walked[1].as_ref().unwrap_err();
            assert_eq!((refused.offset, refused.what), (offset + 3, what));
        }
        assert_eq!(first(&[]), None);
        let delete = Operation::Delete { key: b"a" };
        assert_eq!(first(&end_before), Some(Ok((delete, 3))));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_damage_ends_the_walk(bytes: Vec<u8>) {
            let walked: Vec<_> = operations(&bytes).collect();
            let broken = walked.iter().position(Result::is_err);
            prop_assert!(broken.is_none_or(|i| i + 1 == walked.len()));
        }
    }
}
