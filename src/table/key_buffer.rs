//! The key of the entry that a cursor stands on, put together from what all keys of its block begin
//! with and its own bytes.
//!
//! Most keys are short, and are copied by one load and store of a fixed length, without a look at
//! how long they are; what is copied too far is the bytes of the block behind them, and never read.
//! Others go to memory of their own. One thread at a time.

use crate::format::block::{Block, Place};

/// What is copied at a time: no more than the bytes that stand behind every key of a block.
const SUFFIX_BYTES: usize = 32;
/// The longest prefix that has room before such a suffix.
const PREFIX_BYTES: usize = 48;

/// A key in memory that is used again for the next one.
pub(crate) struct KeyBuffer {
    short: [u8; PREFIX_BYTES + SUFFIX_BYTES],
    /// Of the key, where it is in `short`.
    len: usize,
    long: Vec<u8>,
    is_long: bool,
    prefix_len: usize,
}

impl KeyBuffer {
    /// A buffer for keys that begin with `prefix`, with no key in it yet.
    pub(crate) fn new(prefix: &[u8]) -> Self {
        let mut short = [0; PREFIX_BYTES + SUFFIX_BYTES];
        if let Some(room) = short.get_mut(..prefix.len()) {
            room.copy_from_slice(prefix);
        }
        Self {
            short,
            len: 0,
            long: Vec::new(),
            is_long: false,
            prefix_len: prefix.len(),
        }
    }

    /// Takes the key at `place` of `block`, whose prefix this buffer was made for.
    #[inline]
    pub(crate) fn take(&mut self, block: &Block, place: Place) {
        let suffix = block.suffix(place);
        let room = self.short.get_mut(self.prefix_len..);
        let room = room.and_then(<[u8]>::first_chunk_mut::<SUFFIX_BYTES>);
        if suffix.len() <= SUFFIX_BYTES
            && let (Some(room), Some(bytes)) = (room, block.chunk_from_suffix(place))
        {
            *room = *bytes;
            self.len = self.prefix_len + suffix.len();
            self.is_long = false;
        } else {
            self.take_long(block.prefix(), suffix);
        }
    }

    #[cold]
    fn take_long(&mut self, prefix: &[u8], suffix: &[u8]) {
        self.is_long = true;
        self.long.clear();
        self.long.extend_from_slice(prefix);
        self.long.extend_from_slice(suffix);
    }

    /// The key; the empty one before the first.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        if self.is_long {
            &self.long
        } else {
            self.short.get(..self.len).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::block_builder::BlockBuilder;
    use crate::format::entry::{EntryMeta, Kind, key_hash};

    #[test]
    fn keys_of_every_length_are_put_together_one_after_the_other() {
        let meta = EntryMeta {
            sequence: 0,
            kind: Kind::Put,
            expiry_ms: 0,
        };
        for prefix_len in [0, 1, 47, 48, 49, 80, 81, 300] {
            let lengths = [0, 1, 31, 32, 33, 2, 90, 5];
            let suffixes = lengths.iter().enumerate();
            // In order by their first byte; the first has none.
            let suffix = |(i, &len): (usize, &usize)| vec![i as u8; len];
            let prefix = vec![9; prefix_len];
            let keys = suffixes.map(suffix).map(|s| [&prefix[..], &s].concat());
            let keys: Vec<Vec<u8>> = keys.collect();
            let mut builder = BlockBuilder::new(true);
            for key in &keys {
                builder.add(key, key_hash(key), meta, b"");
            }
            let block = Block::decode(builder.finish().to_vec()).unwrap();
            let mut buffer = KeyBuffer::new(block.prefix());
            for at in [0, 1, 2, 3, 4, 5, 6, 7, 6, 4, 0, 3, 0] {
                buffer.take(&block, block.place(at));
                assert_eq!(buffer.key(), keys[at], "{prefix_len} {at}");
            }
        }
    }
}
