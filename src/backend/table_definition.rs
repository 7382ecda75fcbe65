//! What a table is, as plain data.

use super::hot_cache::HotCacheOptions;
use crate::error::{Error, ErrorKind, Result};
use serde::Deserialize;

/// The longest name of a table, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// What a table is.
///
/// ```
/// use grainstore::backend::TableDefinition;
/// let pages = TableDefinition::new("PageCache").expiration(3600);
/// assert_eq!(pages.expiration, Some(3600));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableDefinition {
    /// Its name: 1 to 255 bytes, none of them NUL.
    pub name: String,
    /// How long its records live after a put that names no expiry, in seconds. `None` for ever.
    #[serde(default)]
    pub expiration: Option<u64>,
    /// The cache of its hottest records; none by default.
    #[serde(skip)]
    pub hot_cache: Option<HotCacheOptions>,
}

impl TableDefinition {
    /// A table whose records stay, without a hot cache.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            expiration: None,
            hot_cache: None,
        }
    }

    /// Its records live for `seconds` after each put.
    #[must_use]
    pub fn expiration(mut self, seconds: u64) -> Self {
        self.expiration = Some(seconds);
        self
    }

    /// A hot cache of its own.
    #[must_use]
    pub fn hot_cache(mut self, options: HotCacheOptions) -> Self {
        self.hot_cache = Some(options);
        self
    }

    /// Refuses what cannot be a table.
    pub(crate) fn check(&self) -> Result<()> {
        let text = match self.name.len() {
            0 => "a table needs a name; this one's is empty".to_owned(),
            _ if self.name.contains('\0') => {
                format!(
                    "the name {:?} of a table has a NUL, which ends names",
                    self.name
                )
            }
            bytes if bytes > NAME_BYTES_MAX => {
                format!("the name of a table has {bytes} bytes; the limit is {NAME_BYTES_MAX}")
            }
            _ if self.expiration == Some(0) => {
                format!(
                    "the expiration of the table {:?} is 0 seconds; leave it out for ever",
                    self.name
                )
            }
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::InvalidInput, text))
    }
}
