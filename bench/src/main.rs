//! Measures grainstore beside other embedded stores: `cargo run --release -- --short`.
//!
//! Each store runs in a process of its own, started from this program. The rounds of a row go
//! round the stores in turn, so that what else the machine does falls on all of them alike, and
//! the tables give medians. The same records, the same semantics of durability, caches of one
//! size; what is tuned stands in the file of each store.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // the clock and disk of the system
#![allow(clippy::print_stdout, clippy::print_stderr)] // the terminal is what it talks to

mod command;
mod files;
mod flush_count;
mod groups;
mod keys;
mod machine;
mod peer;
mod peers;
mod process;
#[path = "../../benches/engine/records.rs"]
mod records;
mod report;
mod results;
mod row;
mod scale;
mod session;
mod stopwatch;
mod stores;
mod threads;
mod typed;
mod worker;
mod zipf;

use clap::Parser;
use command::Options;
use peer::Outcome;
use results::Results;

fn main() -> Outcome<()> {
    let options = Options::parse();
    if let Some(job) = &options.work {
        return stores::work(&serde_json::from_str(job)?);
    }
    if options.list {
        return session::list(&options);
    }
    let mut results = Results::default();
    for path in &options.from {
        results.merge(Results::read(path)?);
    }
    if options.from.is_empty() {
        let measured = session::measure(&options)?;
        if let Some(path) = options.save.as_ref().filter(|path| path.exists()) {
            results = Results::read(path)?;
        }
        results.merge(measured);
    }
    if let Some(path) = &options.save {
        results.save(path)?;
    }
    println!("{}", report::tables(&results));
    match &options.write {
        Some(path) => report::write(&results, path),
        None => Ok(()),
    }
}
