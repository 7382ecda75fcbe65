//! Measures grainstore beside other embedded stores: `cargo run --release -- --out table.md`.
//!
//! Each store runs in a process of its own, started from this program. The rounds of a row go
//! round the stores in turn, so that what else the machine does falls on all of them alike, and
//! the table gives medians. The same records, the same semantics of durability, caches of one
//! size; what is tuned stands in the file of each store.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // the clock and disk of the system
#![allow(clippy::print_stdout, clippy::print_stderr)] // the terminal is what it talks to

mod disk;
mod options;
mod peer;
mod peers;
mod reads;
#[path = "../../benches/engine/records.rs"]
mod records;
mod report;
mod rows;
mod session;
mod stopwatch;
mod stores;
mod worker;
mod writes;
mod zipf;

use options::Options;
use peer::Outcome;

fn main() -> Outcome<()> {
    let options = Options::from_args(std::env::args().skip(1))?;
    if let Some(store) = &options.worker {
        return stores::work(store, &options);
    }
    let table = session::measure(&options)?;
    let text = report::markdown(&table, &options);
    println!("{text}");
    if let Some(path) = &options.out {
        std::fs::write(path, text)?;
    }
    Ok(())
}
