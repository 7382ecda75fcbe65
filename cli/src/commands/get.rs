//! `grain get`: one record.

use crate::failure::{Failure, Result};
use crate::output::{FAINT, Output};
use crate::records::{Place, print_expiry};
use clap::Args;

/// Shows the record under a key
///
/// A key of several components is a JSON array: `grain get DIR --store sessions '["acme",7]'`.
#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    place: Place,
    /// The key
    #[arg(allow_hyphen_values = true)]
    key: String,
    /// Writes the bytes of the value as they are, and nothing else
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Shows the version and the expiry, too
    #[arg(long, short)]
    long: bool,
}

impl Get {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let records = self.place.open()?;
        let key = records.forms.parse_key(&self.key)?;
        let record = records.get(&key)?;
        let Some(record) = record else {
            let missing: Failure = records.missing(&key);
            records.db.close()?;
            return Err(missing);
        };
        if self.raw {
            output.bytes(&record.value)?;
        } else if output.is_json() {
            output.record(&records.forms, &key, &record)?;
        } else {
            let value = records.forms.show_value(&record.value).plain();
            output.line(value)?;
            if self.long {
                let expiry = record
                    .expires_at_ms
                    .map_or_else(|| "never".to_owned(), print_expiry);
                let version = record
                    .version
                    .map_or_else(|| "none".to_owned(), |version| version.to_string());
                let text = output.paint(FAINT, format!("version {version}, expires {expiry}"));
                output.line(text)?;
            }
        }
        Ok(records.db.close()?)
    }
}
