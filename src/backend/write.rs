//! Writes as a backend takes them, and the three ways in which one can end.
//!
//! A write is done, or it is not, or nobody can tell. The third is what a caller of anything behind
//! a disk or a network has to be ready for, so it has a name of its own. Plain data.

use crate::error::{Error, ErrorKind};
use std::fmt;

/// How a write ended: `Ok` where it is done.
pub type WriteResult<T = ()> = Result<T, WriteError>;

/// A write that is not known to be done.
///
/// ```
/// use grainstore::backend::{KvBackend, MemoryBackend, WriteError};
/// let backend = MemoryBackend::new();
/// let error = backend.put(&vec![0; 1 << 20], b"").unwrap_err();
/// assert!(matches!(&error, WriteError::NotDone(_)) && error.is_retry_safe());
/// assert_eq!(error.reason().kind(), grainstore::ErrorKind::TooLarge);
/// ```
#[derive(thiserror::Error)]
pub enum WriteError {
    /// Nothing was changed nor will be: it may be tried again, as it is or mended.
    #[error("the write was not done: {0}")]
    NotDone(#[source] Error),
    /// It may have happened, or may yet: read before trying again, or write what may be written
    /// twice.
    #[error("whether the write was done is unknown: {0}")]
    Unknown(#[source] Error),
}

impl WriteError {
    /// True where the write has left nothing behind.
    #[must_use]
    pub fn is_retry_safe(&self) -> bool {
        matches!(self, Self::NotDone(_))
    }

    /// Why it is not done.
    #[must_use]
    pub fn reason(&self) -> &Error {
        match self {
            Self::NotDone(reason) | Self::Unknown(reason) => reason,
        }
    }

    /// Why it is not done, for a caller that does not ask whether it may try again.
    #[must_use]
    pub fn into_reason(self) -> Error {
        match self {
            Self::NotDone(reason) | Self::Unknown(reason) => reason,
        }
    }

    /// An argument that cannot be used.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self::NotDone(Error::new(ErrorKind::InvalidInput, text))
    }
}

impl fmt::Debug for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.reason().kind())
    }
}

/// Keeps the kind of the reason, and says in the text how the write ended.
impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        Self::new(error.reason().kind(), error.to_string())
    }
}

/// One write of a batch.
#[derive(Clone, PartialEq, Eq)]
pub enum WriteOp {
    /// Gives `key` a value.
    Put {
        /// Any bytes.
        key: Vec<u8>,
        /// Any bytes.
        value: Vec<u8>,
        /// When the value stops existing, in ms since the epoch; 0 for never.
        expiry_ms: u64,
    },
    /// Removes `key`, whether or not it is there.
    Delete {
        /// Any bytes.
        key: Vec<u8>,
    },
}

impl WriteOp {
    /// A put of a value that stays.
    pub fn put(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self::put_with_expiry(key, value, 0)
    }

    /// A put of a value that exists until `expiry_ms`, in ms since the epoch; 0 for ever.
    pub fn put_with_expiry(
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
        expiry_ms: u64,
    ) -> Self {
        let (key, value) = (key.into(), value.into());
        Self::Put {
            key,
            value,
            expiry_ms,
        }
    }

    /// A delete.
    pub fn delete(key: impl Into<Vec<u8>>) -> Self {
        Self::Delete { key: key.into() }
    }

    /// The key it writes.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    /// The bytes of key and value.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Put { key, value, .. } => key.len() + value.len(),
            Self::Delete { key } => key.len(),
        }
    }
}

/// Tells sizes and shows no bytes: records may be secrets.
impl fmt::Debug for WriteOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Put { .. } => "Put",
            Self::Delete { .. } => "Delete",
        };
        write!(f, "{name}({} bytes)", self.bytes())
    }
}
