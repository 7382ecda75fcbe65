//! Writes that become visible, and durable, all together.
//!
//! A batch is encoded as it is filled, in the bytes that the log will hold, so that a commit has
//! nothing left to encode under a lock.

use super::guards::{Guard, GuardedKeys};
use crate::error::{Error, ErrorKind, Result};
use crate::format::batch::{self, Operation};
use crate::format::checksum;
use crate::format::entry::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::planted::{Mistake, planted};
use std::fmt;

/// The most a batch can hold, in encoded bytes: what one log record can carry.
pub(crate) const BATCH_BYTES_MAX: usize = 3 << 30;

/// Puts, deletes and range deletes that take effect together or not at all.
///
/// ```
/// use grainstore::engine::WriteBatch;
/// let mut batch = WriteBatch::new();
/// batch.put(b"a", b"1")?;
/// batch.delete(b"b")?;
/// assert_eq!(batch.len(), 2);
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct WriteBatch {
    payload: Vec<u8>,
    operations: u32,
    guards: Vec<Guard>,
    sequence_floor: u64,
}

/// How much of a batch there was at some time, to go back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Savepoint {
    payload_bytes: usize,
    operations: u32,
    guards: usize,
    sequence_floor: u64,
}

impl WriteBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with room for `bytes` of keys and values.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            payload: Vec::with_capacity(bytes),
            ..Self::default()
        }
    }

    /// Gives `key` a value that stays until it is overwritten or deleted.
    ///
    /// # Errors
    /// `TooLarge` where the key exceeds 64 KiB, the value 1 GiB or the batch 3 GiB.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.append(
            Operation::Put {
                key,
                value,
                expiry_ms: 0,
            },
            value.len(),
        )
    }

    /// Gives `key` a value that exists until `expiry_ms`, in ms since the epoch; 0 for ever.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with_expiry(&mut self, key: &[u8], value: &[u8], expiry_ms: u64) -> Result<()> {
        self.append(
            Operation::Put {
                key,
                value,
                expiry_ms,
            },
            value.len(),
        )
    }

    /// Removes `key`, whether or not it is there.
    ///
    /// # Errors
    /// `TooLarge` where the key exceeds 64 KiB or the batch 3 GiB.
    pub fn delete(&mut self, key: &[u8]) -> Result<()> {
        self.append(Operation::Delete { key }, 0)
    }

    /// Removes every key from `start` up to and without `end`; nothing where `start >= end`.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    pub fn delete_range(&mut self, start: &[u8], end: &[u8]) -> Result<()> {
        if start >= end {
            return Ok(());
        }
        self.append(Operation::DeleteRange { start, end }, end.len())
    }

    /// The number of operations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.operations as usize
    }

    /// True where there is no operation.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations == 0
    }

    /// The encoded size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payload.len()
    }

    /// Empties the batch, keeping its memory.
    pub fn clear(&mut self) {
        self.payload.clear();
        self.operations = 0;
        self.guards.clear();
        self.sequence_floor = 0;
    }

    /// Makes the commit fail with `Conflict` where `key` was written after `sequence_seen`.
    pub(crate) fn guard(&mut self, key: &[u8], sequence_seen: u64) {
        if planted(Mistake::GuardDropped) {
            return;
        }
        self.guards.push(Guard {
            keys: GuardedKeys::One(key.into()),
            sequence_seen,
        });
    }

    /// Makes the commit fail with `Conflict` where a key from `start` up to and without `end` was
    /// written after `sequence_seen`.
    pub(crate) fn guard_range(&mut self, start: &[u8], end: &[u8], sequence_seen: u64) {
        let (start, end) = (start.into(), end.into());
        self.guards.push(Guard {
            keys: GuardedKeys::Range { start, end },
            sequence_seen,
        });
    }

    /// The conditions of the commit.
    pub(crate) fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// What there is now, for [`go_back_to`](Self::go_back_to).
    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint {
            payload_bytes: self.payload.len(),
            operations: self.operations,
            guards: self.guards.len(),
            sequence_floor: self.sequence_floor,
        }
    }

    /// Forgets everything appended since `savepoint`.
    pub(crate) fn go_back_to(&mut self, savepoint: Savepoint) {
        self.payload.truncate(savepoint.payload_bytes);
        self.operations = savepoint.operations;
        self.guards.truncate(savepoint.guards);
        self.sequence_floor = savepoint.sequence_floor;
    }

    /// Makes the commit's sequence numbers larger than `floor`.
    pub(crate) fn raise_sequence_floor(&mut self, floor: u64) {
        self.sequence_floor = self.sequence_floor.max(floor);
    }

    /// The batch as the commit takes it, checksummed here, outside every lock.
    pub(crate) fn into_request(self) -> CommitRequest {
        CommitRequest {
            payload_crc: checksum::plain(&self.payload),
            payload: self.payload,
            operations: self.operations,
            guards: self.guards,
            sequence_floor: self.sequence_floor,
        }
    }

    fn append(&mut self, operation: Operation<'_>, value_bytes: usize) -> Result<()> {
        let (Operation::Put { key, .. }
        | Operation::Delete { key }
        | Operation::DeleteRange { start: key, .. }) = operation;
        let is_range = matches!(operation, Operation::DeleteRange { .. });
        let value_bytes_max = if is_range {
            KEY_BYTES_MAX
        } else {
            VALUE_BYTES_MAX
        };
        let limit = |what: &str, bytes: usize, most: usize| {
            if bytes <= most {
                return Ok(());
            }
            let text = format!("{what} of {bytes} bytes is too large; the limit is {most} bytes");
            Err(Error::new(ErrorKind::TooLarge, text))
        };
        limit("a key", key.len(), KEY_BYTES_MAX)?;
        limit(
            if is_range { "a range end" } else { "a value" },
            value_bytes,
            value_bytes_max,
        )?;
        let after = self.payload.len() + key.len() + value_bytes + 32;
        limit("a batch", after, BATCH_BYTES_MAX)?;
        self.payload.reserve(after - self.payload.len());
        batch::append(&mut self.payload, operation);
        self.operations += 1;
        Ok(())
    }
}

/// Counts what is in it and shows none of it: records may be secrets.
impl fmt::Debug for WriteBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBatch")
            .field("operations", &self.operations)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A batch on its way into the log.
#[derive(Debug)]
pub(crate) struct CommitRequest {
    pub(crate) payload: Vec<u8>,
    pub(crate) payload_crc: u32,
    pub(crate) operations: u32,
    pub(crate) guards: Vec<Guard>,
    pub(crate) sequence_floor: u64,
}
