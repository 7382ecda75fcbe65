//! Memory for much data that is read at random.

pub(crate) mod buffer;
mod free_cells;
pub(crate) mod mapping;
pub(crate) mod pool;
mod slab;
