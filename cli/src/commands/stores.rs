//! `grain stores`: what is in a database.

use crate::database;
use crate::failure::Result;
use crate::output::{FAINT, NAME, Output};
use clap::Args;
use grainstore::key::ByteRange;
use serde_json::json;
use std::path::PathBuf;

/// Lists the stores of a database with their types
#[derive(Debug, Args)]
pub(crate) struct Stores {
    /// The folder of the database
    dir: PathBuf,
    /// Counts their records, too; walks all keys
    #[arg(long, short)]
    count: bool,
}

impl Stores {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let db = database::open(&self.dir)?;
        let names = db.store_names()?;
        if names.is_empty() {
            output.remark("no stores: an engine with bare keys, or nothing yet");
        }
        for name in names {
            let Some(store) = db.untyped_store(&name)? else {
                continue; // listed and found under one lock of the folder
            };
            let info = store.info();
            let records = match self.count {
                true => Some(store.count(&ByteRange::all())?),
                false => None,
            };
            if output.is_json() {
                output.document(&json!({
                    "name": name, "kind": info.kind, "key_schema": info.key_schema,
                    "codec": info.codec, "value_schema": info.value_schema,
                    "value_schema_version": info.value_schema_version, "indexes": info.indexes,
                    "records": records,
                }))?;
                continue;
            }
            let schema = match info.value_schema.as_str() {
                "" => String::new(),
                schema => format!(", {schema} version {}", info.value_schema_version),
            };
            let indexes = match info.indexes.as_slice() {
                [] => String::new(),
                names => format!(", indexes {}", names.join(", ")),
            };
            let count = records.map_or_else(String::new, |records| format!("\t{records} records"));
            let name = output.paint(NAME, &name);
            let types = format!(
                "{} {}, {}{schema}{indexes}",
                info.kind, info.key_schema, info.codec
            );
            let types = output.paint(FAINT, types);
            output.line(format_args!("{name}\t{types}{count}"))?;
        }
        Ok(db.close()?)
    }
}
