//! The groups of rows, one file each; the main one in four.

mod amplification;
mod core;
mod files;
mod flushes;
mod group;
mod growth;
mod latency;
mod reads;
mod redb_shapes;
mod skew;
mod small;
mod values;
mod writes;
mod ycsb;

pub use group::{Group, desk, rows};
pub use growth::AT;
