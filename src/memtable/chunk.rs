//! A block of memory that only fills up: one appender, any number of readers.
//!
//! This is the only unsafe code of the memtable. What it hands out is safe to use in any way:
//! offsets and lengths are checked against what has been filled, so a wrong one yields other
//! bytes of the chunk or none, never memory outside it or memory not written yet.
//!
//! - K1: `start` points to `capacity` bytes of one allocation or one [`Mapping`], which live,
//!   unmoved, exactly as long as their [`Chunk`].
//! - K2: bytes below `filled` are initialised and are never written again.
//! - K3: bytes from `filled` on are touched by the one [`ChunkWriter`] only, and by it only under
//!   `&mut`; `filled` is stored by it alone, with `Release`, after the bytes.
//!
//! Reading is lock-free from any thread. It does not know what the bytes mean.

#![allow(unsafe_code)]

use crate::memory::mapping::Mapping;
use crate::sync::{Arc, AtomicUsize, Ordering, SharedMemory};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;

/// From this length on a chunk is memory straight from the system, which gets it back.
const MAPPED_BYTES_MIN: usize = 1 << 20;

#[derive(Debug)]
struct Chunk {
    start: NonNull<u8>,
    capacity: usize,
    filled: AtomicUsize,
    memory: SharedMemory,
    /// None for a chunk on the heap.
    mapping: Option<Mapping>,
}

// SAFETY: the memory belongs to the chunk alone (K1), so it may be freed by any thread.
unsafe impl Send for Chunk {}
// SAFETY: through a shared reference only bytes below `filled` are read (K2); the writes beyond it
// are made by one writer (K3), and `filled` orders them before the reads.
unsafe impl Sync for Chunk {}

impl Drop for Chunk {
    fn drop(&mut self) {
        if self.mapping.is_some() {
            return; // its own drop gives the memory back
        }
        let start = self.start.as_ptr().cast::<MaybeUninit<u8>>();
        let memory = ptr::slice_from_raw_parts_mut(start, self.capacity);
        // SAFETY: `on_heap` took start from a box of just this type and length and gave up that box
        // (K1); nobody else frees it, and no slice of it outlives the chunk.
        drop(unsafe { Box::from_raw(memory) });
    }
}

/// The right to append to a chunk; there is one for each.
#[derive(Debug)]
pub(super) struct ChunkWriter {
    chunk: Arc<Chunk>,
    filled: usize,
}

/// The right to read a chunk, which also keeps it alive.
#[derive(Debug, Clone)]
pub(super) struct ChunkReader {
    chunk: Arc<Chunk>,
}

/// Makes an empty chunk of `capacity` bytes.
pub(super) fn new(capacity: usize) -> (ChunkWriter, ChunkReader) {
    let wanted = (capacity >= MAPPED_BYTES_MIN).then_some(capacity);
    let mapping = wanted.and_then(Mapping::new);
    let start = mapping
        .as_ref()
        .map_or_else(|| on_heap(capacity), Mapping::start);
    let filled = AtomicUsize::new(0);
    let memory = SharedMemory::new(capacity);
    let chunk = Arc::new(Chunk {
        start,
        capacity,
        filled,
        memory,
        mapping,
    });
    let reader = ChunkReader {
        chunk: Arc::clone(&chunk),
    };
    (ChunkWriter { chunk, filled: 0 }, reader)
}

/// An allocation of `capacity` bytes, to be freed as a box of them.
fn on_heap(capacity: usize) -> NonNull<u8> {
    let memory: Box<[MaybeUninit<u8>]> = Box::new_uninit_slice(capacity);
    let start = Box::into_raw(memory).cast::<u8>();
    // SAFETY: a pointer taken from a box is never null.
    unsafe { NonNull::new_unchecked(start) }
}

impl ChunkWriter {
    /// How many bytes still fit.
    pub(super) fn remaining(&self) -> usize {
        self.chunk.capacity - self.filled
    }

    /// Appends `parts` one after the other and publishes them; the offset of the first.
    ///
    /// `None`, with nothing written, where they do not fit.
    pub(super) fn append(&mut self, parts: &[&[u8]]) -> Option<usize> {
        let length = parts
            .iter()
            .try_fold(0usize, |sum, p| sum.checked_add(p.len()))?;
        if length > self.remaining() {
            return None;
        }
        let begin = self.filled;
        for part in parts {
            // SAFETY: the parts together end within the capacity, so the target lies inside the
            // allocation (K1). It lies at or after `filled`, where nobody else reads or writes
            // (K3), so it cannot overlap `part` even if that is a slice of this very chunk (K2).
            unsafe {
                let target = self.chunk.start.as_ptr().add(self.filled);
                ptr::copy_nonoverlapping(part.as_ptr(), target, part.len());
            }
            self.filled += part.len();
        }
        self.chunk.memory.wrote(begin..self.filled);
        self.chunk.filled.store(self.filled, Ordering::Release);
        Some(begin)
    }
}

impl ChunkReader {
    /// All bytes filled so far from `offset` on; none where it lies beyond them.
    #[inline]
    pub(super) fn bytes_from(&self, offset: usize) -> &[u8] {
        let filled = self.chunk.filled.load(Ordering::Acquire);
        if offset > filled {
            return &[];
        }
        self.chunk.memory.reads(offset..filled);
        // SAFETY: `offset..filled`, which may be empty, lies inside the allocation (K1), is
        // initialised and will not be written again (K2); the acquiring load saw the store that
        // came after the writes (K3). The memory lives as long as the chunk, which the borrow of
        // `self` keeps.
        unsafe { slice::from_raw_parts(self.chunk.start.as_ptr().add(offset), filled - offset) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_back_as_one_stretch() {
        let (mut writer, reader) = new(8);
        assert_eq!(writer.append(&[b"ab", b"", b"cde"]), Some(0));
        assert_eq!(writer.append(&[b"fgh"]), Some(5));
        assert_eq!(reader.bytes_from(0), b"abcdefgh");
        assert_eq!(reader.bytes_from(5), b"fgh");
        assert_eq!(writer.remaining(), 0);
    }

    #[test]
    fn what_does_not_fit_leaves_the_chunk_as_it_was() {
        let (mut writer, reader) = new(4);
        assert_eq!(writer.append(&[b"abc", b"de"]), None);
        assert_eq!(reader.bytes_from(0), b"");
        assert_eq!(writer.append(&[b"abcd"]), Some(0));
        assert_eq!(writer.append(&[b"e"]), None);
    }

    #[test]
    fn offsets_outside_the_filled_part_yield_nothing() {
        let (mut writer, reader) = new(64);
        writer.append(&[b"abc"]).unwrap();
        for offset in [3, 4, 63, 64, usize::MAX] {
            assert_eq!(reader.bytes_from(offset), b"");
        }
        let (writer, reader) = new(0);
        assert_eq!((writer.remaining(), reader.bytes_from(0)), (0, &b""[..]));
    }

    #[test]
    fn a_chunk_can_append_a_copy_of_itself() {
        let (mut writer, reader) = new(6);
        writer.append(&[b"abc"]).unwrap();
        let own = reader.bytes_from(0);
        assert_eq!(writer.append(&[own]), Some(3));
        assert_eq!(reader.bytes_from(0), b"abcabc");
        assert_eq!(own, b"abc");
    }

    #[test]
    fn a_reader_keeps_the_memory_after_its_writer_is_gone() {
        let (mut writer, reader) = new(16);
        writer.append(&[b"still here"]).unwrap();
        let other = reader.clone();
        drop(writer);
        drop(reader);
        assert_eq!(other.bytes_from(6), b"here");
    }

    #[test]
    fn readers_in_other_threads_see_whole_parts_only() {
        let rounds = if cfg!(miri) { 40 } else { 20_000 };
        let (mut writer, reader) = new(rounds * 8);
        let watcher = crate::sync::spawn("watcher", move || {
            let mut seen = 0;
            while seen < rounds {
                let bytes = reader.bytes_from(0);
                assert_eq!(bytes.len() % 8, 0);
                seen = bytes.len() / 8;
                for (i, number) in bytes.chunks_exact(8).enumerate().skip(seen.max(4) - 4) {
                    assert_eq!(number, (i as u64).to_le_bytes());
                }
                std::hint::spin_loop();
            }
        });
        for i in 0..rounds as u64 {
            let number = i.to_le_bytes();
            writer.append(&[&number]).unwrap();
        }
        watcher.unwrap().join().unwrap();
    }
}
