//! `grain verify`: reads everything and lists all damage.

use crate::dumped::{self, check_is_folder, damage_document};
use crate::failure::{Failure, LOCKED, Result};
use crate::output::{BAD, GOOD, Output};
use crate::progress::Progress;
use clap::Args;
use grainstore::inspect::Inspector;
use serde_json::json;
use std::path::PathBuf;

/// Reads every file of a database and lists all damage there is
///
/// Checks tables, log segments and manifest: checksums, orders, counts, and what they say of each
/// other. Changes nothing and does not open the database, so it works where an open is refused.
/// The exit code is 4 where anything is damaged.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The folder of the database
    dir: PathBuf,
    /// Reads a database that a program has open, too; what changes meanwhile may look damaged
    #[arg(long)]
    live: bool,
}

impl Verify {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        check_is_folder(&self.dir)?;
        let inspector = Inspector::default();
        if !self.live && inspector.in_use(&self.dir)? == Some(true) {
            let text = format!("the database {} is open", self.dir.display());
            return Err(Failure::new(LOCKED, "locked", text).hint(
                "stop the program that uses it, or read it as a moving picture with --live",
            ));
        }
        let progress = Progress::new(output, "verifying", None);
        let mut files = 0;
        let it = inspector.verify_telling(&self.dir, |_| {
            files += 1;
            progress.reached(files);
        })?;
        drop(progress);
        if it.tables + it.logs == 0 && it.damage.is_empty() && files == 0 {
            let text = format!("{} holds no tables and no log", self.dir.display());
            return Err(Failure::absent(text));
        }
        if output.is_json() {
            let tables = it.damaged_tables.iter().map(|(path, blocks)| {
                json!({ "file": path.display().to_string(), "blocks_lost": blocks })
            });
            output.document(&json!({
                "tables": it.tables, "blocks": it.blocks, "entries": it.entries,
                "logs": it.logs, "records": it.records, "bytes": it.bytes,
                "sound": it.is_sound(),
                "damage": it.damage.iter().map(damage_document).collect::<Vec<_>>(),
                "damaged_tables": tables.collect::<Vec<_>>(),
            }))?;
        } else {
            for damage in &it.damage {
                let text = output.paint(BAD, format_args!("damage  {damage}"));
                output.line(text)?;
            }
            for (path, blocks) in it.damaged_tables.iter().filter(|(_, blocks)| *blocks > 0) {
                output.line(format_args!(
                    "{}: {blocks} blocks cannot be read",
                    path.display()
                ))?;
            }
            let text = format!(
                "{} tables with {} blocks and {} entries, {} log segments with {} commits, \
                 {} bytes",
                it.tables, it.blocks, it.entries, it.logs, it.records, it.bytes
            );
            output.line(text)?;
            if it.is_sound() {
                let text = output.paint(GOOD, "all of it is sound");
                output.line(text)?;
            }
        }
        match it.damage.len() as u64 {
            0 => Ok(()),
            places => Err(dumped::damaged(places)),
        }
    }
}
