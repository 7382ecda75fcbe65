//! How the dumps show bytes, places and damage.
//!
//! Keys and values of a dump are bytes: the files tell no types. Pure, for one thread.

use crate::failure::{DAMAGED, Failure};
use crate::hex;
use crate::time_text::print_time;
use clap::{Args, ValueEnum};
use grainstore::inspect::Damage;
use serde_json::{Value, json};
use std::path::Path;

/// How bytes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BytesForm {
    /// Two hexadecimal digits a byte
    Hex,
    /// UTF-8, with escapes for what is none
    Text,
}

/// What of keys and values a dump shows.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// How keys are shown
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    keys: BytesForm,
    /// Shows values, too, and how; without it their lengths alone
    #[arg(long, value_enum, value_name = "FORM")]
    values: Option<BytesForm>,
    /// Shows so many bytes of each value at most
    #[arg(long, value_name = "BYTES", default_value_t = 256)]
    value_bytes_max: usize,
    /// Shows so many entries or operations and ends
    #[arg(long, value_name = "COUNT")]
    pub(crate) limit: Option<u64>,
}

impl Shown {
    /// A key as text.
    pub(crate) fn key(&self, key: &[u8]) -> String {
        form(self.keys, key)
    }

    /// A value for people: its length, and the bytes where they are asked for.
    pub(crate) fn value(&self, value: &[u8]) -> String {
        match self.values {
            None => format!("{} bytes", value.len()),
            Some(shown) => {
                let head = value.get(..self.value_bytes_max).unwrap_or(value);
                let more = if head.len() < value.len() { ".." } else { "" };
                format!("{} bytes {}{more}", value.len(), form(shown, head))
            }
        }
    }

    /// Adds a value to a document.
    pub(crate) fn add_value(&self, document: &mut Value, value: &[u8]) {
        let Some(fields) = document.as_object_mut() else {
            return;
        };
        fields.insert("value_bytes".to_owned(), json!(value.len()));
        if let Some(shown) = self.values {
            let head = value.get(..self.value_bytes_max).unwrap_or(value);
            fields.insert("value".to_owned(), json!(form(shown, head)));
        }
    }
}

/// `bytes` in this form.
pub(crate) fn form(form: BytesForm, bytes: &[u8]) -> String {
    match (form, std::str::from_utf8(bytes)) {
        (BytesForm::Hex, _) => hex::encode(bytes),
        (BytesForm::Text, Ok(text)) if !text.contains(|c: char| c.is_control() || c == '\\') => {
            text.to_owned()
        }
        (BytesForm::Text, _) => bytes.escape_ascii().to_string(),
    }
}

/// A time in ms since the epoch.
pub(crate) fn time(time_ms: u64) -> String {
    let seconds = i64::try_from(time_ms / 1_000).unwrap_or(i64::MAX);
    print_time((seconds, (time_ms % 1_000) as u32 * 1_000_000))
}

/// An expiry in ms since the epoch; nothing for never.
pub(crate) fn expiry(expiry_ms: u64) -> String {
    match expiry_ms {
        0 => String::new(),
        ms => format!(" until {}", time(ms)),
    }
}

/// A place of damage as a document.
pub(crate) fn damage_document(damage: &Damage) -> Value {
    json!({
        "file": damage.file.display().to_string(), "offset": damage.offset,
        "what": damage.what, "unsupported": damage.unsupported,
    })
}

/// The end of a command that met damage at so many places.
pub(crate) fn damaged(places: u64) -> Failure {
    let what = match places {
        1 => "1 place is damaged".to_owned(),
        places => format!("{places} places are damaged"),
    };
    Failure::new(DAMAGED, "damaged", what)
        .hint("restore a checkpoint, or save what can be read with `grain repair`")
}

/// Refuses a folder that is not there.
pub(crate) fn check_is_folder(dir: &Path) -> Result<(), Failure> {
    if dir.is_dir() {
        return Ok(());
    }
    Err(Failure::absent(format!(
        "there is no folder {}",
        dir.display()
    )))
}
