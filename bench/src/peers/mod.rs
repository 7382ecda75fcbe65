//! The stores that are compared, by name.

mod fjall;
mod grainstore;
mod heed;
mod redb;

use crate::options::Options;
use crate::peer::Outcome;
use crate::worker::serve;

/// All stores, grainstore first.
pub const NAMES: &[&str] = &["grainstore", "fjall", "redb", "heed"];

/// Measures `store` as it is told on the standard input.
pub fn work(store: &str, options: &Options) -> Outcome<()> {
    match store {
        "grainstore" => serve::<grainstore::Grainstore>(options),
        "fjall" => serve::<fjall::Fjall>(options),
        "redb" => serve::<redb::Redb>(options),
        "heed" => serve::<heed::Heed>(options),
        _ => Err(format!("no store is called {store}; there are {}", NAMES.join(", ")).into()),
    }
}
