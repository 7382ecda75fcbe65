//! `grain ttl`: how long a record lives, and another lifetime for it.

use crate::failure::Result;
use crate::output::Output;
use crate::records::{Place, parse_ttl};
use crate::time_text;
use clap::Args;
use grainstore::{Expiry, Ttl};
use serde_json::json;
use std::time::Duration;

/// Shows how long a record lives, or gives it another lifetime
#[derive(Debug, Args)]
pub(crate) struct TimeToLive {
    #[command(flatten)]
    place: Place,
    /// The key
    #[arg(allow_hyphen_values = true)]
    key: String,
    /// The new lifetime: `never`, a span such as 90s, 5m, 12h, 7d, or a time such as
    /// 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TTL", value_parser = parse_ttl)]
    set: Option<Ttl>,
}

impl TimeToLive {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let records = match self.set {
            Some(_) => self.place.open_to_write()?,
            None => self.place.open()?,
        };
        let key = records.forms.parse_key(&self.key)?;
        if let Some(ttl) = self.set
            && !records.touch(&key, ttl)?
        {
            return Err(records.missing(&key));
        }
        let expiry = records.ttl(&key)?;
        let missing = records.missing(&key);
        records.db.close()?;
        let (text, ttl_ms) = match expiry {
            Expiry::Missing if self.set.is_none() => return Err(missing),
            Expiry::In(left) => (time_text::print_span(left), Some(left)),
            Expiry::Never => ("never".to_owned(), None),
            _ => ("0s".to_owned(), Some(Duration::ZERO)), // the new lifetime was over at once
        };
        let ttl_ms = ttl_ms.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        match output.is_json() {
            true => output.document(&json!({ "ttl_ms": ttl_ms })),
            false => output.line(text),
        }
    }
}
