//! Where bytes live: one contract, several backends, a cache, and tables over all of them.
//!
//! [`KvBackend`] is the contract; [`MemoryBackend`], [`EmbeddedBackend`] (one engine) and
//! [`ShardedBackend`] (several) keep it, and so can a type of yours: behind the feature `sim` the
//! `conformance` suite asks everything that the contract promises. [`HotCache`] goes before any of
//! them, [`BackendManager`] gives tables their part of one, and [`StorageConfig`] says it all in
//! a file. Everything may be called from any thread; calls block.

pub(crate) mod bounds;
pub(crate) mod cache_table;
pub(crate) mod capabilities;
pub(crate) mod config;
pub(crate) mod contract;
pub(crate) mod embedded;
pub(crate) mod hot_cache;
pub(crate) mod identity;
pub(crate) mod intent;
pub(crate) mod lru;
pub(crate) mod manager;
pub(crate) mod memory;
pub(crate) mod page;
pub(crate) mod placement;
pub(crate) mod shard;
pub(crate) mod shard_set;
pub(crate) mod sharded;
pub(crate) mod sharded_open;
pub(crate) mod sharded_options;
pub(crate) mod stage;
pub(crate) mod stored;
pub(crate) mod table;
pub(crate) mod table_batch;
pub(crate) mod table_definition;
pub(crate) mod walk;
pub(crate) mod write;

#[cfg(feature = "sim")]
pub mod conformance;

pub use capabilities::Capabilities;
pub use config::{ClusterConfig, Mode, StorageConfig};
pub use contract::{Keys, KvBackend, Pairs};
pub use embedded::EmbeddedBackend;
pub use hot_cache::{HotCache, HotCacheOptions, HotCacheStats};
pub use manager::BackendManager;
pub use memory::MemoryBackend;
pub use page::{Direction, Page, ScanRequest};
pub use sharded::ShardedBackend;
pub use sharded_options::ShardedOptions;
pub use stored::{Pair, Stored};
pub use table::Table;
pub use table_batch::TableBatch;
pub use table_definition::TableDefinition;
pub use write::{WriteError, WriteOp, WriteResult};
