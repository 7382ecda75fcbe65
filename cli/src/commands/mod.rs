//! The commands, one file each: its arguments, its help, and what it does.

pub(crate) mod bench;
pub(crate) mod checkpoint;
pub(crate) mod compact;
pub(crate) mod count;
pub(crate) mod del;
pub(crate) mod diag;
pub(crate) mod drop_store;
pub(crate) mod dump_manifest;
pub(crate) mod dump_sstable;
pub(crate) mod dump_wal;
pub(crate) mod export;
pub(crate) mod flush;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod put;
pub(crate) mod repair;
pub(crate) mod restore;
pub(crate) mod scan;
#[cfg(feature = "metrics")]
pub(crate) mod serve_metrics;
pub(crate) mod stats;
pub(crate) mod stores;
pub(crate) mod ttl;
pub(crate) mod verify;
pub(crate) mod watch;
