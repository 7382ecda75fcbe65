//! Pages of a query, and the cursors between them.
//!
//! ```text
//! cursor = 01 | fingerprint: u64 LE | the last key, as the engine has it
//! ```
//! The fingerprint is XXH3-64 over the query's bounds and direction, so that a cursor given to
//! another query is refused rather than misread.

use super::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use std::ops::Bound;

const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 9;

/// Some records of a query, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<K, V> {
    /// The records.
    pub items: Vec<Entry<K, V>>,
    /// Where the next page begins; `None` where this is the last.
    pub next: Option<PageCursor>,
}

/// A place between two records of one query: opaque bytes, to be kept or sent to a client.
///
/// It stays good when the record it came from is deleted, and across a reopen.
///
/// ```
/// use grainstore::Cursor;
/// # let dir = std::env::temp_dir().join(format!("grainstore-cursor-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let names = db.store::<u32, String>("names")?;
/// for id in 0..5 {
///     names.put(&id, &format!("grain {id}"))?;
/// }
/// let sent: Vec<u8> = names.iter().limit(2).page()?.next.unwrap().as_bytes().to_vec();
/// names.delete(&1)?; // the one it stands on
/// let page = names.iter().limit(2).after(&Cursor::from_bytes(&sent)?).page()?;
/// assert_eq!(page.items[0].key, 2);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageCursor(Vec<u8>);

impl PageCursor {
    pub(crate) fn new(fingerprint: u64, key: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + key.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&fingerprint.to_le_bytes());
        bytes.extend_from_slice(key);
        Self(bytes)
    }

    /// The cursor as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A cursor that was kept as bytes.
    ///
    /// # Errors
    /// `InvalidInput` where the bytes are no cursor.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() < HEADER_BYTES || bytes.first() != Some(&FORMAT) {
            let text = "these bytes are no page cursor; pass back what a page's `next` gave";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// The key, for a query with this fingerprint.
    pub(crate) fn key_of(&self, fingerprint: u64) -> Result<&[u8]> {
        match self.0.split_at_checked(HEADER_BYTES) {
            Some(([_, stored @ ..], key)) if *stored == fingerprint.to_le_bytes() => Ok(key),
            _ => {
                let text = "the page cursor belongs to another query: another store, prefix, range \
                            or direction";
                Err(Error::new(ErrorKind::InvalidInput, text))
            }
        }
    }

    /// The fingerprint of a query.
    pub(crate) fn fingerprint(
        lower: &Bound<Vec<u8>>,
        upper: &Bound<Vec<u8>>,
        reversed: bool,
    ) -> u64 {
        let mut bytes = vec![u8::from(reversed)];
        for bound in [lower, upper] {
            let (tag, key) = match bound {
                Bound::Unbounded => (0, &[][..]),
                Bound::Included(key) => (1, &key[..]),
                Bound::Excluded(key) => (2, &key[..]),
            };
            bytes.push(tag);
            bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
            bytes.extend_from_slice(key);
        }
        xxhash_rust::xxh3::xxh3_64(&bytes)
    }
}
