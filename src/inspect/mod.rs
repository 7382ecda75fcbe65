//! Looking at the files of a database from outside, and saving what can be read of a damaged one.
//!
//! - [`table`], [`log`] and [`manifest`] tell what stands in a file, part by part
//! - [`directory`] tells what lies in the directory of a database and whether it would open
//! - [`verify`] reads everything and lists all the damage there is
//! - [`repair()`] saves what can be read of a damaged database into a new one
//!
//! None of them opens the database or writes to its files, and none stops at damage: it is told
//! with file and offset, and reading goes on behind it. Any thread may call.
//!
//! What this room does not do: it knows bytes and no types. What keys and values mean is known to
//! the stores above.

pub(crate) mod block_search;
pub(crate) mod checksum_walk;
pub(crate) mod damage;
pub(crate) mod diagnosis;
pub(crate) mod facts;
pub(crate) mod folder;
pub(crate) mod inspector;
pub(crate) mod log;
pub(crate) mod log_item;
pub(crate) mod log_survey;
pub(crate) mod log_walk;
pub(crate) mod manifest;
pub(crate) mod manifest_walk;
pub(crate) mod overlay_disk;
pub(crate) mod repair;
pub(crate) mod repair_options;
pub(crate) mod repair_output;
pub(crate) mod repair_report;
pub(crate) mod repair_tables;
pub(crate) mod repair_write;
pub(crate) mod salvage_gaps;
pub(crate) mod salvage_log;
pub(crate) mod salvage_merge;
pub(crate) mod salvage_table;
pub(crate) mod source_file;
pub(crate) mod table;
pub(crate) mod table_item;
pub(crate) mod table_parts;
pub(crate) mod verification;

pub use damage::Damage;
pub use diagnosis::{CleanClose, DatabaseFile, Diagnosis, FileRole, LevelSummary, LogSpan};
pub use inspector::{Inspector, directory, log, manifest, table, verify};
pub use log::LogInspection;
pub use log_item::{LogItem, LogOperation, LogPlace, LogRecord, LogSeal, LogTorn, SealReason};
pub use manifest::{ManifestEdit, ManifestInspection, ManifestItem, ManifestTable};
pub use repair::{repair, repair_telling};
pub use repair_options::{RepairOptions, RepairProgress};
pub use repair_report::{
    Doubt, DoubtReason, Loss, RepairReport, RepairedLog, RepairedTable, TablePart,
};
pub use table::TableInspection;
pub use table_item::{
    TableBlock, TableCompression, TableEntry, TableFilter, TableFooter, TableItem, TableProperties,
    TableRangeTombstone,
};
pub use verification::Verification;
