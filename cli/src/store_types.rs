//! The types of a store that a command makes.

use crate::failure::{Failure, Result};
use clap::{Args, ValueEnum};
use grainstore::StoreInfo;
use grainstore::key::Shape;

/// The codecs that the command line can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CodecName {
    /// JSON, kept as it is written
    Json,
    /// MessagePack with field names
    Msgpack,
    /// Bytes as they are
    Raw,
}

/// What a store is made as.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreTypes {
    /// The types of the keys of a new store: `u64`, `str`, `str,u64`, `str,desc(time)`, …
    ///
    /// Components are u8 to u128, i8 to i128, f32, f64, bool, char, str, bytes, duration, time,
    /// ipv4, ipv6; opt(..), list(..), set(..), desc(..) of one.
    #[arg(long, value_name = "TYPES")]
    pub(crate) key_type: Option<String>,
    /// The codec of a new store
    #[arg(long, value_enum, default_value = "json")]
    pub(crate) codec: CodecName,
}

impl StoreTypes {
    /// The store to be made; `None` where no key types are given.
    pub(crate) fn info(&self, name: &str) -> Result<Option<StoreInfo>> {
        let Some(text) = &self.key_type else {
            return Ok(None);
        };
        let shape = parse_shape(text)?;
        let codec = match self.codec {
            CodecName::Json => "json/1",
            CodecName::Msgpack => "msgpack-named/1",
            CodecName::Raw => "raw/1",
        };
        Ok(Some(StoreInfo::new(name, &shape, codec)))
    }
}

/// Reads `k1:{str,u64}`, `{str,u64}` or `str,u64`.
fn parse_shape(text: &str) -> Result<Shape> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = plain.strip_prefix("k1:").unwrap_or(&plain);
    let read = |text: &str| Shape::from_schema(&format!("k1:{text}"));
    let shape = read(plain).or_else(|_| read(&format!("{{{plain}}}")));
    match shape {
        Ok(shape) if !plain.is_empty() => Ok(shape),
        _ => {
            let failure = Failure::usage(format!("{text:?} are no types of keys"));
            Err(failure.hint("such as u64, str, or for several components str,u64"))
        }
    }
}
