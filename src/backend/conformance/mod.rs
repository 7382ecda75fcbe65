//! Everything the contract of a backend promises, asked of any backend.
//!
//! [`run`] asks all of it and answers with a [`Report`]; each check names the rule of the contract
//! (K1 to K15 of [`KvBackend`](super::KvBackend)'s module) that it holds. Every check gets a
//! backend of its own, which has to be empty. Behind the feature `sim`, since it is made for tests.
//!
//! ```
//! use grainstore::backend::{MemoryBackend, conformance};
//! let report = conformance::run(|| Box::new(MemoryBackend::new()));
//! assert!(report.passed(), "{report}");
//! ```

mod batches;
mod bench;
mod expiry;
mod histories;
mod limits;
mod pages;
mod points;
mod report;
mod scans;
mod suite;
mod threads;

pub use report::{CheckReport, Report, Verdict};
pub use suite::{run, run_with_clock};
