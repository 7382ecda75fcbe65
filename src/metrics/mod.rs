//! What an engine does and holds, for Prometheus and whoever reads its text.
//!
//! [`serve`] answers `/metrics` over HTTP from a thread of its own; [`encode`] makes the text for a
//! server that is there already; [`EngineCollector`] goes into a registry with metrics of your own.
//! All names begin with `grainstore_` and are listed in [`EngineCollector`]. Nothing is counted for
//! this alone but gets and cache hits, by counters that threads do not share. Any thread may call.
//! Behind the feature `metrics`.

mod collector;
mod server;

pub use collector::{EngineCollector, encode};
pub use server::{MetricsServer, serve};
