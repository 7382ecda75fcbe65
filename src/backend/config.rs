//! The settings of a storage, as a struct and as the YAML that programs keep them in.
//!
//! ```yaml
//! storage:
//!   mode: embedded              # or "cluster", which is not built in
//!   cache_size_mb: 2048         # memory for blocks of tables, per database
//!   write_buffer_size_mb: 512   # what is in memory before it is written to tables, per database
//!   enable_compression: false   # LZ4; needs the feature `lz4`
//!   sync_writes: true           # a write is on the device when it returns
//! ```
//!
//! Every key may be left out. One that is not known is an error that names it and those that are.
//! Sizes are in MiB and are shared evenly among the shards. Plain data; any thread.

use super::sharded::ShardedBackend;
use super::sharded_open;
use super::sharded_options::ShardedOptions;
use crate::engine::options::{BlockCompression, Durability, EngineOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::fs::real_disk::RealDisk;
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// How long a write may stay unsynced where `sync_writes` is false.
const ASYNC_WINDOW: Duration = Duration::from_millis(100);

/// Where the storage runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Mode {
    /// In this process. The default.
    #[default]
    Embedded,
    /// On other machines. Not built in.
    Cluster,
}

/// Where the nodes of a cluster are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterConfig {
    /// The addresses of the placement drivers, `host:port`.
    pub pd_endpoints: Vec<String>,
    /// How long one call may take, in ms. Default 5,000.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Start a cluster on this machine, for development. Default false.
    #[serde(default)]
    pub auto_start: bool,
}

fn default_timeout_ms() -> u64 {
    5_000
}

/// The settings of a storage.
///
/// ```
/// use grainstore::backend::StorageConfig;
/// let config = StorageConfig::high_performance();
/// assert!(!config.sync_writes);
/// assert_eq!((config.cache_size_mb, config.write_buffer_size_mb), (2048, 512));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// Where it runs. Default [`Mode::Embedded`].
    pub mode: Mode,
    /// Memory for blocks of tables of one database, in MiB. Default 2,048.
    pub cache_size_mb: u64,
    /// How much of one database is in memory before it is written to tables, in MiB. Default 512.
    pub write_buffer_size_mb: u64,
    /// Compress blocks with LZ4; needs the feature `lz4`. Default false.
    pub enable_compression: bool,
    /// A write is on the device when it returns. Where false, it follows within 100 ms, and a power
    /// cut may lose the newest writes of that time; a killed process loses nothing. Default true.
    pub sync_writes: bool,
    /// The nodes, for [`Mode::Cluster`].
    pub cluster: Option<ClusterConfig>,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Embedded,
            cache_size_mb: 2_048,
            write_buffer_size_mb: 512,
            enable_compression: false,
            sync_writes: true,
            cluster: None,
        }
    }
}

/// What stands around the settings in a file.
#[cfg(feature = "yaml")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    storage: StorageConfig,
}

impl StorageConfig {
    /// The defaults, but writes do not wait for the device (see
    /// [`sync_writes`](Self::sync_writes)).
    #[must_use]
    pub fn high_performance() -> Self {
        Self {
            sync_writes: false,
            ..Self::default()
        }
    }

    /// The settings under the key `storage` of a YAML document that has nothing else in it. Where
    /// they are part of a larger one, make this struct a field of yours.
    ///
    /// ```
    /// use grainstore::backend::StorageConfig;
    /// let config = StorageConfig::from_yaml("storage:\n  cache_size_mb: 64\n")?;
    /// assert_eq!(config.cache_size_mb, 64);
    /// # Ok::<(), grainstore::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` with the place and what is wrong there: no YAML, a key that is not known, a
    /// value that is not of its kind.
    #[cfg(feature = "yaml")]
    pub fn from_yaml(text: &str) -> Result<Self> {
        let parsed = serde_saphyr::from_str::<Document>(text);
        let document = parsed.map_err(|error| {
            let text = format!("the storage settings cannot be read: {error}");
            Error::new(ErrorKind::InvalidInput, text)
        })?;
        Ok(document.storage)
    }

    /// Opens the database that these settings ask for, in `dir`.
    ///
    /// # Errors
    /// `InvalidInput` where a setting cannot be met by this build; as [`ShardedBackend::open`].
    pub fn open(&self, dir: impl AsRef<Path>) -> Result<ShardedBackend> {
        let shards = sharded_open::shards_in(dir.as_ref(), &RealDisk);
        let mut options = self.options(shards.unwrap_or_else(sharded_open::shards_default))?;
        options.shards = None; // told by the database itself
        ShardedBackend::open(dir, options)
    }

    /// What these settings are for a database of `shards`, which share its memory evenly.
    ///
    /// # Errors
    /// `InvalidInput` where a setting cannot be met by this build.
    pub fn options(&self, shards: usize) -> Result<ShardedOptions> {
        let refused = |text: String| Err(Error::new(ErrorKind::InvalidInput, text));
        if self.mode == Mode::Cluster {
            let at = match &self.cluster {
                Some(cluster) => format!(" (at {})", cluster.pd_endpoints.join(", ")),
                None => String::new(),
            };
            return refused(format!(
                "mode: cluster{at} is not built in: grainstore keeps its data in this process; \
                 use mode: embedded, or a KvBackend of your own"
            ));
        }
        if self.enable_compression && cfg!(not(feature = "lz4")) {
            return refused(
                "enable_compression: true is not built in: enable grainstore's feature `lz4`, or \
                 set it to false"
                    .to_owned(),
            );
        }
        let engine = EngineOptions {
            cache_bytes: share("cache_size_mb", self.cache_size_mb, shards, 0, usize::MAX)?,
            memtable_bytes: share(
                "write_buffer_size_mb",
                self.write_buffer_size_mb,
                shards,
                4 << 10,
                4 << 30,
            )?,
            compression: match self.enable_compression {
                true => BlockCompression::Lz4,
                false => BlockCompression::None,
            },
            durability: match self.sync_writes {
                true => Durability::Sync,
                false => Durability::Batch(ASYNC_WINDOW),
            },
            ..EngineOptions::default()
        };
        Ok(ShardedOptions {
            shards: Some(shards),
            engine,
        })
    }
}

/// The part of `size_mb` that one of `shards` gets, in bytes, which has to be `least` to `most`.
fn share(name: &str, size_mb: u64, shards: usize, least: usize, most: usize) -> Result<usize> {
    let bytes = usize::try_from(size_mb).ok();
    let bytes = bytes.and_then(|size_mb| size_mb.checked_mul(1 << 20));
    let part = bytes.and_then(|bytes| bytes.checked_div(shards));
    part.filter(|part| (least..=most).contains(part))
        .ok_or_else(|| {
            let text = format!(
                "{name} is {size_mb} for {shards} shards; each must get {least} bytes to {most}"
            );
            Error::new(ErrorKind::InvalidInput, text)
        })
}
