//! The log of which tables there are.
//!
//! The manifest is the one place that says which files make up the database: the tables of every
//! level, the logs still needed, and the high-water marks of sequence numbers, file numbers and
//! time. It is a log of edits after a snapshot; `CURRENT` names the one in force.
//!
//! - [`edit_log`]: the open manifest, to append to; the door of this room
//! - [`state`]: everything the manifest knows, and how an edit changes it
//! - [`version`]: the tables by level
//! - [`replay`]: bytes of a manifest to the state they tell
//! - [`current_file`]: reading `CURRENT` and pointing it elsewhere
//! - [`inventory`]: which of the database's files a directory holds
//!
//! What this room does not do: it opens no table and no log, removes none, and decides nothing
//! about compaction.

pub(crate) mod current_file;
pub(crate) mod edit_log;
mod hardening;
pub(crate) mod inventory;
pub(crate) mod replay;
pub(crate) mod state;
pub(crate) mod version;

#[cfg(test)]
mod crash_order_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod edit_log_tests;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
pub(crate) mod scripted_disk;
