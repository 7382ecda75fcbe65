//! Writing a table file, once, front to back.
//!
//! Entries come in the order of [`crate::format::entry`]; others are refused (W1). Bytes go out in
//! large positional writes; nothing is durable, nor the file of any use, before
//! [`TableWriter::finish`] has come back. After a failed write the writer refuses everything (W2);
//! the caller removes the file. Used by one thread at a time. The name of the file becomes durable
//! by a sync of its directory, which is the caller's.

use super::options::TableOptions;
use super::statistics::Statistics;
use crate::error::{Error, ErrorKind, Result};
use crate::format::block_builder::BlockBuilder;
use crate::format::block_envelope;
use crate::format::compression::Compressor;
use crate::format::entry::{EntryMeta, key_hash};
use crate::format::filter::Filter;
use crate::format::footer::{Footer, Section};
use crate::format::index::IndexBuilder;
use crate::format::properties::Properties;
use crate::format::range_tombstones::RangeTombstones;
use crate::fs::file_system::{File, FileSystem, OpenMode};
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};

/// How many bytes are gathered before they are written.
const CHUNK_BYTES: usize = 512 << 10;

/// Blocks are not made longer than this, whatever the options say.
const BLOCK_BYTES_MAX: usize = 16 << 20;

/// A table file being written.
pub(crate) struct TableWriter {
    output: Output,
    options: TableOptions,
    compressor: Compressor,
    block: BlockBuilder,
    index: IndexBuilder,
    hashes: Vec<u64>,
    last: Option<Last>,
    statistics: Statistics,
    range_tombstones: RangeTombstones,
    failed: bool,
}

/// Of the entry before: sequence number and hash of the key, which stands in the block.
#[derive(Debug, Clone, Copy)]
struct Last {
    sequence: u64,
    hash: u64,
}

/// What is known of a finished table file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableSummary {
    /// The length of the file.
    pub(crate) bytes: u64,
    /// The plain CRC-32 of the whole file.
    pub(crate) checksum: u32,
    /// Counts and bounds.
    pub(crate) properties: Properties,
}

impl TableWriter {
    /// Creates the file at `path`, which must not exist, for table `number`.
    pub(crate) fn create(
        fs: &Arc<dyn FileSystem>,
        path: &Path,
        number: u64,
        options: TableOptions,
    ) -> Result<Self> {
        let file = fs
            .open(path, OpenMode::CreateNew)
            .map_err(|e| Error::io("create", path, e))?;
        Ok(Self {
            output: Output {
                file,
                path: path.to_owned(),
                number,
                buffer: Vec::with_capacity(CHUNK_BYTES + options.block_bytes.min(BLOCK_BYTES_MAX)),
                written: 0,
                checksum: crc32fast::Hasher::new(),
            },
            compressor: Compressor::new(options.compression),
            block: BlockBuilder::new(options.hash_index),
            index: IndexBuilder::default(),
            hashes: Vec::new(),
            last: None,
            statistics: Statistics::default(),
            range_tombstones: RangeTombstones::default(),
            failed: false,
            options,
        })
    }

    /// Appends an entry, which must come after the one before it (W1).
    pub(crate) fn add(&mut self, key: &[u8], meta: EntryMeta, value: &[u8]) -> Result<()> {
        if self.failed {
            return Err(self.refusal());
        }
        let hash = match self.last {
            None => self.new_hash(key),
            Some(last) => match self.block.last_key().cmp(key) {
                Ordering::Less => self.new_hash(key),
                Ordering::Equal if last.sequence > meta.sequence => last.hash,
                _ => return Err(self.out_of_order()),
            },
        };
        let bytes_after = self.block.bytes() + key.len() + value.len();
        if !self.block.is_empty() && bytes_after > self.options.block_bytes.min(BLOCK_BYTES_MAX) {
            self.cut_block(Some(key))?;
        }
        self.block.add(key, hash, meta, value);
        self.statistics.add(key, meta, value.len());
        self.last = Some(Last {
            sequence: meta.sequence,
            hash,
        });
        Ok(())
    }

    /// Gives the table its range tombstones. Called once at most, any time before the finish.
    pub(crate) fn add_range_tombstones(&mut self, set: &RangeTombstones) {
        debug_assert!(
            self.range_tombstones.is_empty(),
            "range tombstones come once"
        );
        self.range_tombstones = set.clone();
    }

    /// About how long the file would be if it were finished now.
    pub(crate) fn estimated_bytes(&self) -> u64 {
        let filter = self.hashes.len() as u64 * u64::from(self.options.filter_bits_per_key) / 8;
        self.output.offset() + self.block.bytes() as u64 + self.index.bytes() as u64 + filter
    }

    /// Writes the rest and makes the file durable, its name aside.
    pub(crate) fn finish(mut self) -> Result<TableSummary> {
        if self.failed {
            return Err(self.refusal());
        }
        let key_last = self.block.last_key().to_vec();
        if !self.block.is_empty() {
            self.cut_block(None)?;
        }
        let properties = self.statistics.finish(&key_last, &self.range_tombstones);
        let filter = Filter::build(&self.hashes, self.options.filter_bits_per_key);
        let mut output = self.output;
        let footer = Footer {
            index: output.section(|out| self.index.encode(out))?,
            filter: output.section(|out| filter.encode(out))?,
            range_tombstones: output.section(|out| self.range_tombstones.encode(out))?,
            properties: output.section(|out| properties.encode(out))?,
        };
        output.append(&footer.encode(output.number, output.offset()))?;
        output.write_buffer()?;
        if !planted(Mistake::TableDataUnsynced) {
            let synced = output.file.sync_all();
            synced.map_err(|e| Error::io("sync", &output.path, e))?;
        }
        Ok(TableSummary {
            bytes: output.written,
            checksum: output.checksum.finalize(),
            properties,
        })
    }

    /// Gives up. The caller removes the file.
    pub(crate) fn abandon(self) {}

    /// Ends the block, which the key `next` will follow.
    fn cut_block(&mut self, next: Option<&[u8]>) -> Result<()> {
        let before = self.output.offset();
        let payload = self.block.finish();
        // W2: set before the write and taken back after it.
        self.failed = true;
        self.output.append_block(payload, &mut self.compressor)?;
        self.failed = false;
        let len = self.output.offset() - before;
        self.index.add(len, self.block.last_key(), next);
        self.block.clear();
        Ok(())
    }

    fn new_hash(&mut self, key: &[u8]) -> u64 {
        let hash = key_hash(key);
        if !(self.block.is_empty() && planted(Mistake::FilterLacksKeys)) {
            self.hashes.push(hash);
        }
        hash
    }

    /// W1 broken: what comes in order from sound sources does not from a damaged table whose
    /// checksums fit.
    fn out_of_order(&mut self) -> Error {
        self.failed = true;
        let what = "the entries to be written here come out of order, so a table that they are \
                    read from is damaged; a verify tells which";
        Error::corruption(&self.output.path, self.output.offset(), what)
    }

    fn refusal(&self) -> Error {
        Error::new(
            ErrorKind::Latched,
            format!("an earlier write of {} failed", self.output.path.display()),
        )
    }
}

/// The bytes on their way into the file.
struct Output {
    file: Arc<dyn File>,
    path: PathBuf,
    number: u64,
    buffer: Vec<u8>,
    written: u64,
    checksum: crc32fast::Hasher,
}

impl Output {
    /// Where the next byte goes.
    fn offset(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn append_block(&mut self, payload: &[u8], compressor: &mut Compressor) -> Result<()> {
        let place = (self.number, self.offset());
        let (packed, rest) = block_envelope::seal(place, payload, compressor);
        self.append(packed)?;
        self.append(&rest)
    }

    fn section(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<Section> {
        let mut payload = Vec::new();
        encode(&mut payload);
        let offset = self.offset();
        self.append_block(&payload, &mut Compressor::default())?;
        Ok(Section {
            offset,
            len: self.offset() - offset,
        })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > CHUNK_BYTES {
            self.write_buffer()?;
        }
        self.checksum.update(bytes);
        if bytes.len() > CHUNK_BYTES {
            let written = self.file.write_all_at(bytes, self.written);
            written.map_err(|e| Error::io("write", &self.path, e))?;
            self.written += bytes.len() as u64;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn write_buffer(&mut self) -> Result<()> {
        let written = self.file.write_all_at(&self.buffer, self.written);
        written.map_err(|e| Error::io("write", &self.path, e))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
