//! Cells that nobody uses, by their length.
//!
//! One that is given back is the next one taken. Slabs of which all cells are free go back to the
//! system, and so does the memory of most free cells of others, once an eighth of all are free.
//! Any thread may take cells and give them back; both cost a short lock.

use super::slab::{Cell, Cutter, SLAB_BYTES};
use crate::sync::{Arc, Mutex};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The free cells of all lengths.
#[derive(Debug, Default)]
pub(super) struct FreeCells {
    /// Every slab has a share.
    token: Arc<()>,
    classes: Mutex<BTreeMap<usize, Class>>,
}

/// The cells of one length.
#[derive(Debug, Default)]
struct Class {
    cutter: Option<Cutter>,
    /// Those without memory come first, then those of the slabs of which most is free.
    free: Vec<Cell>,
    /// How many of the free cells have no memory.
    hollow: usize,
    /// How many cells there are in all.
    cells: usize,
}

impl FreeCells {
    /// A free cell of `cell_bytes`, where there is one.
    pub(super) fn take(&self, cell_bytes: usize) -> Option<Cell> {
        self.classes.lock().entry(cell_bytes).or_default().take()
    }

    /// A cell of another slab; `None` where the system has no memory for it. The lock is not held
    /// while it is asked.
    #[cold]
    pub(super) fn grow(&self, cell_bytes: usize) -> Option<Cell> {
        let mut cutter = Cutter::new(cell_bytes, Arc::clone(&self.token))?;
        let cell = cutter.cut()?;
        let mut classes = self.classes.lock();
        let class = classes.entry(cell_bytes).or_default();
        class.cells += 1;
        // Another thread may have begun one as well: what is left of that is free.
        if let Some(mut other) = class.cutter.replace(cutter) {
            let left = class.free.len();
            class.free.extend(std::iter::from_fn(|| other.cut()));
            class.cells += class.free.len() - left;
        }
        Some(cell)
    }

    /// Takes a cell back.
    pub(super) fn give_back(&self, cell: Cell) {
        let mut unused = Vec::new();
        let mut classes = self.classes.lock();
        if let Some(class) = classes.get_mut(&cell.capacity()) {
            class.free.push(cell);
            unused = class.trim();
        }
        drop(classes);
        drop(unused); // without the lock: the system may take its time
    }

    /// How many slabs there are.
    pub(super) fn slabs(&self) -> usize {
        Arc::strong_count(&self.token) - 1
    }
}

impl Class {
    fn take(&mut self) -> Option<Cell> {
        if let Some(cell) = self.free.pop() {
            self.hollow = self.hollow.min(self.free.len());
            return Some(cell);
        }
        let cell = self.cutter.as_mut()?.cut();
        self.cells += usize::from(cell.is_some());
        cell
    }

    /// Where much is free: takes out the cells of slabs of which all cells are, and has the system
    /// take back the memory of most others.
    fn trim(&mut self) -> Vec<Cell> {
        let cell_bytes = self.free.last().map_or(SLAB_BYTES, Cell::capacity);
        let most = self.cells / 8 + SLAB_BYTES / cell_bytes.max(1);
        if self.free.len() - self.hollow <= most {
            return Vec::new();
        }
        let mut free_of = BTreeMap::<usize, usize>::new();
        for cell in &self.free {
            *free_of.entry(cell.slab().0).or_default() += 1;
        }
        let is_unused = |cell: &mut Cell| {
            let (slab, shares) = cell.slab();
            free_of.get(&slab) == Some(&shares)
        };
        let unused: Vec<_> = self.free.extract_if(.., is_unused).collect();
        self.cells -= unused.len();
        // The fullest slabs come last, to be taken from first, so that others come to be unused.
        self.free.sort_by_key(|cell| {
            let free = free_of.get(&cell.slab().0).copied();
            (!cell.is_hollow(), Reverse(free))
        });
        let kept = self.free.len().min(most / 2);
        self.hollow = self.free.len() - kept;
        self.free
            .iter_mut()
            .take(self.hollow)
            .for_each(Cell::hollow_out);
        unused
    }
}
