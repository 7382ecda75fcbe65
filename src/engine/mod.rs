//! The byte-level LSM engine: ordered keys, atomic batches, snapshots, expiry, recovery.
//!
//! Usable alone: [`Engine`] opens a directory and takes bytes. Everything public here may be called
//! from any thread; clones of an engine are one engine. What does not live here: types of keys and
//! values, codecs, stores: they stand above and see only bytes.

pub(crate) mod background;
pub(crate) mod checkpoint;
pub(crate) mod commit;
pub(crate) mod compaction;
pub(crate) mod compaction_plan;
pub(crate) mod core;
pub(crate) mod cursor;
pub(crate) mod directory;
pub(crate) mod fences;
pub(crate) mod figures;
pub(crate) mod flush;
pub(crate) mod format_upgrade;
pub(crate) mod gets;
pub(crate) mod guards;
#[cfg(feature = "sim")]
#[cfg(test)]
mod guards_tests;
mod hardening;
#[cfg(feature = "sim")]
#[cfg(test)]
mod held_disk;
pub(crate) mod ingest;
pub(crate) mod key_range;
#[cfg(feature = "sim")]
#[cfg(test)]
mod killed_tests;
pub(crate) mod latch;
pub(crate) mod live_table;
pub(crate) mod lsm;
pub(crate) mod maintenance;
pub(crate) mod merge_cursor;
pub(crate) mod moment;
#[cfg(test)]
mod numbers_tests;
pub(crate) mod old_logs;
pub(crate) mod options;
mod pending;
pub(crate) mod pinned_bytes;
pub(crate) mod prefetch;
mod quiet;
pub(crate) mod read;
pub(crate) mod read_view;
pub(crate) mod recovery;
#[cfg(test)]
mod recovery_tests;
mod replayed;
pub(crate) mod retention;
pub(crate) mod rotate;
pub(crate) mod scan;
pub(crate) mod snapshot;
pub(crate) mod snapshots;
pub(crate) mod source;
pub(crate) mod stats;
mod stretch;
#[cfg(feature = "sim")]
#[cfg(test)]
mod stretch_tests;
pub(crate) mod sweep;
pub(crate) mod table_file;
pub(crate) mod table_output;
pub(crate) mod take_up;
#[cfg(feature = "sim")]
#[cfg(test)]
mod take_up_tests;
pub(crate) mod tiered_plan;
pub(crate) mod trace;
pub(crate) mod trouble;
pub(crate) mod watch;
pub(crate) mod watch_event;
pub(crate) mod watch_hub;
mod watch_in_snapshot;
pub(crate) mod watch_ring;
pub(crate) mod watch_timers;
pub(crate) mod witness;
pub(crate) mod write_batch;
#[cfg(feature = "sim")]
#[cfg(test)]
mod writer_waits_tests;

pub use crate::format::database_format::{FORMAT_VERSION_MAX, FORMAT_VERSION_MIN};
pub use cursor::Cursor;
pub use lsm::Engine;
pub use maintenance::VerifyReport;
pub use options::{
    Background, BlockCompression, Compaction, Durability, EngineOptions, OpenTables,
};
pub use pinned_bytes::PinnedBytes;
pub use scan::Scan;
pub use snapshot::Snapshot;
pub use stats::{EngineStats, LevelStats};
pub use table_file::TableFileWriter;
pub use watch::Watch;
pub use watch_event::{WatchChange, WatchEvent, WatchOptions};
pub use write_batch::WriteBatch;
