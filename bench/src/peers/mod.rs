//! The stores that are compared, one file each.

mod fjall;
mod grainstore;
mod heed;
mod redb;

pub use fjall::Fjall;
pub use grainstore::Grainstore;
pub use heed::Heed;
pub use redb::Redb;
