//! `grain count`: how many records there are.

use crate::commands::scan::RangeArguments;
use crate::failure::Result;
use crate::output::Output;
use crate::records::Place;
use clap::Args;
use serde_json::json;

/// Counts the records of a store, or of a range of it
#[derive(Debug, Args)]
pub(crate) struct Count {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    range: RangeArguments,
}

impl Count {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let records = self.place.open()?;
        let count = records.count(&self.range.of(&records.forms)?)?;
        records.db.close()?;
        match output.is_json() {
            true => output.document(&json!({ "count": count })),
            false => output.line(count),
        }
    }
}
