//! The check of a whole table against itself.

use super::fault::damaged;
use super::read_ahead::ReadAhead;
use super::reader::Table;
use super::statistics::Statistics;
use crate::error::{Error, Result};
use crate::format::block::Block;
use crate::format::entry::{compare, key_hash};
use crate::format::range_tombstones::RangeTombstones;
use std::cmp::Ordering;

/// How far the check has come.
#[derive(Default)]
struct Walk {
    statistics: Statistics,
    key: Vec<u8>,
    /// Key and sequence number of the entry before.
    last: Option<(Vec<u8>, u64)>,
}

impl Table {
    /// Reads every byte of the file again and checks all of it: checksums, the order of entries,
    /// that index, filter and hash indexes lead to every key, and that the properties are what the
    /// entries add up to. Never writes, and leaves the cache as it is.
    pub(crate) fn verify(&self) -> Result<()> {
        if self.source().sections()? != *self.sections() {
            return Err(self.corruption(self.data_bytes(), "file changed since it was opened"));
        }
        let mut ahead = ReadAhead::default();
        let mut walk = Walk::default();
        for number in 0..self.index().len() {
            if let Some(block) = self.block_on_disk(number, &mut ahead)? {
                self.verify_block(number, &block, &mut walk)?;
            }
        }
        let last = walk.last.map(|(key, _)| key).unwrap_or_default();
        let none = RangeTombstones::default();
        let ranges = self.range_tombstones().map_or(&none, |ranges| ranges);
        if walk.statistics.finish(&last, ranges) != *self.properties() {
            let what = "properties of a table differ from its entries";
            return Err(self.corruption(self.data_bytes(), what));
        }
        Ok(())
    }

    fn verify_block(&self, number: usize, block: &Block, walk: &mut Walk) -> Result<()> {
        let offset = self.index().block(number).map_or(0, |(offset, _)| offset);
        let checked = block.check(key_hash);
        checked.map_err(|damage| damaged(self.path(), offset, &damage))?;
        walk.key.clear();
        walk.key.extend_from_slice(block.prefix());
        let prefix_len = walk.key.len();
        for i in 0..block.len() {
            let place = block.place(i);
            walk.key.truncate(prefix_len);
            walk.key.extend_from_slice(block.suffix(place));
            let (key, meta) = (walk.key.as_slice(), block.meta(place));
            let before = walk
                .last
                .as_ref()
                .map(|(key, sequence)| (key.as_slice(), *sequence));
            if before.is_some_and(|before| compare(before, (key, meta.sequence)).is_ge()) {
                return Err(self.corruption(offset, "blocks of a table out of order"));
            }
            if !self.may_contain(key_hash(key)) {
                return Err(self.corruption(offset, "filter misses a key"));
            }
            // I1, at both ends of every block.
            let is_continued = before.is_some_and(|(before, _)| before == key);
            let after_block_before = number.checked_sub(1).is_none_or(|before| {
                let order = self.index().compare_separator(before, key);
                order == Ordering::Less || (order == Ordering::Equal && is_continued)
            });
            let up_to_separator = self.index().compare_separator(number, key) != Ordering::Less;
            if !after_block_before || !up_to_separator {
                return Err(self.corruption(offset, "index leads past a key"));
            }
            walk.statistics.add(key, meta, block.value(place).len());
            let (last, sequence) = walk.last.get_or_insert_default();
            last.clear();
            last.extend_from_slice(key);
            *sequence = meta.sequence;
        }
        Ok(())
    }

    fn corruption(&self, offset: u64, what: &str) -> Error {
        Error::corruption(self.path(), offset, what)
    }
}
