//! `grain put`: writes one record.

use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::records::{Place, parse_ttl};
use clap::Args;
use grainstore::Ttl;
use serde_json::json;
use std::io::Read;
use std::path::PathBuf;

/// Writes a record, durably
///
/// Values of MessagePack and JSON stores are given as JSON, those of other codecs as hexadecimal
/// digits of their bytes. The type of the program that reads them is not known here: what it
/// cannot decode is its error, later.
#[derive(Debug, Args)]
pub(crate) struct Put {
    #[command(flatten)]
    place: Place,
    /// The key
    #[arg(allow_hyphen_values = true)]
    key: String,
    /// The value; left away or `-`, it is read from the standard input
    #[arg(allow_hyphen_values = true)]
    value: Option<String>,
    /// Reads the value from this file
    #[arg(long, short, value_name = "FILE", conflicts_with = "value")]
    file: Option<PathBuf>,
    /// The lifetime: `never`, `keep` (that of the record there is, else never), a span such as
    /// 90s, 5m, 12h, 7d, or a time such as 2026-11-01T12:00:00Z
    #[arg(long, value_parser = parse_ttl, default_value = "keep")]
    ttl: Ttl,
}

impl Put {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let records = self.place.open_to_write()?;
        let key = records.forms.parse_key(&self.key)?;
        let value = records.forms.parse_value(&self.value()?)?;
        records.put(&key, &value, self.ttl)?;
        let shown = records.forms.show_key(&key).plain();
        records.db.close()?;
        output.done(format_args!("put {shown}"), &json!({ "put": 1 }))
    }

    fn value(&self) -> Result<Vec<u8>> {
        if let Some(file) = &self.file {
            let doing = format!("cannot read {}", file.display());
            return std::fs::read(file).map_err(|error| Failure::io(doing, &error));
        }
        match self.value.as_deref() {
            None | Some("-") => {
                let mut value = Vec::new();
                let read = std::io::stdin().lock().read_to_end(&mut value);
                read.map_err(|error| Failure::io("cannot read the standard input", &error))?;
                Ok(value)
            }
            Some(value) => Ok(value.as_bytes().to_vec()),
        }
    }
}
