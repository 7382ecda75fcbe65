//! `grain init`: an empty database, or a new store in one.

use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::store_types::StoreTypes;
use clap::Args;
use grainstore::Db;
use serde_json::json;
use std::path::PathBuf;

/// Makes a database, and with --store a store in it
///
/// What is there already stays as it is; a store of other types is refused.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder of the database, made if missing
    dir: PathBuf,
    /// The store to make
    #[arg(long, short, value_name = "NAME", requires = "key_type")]
    store: Option<String>,
    #[command(flatten)]
    types: StoreTypes,
}

impl Init {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let info = match &self.store {
            Some(name) => self.types.info(name)?,
            None => None,
        };
        let occupied = |entries: &mut std::fs::ReadDir| entries.next().is_some();
        let is_database = self.dir.join("CURRENT").exists();
        if !is_database && std::fs::read_dir(&self.dir).is_ok_and(|mut dir| occupied(&mut dir)) {
            let shown = self.dir.display();
            let text = format!("{shown} is no database and is not empty");
            return Err(Failure::usage(text).hint("give an empty or a new folder"));
        }
        let db = Db::open(&self.dir)?;
        if let Some(info) = info {
            db.make_untyped_store(info)?;
        }
        db.close()?;
        let shown = self.dir.display().to_string();
        let text = match &self.store {
            Some(store) => format!("the store {store:?} is in {shown}"),
            None => format!("a database is in {shown}"),
        };
        output.done(text, &json!({ "dir": shown, "store": self.store }))
    }
}
