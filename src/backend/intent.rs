//! The record that makes a batch across shards whole: all of it, before any of it is applied.
//!
//! Engines of a sharded database keep the caller's keys behind one byte `01`; behind `00` lies what
//! the database keeps for itself:
//!
//! ```text
//! 00 69 | number: u64 BE     an intent, the batch of that number:
//!                            01 | operations: varint | operation …
//!                            01 | key | value | expiry_ms: varint     a put
//!                            02 | key                                 a delete
//!                            key, value: length: varint and bytes
//! 00 6d                      the number of the last batch applied in this shard: u64 LE
//! 00 73                      which shard this is, see `identity`
//! ```
//!
//! A put of `v` under `k` until 300 ms, and a delete of `d`:
//!
//! ```text
//! 01 02  01 01 6b 01 76 ac 02  02 01 64
//! ```
//!
//! The bytes are covered by the checksums of the engine. Pure functions.

use super::write::WriteOp;
use crate::format::bytes::{Reader, put_slice, put_varint};
use crate::format::damage::Damage;

/// What stands before the caller's keys.
pub(crate) const CALLER: &[u8] = &[1];
/// What stands before the number of an intent.
pub(crate) const INTENT: &[u8] = &[0, b'i'];
/// Where a shard keeps the number of the last batch applied.
pub(crate) const APPLIED: &[u8] = &[0, b'm'];

const FORMAT: u8 = 1;
const PUT: u8 = 1;
const DELETE: u8 = 2;

/// The key of the intent `number`.
pub(crate) fn key(number: u64) -> Vec<u8> {
    [INTENT, &number.to_be_bytes()].concat()
}

/// The number of the intent under `key`.
pub(crate) fn number(key: &[u8]) -> Result<u64, Damage> {
    let mut reader = Reader::new(key);
    reader.take(INTENT.len())?;
    Ok(u64::from_be_bytes(reader.array()?))
}

/// The bytes of an intent.
pub(crate) fn encode(ops: &[WriteOp]) -> Vec<u8> {
    let bytes: usize = ops.iter().map(|op| op.bytes() + 16).sum();
    let mut out = Vec::with_capacity(bytes + 16);
    out.push(FORMAT);
    put_varint(&mut out, ops.len() as u64);
    for op in ops {
        match op {
            WriteOp::Put {
                key,
                value,
                expiry_ms,
            } => {
                out.push(PUT);
                put_slice(&mut out, key);
                put_slice(&mut out, value);
                put_varint(&mut out, *expiry_ms);
            }
            WriteOp::Delete { key } => {
                out.push(DELETE);
                put_slice(&mut out, key);
            }
        }
    }
    out
}

/// The batch in an intent.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<WriteOp>, Damage> {
    let mut reader = Reader::new(bytes);
    if reader.u8()? != FORMAT {
        return Err(Damage::new(0, "a format that this release does not know"));
    }
    let count = reader.varint()?;
    let mut ops = Vec::new(); // grows with the bytes that are there, not with the count
    for _ in 0..count {
        let at = reader.offset();
        ops.push(match reader.u8()? {
            PUT => {
                let (key, value) = (reader.slice()?, reader.slice()?);
                WriteOp::put_with_expiry(key, value, reader.varint()?)
            }
            DELETE => WriteOp::delete(reader.slice()?),
            _ => return Err(Damage::new(at, "neither a put nor a delete")),
        });
    }
    if reader.is_at_end() {
        return Ok(ops);
    }
    Err(Damage::new(
        reader.offset(),
        "bytes after the last operation",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bytes_are_those_of_the_example() {
        let ops = [
            WriteOp::put_with_expiry(b"k", b"v", 300),
            WriteOp::delete(b"d"),
        ];
        let bytes = encode(&ops);
        let expected = [1, 2, 1, 1, 0x6b, 1, 0x76, 0xac, 2, 2, 1, 0x64];
        assert_eq!(bytes, expected);
        assert_eq!(decode(&bytes), Ok(ops.to_vec()));
        assert_eq!(number(&key(7)), Ok(7));
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_an_error(bytes: Vec<u8>) {
            if let Ok(ops) = decode(&bytes) {
                prop_assert_eq!(encode(&ops), bytes);
            }
        }
    }
}
