//! `grain flush`: what the log holds becomes tables.

use crate::database;
use crate::failure::Result;
use crate::output::Output;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Writes what the log holds to tables, so that the next open has nothing to replay
#[derive(Debug, Args)]
pub(crate) struct Flush {
    /// The folder of the database
    dir: PathBuf,
}

impl Flush {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let db = database::open(&self.dir)?;
        db.flush()?;
        let stats = db.stats();
        db.close()?;
        let (tables, bytes) = (stats.tables(), stats.table_bytes());
        output.done(
            format_args!("flushed: {tables} tables, {bytes} bytes"),
            &json!({ "tables": tables, "table_bytes": bytes }),
        )
    }
}
