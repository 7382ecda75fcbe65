//! How fast grainstore is by itself: `cargo bench`, or `cargo bench -- get scan` for some rows.
//!
//! Random keys of 24 bytes, values of 150, a cache of 256 MiB, no compression. Prints the median of
//! the rounds and half their spread. The data lie under `target/`, or where `--dir` says, and are
//! removed. Options: `--records N`, `--rounds N`, `--dir DIR`. Without cargo's `--bench` it only
//! tries every row once on few records, which is what `cargo test --benches` does.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // the clock and disk of the system
#![allow(clippy::print_stdout, clippy::print_stderr)] // the table goes to the terminal
#![allow(unreachable_pub)] // nothing of a bench is public; records.rs is shared with bench/

mod plan;
mod reads;
mod records;
mod rounds;
mod typed;
mod writes;

use plan::Plan;
use rounds::Outcome;

fn main() -> Outcome<()> {
    let plan = Plan::from_args(std::env::args().skip(1))?;
    let done = [writes::measure, reads::measure, typed::measure]
        .into_iter()
        .try_for_each(|measure| measure(&plan));
    plan.clean_up()?;
    done
}
