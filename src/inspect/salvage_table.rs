//! The entries of a table in order, passing over what is damaged.
//!
//! A cursor that only moves on. What it passes over it tells as a loss, with the keys that may have
//! stood there: those between the index's separators, or between the neighbours that were read.
//! Holds one block. For one thread at a time.

use super::damage::Damage;
use super::repair_report::Loss;
use super::source_file::SourceFile;
use super::table_parts::{Place, TableParts};
use crate::error::{Error, Result};
use crate::format::block::Block;
use crate::format::entry::{EntryMeta, compare};
use crate::fs::file_system::FileSystem;
use std::path::Path;

/// What is known of a table besides what it says itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bounds {
    pub(crate) key_first: Option<Vec<u8>>,
    pub(crate) key_last: Option<Vec<u8>>,
    pub(crate) sequence_max: Option<u64>,
}

/// A cursor over what can be read of a table.
#[derive(Debug)]
pub(crate) struct TableSalvage {
    source: SourceFile,
    parts: TableParts,
    bounds: Bounds,
    next_block: usize,
    block: Option<Block>,
    /// The entry stood on, and how many the block has.
    at: usize,
    key: Vec<u8>,
    last: Option<(Vec<u8>, u64)>,
    /// Losses whose last key is not known before the next block is read.
    open: Vec<Loss>,
    /// What was passed over since somebody took it.
    pub(crate) lost: Vec<Loss>,
    pub(crate) damage: Vec<Damage>,
    pub(crate) blocks: u64,
    pub(crate) blocks_lost: u64,
    pub(crate) entries: u64,
}

impl TableSalvage {
    /// Opens table `number` at `path` and stands on its first entry.
    pub(crate) fn open(
        fs: &dyn FileSystem,
        path: &Path,
        number: u64,
        bounds: Bounds,
    ) -> Result<Self> {
        let source = SourceFile::open(fs, path)?;
        let parts = TableParts::read(&source, number)?;
        let mut it = Self {
            source,
            parts,
            bounds,
            next_block: 0,
            block: None,
            at: 0,
            key: Vec::new(),
            last: None,
            open: Vec::new(),
            lost: Vec::new(),
            damage: Vec::new(),
            blocks: 0,
            blocks_lost: 0,
            entries: 0,
        };
        it.advance()?;
        Ok(it)
    }

    /// Key and meta of the entry stood on; `None` past the last.
    pub(crate) fn entry(&self) -> Option<(&[u8], EntryMeta)> {
        let block = self.block.as_ref()?;
        Some((&self.key, block.meta(block.place(self.at))))
    }

    /// The value stood on; empty for a tombstone.
    pub(crate) fn value(&self) -> &[u8] {
        let block = self.block.as_ref();
        block.map_or(&[], |block| block.value(block.place(self.at)))
    }

    /// One entry on.
    ///
    /// # Errors
    /// `UnsupportedFormat` where a block is whole and beyond this build; damage is no error.
    pub(crate) fn advance(&mut self) -> Result<()> {
        loop {
            let within = self.block.as_ref().map_or(0, Block::len);
            let next = if self.at + 1 < within {
                self.at + 1
            } else if self.enter_next()? {
                0
            } else {
                return Ok(());
            };
            if self.stand(next) {
                return Ok(());
            }
        }
    }

    /// Stands on an entry of the block; false where it does not rise above the one before.
    fn stand(&mut self, at: usize) -> bool {
        let Some(block) = &self.block else {
            return true;
        };
        self.at = at;
        let place = block.place(at);
        let sequence = block.meta(place).sequence;
        self.key.clear();
        self.key.extend_from_slice(block.prefix());
        self.key.extend_from_slice(block.suffix(place));
        let last = self.last.as_ref();
        let rises = last.is_none_or(|(key, s)| compare((key, *s), (&self.key, sequence)).is_lt());
        if rises {
            let (key, last) = self.last.get_or_insert_default();
            key.clone_from(&self.key);
            *last = sequence;
            self.entries += 1;
        }
        rises
    }

    /// Reads the next block that can be read; false where there is none.
    fn enter_next(&mut self) -> Result<bool> {
        self.block = None;
        while let Some(place) = self.parts.place(self.next_block) {
            let number = self.next_block;
            self.next_block += 1;
            match self.parts.block(&self.source, &place)? {
                Ok((block, _)) => {
                    self.blocks += 1;
                    let first = [block.prefix(), block.suffix(block.place(0))].concat();
                    self.close_losses(Some(&first));
                    self.block = Some(block);
                    return Ok(true);
                }
                Err(damage) if damage.unsupported => {
                    let path = self.source.path();
                    return Err(Error::unsupported(path, damage.offset, damage.what));
                }
                Err(damage) => self.pass_over(number, place, damage),
            }
        }
        self.close_losses(None);
        Ok(false)
    }

    fn pass_over(&mut self, number: usize, place: Place, damage: Damage) {
        self.blocks_lost += 1;
        let before = number.checked_sub(1).and_then(|i| self.parts.place(i));
        let before = before.and_then(|place| place.separator);
        let last = self.last.as_ref().map(|(key, _)| key.clone());
        let loss = Loss {
            file: self.source.path().to_owned(),
            offset: place.offset,
            bytes: place.bytes,
            key_from: before.or(last).or_else(|| self.bounds.key_first.clone()),
            key_to: place.separator,
            sequence_max: self.bounds.sequence_max.unwrap_or(u64::MAX),
            what: damage.what.clone(),
        };
        self.damage.push(damage);
        if loss.key_to.is_some() {
            self.lost.push(loss);
        } else {
            self.open.push(loss);
        }
    }

    /// Ends the losses before `first`, or before the end of the table.
    fn close_losses(&mut self, first: Option<&[u8]>) {
        for mut loss in self.open.drain(..) {
            let end = first.map(<[u8]>::to_vec);
            loss.key_to = end.or_else(|| self.bounds.key_last.clone());
            self.lost.push(loss);
        }
    }
}
