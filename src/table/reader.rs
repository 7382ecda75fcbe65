//! An open table.
//!
//! Index, filter, range tombstones and properties are in memory from the open on, each checked;
//! data blocks are read when they are asked for, checked, and kept as far as the cache allows. The
//! file itself may be closed meanwhile; it is opened again for the next block that is missed.
//! Nothing is ever written. Any thread may read at any time; a read of a cached block takes no
//! lock and writes no shared counter.

use super::cache::{BlockCache, BlockRef, Slots, empty_slots};
use super::entry::TableEntry;
use super::fault::{damaged, refused};
use super::file::TableFile;
use super::open_files::OpenFiles;
use super::read_ahead::ReadAhead;
use crate::error::{Error, Result};
use crate::format::block::Block;
use crate::format::block_envelope;
use crate::format::block_lookup::Lookup;
use crate::format::bytes::Reader;
use crate::format::compression::Room;
use crate::format::damage::Damage;
use crate::format::filter::Filter;
use crate::format::footer::{FOOTER_BYTES, Footer, Section};
use crate::format::index::Index;
use crate::format::properties::Properties;
use crate::format::range_tombstones::RangeTombstones;
use crate::fs::file_system::FileSystem;
use crate::memory::buffer::Buffer;
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::cmp::Ordering;
use std::ops::Range;
use std::path::Path;

/// An open table.
#[derive(Debug)]
pub(crate) struct Table {
    source: Source,
    sections: Sections,
    slots: Slots,
    cache: Arc<BlockCache>,
}

/// The file of a table, whose number its checksums need.
#[derive(Debug)]
pub(crate) struct Source(Arc<TableFile>);

/// What stands behind the data blocks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sections {
    pub(crate) index: Index,
    pub(crate) filter: Filter,
    pub(crate) range_tombstones: Option<Arc<RangeTombstones>>,
    pub(crate) properties: Properties,
    data_bytes: u64,
}

impl Source {
    /// Fills `bytes` from `offset`.
    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        self.0.read(bytes, offset)
    }

    /// The payload of the section at `section`, which lies within the file (T1).
    fn section(&self, section: Section) -> Result<Buffer> {
        let mut bytes = Buffer::on_heap(section.len as usize);
        self.read(&mut bytes, section.offset)?;
        self.payload(bytes, section.offset, &Buffer::on_heap)
    }

    fn payload(&self, bytes: Buffer, offset: u64, room: Room<'_>) -> Result<Buffer> {
        let payload = block_envelope::open_into((self.0.number(), offset), bytes, room);
        payload.map_err(|refusal| refused(self.0.path(), offset, refusal))
    }

    /// Reads and checks all that stands behind the data blocks.
    pub(crate) fn sections(&self) -> Result<Sections> {
        let (len, path) = (self.0.bytes()?, self.0.path());
        let Some(footer_at) = len.checked_sub(FOOTER_BYTES as u64) else {
            return Err(Error::corruption(path, 0, "file shorter than a footer"));
        };
        let mut footer = [0; FOOTER_BYTES];
        self.read(&mut footer, footer_at)?;
        let footer = Footer::decode(&footer, self.0.number(), footer_at)
            .map_err(|refusal| refused(path, footer_at, refusal))?;
        let data_bytes = footer.index.offset;
        let fault = |at: Section| move |damage: Damage| damaged(path, at.offset, &damage);
        let index = self.section(footer.index)?;
        let filter = self.section(footer.filter)?;
        let ranges = self.section(footer.range_tombstones)?;
        let properties = self.section(footer.properties)?;
        let ranges = RangeTombstones::decode(&ranges).map_err(fault(footer.range_tombstones))?;
        let mut reader = Reader::new(&properties);
        let sections = Sections {
            index: Index::decode(&index, data_bytes).map_err(fault(footer.index))?,
            filter: Filter::decode(&filter).map_err(fault(footer.filter))?,
            range_tombstones: (!ranges.is_empty()).then(|| Arc::new(ranges)),
            properties: Properties::decode(&mut reader).map_err(fault(footer.properties))?,
            data_bytes,
        };
        if reader.is_at_end() {
            Ok(sections)
        } else {
            let damage = Damage::new(reader.offset(), "bytes after the properties");
            Err(fault(footer.properties)(damage))
        }
    }
}

impl Table {
    /// Opens table `number` at `path`, reading and checking everything but the data blocks. Its
    /// file stays open.
    pub(crate) fn open(
        fs: &Arc<dyn FileSystem>,
        path: &Path,
        number: u64,
        cache: Arc<BlockCache>,
    ) -> Result<Arc<Self>> {
        let (fs, path, files) = (Arc::clone(fs), path.to_owned(), OpenFiles::new(1));
        Self::open_file(TableFile::new(fs, path, number, files), cache)
    }

    /// Opens the table in `file`, as [`open`](Self::open) does.
    pub(crate) fn open_file(file: Arc<TableFile>, cache: Arc<BlockCache>) -> Result<Arc<Self>> {
        let source = Source(file);
        let sections = source.sections()?;
        Ok(Arc::new(Self {
            slots: empty_slots(sections.index.len()),
            source,
            sections,
            cache,
        }))
    }

    /// False where no version of a key with this hash is here.
    #[inline]
    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        self.sections.filter.may_contain(hash)
    }

    /// The newest version of `key` up to `sequence_max`, tombstones included; `hash` is the key's.
    pub(crate) fn get(
        &self,
        key: &[u8],
        hash: u64,
        sequence_max: u64,
    ) -> Result<Option<TableEntry>> {
        if !self.may_contain(hash) {
            return Ok(None);
        }
        let mut number = self.index().find(key);
        if let Some(slot) = self.slots.get(number) {
            slot.prefetch(hash);
        }
        while let Some(block) = self.block(number)? {
            match block.get().map(|block| block.find(key, hash, sequence_max)) {
                Some(Lookup::Found(meta, place)) => {
                    return Ok(Some(TableEntry::new(meta, block, place)));
                }
                // I1: older versions are in the next block only where the key is the separator.
                Some(Lookup::Beyond)
                    if self.index().compare_separator(number, key) == Ordering::Equal =>
                {
                    number += 1;
                }
                _ => break,
            }
        }
        Ok(None)
    }

    /// The range tombstones, where there are any.
    pub(crate) fn range_tombstones(&self) -> Option<&Arc<RangeTombstones>> {
        self.sections.range_tombstones.as_ref()
    }

    /// Counts and bounds.
    pub(crate) fn properties(&self) -> &Properties {
        &self.sections.properties
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        self.source.0.path()
    }

    /// What the open table takes in memory, cached blocks and range tombstones aside.
    pub(crate) fn memory_bytes(&self) -> usize {
        let slots = size_of_val(&*self.slots);
        let sections = self.index().memory_bytes() + self.sections.filter.memory_bytes();
        size_of::<Self>() + slots + sections
    }

    /// The index.
    #[inline]
    pub(crate) fn index(&self) -> &Index {
        &self.sections.index
    }

    /// All that stands behind the data blocks, as it was at the open.
    pub(crate) fn sections(&self) -> &Sections {
        &self.sections
    }

    /// The file.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// How long the data blocks are together.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.sections.data_bytes
    }

    /// Fills `bytes` from `offset` of the file.
    pub(crate) fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        self.source.read(bytes, offset)
    }

    /// The block of this number, from its slot or from the disk; `None` past the last.
    #[inline]
    pub(crate) fn block(&self, number: usize) -> Result<Option<BlockRef>> {
        match self.slots.get(number) {
            Some(slot) => match slot.load() {
                Some(block) => {
                    self.cache.found.note(true);
                    Ok(Some(block))
                }
                None => self.miss(number),
            },
            None => Ok(None),
        }
    }

    #[cold]
    fn miss(&self, number: usize) -> Result<Option<BlockRef>> {
        let Some((offset, len)) = self.index().block(number) else {
            return Ok(None);
        };
        let room = |len| self.cache.room(len);
        let mut bytes = room(len);
        self.source.read(&mut bytes, offset)?;
        let block = self.decode(bytes, offset, &room)?;
        let slot = number.saturating_sub(planted(Mistake::BlockInWrongSlot).into());
        Ok(Some(self.cache.keep(&self.slots, slot, Arc::new(block))))
    }

    /// Where the block of this number begins, where it is not in memory.
    pub(crate) fn missing(&self, number: usize) -> Option<u64> {
        match self.slots.get(number)?.peek() {
            Some(_) => None,
            None => self.index().block(number).map(|(offset, _)| offset),
        }
    }

    /// The bytes of `range` will be read soon.
    pub(crate) fn will_need(&self, range: Range<u64>) {
        self.source.0.will_need(range);
    }

    /// The block of this number without a change to the cache; `None` past the last.
    pub(crate) fn block_ahead(
        &self,
        number: usize,
        ahead: &mut ReadAhead,
    ) -> Result<Option<Arc<Block>>> {
        match self.slots.get(number).and_then(|slot| slot.peek()) {
            Some(block) => Ok(Some(block)),
            None => self.block_on_disk(number, ahead),
        }
    }

    /// The block of this number as it is on disk; `None` past the last.
    pub(crate) fn block_on_disk(
        &self,
        number: usize,
        ahead: &mut ReadAhead,
    ) -> Result<Option<Arc<Block>>> {
        let Some((offset, len)) = self.index().block(number) else {
            return Ok(None);
        };
        let read_at = |bytes: &mut [u8], offset| self.read_at(bytes, offset);
        let bytes = ahead.read(self.data_bytes(), offset, len, read_at)?;
        Ok(Some(Arc::new(self.decode(
            bytes.into(),
            offset,
            &Buffer::on_heap,
        )?)))
    }

    /// Checks and reads the bytes of a block that stand at `offset`.
    fn decode(&self, bytes: Buffer, offset: u64, room: Room<'_>) -> Result<Block> {
        let payload = self.source.payload(bytes, offset, room)?;
        Block::decode(payload).map_err(|damage| damaged(self.path(), offset, &damage))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.cache.forget(&self.slots);
    }
}
