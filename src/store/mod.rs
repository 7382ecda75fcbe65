//! The typed store: structs under typed keys, many stores in one database.
//!
//! [`Db`] opens a directory; [`GrainStore`], [`U32Store`] and [`BytesStore`] are the stores in it.
//! Keys become bytes in `key`, values in `codec`; this floor frames the record, finds the store's
//! place among the engine's keys, and turns wishes about lifetimes and versions into guarded
//! batches, with the entries of the store's indexes in them. Everything may be used from any
//! thread. It reaches the disk only through the engine.

pub(crate) mod batch;
pub(crate) mod batch_store;
pub(crate) mod by_index;
pub(crate) mod bytes_store;
pub(crate) mod bytes_store_at;
pub(crate) mod catalog;
pub(crate) mod catalog_entry;
pub(crate) mod condition;
pub(crate) mod db;
pub(crate) mod db_builder;
pub(crate) mod db_core;
pub(crate) mod entry;
pub(crate) mod grain_store;
pub(crate) mod grain_writes;
pub(crate) mod index;
pub(crate) mod index_build;
pub(crate) mod index_catalog;
pub(crate) mod index_open;
pub(crate) mod index_query;
pub(crate) mod index_set;
pub(crate) mod index_verify;
pub(crate) mod keyspace;
pub(crate) mod lazy;
pub(crate) mod lifetime;
pub(crate) mod migrate_all;
pub(crate) mod migrations;
pub(crate) mod open_stores;
pub(crate) mod page;
pub(crate) mod parts;
pub(crate) mod place;
pub(crate) mod query;
pub(crate) mod range_removal;
pub(crate) mod raw_pairs;
pub(crate) mod raw_steps;
pub(crate) mod raw_store;
pub(crate) mod record;
pub(crate) mod stage;
pub(crate) mod store_at;
pub(crate) mod store_builder;
pub(crate) mod store_info;
pub(crate) mod store_removal;
pub(crate) mod u32_store;
pub(crate) mod u32_store_at;
pub(crate) mod untyped_open;
pub(crate) mod untyped_store;
pub(crate) mod version;
pub(crate) mod walk;
pub(crate) mod watch;
pub(crate) mod watch_builder;
pub(crate) mod watch_event;
pub(crate) mod watch_store;

pub use batch::Batch;
pub use batch_store::BatchStore;
pub use by_index::ByIndex;
pub use bytes_store::{BytesPairs, BytesStore};
pub use bytes_store_at::BytesStoreAt;
pub use catalog_entry::CatalogEntry;
pub use db::Db;
pub use db_builder::DbBuilder;
pub use entry::Entry;
pub use grain_store::{DefaultCodec, GrainStore};
pub use index::{Index, IndexKeys, Shared, Unique};
pub use index_build::BuildProgress;
pub use index_query::{IndexQuery, KeysByIndex};
pub use index_verify::StoreReport;
pub use lazy::{Lazy, LazyEntries};
pub use lifetime::{Expiry, Ttl};
pub use migrate_all::{MigrateProgress, MigrateReport};
pub use page::{Page, PageCursor};
pub use parts::{Keys, Values};
pub use query::Query;
pub use store_at::StoreAt;
pub use store_builder::StoreBuilder;
pub use store_info::StoreInfo;
pub use u32_store::{U32Pairs, U32Store};
pub use u32_store_at::U32StoreAt;
pub use untyped_store::{UntypedRecord, UntypedRecords, UntypedStore};
pub use version::{Change, If, Version, Versioned};
pub use watch::Watch;
pub use watch_builder::WatchBuilder;
pub use watch_event::{Cleared, Event, Watched};
pub use watch_store::WatchStore;
