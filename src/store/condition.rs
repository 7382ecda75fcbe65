//! What a conditional write says where its condition does not hold.

use super::raw_store::RawStore;
use super::version::If;
use crate::error::{Error, ErrorKind, Result};

/// An error where `condition` does not hold of the record under an engine key, which is of version
/// `found`, or not there.
pub(crate) fn check(raw: &RawStore, key: &[u8], condition: If, found: Option<u64>) -> Result<()> {
    if condition.holds(found) {
        return Ok(());
    }
    let found = match (condition, found) {
        (_, None) => "there is none".to_owned(),
        // A store without versions says 0 of all its records.
        (_, Some(0)) => "there is one".to_owned(),
        (_, Some(version)) => format!("there is one of version {version}; read it and retry"),
    };
    let text = format!("{}: {condition} was expected, but {found}", raw.place(key));
    Err(Error::new(ErrorKind::Conflict, text))
}
