//! `grain drop-store`: removes a store.

use crate::database;
use crate::failure::{Failure, Result};
use crate::output::Output;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Removes a store with all its records and indexes
///
/// One commit, however many there are; the space comes back with a compaction.
#[derive(Debug, Args)]
pub(crate) struct DropStore {
    /// The folder of the database
    dir: PathBuf,
    /// The name of the store
    store: String,
}

impl DropStore {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let db = database::open(&self.dir)?;
        let dropped = db.drop_store(&self.store)?;
        let names = db.store_names()?;
        db.close()?;
        if !dropped {
            let failure = Failure::absent(format!("there is no store {:?}", self.store));
            return Err(failure.hint(format!("the stores are: {}", names.join(", "))));
        }
        output.done(
            format_args!("dropped the store {:?}", self.store),
            &json!({ "dropped": self.store }),
        )
    }
}
