//! `grain compact`: deleted and expired records leave the disk.

use crate::database;
use crate::failure::Result;
use crate::output::Output;
use crate::progress::Progress;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Merges all tables into one level: what was deleted, overwritten or has expired leaves the disk
///
/// Reads and rewrites everything.
#[derive(Debug, Args)]
pub(crate) struct Compact {
    /// The folder of the database
    dir: PathBuf,
}

impl Compact {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let db = database::open(&self.dir)?;
        let before = db.stats().table_bytes();
        let progress = Progress::new(output, "compacting", None);
        db.compact()?;
        drop(progress);
        let stats = db.stats();
        db.close()?;
        let (after, dropped) = (stats.table_bytes(), stats.records_dropped);
        let text = format!(
            "compacted: {before} bytes of tables before, {after} after, {dropped} entries dropped"
        );
        output.done(
            text,
            &json!({
                "table_bytes_before": before, "table_bytes": after, "records_dropped": dropped,
            }),
        )
    }
}
