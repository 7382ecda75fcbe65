//! The backend floor in use: shards that stay what they are, the cache under races and failures,
//! tables, and the settings with the text of each refusal.

// What stands around the tests is test too; they use threads of their own.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

#[path = "backend/cache.rs"]
mod cache;
#[path = "backend/config.rs"]
mod config;
#[path = "backend/scripted.rs"]
mod scripted;
#[path = "backend/shards.rs"]
mod shards;
#[path = "backend/tables.rs"]
mod tables;
