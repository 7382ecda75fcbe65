//! The stores that are compared, by name.

use crate::options::Options;
use crate::peer::Outcome;
#[cfg(feature = "rocksdb")]
use crate::peers::RocksDb;
use crate::peers::{Fjall, Grainstore, Heed, Redb, Sled};
use crate::worker::serve;

/// All stores, grainstore first.
pub const NAMES: &[&str] = &[
    "grainstore",
    #[cfg(feature = "rocksdb")]
    "rocksdb",
    "fjall",
    "heed",
    "redb",
    "sled",
];

/// Measures `store` as it is told on the standard input.
pub fn work(store: &str, options: &Options) -> Outcome<()> {
    match store {
        "grainstore" => serve::<Grainstore>(options),
        "fjall" => serve::<Fjall>(options),
        "redb" => serve::<Redb>(options),
        "heed" => serve::<Heed>(options),
        #[cfg(feature = "rocksdb")]
        "rocksdb" => serve::<RocksDb>(options),
        "sled" => serve::<Sled>(options),
        _ => Err(format!("no store is called {store}; there are {}", NAMES.join(", ")).into()),
    }
}
