//! Limits: the most and the least of everything, and what a database takes of its surroundings.
//!
//! What is bounded is held to its bound, and what has an end is brought to it: there is success up
//! to the limit, a clear error beyond it, and never a panic.
//!
//! - `open_files`: files that are open at a time
//! - `memory`: what stays in memory, by a counting allocator
//! - `sizes`: keys, values and batches
//! - `blocks`: entries of one block, levels
//! - `far`: offsets beyond 4 GiB, on sparse files
//!
//! Sequence and file numbers near their end are in the engine's own tests, which can begin there.

// What stands around the tests is test too; they use threads, files and processes of their own.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "limits/blocks.rs"]
mod blocks;
#[path = "limits/counting_files.rs"]
mod counting_files;
#[path = "limits/far.rs"]
mod far;
#[path = "limits/memory.rs"]
mod memory;
#[path = "limits/open_files.rs"]
mod open_files;
#[path = "limits/sizes.rs"]
mod sizes;
#[path = "limits/sparse_disk.rs"]
mod sparse_disk;

use grainstore_proof::allocation::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;
