//! `grain checkpoint`: a copy of a database, by links.

use crate::database;
use crate::failure::{Failure, Result};
use crate::output::Output;
use clap::Args;
use grainstore::Db;
use serde_json::json;
use std::path::PathBuf;

/// Makes a database of its own in another folder, as of now
///
/// Tables are linked and not copied: quick and small, on the same file system alone. Keep backups
/// elsewhere with `grain restore`, which copies.
#[derive(Debug, Args)]
pub(crate) struct Checkpoint {
    /// The folder of the database
    dir: PathBuf,
    /// The folder of the copy: new, or empty
    to: PathBuf,
    /// Reads the copy whole and checks it
    #[arg(long)]
    verify: bool,
}

impl Checkpoint {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let db = database::open(&self.dir)?;
        db.checkpoint(&self.to).map_err(|error| {
            let crosses = error.io_kind() == Some(std::io::ErrorKind::CrossesDevices);
            let failure = Failure::from(error);
            match crosses {
                true => failure.hint("a checkpoint links: use the same file system, then copy"),
                false => failure,
            }
        })?;
        db.close()?;
        if self.verify {
            let copy = Db::open(&self.to)?;
            copy.verify()?;
            copy.close()?;
        }
        let to = self.to.display().to_string();
        let verified = if self.verify { ", verified" } else { "" };
        output.done(
            format_args!("checkpoint in {to}{verified}"),
            &json!({ "checkpoint": to, "verified": self.verify }),
        )
    }
}
