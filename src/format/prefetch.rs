//! Asking the processor for memory before it is looked at.
//!
//! Whoever knows several places that it is going to look at asks for all of them first, so that the
//! waits overlap. A plain load in advance does less: the processor can only go so far while it
//! waits for one.
//!
//! - P1: a prefetch reads nothing and changes nothing, whatever the address, which may be that of
//!   no memory at all; it only moves lines between the memory and the caches.
//!
//! Any thread may call. Where there is no such instruction, or under miri, nothing happens.

#![allow(unsafe_code)]

/// What the processor loads at a time, on most machines.
pub(crate) const LINE_BYTES: usize = 64;

/// Asks for the line that `place` begins in.
#[inline]
pub(crate) fn prefetch<T>(place: &T) {
    prefetch_address(std::ptr::from_ref(place).addr());
}

/// Asks for the line of `address`, where something may have been once.
#[inline]
pub(crate) fn prefetch_address(address: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: P1.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance::<i8>(address)) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}

/// Asks for the first `lines` lines of `bytes`.
#[inline]
pub(crate) fn prefetch_lines(bytes: &[u8], lines: usize) {
    for line in 0..lines {
        match bytes.get(line * LINE_BYTES) {
            Some(byte) => prefetch(byte),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_what_it_was() {
        let words = [7u64; 100];
        words.iter().for_each(prefetch);
        prefetch(&());
        prefetch_address(0);
        prefetch_address(usize::MAX);
        prefetch_lines(b"", 3);
        prefetch_lines(&[1; 100], 9);
        assert_eq!(words, [7; 100]);
    }
}
