//! The stores that are compared, by name, and which of them take part in which group.

use crate::groups::{Group, desk};
use crate::peer::Outcome;
#[cfg(feature = "rocksdb")]
use crate::peers::RocksDb;
use crate::peers::{Fjall, Grainstore, Heed, Redb, Sled};
use crate::typed;
use crate::worker::{Job, serve};

/// All stores, grainstore first.
pub const NAMES: &[&str] = &[
    "grainstore",
    #[cfg(feature = "rocksdb")]
    "rocksdb",
    "fjall",
    "heed",
    "redb",
    #[cfg(feature = "native_db")]
    "native_db",
    "sled",
];

/// The stores of a run that names none: sled, whose last release is of 2021, only by name.
pub fn by_default() -> Vec<String> {
    let names = NAMES.iter().filter(|name| **name != "sled");
    names.map(|name| (*name).to_owned()).collect()
}

/// True where `store` has what `group` measures.
pub fn takes_part(store: &str, group: Group) -> bool {
    match group {
        Group::Typed => typed::NAMES.contains(&store),
        _ => store != "native_db",
    }
}

/// Measures as it is told on the standard input.
pub fn work(job: &Job) -> Outcome<()> {
    if job.group == Group::Typed {
        return typed::work(job);
    }
    match job.store.as_str() {
        "grainstore" => serve(job, desk::<Grainstore>(job)?),
        "fjall" => serve(job, desk::<Fjall>(job)?),
        "redb" => serve(job, desk::<Redb>(job)?),
        "heed" => serve(job, desk::<Heed>(job)?),
        #[cfg(feature = "rocksdb")]
        "rocksdb" => serve(job, desk::<RocksDb>(job)?),
        "sled" => serve(job, desk::<Sled>(job)?),
        other => Err(format!("no store is called {other}").into()),
    }
}
