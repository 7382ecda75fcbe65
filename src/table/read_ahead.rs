//! Reading the blocks of a table one after the other, several at a time.
//!
//! For compactions, checks and large scans, which go past the cache: one read of the disk brings
//! the blocks that come next as well. Used by one thread at a time.

use super::reader::Table;
use crate::error::Result;

/// How many bytes are read at once.
const AHEAD_BYTES: usize = 256 << 10;

/// The bytes of some blocks in a row.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    buffer: Vec<u8>,
    offset: u64,
}

impl ReadAhead {
    /// The bytes on disk of a block of `table`, at `offset`, and maybe of those behind it.
    pub(crate) fn read(&mut self, table: &Table, offset: u64, len: usize) -> Result<Vec<u8>> {
        if let Some(bytes) = self.get(offset, len) {
            return Ok(bytes.to_vec());
        }
        let left = table.data_bytes().saturating_sub(offset);
        let ahead = left.min(AHEAD_BYTES as u64) as usize;
        if ahead > len {
            self.buffer.resize(ahead, 0);
            self.offset = offset;
            match table.read_at(&mut self.buffer, offset) {
                Ok(()) => return Ok(self.get(offset, len).unwrap_or_default().to_vec()),
                // What is behind the block may be unreadable when the block is not.
                Err(_) => self.buffer.clear(),
            }
        }
        let mut bytes = vec![0; len];
        table.read_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn get(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.buffer.get(start..start.checked_add(len)?)
    }
}
