//! Where the records lie: chunks that are filled one after the other and never move.
//!
//! - A1: a record never changes and stays at its address until the arena is dropped; a
//!   [`PinnedBytes`] keeps its chunk even longer.
//! - A2: every new chunk has at least an eighth of all bytes before it (up to 2 GiB), so the 255
//!   chunks an address can name hold more than 300 GiB, and finding one is one array access.
//!
//! Reading is lock-free from any thread; appending takes the one [`ArenaWriter`]. Memory that
//! cannot be had ends the process, as everywhere in Rust.

use super::chunk::{self, ChunkReader, ChunkWriter};
use super::record::{self, Address, CHUNK_BYTES_MAX, CHUNK_NUMBER_MAX, Header, Record, UNIT_BYTES};
use crate::format::entry::EntryMeta;
use crate::format::prefetch::prefetch_lines;
use crate::sync::OnceLock;

/// Up to here chunks double; beyond they grow by A2 alone.
const CHUNK_BYTES_DOUBLED_MAX: usize = 8 << 20;

const LINES_PREFETCHED: usize = 4;

/// The chunks, as readers see them.
#[derive(Debug)]
pub(super) struct Arena {
    chunks: Box<[OnceLock<ChunkReader>]>,
}

/// The right to append to an arena.
#[derive(Debug)]
pub(super) struct ArenaWriter {
    /// The chunk to append to and its number.
    open: Option<(ChunkWriter, usize)>,
    chunk_count: usize,
    allocated_bytes: usize,
    used_bytes: usize,
    first_chunk_bytes: usize,
}

/// Bytes in an arena, kept alive by the chunk they lie in.
#[derive(Debug, Clone)]
pub(super) struct PinnedBytes {
    chunk: ChunkReader,
    offset: usize,
    length: usize,
}

impl PinnedBytes {
    /// The bytes.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        let bytes = self.chunk.bytes_from(self.offset);
        bytes.get(..self.length).unwrap_or_default()
    }
}

impl Arena {
    /// An arena without chunks; the first will have `first_chunk_bytes`.
    pub(super) fn new(first_chunk_bytes: usize) -> (Self, ArenaWriter) {
        let chunks = (0..CHUNK_NUMBER_MAX).map(|_| OnceLock::new()).collect();
        let writer = ArenaWriter {
            open: None,
            chunk_count: 0,
            allocated_bytes: 0,
            used_bytes: 0,
            first_chunk_bytes,
        };
        (Self { chunks }, writer)
    }

    #[inline]
    fn chunk(&self, at: Address) -> Option<&ChunkReader> {
        self.chunks.get(at.chunk() - 1)?.get()
    }

    /// The record at `at`; always there for an address that [`append`](Self::append) gave.
    #[inline]
    pub(super) fn record(&self, at: Address) -> Option<Record<'_>> {
        record::decode(self.chunk(at)?.bytes_from(at.offset()))
    }

    /// The key of the record at `at`.
    #[inline]
    pub(super) fn key(&self, at: Address) -> &[u8] {
        self.record(at).map(|r| r.key).unwrap_or_default()
    }

    /// Asks the processor to fetch the record at `at`, or what comes first of a long one.
    #[inline]
    pub(super) fn prefetch(&self, at: Address) {
        if let Some(chunk) = self.chunk(at) {
            // Whoever walks looks at the value, too, and most records are no longer.
            prefetch_lines(chunk.bytes_from(at.offset()), LINES_PREFETCHED);
        }
    }

    /// The value of the record at `at`, alive on its own.
    pub(super) fn pin_value(&self, at: Address) -> Option<PinnedBytes> {
        let chunk = self.chunk(at)?;
        let from_record = chunk.bytes_from(at.offset());
        let value = record::decode(from_record)?.value;
        let within = value.as_ptr().addr() - from_record.as_ptr().addr();
        Some(PinnedBytes {
            chunk: chunk.clone(),
            offset: at.offset() + within,
            length: value.len(),
        })
    }

    /// Appends a record. `value` has at most 1 GiB, which the caller has checked.
    pub(super) fn append(
        &self,
        writer: &mut ArenaWriter,
        key: &[u8],
        meta: EntryMeta,
        value: &[u8],
        previous: Option<Address>,
    ) -> Address {
        let header = Header::new(meta, previous, key.len(), value.len() as u32);
        let length = header.bytes().len() + key.len() + value.len();
        let padding = length.next_multiple_of(UNIT_BYTES) - length;
        let parts = [header.bytes(), key, value, &[0; UNIT_BYTES][..padding]];
        writer.used_bytes += length + padding;
        let open = writer.open.as_mut();
        if let Some(at) = open.and_then(|(chunk, number)| append_to(chunk, *number, &parts)) {
            return at;
        }
        self.append_to_new_chunk(writer, length + padding, &parts)
    }

    #[cold]
    fn append_to_new_chunk(
        &self,
        writer: &mut ArenaWriter,
        length: usize,
        parts: &[&[u8]],
    ) -> Address {
        let capacity = writer.next_chunk_bytes().max(length);
        let (mut chunk, reader) = chunk::new(capacity);
        writer.chunk_count += 1;
        writer.allocated_bytes = writer.allocated_bytes.saturating_add(capacity);
        let number = writer.chunk_count;
        let slot = self.chunks.get(number - 1);
        let published = slot.is_some_and(|slot| slot.set(reader).is_ok());
        let at = append_to(&mut chunk, number, parts).filter(|_| published);
        let Some(at) = at else {
            // Beyond A2: more memory than addresses reach. There is no machine with so much.
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<Record<'_>>());
        };
        // A large value may leave less room in its new chunk than is left in the old one.
        let room = writer.open.as_ref().map_or(0, |(open, _)| open.remaining());
        if chunk.remaining() >= room {
            writer.open = Some((chunk, number));
        }
        at
    }
}

fn append_to(chunk: &mut ChunkWriter, number: usize, parts: &[&[u8]]) -> Option<Address> {
    chunk
        .append(parts)
        .map(|offset| Address::new(number, offset))
}

impl ArenaWriter {
    /// All bytes of records so far.
    pub(super) fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    fn next_chunk_bytes(&self) -> usize {
        let doubled = self.allocated_bytes.min(CHUNK_BYTES_DOUBLED_MAX);
        let share = (self.allocated_bytes / 8).min(CHUNK_BYTES_MAX);
        let bytes = doubled.max(share).max(self.first_chunk_bytes);
        bytes.next_multiple_of(UNIT_BYTES).min(CHUNK_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::entry::Kind;

    fn put(sequence: u64) -> EntryMeta {
        EntryMeta {
            sequence,
            kind: Kind::Put,
            expiry_ms: 0,
        }
    }

    #[test]
    fn records_of_every_size_are_found_again_across_chunks() {
        let (arena, mut writer) = Arena::new(64);
        let largest = if cfg!(miri) { 60 } else { 400 };
        let values: Vec<Vec<u8>> = (0..largest).map(|n| vec![n as u8; n * 7 % 331]).collect();
        let mut places: Vec<Address> = Vec::new();
        for (i, value) in values.iter().enumerate() {
            let previous = places.last().copied();
            places.push(arena.append(&mut writer, b"key", put(i as u64), value, previous));
        }
        assert!(writer.chunk_count > 3);
        for (i, &at) in places.iter().enumerate() {
            let record = arena.record(at).unwrap();
            assert_eq!((record.key, record.value), (&b"key"[..], &values[i][..]));
            assert_eq!(record.meta, put(i as u64));
            assert_eq!(record.previous, i.checked_sub(1).map(|p| places[p]));
        }
    }

    #[test]
    fn a_large_value_has_its_own_chunk_and_the_old_one_is_filled_further() {
        let (arena, mut writer) = Arena::new(256);
        let small = arena.append(&mut writer, b"a", put(1), b"1", None);
        let large = arena.append(&mut writer, b"b", put(2), &[7; 4_000], None);
        let after = arena.append(&mut writer, b"c", put(3), b"3", None);
        assert_eq!(small.chunk(), after.chunk());
        assert_ne!(small.chunk(), large.chunk());
        assert_eq!(arena.record(large).unwrap().value, [7; 4_000]);
    }

    #[test]
    fn a_pinned_value_outlives_its_arena() {
        let (arena, mut writer) = Arena::new(64);
        let at = arena.append(&mut writer, b"key", put(1), b"value", None);
        let pinned = arena.pin_value(at).unwrap();
        assert_eq!(
            pinned.bytes().as_ptr(),
            arena.record(at).unwrap().value.as_ptr()
        );
        drop((arena, writer));
        assert_eq!(pinned.bytes(), b"value");
    }

    #[test]
    fn chunk_numbers_suffice_for_hundreds_of_gigabytes() {
        let (_, mut writer) = Arena::new(1 << 10);
        for _ in 0..CHUNK_NUMBER_MAX {
            writer.allocated_bytes += writer.next_chunk_bytes();
        }
        assert!(writer.allocated_bytes > 300 << 30);
    }
}
