//! The same history under 32 sets of options and on every backend: the same answers.
//!
//! Each history runs on an engine under each set and on each backend, and every read of each is
//! held against the same oracle, so that all of them agree with one another.

// What stands around the tests is test too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[path = "metamorphic/backends.rs"]
mod backends;
#[path = "metamorphic/option_sets.rs"]
mod option_sets;

use grainstore_proof::coverage::Coverage;
use grainstore_proof::engine_run::run_with;
use grainstore_proof::generate;
use grainstore_proof::operation::Operation;
use grainstore_proof::runner::hold;
use grainstore_proof::score::{self, Row};
use option_sets::OptionSet;
use std::cell::RefCell;

const KEPT: &str = "tests/metamorphic/failures.txt";

/// The history with an operation of the set between its own.
fn disturbed(set: &OptionSet, history: &[Operation]) -> Vec<Operation> {
    let Some((every, disturbance)) = set.disturbed else {
        return history.to_vec();
    };
    let pieces: Vec<_> = history.chunks(every).collect();
    pieces.join(&disturbance()[..])
}

/// Runs `histories` of fewer than `operations` on everything.
fn answer_alike(histories: u32, operations: usize) -> Coverage {
    let sets = option_sets::all();
    assert_eq!(sets.len(), 32);
    let coverage = RefCell::new(Coverage::default());
    let history = generate::history(operations);
    hold(histories, KEPT, &history, |history| {
        for set in &sets {
            let history = disturbed(set, &history);
            let told = Told(set.name);
            run_with(set.options.clone(), &history, &mut coverage.borrow_mut());
            std::mem::forget(told);
        }
        for (name, make) in backends::ALL {
            let told = Told(name);
            backends::run(make, &history);
            std::mem::forget(told);
        }
    });
    let subjects = sets.len() + backends::ALL.len();
    score::tell(Row::MetamorphicHistories, histories.into());
    score::tell(Row::MetamorphicRuns, u64::from(histories) * subjects as u64);
    coverage.into_inner()
}

#[test]
fn thirty_two_sets_of_options_and_every_backend_answer_short_histories_alike() {
    answer_alike(160, 160).assert_whole();
}

#[test]
fn thirty_two_sets_of_options_and_every_backend_answer_long_histories_alike() {
    let coverage = answer_alike(40, 700);
    println!("{coverage}");
}

/// Says whose answer it was where one panics.
struct Told(&'static str);

impl Drop for Told {
    fn drop(&mut self) {
        println!("answered by: {}", self.0);
    }
}
