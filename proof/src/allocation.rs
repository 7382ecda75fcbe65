//! An allocator that counts what each thread holds, so that tests do not see each other.
//!
//! A test program that wants the count makes it its allocator:
//!
//! ```ignore
//! #[global_allocator]
//! static COUNTING: Counting = Counting;
//! ```

#![allow(unsafe_code)] // an allocator is an unsafe trait

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a count for each thread.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn grow(bytes: usize) {
    // Nothing is counted while a thread is torn down.
    let _ = HELD.try_with(|held| {
        held.set(held.get().saturating_add(bytes));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

fn shrink(bytes: usize) {
    let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(bytes)));
}

// SAFETY: every call goes to the system allocator with the arguments it came with; counting
// touches only thread-local cells, which need no allocation.
unsafe impl GlobalAlloc for Counting {
    // SAFETY: the caller keeps the contract of `alloc`, and it is passed on as it is.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: the caller keeps the contract of `alloc_zeroed`, and it is passed on as it is.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    // SAFETY: the caller keeps the contract of `dealloc`, and it is passed on as it is.
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    // SAFETY: the caller keeps the contract of `realloc`, and it is passed on as it is.
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        shrink(layout.size());
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What `work` held at most beyond what this thread held before it.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get().saturating_sub(before))
}

/// What `work` has left allocated, its result included.
pub fn held_after<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    let result = work();
    (result, HELD.get().saturating_sub(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static COUNTING: Counting = Counting;

    #[test]
    fn the_peak_of_a_piece_of_work_is_what_it_held_at_most() {
        let work = || {
            drop(vec![1u8; 5_000]);
            vec![0u8; 3_000]
        };
        let (vec, peak) = peak_of(work);
        assert_eq!((vec.len(), peak), (3_000, 5_000));
        assert_eq!(held_after(work).1, 3_000);
    }

    #[test]
    fn a_vector_that_grows_holds_its_old_place_meanwhile() {
        let (vec, peak) = peak_of(|| {
            let mut vec = Vec::<u8>::with_capacity(1_000);
            vec.extend([7; 1_000]);
            vec.reserve_exact(4_000);
            vec
        });
        assert_eq!((vec.capacity(), peak), (5_000, 6_000));
        assert!(vec.iter().all(|&byte| byte == 7));
    }
}
