//! What a backend allows and what it can do, as plain data, and the checks against it.
//!
//! Sizes count the bytes of keys and values as the caller gives them; what a backend adds to keep
//! them is its own affair and stays within what it reports. Pure functions, callable from
//! anywhere.

use super::write::{WriteError, WriteOp, WriteResult};
use crate::error::{Error, ErrorKind};

/// The limits and abilities of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The longest key, in bytes.
    pub key_bytes_max: usize,
    /// The longest value, in bytes.
    pub value_bytes_max: usize,
    /// The most operations of one batch.
    pub batch_operations_max: usize,
    /// The most bytes of keys and values that one batch can have together.
    pub batch_bytes_max: usize,
    /// Expired values leave by themselves: nobody has to delete them.
    pub native_ttl: bool,
    /// How exact expiry is, in ms: a value may stay readable for so much longer.
    pub expiry_step_ms: u64,
    /// Scans and pages are in the order of the keys (K3).
    pub ordered_scans: bool,
    /// Batches are whole or absent, also after a crash (K6).
    pub atomic_batches: bool,
    /// Writes outlive the backend's process, once synced.
    pub durable: bool,
}

impl Default for Capabilities {
    /// Generous limits and every ability: to be narrowed by the backend.
    fn default() -> Self {
        Self {
            key_bytes_max: 64 << 10,
            value_bytes_max: 1 << 30,
            batch_operations_max: 1 << 24,
            batch_bytes_max: 2 << 30,
            native_ttl: true,
            expiry_step_ms: 1,
            ordered_scans: true,
            atomic_batches: true,
            durable: true,
        }
    }
}

impl Capabilities {
    /// Refuses a key or a value beyond the limits (K10).
    ///
    /// # Errors
    /// `NotDone` with the kind `TooLarge`; the text names the limit.
    pub fn check_put(&self, key: &[u8], value: &[u8]) -> WriteResult {
        check("a key", "bytes", key.len(), self.key_bytes_max)?;
        check("a value", "bytes", value.len(), self.value_bytes_max)
    }

    /// Refuses a key beyond the limit (K10).
    ///
    /// # Errors
    /// As [`check_put`](Self::check_put).
    pub fn check_delete(&self, key: &[u8]) -> WriteResult {
        check("a key", "bytes", key.len(), self.key_bytes_max)
    }

    /// Refuses a batch that is, or has something in it, beyond the limits (K10).
    ///
    /// # Errors
    /// As [`check_put`](Self::check_put).
    pub fn check_batch(&self, ops: &[WriteOp]) -> WriteResult {
        let most = self.batch_operations_max;
        check("a batch", "operations", ops.len(), most)?;
        let mut bytes = 0usize;
        for op in ops {
            match op {
                WriteOp::Put { key, value, .. } => self.check_put(key, value)?,
                WriteOp::Delete { key } => self.check_delete(key)?,
            }
            bytes = bytes.saturating_add(op.bytes());
        }
        check("a batch", "bytes", bytes, self.batch_bytes_max)
    }
}

fn check(what: &str, unit: &str, found: usize, most: usize) -> WriteResult {
    if found <= most {
        return Ok(());
    }
    let text = format!("{what} of {found} {unit} is too large; this backend takes {most}");
    let reason = Error::new(ErrorKind::TooLarge, text);
    Err(WriteError::NotDone(reason))
}
