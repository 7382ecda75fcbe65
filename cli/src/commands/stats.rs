//! `grain stats`: figures of a database.

use crate::database;
use crate::failure::Result;
use crate::output::{FAINT, NAME, Output};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Shows figures of a database: stores, tables by level, memory
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// The folder of the database
    dir: PathBuf,
}

impl Stats {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let db = database::open(&self.dir)?;
        let (stats, stores) = (db.stats(), db.store_names()?.len());
        db.close()?;
        if output.is_json() {
            let levels: Vec<_> = stats
                .levels
                .iter()
                .map(|level| {
                    json!({
                        "tables": level.tables, "bytes": level.bytes,
                        "entries": level.entries, "tombstones": level.tombstones,
                    })
                })
                .collect();
            return output.document(&json!({
                "stores": stores, "tables": stats.tables(), "table_bytes": stats.table_bytes(),
                "memtable_bytes": stats.memtable_bytes, "sequence_last": stats.sequence_last,
                "levels": levels,
            }));
        }
        for (name, figure) in [
            ("stores", stores as u64),
            ("tables", stats.tables() as u64),
            ("bytes of tables", stats.table_bytes()),
            ("bytes in memtables", stats.memtable_bytes as u64),
            ("last sequence number", stats.sequence_last),
        ] {
            let name = output.paint(NAME, format_args!("{name:<24}"));
            output.line(format_args!("{name}{figure:>16}"))?;
        }
        let head = format!(
            "{:<8}{:>8}{:>16}{:>14}{:>12}",
            "level", "tables", "bytes", "entries", "tombstones"
        );
        let head = output.paint(FAINT, head);
        output.line(head)?;
        for (at, level) in stats.levels.iter().enumerate() {
            if level.tables > 0 {
                output.line(format_args!(
                    "{at:<8}{:>8}{:>16}{:>14}{:>12}",
                    level.tables, level.bytes, level.entries, level.tombstones
                ))?;
            }
        }
        Ok(())
    }
}
