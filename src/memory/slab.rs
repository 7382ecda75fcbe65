//! Huge pages of memory, cut into cells of equal length.
//!
//! Cells of one length leave no gaps that another does not fit: the slabs of Bonwick (The Slab
//! Allocator, USENIX 1994).
//!
//! This file hands out memory that is safe to use in any way:
//!
//! - S1: a slab is one [`Mapping`], which lives as long as its cutter or any of its cells.
//! - S2: cells lie inside their slab, and no two of them overlap: a cutter, of which each slab has
//!   one, cuts them one behind the other, and nobody else makes one.
//! - S3: the bytes of a cell are initialised, as those of a mapping are zeroes from the start.
//!
//! A cell is owned like a box: any one thread may write to it, or any number read.

#![allow(unsafe_code)]

use super::mapping::{HUGE_PAGE_BYTES, Mapping};
use crate::sync::Arc;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

/// How long a slab is.
pub(super) const SLAB_BYTES: usize = HUGE_PAGE_BYTES;

/// The memory of cells.
#[derive(Debug)]
struct Slab {
    memory: Mapping,
    /// Counted by whoever has another share in it.
    _token: Arc<()>,
}

/// The right to cut a slab into cells.
#[derive(Debug)]
pub(super) struct Cutter {
    slab: Arc<Slab>,
    cell_bytes: usize,
    /// Where the next cell begins.
    at: usize,
}

impl Cutter {
    /// Takes a slab from the system, to be cut into cells of `cell_bytes`. It keeps `token` until
    /// the slab is given back. `None` where the system has no memory for it.
    pub(super) fn new(cell_bytes: usize, token: Arc<()>) -> Option<Self> {
        let memory = Mapping::new(SLAB_BYTES)?;
        let slab = Arc::new(Slab {
            memory,
            _token: token,
        });
        Some(Self {
            slab,
            cell_bytes,
            at: 0,
        })
    }

    /// The next cell; `None` at the end of the slab.
    pub(super) fn cut(&mut self) -> Option<Cell> {
        let end = self.at.checked_add(self.cell_bytes)?;
        if end > self.slab.memory.len() {
            return None;
        }
        // SAFETY: the cell ends inside the mapping (S1).
        let start = unsafe { self.slab.memory.start().add(self.at) };
        self.at = end; // S2
        Some(Cell {
            start,
            len: self.cell_bytes,
            capacity: self.cell_bytes,
            slab: Some(Arc::clone(&self.slab)),
            is_hollow: false,
        })
    }
}

/// Some bytes of a slab, owned.
#[derive(Debug)]
pub(super) struct Cell {
    start: NonNull<u8>,
    /// Of the part in use.
    len: usize,
    capacity: usize,
    /// None for a cell of no bytes.
    slab: Option<Arc<Slab>>,
    /// Its memory was given back, and nobody has asked for it since.
    is_hollow: bool,
}

// SAFETY: a cell owns its bytes as a box would (S2).
unsafe impl Send for Cell {}
// SAFETY: through a shared cell its bytes are only read.
unsafe impl Sync for Cell {}

impl Cell {
    /// Makes the first `len` bytes the part in use, or all where there are fewer.
    pub(super) fn resize(&mut self, len: usize) {
        self.is_hollow = false;
        self.len = len.min(self.capacity);
    }

    /// Gives the memory under it back to the system; what it held is lost, and its bytes are zeroes
    /// where it is asked for again.
    pub(super) fn hollow_out(&mut self) {
        if !self.is_hollow {
            self.is_hollow = true;
            if let Some(slab) = &self.slab {
                let at = self.start.as_ptr() as usize - slab.memory.start().as_ptr() as usize;
                // SAFETY: the bytes of the cell are nobody else's (S2), and exclusively borrowed.
                unsafe { slab.memory.give_back(at..at + self.capacity) };
            }
        }
    }

    /// True where it has no memory.
    pub(super) fn is_hollow(&self) -> bool {
        self.is_hollow
    }

    /// How long it can be.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Names the slab it lies in, and how many shares there are in that: one for each of its cells
    /// and one for its cutter.
    pub(super) fn slab(&self) -> (usize, usize) {
        let shares = self.slab.as_ref().map_or(0, Arc::strong_count);
        (self.start.as_ptr() as usize / SLAB_BYTES, shares)
    }
}

impl Default for Cell {
    /// A cell of no bytes.
    fn default() -> Self {
        Self {
            start: NonNull::dangling(),
            len: 0,
            capacity: 0,
            slab: None,
            is_hollow: false,
        }
    }
}

impl Deref for Cell {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes lie inside the slab (S2), which the cell keeps alive (S1), are
        // initialised (S3), and nobody writes to them while the cell is borrowed. A cell of no
        // bytes has an address that is aligned and not null, which is all a slice of none needs.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Cell {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `deref`; the exclusive borrow of the cell is one of its bytes (S2).
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cell_bytes: usize) -> Vec<Cell> {
        let mut cutter = Cutter::new(cell_bytes, Arc::new(())).unwrap();
        std::iter::from_fn(|| cutter.cut()).collect()
    }

    #[test]
    fn a_slab_is_cut_into_cells_that_do_not_overlap() {
        let cell_bytes = SLAB_BYTES / 3 - 64;
        let mut cells = cells(cell_bytes);
        assert_eq!(cells.len(), 3);
        for (i, cell) in cells.iter_mut().enumerate() {
            assert_eq!(cell.len(), cell_bytes);
            assert!(cell.iter().step_by(4_099).all(|&b| b == 0));
            cell.fill(i as u8 + 1);
        }
        for (i, cell) in cells.iter().enumerate() {
            assert!(cell.iter().step_by(4_099).all(|&b| b == i as u8 + 1));
            assert_eq!(cell.last(), Some(&(i as u8 + 1)));
        }
    }

    #[test]
    fn a_cell_longer_than_a_slab_is_not_cut() {
        assert_eq!(cells(SLAB_BYTES).len(), 1);
        assert_eq!(cells(SLAB_BYTES + 1).len(), 0);
        assert_eq!(cells(usize::MAX).len(), 0);
    }

    #[test]
    fn a_cell_that_gave_its_memory_back_is_zeroes_and_leaves_its_neighbours_alone() {
        let cell_bytes = (16 << 10) + 64;
        let mut cells = cells(cell_bytes);
        cells.iter_mut().for_each(|cell| cell.fill(7));
        cells[1].hollow_out();
        cells[1].hollow_out();
        assert!(cells[1].is_hollow() && !cells[0].is_hollow());
        assert!(
            cells[0]
                .iter()
                .chain(cells[2].iter())
                .all(|&byte| byte == 7)
        );
        cells[1].resize(cell_bytes);
        assert!(!cells[1].is_hollow());
        if cfg!(all(target_os = "linux", not(miri))) {
            assert_eq!(
                cells[1][4_096..12_288].iter().find(|&&byte| byte != 0),
                None
            );
        }
        cells[1].fill(9);
        assert!(
            cells[0]
                .iter()
                .chain(cells[2].iter())
                .all(|&byte| byte == 7)
        );
    }

    #[test]
    fn a_cell_keeps_its_slab_until_the_last_is_dropped() {
        let token = Arc::new(());
        let mut cutter = Cutter::new(1 << 20, Arc::clone(&token)).unwrap();
        let (mut first, second) = (cutter.cut().unwrap(), cutter.cut().unwrap());
        assert_eq!((first.slab().0, first.slab().1), (second.slab().0, 3));
        drop((cutter, second));
        first.fill(7);
        assert_eq!(first.slab().1, 1);
        assert_eq!(Arc::strong_count(&token), 2);
        let moved = std::mem::take(&mut first);
        assert_eq!((first.len(), moved[77]), (0, 7));
        drop(moved);
        assert_eq!(Arc::strong_count(&token), 1);
    }
}
