//! `grain del`: removes a record, or all under a prefix.

use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::records::{Place, Records, Source};
use clap::Args;
use grainstore::key::ByteRange;
use serde_json::json;

/// Removes a record, or all records under a prefix
///
/// The space comes back with a later compaction (`grain compact`).
#[derive(Debug, Args)]
pub(crate) struct Del {
    #[command(flatten)]
    place: Place,
    /// The key
    #[arg(allow_hyphen_values = true, required_unless_present_any = ["prefix", "all"])]
    key: Option<String>,
    /// Removes everything under this prefix
    #[arg(
        long,
        value_name = "PREFIX",
        conflicts_with = "key",
        allow_hyphen_values = true
    )]
    prefix: Option<String>,
    /// Removes every record of the store
    #[arg(long, conflicts_with_all = ["key", "prefix"], requires = "store")]
    all: bool,
}

impl Del {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let records = self.place.open_to_write()?;
        let deleted = match (&self.key, &self.prefix) {
            (Some(key), _) => self.delete_one(&records, key)?,
            (None, Some(prefix)) => {
                let prefix = records.forms.parse_prefix(prefix)?;
                delete_range(&records, &ByteRange::starting_with(prefix))?
            }
            (None, None) => delete_range(&records, &ByteRange::all())?,
        };
        records.db.close()?;
        let records = if deleted == 1 { "record" } else { "records" };
        output.done(
            format_args!("deleted {deleted} {records}"),
            &json!({ "deleted": deleted }),
        )
    }

    fn delete_one(&self, records: &Records, key: &str) -> Result<u64> {
        let key = records.forms.parse_key(key)?;
        if records.get(&key)?.is_none() {
            return Err(records.missing(&key));
        }
        records.delete(&key)?;
        Ok(1)
    }
}

fn delete_range(records: &Records, range: &ByteRange) -> Result<u64> {
    let count = records.count(range)?;
    match (&records.source, range.clone().into_bounds()) {
        (Source::Store(store), _) => store.delete_range(range)?,
        (Source::Engine, (std::ops::Bound::Included(start), std::ops::Bound::Excluded(end))) => {
            records.db.engine().delete_range(&start, &end)?;
        }
        (Source::Engine, _) => {
            let text = "an empty prefix, or one of FF bytes alone, has no end in an engine";
            return Err(Failure::usage(text).hint("delete the folder to delete everything"));
        }
    }
    Ok(count)
}
