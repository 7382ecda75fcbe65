//! What the library takes memory with.

#[path = "../../src/memory/buffer.rs"]
pub(crate) mod buffer;
#[path = "../../src/memory/free_cells.rs"]
mod free_cells;
#[path = "../../src/memory/mapping.rs"]
pub(crate) mod mapping;
#[path = "../../src/memory/pool.rs"]
pub(crate) mod pool;
#[path = "../../src/memory/slab.rs"]
mod slab;
