//! The typed store: structs under typed keys, many stores in one database.
//!
//! [`Db`] opens a directory; [`GrainStore`], [`U32Store`] and [`BytesStore`] are the stores in it.
//! Keys become bytes in `key`, values in `codec`; this floor frames the record, finds the store's
//! place among the engine's keys, and turns wishes about lifetimes and versions into guarded
//! batches. Everything may be used from any thread. It reaches the disk only through the engine.

mod batch;
mod bytes_store;
mod catalog;
mod db;
mod db_builder;
mod entry;
mod grain_store;
mod keyspace;
mod lazy;
mod lifetime;
mod page;
mod parts;
mod query;
mod raw_pairs;
mod raw_store;
mod record;
mod store_at;
mod store_builder;
mod u32_store;
mod version;

pub use batch::{Batch, BatchStore};
pub use bytes_store::{BytesPairs, BytesStore};
pub use db::Db;
pub use db_builder::DbBuilder;
pub use entry::Entry;
pub use grain_store::{DefaultCodec, GrainStore};
pub use lazy::{Lazy, LazyEntries};
pub use lifetime::{Expiry, Ttl};
pub use page::{Page, PageCursor};
pub use parts::{Keys, Values};
pub use query::Query;
pub use store_at::StoreAt;
pub use store_builder::StoreBuilder;
pub use u32_store::{U32Pairs, U32Store};
pub use version::{Change, If, Version, Versioned};
