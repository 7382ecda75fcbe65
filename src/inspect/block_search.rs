//! Blocks of a table found without its index.
//!
//! Blocks and sections lie one after the other from the start of the file, each with a checksum
//! over its place behind it. So one is walked to from the one before; behind one that is damaged
//! the next is looked for in windows of half a mebibyte, and a longer one there is passed over.
//! Nothing passes for a data block that does not read and check as one.
//!
//! Reads the file once or twice, at a few nanoseconds a byte, and behind damage at some hundred.
//! Holds a window and the places found. For one thread at a time.

use super::checksum_walk::{EndSearch, pairs};
use super::source_file::{SourceFile, WINDOW_BYTES};
use crate::error::Result;
use crate::format::block::Block;
use crate::format::block_envelope;
use crate::format::compression::Refusal;
use crate::format::entry::key_hash;
use crate::format::index::Index;

/// The window in which the next block behind a damaged one is looked for.
const RESYNC_BYTES: u64 = 512 << 10;

/// What a stretch of a table file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StretchKind {
    /// A data block.
    Block,
    /// Something with a sound checksum that is no data block: a section, or a block that this
    /// build does not unpack.
    Other,
    /// Nothing that could be read.
    Lost,
}

/// A stretch of a table file: offset, length and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) kind: StretchKind,
}

/// What stands from the start up to `end` of table `number`, without a gap.
pub(crate) fn stretches(source: &SourceFile, number: u64, end: u64) -> Result<Vec<Stretch>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < end {
        if let Some((bytes, kind)) = whole_at(source, number, at, end)? {
            found.push(Stretch {
                offset: at,
                bytes,
                kind,
            });
            at += bytes;
            continue;
        }
        let next = next_part(source, number, at + 1, end)?.unwrap_or(end);
        found.push(Stretch {
            offset: at,
            bytes: next - at,
            kind: StretchKind::Lost,
        });
        at = next;
    }
    Ok(found)
}

/// Length and kind of what begins at `offset`: a data block where one ends before `end`, otherwise
/// the shortest piece with a sound checksum.
fn whole_at(
    source: &SourceFile,
    number: u64,
    offset: u64,
    end: u64,
) -> Result<Option<(u64, StretchKind)>> {
    let mut search = EndSearch::new(number, offset);
    let (mut at, mut other) = (offset, None);
    while at < end {
        let window = source.read(at, WINDOW_BYTES.min(end - at))?;
        if window.is_empty() {
            break;
        }
        for &byte in &window {
            at += 1;
            if !search.feed(byte) {
                continue;
            }
            let bytes = at - offset;
            if is_block(source, number, offset, bytes)? {
                return Ok(Some((bytes, StretchKind::Block)));
            }
            other = other.or(Some((bytes, StretchKind::Other)));
        }
    }
    Ok(other)
}

/// Where the first data block begins at `from` or behind it, or the index.
fn next_part(source: &SourceFile, number: u64, from: u64, end: u64) -> Result<Option<u64>> {
    let mut at = from;
    while at < end {
        let window = source.read(at, RESYNC_BYTES.min(end - at))?;
        for (start, stop) in pairs(number, at, &window) {
            let offset = at + start as u64;
            let bytes = (stop - start) as u64;
            if is_block(source, number, offset, bytes)? || is_index(source, number, offset, bytes)?
            {
                return Ok(Some(offset));
            }
        }
        if window.len() as u64 >= end - at {
            break;
        }
        at += RESYNC_BYTES / 2;
    }
    Ok(None)
}

fn is_block(source: &SourceFile, number: u64, offset: u64, bytes: u64) -> Result<bool> {
    Ok(read_block(number, offset, source.read(offset, bytes)?).is_ok())
}

/// The index tells of all data before it, so it is known by its place.
fn is_index(source: &SourceFile, number: u64, offset: u64, bytes: u64) -> Result<bool> {
    let payload = block_envelope::open((number, offset), source.read(offset, bytes)?);
    Ok(payload.is_ok_and(|payload| Index::decode(&payload, offset).is_ok()))
}

/// The data block whose bytes, with their envelope, stood at `offset` of table `number`; all that
/// can be told of it alone has been checked.
pub(crate) fn read_block(number: u64, offset: u64, bytes: Vec<u8>) -> Result<Block, Refusal> {
    let block = Block::decode(block_envelope::open((number, offset), bytes)?)?;
    block.check(key_hash)?;
    Ok(block)
}
