//! The typed store: structs under typed keys, many stores in one database.
//!
//! [`Db`] opens a directory; [`GrainStore`], [`U32Store`] and [`BytesStore`] are the stores in it.
//! Keys become bytes in `key`, values in `codec`; this floor frames the record, finds the store's
//! place among the engine's keys, and turns wishes about lifetimes and versions into guarded
//! batches. Everything may be used from any thread. It reaches the disk only through the engine.

pub(crate) mod batch;
pub(crate) mod bytes_store;
pub(crate) mod catalog;
pub(crate) mod db;
pub(crate) mod db_builder;
pub(crate) mod db_core;
pub(crate) mod entry;
pub(crate) mod grain_store;
pub(crate) mod keyspace;
pub(crate) mod lazy;
pub(crate) mod lifetime;
pub(crate) mod page;
pub(crate) mod parts;
pub(crate) mod query;
pub(crate) mod raw_pairs;
pub(crate) mod raw_store;
pub(crate) mod record;
pub(crate) mod store_at;
pub(crate) mod store_builder;
pub(crate) mod u32_store;
pub(crate) mod version;

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
