//! `grain stores`: what is in a database.

use crate::database;
use crate::failure::Result;
use crate::output::{NAME, Output};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Lists the stores of a database
#[derive(Debug, Args)]
pub(crate) struct Stores {
    /// The folder of the database
    dir: PathBuf,
}

impl Stores {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let db = database::open(&self.dir)?;
        for name in db.store_names()? {
            if output.is_json() {
                output.document(&json!({ "name": name }))?;
            } else {
                let name = output.paint(NAME, &name);
                output.line(name)?;
            }
        }
        Ok(db.close()?)
    }
}
