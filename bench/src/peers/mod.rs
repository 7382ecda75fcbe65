//! The stores that are compared, one file each.

mod fjall;
mod grainstore;
mod heed;
mod redb;
#[cfg(feature = "rocksdb")]
mod rocksdb;
mod sled;

pub use fjall::Fjall;
pub use grainstore::Grainstore;
pub use heed::Heed;
pub use redb::Redb;
#[cfg(feature = "rocksdb")]
pub use rocksdb::RocksDb;
pub use sled::Sled;
