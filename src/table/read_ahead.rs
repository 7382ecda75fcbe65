//! Reading the blocks of a table one after the other, several at a time.
//!
//! For compactions, checks and large scans, which go past the cache: one read of the disk brings
//! the blocks that come next as well. Used by one thread at a time.

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
    /// The `len` bytes at `offset` of a file whose blocks end at `end`, read with `read_at`
    /// together with maybe those behind them.
    pub(crate) fn read(
        &mut self,
        end: u64,
        offset: u64,
        len: usize,
        read_at: impl Fn(&mut [u8], u64) -> Result<()>,
    ) -> Result<Vec<u8>> {
        if let Some(bytes) = self.get(offset, len) {
            return Ok(bytes.to_vec());
        }
        let left = end.saturating_sub(offset);
        let ahead = left.min(AHEAD_BYTES as u64) as usize;
        if ahead > len {
            self.buffer.resize(ahead, 0);
            self.offset = offset;
            match read_at(&mut self.buffer, offset) {
                Ok(()) => return Ok(self.get(offset, len).unwrap_or_default().to_vec()),
                // What is behind the block may be unreadable when the block is not.
                Err(_) => self.buffer.clear(),
            }
        }
        let mut bytes = vec![0; len];
        read_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn get(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.buffer.get(start..start.checked_add(len)?)
    }
}
