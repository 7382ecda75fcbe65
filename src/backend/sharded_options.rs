//! The options of a sharded database, as plain data.

use crate::engine::options::EngineOptions;

/// What a sharded database can be told when it is opened.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ShardedOptions {
    /// The number of shards, 1 to 1,024. `None`, the default, takes the number that the database
    /// was made with, and makes a new one with half as many as the machine runs threads, but two at
    /// least.
    pub shards: Option<usize>,
    /// The options of each engine; sizes are those of one shard.
    pub engine: EngineOptions,
}
