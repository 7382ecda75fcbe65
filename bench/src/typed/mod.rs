//! Structs under keys: the typed stores, and byte stores with the same codec by hand.

mod codec;
mod grain;
mod grainstore;
mod heed;
#[cfg(feature = "native_db")]
mod native_db;
mod peer;
mod redb;
mod rows;

pub use rows::{NAMES, rows, work};
