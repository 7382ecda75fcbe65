//! What tables promise, held against a model on a disk in memory.

mod cache;
mod damage;
mod memory_disk;
mod model;
mod reading;
mod writing;
