//! Bytes that somebody owns, wherever they lie.

use super::free_cells::FreeCells;
use super::slab::Cell;
use crate::sync::Arc;
use std::mem;
use std::ops::{Deref, DerefMut};

/// Bytes of one owner: on the heap, or in a cell of a pool, which gets it back when they are
/// dropped.
#[derive(Debug)]
pub(crate) struct Buffer(Place);

#[derive(Debug)]
enum Place {
    Heap(Vec<u8>),
    Cell(Leased),
}

/// A cell, and those it goes back to.
#[derive(Debug)]
struct Leased {
    cell: Cell,
    home: Arc<FreeCells>,
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.home.give_back(mem::take(&mut self.cell));
    }
}

impl Buffer {
    /// `len` bytes on the heap, zeroes.
    pub(crate) fn on_heap(len: usize) -> Self {
        vec![0; len].into()
    }

    /// The first `len` bytes of `cell`, which goes back to `home`.
    pub(super) fn in_cell(mut cell: Cell, len: usize, home: Arc<FreeCells>) -> Self {
        cell.resize(len);
        Self(Place::Cell(Leased { cell, home }))
    }

    /// Leaves the first `len` bytes; what is shorter stays as it is.
    pub(crate) fn truncate(&mut self, len: usize) {
        match &mut self.0 {
            Place::Heap(bytes) => bytes.truncate(len),
            Place::Cell(leased) => leased.cell.resize(len.min(leased.cell.len())),
        }
    }

    /// How much memory they take.
    pub(crate) fn capacity(&self) -> usize {
        match &self.0 {
            Place::Heap(bytes) => bytes.capacity(),
            Place::Cell(leased) => leased.cell.capacity(),
        }
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Place::Heap(bytes))
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Heap(bytes) => bytes,
            Place::Cell(leased) => &leased.cell,
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Place::Heap(bytes) => bytes,
            Place::Cell(leased) => &mut leased.cell,
        }
    }
}
