//! Memory straight from the system: huge pages where it has them, and given back when dropped.
//!
//! What an allocator is given back it keeps for the next, in pieces that may fit nothing that
//! comes. Memory by the megabyte, which comes and goes with memtables and caches, is better off
//! without. And the processor remembers where some two thousand pages lie: data that is read at
//! random from many small ones makes it look that up each time, which on a virtual machine costs as
//! much as the read itself. A huge page is one of the two thousand.
//!
//! - N1: `start` points to `len` bytes that belong to the mapping alone, from `new`, which has them
//!   zeroed, until its drop. They never move.
//!
//! The address may be asked for by any thread; what is done with it is the business of the files
//! that do: `slab.rs` here and `chunk.rs` of the memtable.

#![allow(unsafe_code)]

use std::ops::Range;
use std::ptr::NonNull;

/// What most systems call a huge page.
pub(crate) const HUGE_PAGE_BYTES: usize = 2 << 20;

/// What memory is given back by. Where pages are larger than this the system refuses, and the
/// memory stays.
const SMALL_PAGE_BYTES: usize = 4 << 10;

/// Some memory, owned.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory belongs to the mapping alone (N1), whichever thread drops it.
unsafe impl Send for Mapping {}
// SAFETY: a shared mapping tells its address and nothing else.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Memory of `len` zeroes, aligned to a huge page; `None` where `len` is 0 or the system has no
    /// memory for it.
    pub(crate) fn new(len: usize) -> Option<Self> {
        if len == 0 {
            return None;
        }
        system::map(len).map(|start| Self { start, len })
    }

    /// Where it begins (N1).
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// How long it is.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Has the system take back the whole pages inside `part`, where it can; they are zeroes again
    /// when they are looked at. What lies outside of the mapping is left alone.
    ///
    /// # Safety
    /// Nobody has a reference to a byte of `part`.
    pub(crate) unsafe fn give_back(&self, part: Range<usize>) {
        let first = part.start.next_multiple_of(SMALL_PAGE_BYTES);
        let end = part.end.min(self.len) / SMALL_PAGE_BYTES * SMALL_PAGE_BYTES;
        if let Some(bytes) = end.checked_sub(first).filter(|bytes| *bytes > 0) {
            // SAFETY: `first` is below the length.
            let start = unsafe { self.start.add(first) };
            // SAFETY: the range lies inside the mapping (N1), and as the caller says nobody looks.
            unsafe { system::give_back(start, bytes) };
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `map` gave just this memory, and nobody has it any more (N1).
        unsafe { system::unmap(self.start, self.len) };
    }
}

#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
mod system {
    use super::{HUGE_PAGE_BYTES, NonNull};
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    /// A multiple of every size that small pages have somewhere.
    const PAGE_BYTES: usize = 64 << 10;

    /// Maps more than is wanted, and gives back what lies before the first huge page and behind.
    pub(super) fn map(len: usize) -> Option<NonNull<u8>> {
        let len = len.checked_next_multiple_of(PAGE_BYTES)?;
        let mapped = len.checked_add(HUGE_PAGE_BYTES)?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at a place of the system's choice touches no memory of others.
        let base =
            unsafe { mmap_anonymous(std::ptr::null_mut(), mapped, protection, MapFlags::PRIVATE) };
        let base = NonNull::new(base.ok()?.cast::<u8>())?;
        let before = base.align_offset(HUGE_PAGE_BYTES).min(HUGE_PAGE_BYTES);
        // SAFETY: `before` is at most what was mapped beyond `len`.
        let start = unsafe { base.add(before) };
        // SAFETY: so the part that is handed out ends within the mapping.
        let end = unsafe { start.add(len) };
        for (part, bytes) in [(base, before), (end, HUGE_PAGE_BYTES - before)] {
            if bytes > 0 {
                // SAFETY: this part of the new mapping is outside of what is handed out.
                let _ = unsafe { munmap(part.as_ptr().cast(), bytes) };
            }
        }
        // SAFETY: the range is what is handed out, and the advice changes no byte of it.
        let _ = unsafe { madvise(start.as_ptr().cast(), len, Advice::LinuxHugepage) };
        Some(start)
    }

    /// # Safety
    /// The range lies in memory from [`map`], and nobody has a reference to a byte of it.
    pub(super) unsafe fn give_back(start: NonNull<u8>, bytes: usize) {
        // SAFETY: as the caller says. Pages of private memory are zeroes afterwards.
        let _ = unsafe { madvise(start.as_ptr().cast(), bytes, Advice::LinuxDontNeed) };
    }

    /// # Safety
    /// The memory is from [`map`] with this length, and nobody uses it afterwards.
    pub(super) unsafe fn unmap(start: NonNull<u8>, len: usize) {
        let len = len.next_multiple_of(PAGE_BYTES);
        // SAFETY: as the caller says; what was rounded up to belongs to the mapping.
        let _ = unsafe { munmap(start.as_ptr().cast(), len) };
    }
}

#[cfg(not(all(target_os = "linux", not(any(miri, shuttle)))))]
mod system {
    use super::{HUGE_PAGE_BYTES, NonNull};
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    fn layout(len: usize) -> Option<Layout> {
        Layout::from_size_align(len, HUGE_PAGE_BYTES).ok()
    }

    pub(super) fn map(len: usize) -> Option<NonNull<u8>> {
        // SAFETY: the length is not 0.
        NonNull::new(unsafe { alloc_zeroed(layout(len)?) })
    }

    /// # Safety
    /// None: the memory stays.
    pub(super) unsafe fn give_back(_: NonNull<u8>, _: usize) {}

    /// # Safety
    /// The memory is from [`map`] with this length, and nobody uses it afterwards.
    pub(super) unsafe fn unmap(start: NonNull<u8>, len: usize) {
        if let Some(layout) = layout(len) {
            // SAFETY: as the caller says.
            unsafe { dealloc(start.as_ptr(), layout) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice;

    #[test]
    fn memory_is_zeroed_aligned_and_as_long_as_was_asked_for() {
        for len in [
            1,
            4_095,
            65_536,
            100_000,
            HUGE_PAGE_BYTES,
            3 * HUGE_PAGE_BYTES + 7,
        ] {
            let mapping = Mapping::new(len).unwrap();
            assert_eq!(mapping.start().align_offset(HUGE_PAGE_BYTES), 0);
            assert_eq!(mapping.len(), len);
            // SAFETY: the memory is the mapping's own, zeroed (N1), and nobody else has it.
            let bytes = unsafe { slice::from_raw_parts_mut(mapping.start().as_ptr(), len) };
            assert!(
                bytes
                    .iter()
                    .step_by(97)
                    .chain(bytes.last())
                    .all(|byte| *byte == 0)
            );
            bytes.fill(7);
        }
        assert!(Mapping::new(0).is_none());
        assert!(Mapping::new(usize::MAX).is_none());
        assert!(Mapping::new(usize::MAX / 2).is_none());
    }

    #[test]
    fn mappings_come_and_go_without_touching_each_other() {
        let mut kept: Vec<Mapping> = Vec::new();
        for round in 0..if cfg!(miri) { 8 } else { 200_usize } {
            let mapping = Mapping::new(HUGE_PAGE_BYTES / 2 + round * 4_096).unwrap();
            // SAFETY: the memory is the mapping's own (N1).
            unsafe { mapping.start().write_bytes(round as u8 + 1, mapping.len()) };
            kept.push(mapping);
            if kept.len() > 4 {
                let gone = kept.swap_remove(round % 4);
                // SAFETY: as before.
                let bytes = unsafe { slice::from_raw_parts(gone.start().as_ptr(), gone.len()) };
                assert!(bytes.iter().step_by(509).all(|byte| *byte == bytes[0]));
            }
        }
    }
}
