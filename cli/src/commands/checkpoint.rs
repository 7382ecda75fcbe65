//! `grain checkpoint`: a copy of a database, by links.

use crate::database;
use crate::failure::Result;
use crate::output::Output;
use clap::Args;
use grainstore::Db;
use serde_json::json;
use std::path::PathBuf;

/// Makes a database of its own in another folder, as of now
///
/// Tables are linked where that is possible, which is quick and takes no space, and copied to
/// another file system. Links are no backup against a disk that fails: restore them elsewhere.
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
        db.checkpoint(&self.to)?;
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
