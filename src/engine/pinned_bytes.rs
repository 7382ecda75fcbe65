//! Value bytes as they lie in a memtable or a cached block, kept alive for as long as they are
//! held.

use crate::memtable::map::PinnedMem;
use crate::sync::Arc;
use crate::table::entry::PinnedBlock;
use std::fmt;
use std::ops::Deref;

/// The bytes of a value, read in place without a copy.
///
/// Holding it keeps the memtable or the block it lies in from being freed, so let go of it, or
/// copy it with [`to_vec`](slice::to_vec), where it is kept for long.
#[derive(Clone)]
pub struct PinnedBytes(Place);

#[derive(Clone)]
enum Place {
    Memtable(PinnedMem),
    Block(PinnedBlock),
    Copy(Arc<[u8]>),
}

impl PinnedBytes {
    pub(crate) fn in_memtable(memory: PinnedMem) -> Self {
        Self(Place::Memtable(memory))
    }

    pub(crate) fn in_block(block: PinnedBlock) -> Self {
        Self(Place::Block(block))
    }

    pub(crate) fn copied(bytes: &[u8]) -> Self {
        Self(Place::Copy(bytes.into()))
    }
}

impl Deref for PinnedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Memtable(memory) => memory.bytes(),
            Place::Block(block) => block,
            Place::Copy(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for PinnedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for PinnedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for PinnedBytes {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}
