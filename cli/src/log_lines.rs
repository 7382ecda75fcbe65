//! What an operation of the log looks like, to people and to programs.
//!
//! Pure, for one thread.

use crate::forms::{Forms, Shown};
use crate::hex;
use crate::json_tree;
use crate::log_names::Known;
use crate::output::{FAINT, NAME, Output};
use crate::records::{Record, print_expiry};
use grainstore::UntypedRecord;
use grainstore::inspect::LogOperation;

/// An operation as a line and as a JSON document.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) json: String,
}

/// Where an operation is: the store or index, if any is known, and the forms there.
pub(crate) struct Place<'a> {
    pub(crate) known: Option<&'a Known>,
    pub(crate) forms: &'a Forms,
}

/// The parts of a line.
struct Parts {
    kind: &'static str,
    sequence: u64,
    text: String,
    /// Of the document.
    fields: String,
    /// Behind the sequence number.
    more: String,
}

impl Place<'_> {
    /// What `operation` looks like; `None` for one of a kind that is not known here.
    pub(crate) fn line(&self, output: &Output, operation: &LogOperation) -> Option<Line> {
        let Parts {
            kind,
            sequence,
            text,
            fields,
            more,
        } = self.parts(operation)?;
        let name = self.known.map(|known| match &known.index {
            None => known.store.clone(),
            Some(index) => format!("{}/{index}", known.store),
        });
        let quoted = name.as_deref().map(json_tree::quote);
        let store = quoted.unwrap_or("null".to_owned());
        let name = name.map_or_else(String::new, |name| {
            format!("{}  ", Shown::Text(name).plain())
        });
        let about = output.paint(FAINT, format_args!("at {sequence}{more}"));
        let painted = output.paint(NAME, kind);
        Some(Line {
            text: format!("{painted}  {name}{text}  {about}"),
            json: format!(
                "{{\"kind\":\"{kind}\",\"sequence\":{sequence},\"store\":{store},{fields}}}"
            ),
        })
    }

    fn parts(&self, operation: &LogOperation) -> Option<Parts> {
        Some(match operation {
            LogOperation::Put {
                sequence,
                key,
                value,
                expiry_ms,
            } => self.put(*sequence, key, value, *expiry_ms),
            LogOperation::Delete { sequence, key } => {
                let key = self.forms.show_key(self.strip(key));
                Parts {
                    kind: "delete",
                    sequence: *sequence,
                    text: key.plain(),
                    fields: key.field("key"),
                    more: String::new(),
                }
            }
            LogOperation::DeleteRange {
                sequence,
                start,
                end,
            } => self.delete_range(*sequence, start, end),
            _ => return None,
        })
    }

    fn put(&self, sequence: u64, key: &[u8], value: &[u8], expiry_ms: u64) -> Parts {
        let key = self.forms.show_key(self.strip(key));
        let (value, version) = self.value(value, expiry_ms);
        let mut more = String::new();
        if let Some(version) = version {
            more.push_str(&format!(", version {version}"));
        }
        if expiry_ms != 0 {
            more.push_str(&format!(", until {}", print_expiry(expiry_ms)));
        }
        let number = |number: Option<u64>| number.map_or("null".to_owned(), |n| n.to_string());
        let fields = format!(
            "{},{},\"version\":{},\"expires_at_ms\":{}",
            key.field("key"),
            value.field("value"),
            number(version),
            number((expiry_ms != 0).then_some(expiry_ms))
        );
        Parts {
            kind: "put",
            sequence,
            text: format!("{}  {}", key.plain(), value.plain()),
            fields,
            more,
        }
    }

    fn delete_range(&self, sequence: u64, start: &[u8], end: &[u8]) -> Parts {
        let shown = |key: &[u8]| {
            let key = self.within(key).filter(|key| !key.is_empty());
            key.map(|key| self.forms.show_key(key))
        };
        let field = |shown: &Option<Shown>, name: &str| match shown {
            Some(shown) => shown.field(name),
            None => format!("\"{name}\":null"),
        };
        let (from, to) = (shown(start), shown(end));
        let fields = format!("{},{}", field(&from, "from"), field(&to, "to"));
        let from = from.map_or("the first".to_owned(), |from| from.plain());
        let to = to.map_or("the end".to_owned(), |to| to.plain());
        Parts {
            kind: "delete-range",
            sequence,
            text: format!("{from} up to {to}"),
            fields,
            more: String::new(),
        }
    }

    /// The value without the frame of its store, and the version in that frame.
    fn value(&self, value: &[u8], expiry_ms: u64) -> (Shown, Option<u64>) {
        let info = self.known.and_then(|known| known.info.as_ref());
        match info.map(|info| UntypedRecord::read(info, value, expiry_ms)) {
            Some(Ok(record)) => {
                let record = Record::from(record);
                (self.forms.show_value(&record.value), record.version)
            }
            Some(Err(_)) => (Shown::Hex(hex::encode(value)), None),
            None => (self.forms.show_value(value), None),
        }
    }

    fn within<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        match self.known {
            Some(known) => key.strip_prefix(known.key_start.as_slice()),
            None => Some(key),
        }
    }

    fn strip<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        self.within(key).unwrap_or(key)
    }
}
