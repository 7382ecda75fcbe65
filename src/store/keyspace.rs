//! Where in the engine's keys a store lives.
//!
//! Every store has a number, and its keys begin with that number in bytes: one byte below F0, two
//! from there on, ordered as the numbers are and none a prefix of another. Number 0 is the
//! database's own: its catalog.
//!
//! ```text
//! store 1       01
//! store 239     EF
//! store 240     F0 00
//! store 3,823   FD FF      the last
//! ```
//! First bytes FE and FF are free for formats to come.

use crate::error::{Error, ErrorKind, Result};

/// The number of the catalog.
pub(crate) const CATALOG: u32 = 0;

const WIDE: u32 = 0xf0;
const WIDE_END: u32 = WIDE + (0xfe - 0xf0) * 0x100;

/// The bytes that all keys of one store begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keyspace {
    bytes: [u8; 2],
    len: u8,
}

impl Keyspace {
    /// The keyspace of store `number`.
    pub(crate) fn new(number: u32) -> Result<Self> {
        if number < WIDE {
            return Ok(Self {
                bytes: [number as u8, 0],
                len: 1,
            });
        }
        if number < WIDE_END {
            let wide = number - WIDE;
            return Ok(Self {
                bytes: [(WIDE + (wide >> 8)) as u8, wide as u8],
                len: 2,
            });
        }
        let text = format!("a database holds at most {} stores", WIDE_END - 1);
        Err(Error::new(ErrorKind::TooLarge, text))
    }

    /// The bytes of the prefix.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// `key` without the prefix.
    pub(crate) fn strip<'a>(&self, key: &'a [u8]) -> &'a [u8] {
        key.get(usize::from(self.len)..).unwrap_or_default()
    }
}

/// The number of the store that `key` belongs to; `None` where it begins as no store's key does.
pub(crate) fn number_of(key: &[u8]) -> Option<u32> {
    match *key {
        [first, ..] if u32::from(first) < WIDE => Some(u32::from(first)),
        [first, second, ..] if first < 0xfe => {
            Some(WIDE + (u32::from(first) - WIDE) * 0x100 + u32::from(second))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyspaces_are_ordered_as_their_numbers_and_none_begins_another() {
        let all: Vec<Vec<u8>> = (0..WIDE_END)
            .map(|n| Keyspace::new(n).unwrap().bytes().to_vec())
            .collect();
        assert!(
            all.windows(2)
                .all(|pair| pair[0] < pair[1] && !pair[1].starts_with(&pair[0]))
        );
        for (number, prefix) in all.iter().enumerate() {
            assert_eq!(number_of(prefix), Some(number as u32));
            assert_eq!(
                number_of(&[prefix, &b"key"[..]].concat()),
                Some(number as u32)
            );
        }
        assert_eq!(
            [&[][..], &[0xf0], &[0xfe, 0], &[0xff]].map(number_of),
            [None; 4]
        );
        assert_eq!(all[239], [0xef]);
        assert_eq!(all[240], [0xf0, 0]);
        assert_eq!(all.last().unwrap(), &[0xfd, 0xff]);
        assert!(Keyspace::new(WIDE_END).is_err());
    }
}
