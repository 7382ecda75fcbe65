//! `grain scan`: the records of a range.

use crate::failure::Result;
use crate::output::{NAME, Output};
use crate::records::Place;
use clap::Args;

/// Shows the records of a store in the order of their keys
///
/// One line a record: key, tabulator, value; with --json one document a line. All records are of
/// one moment. A range runs in the order of the store: over components that fall, so does it.
#[derive(Debug, Args)]
pub(crate) struct Scan {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    range: RangeArguments,
    /// From the last to the first
    #[arg(long, short)]
    reverse: bool,
    /// At most so many records
    #[arg(
        long,
        short = 'n',
        value_name = "RECORDS",
        default_value_t = usize::MAX,
        hide_default_value = true
    )]
    limit: usize,
    /// Keys alone
    #[arg(long, short)]
    keys: bool,
}

/// Which part of the keys.
#[derive(Debug, Args)]
pub(crate) struct RangeArguments {
    /// Keys that begin so: a JSON array of the first components, or the start of a text
    #[arg(
        long,
        value_name = "PREFIX",
        conflicts_with_all = ["from", "to"],
        allow_hyphen_values = true
    )]
    pub(crate) prefix: Option<String>,
    /// From this key on, or from the first that begins with these components
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) from: Option<String>,
    /// Up to this key and without it
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) to: Option<String>,
}

impl RangeArguments {
    /// The range, in the forms of the store.
    pub(crate) fn of(&self, forms: &crate::forms::Forms) -> Result<grainstore::key::ByteRange> {
        forms.range(
            self.prefix.as_deref(),
            self.from.as_deref(),
            self.to.as_deref(),
        )
    }
}

impl Scan {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let records = self.place.open()?;
        let range = self.range.of(&records.forms)?;
        let forms = &records.forms;
        records.walk(range, self.reverse, self.limit, |key, record| {
            if output.is_json() && self.keys {
                let field = forms.show_key(key).field("key");
                return output.line(format_args!("{{{field}}}"));
            }
            if output.is_json() {
                return output.record(forms, key, &record);
            }
            let key = output.paint(NAME, forms.show_key(key).plain());
            match self.keys {
                true => output.line(key),
                false => {
                    let value = forms.show_value(&record.value).plain();
                    output.line(format_args!("{key}\t{value}"))
                }
            }
        })?;
        Ok(records.db.close()?)
    }
}
