//! The same calls, twice: the same bytes, by the same calls on the disk.
//!
//! The second run is on a thread of its own, so that nothing may depend on what a thread did
//! before; every hash map of the two has other keys anyway.

use crate::call_log::{CallLog, LoggedDisk};
use crate::{history, lives};
use grainstore_proof::effort;
use grainstore_proof::score::{Row, tell};
use std::collections::HashSet;

const SEEDS: u64 = 200;

type History = fn(u64, &CallLog);

/// All calls of the history drawn from `seed`, and what the files held at the end of each life.
fn lines(history: History, seed: u64) -> Vec<String> {
    let log = CallLog::default();
    history(seed, &log);
    log.take()
}

/// Where two logs part, with what came before.
fn first_difference(one: &[String], two: &[String]) -> Option<String> {
    let same = one.iter().zip(two).take_while(|(a, b)| a == b).count();
    if same == one.len().max(two.len()) {
        return None;
    }
    let before = one[same.saturating_sub(5)..same].join("\n    ");
    let line = |log: &[String]| log.get(same).cloned().unwrap_or("nothing".to_owned());
    let (one, two) = (line(one), line(two));
    Some(format!(
        "call {} differs; after\n    {before}\nfirst\n    {one}\nthen\n    {two}",
        same + 1
    ))
}

/// Runs the histories of `SEEDS` seeds, twice each.
fn run_twice(name: &str, history: History) {
    let (mut calls, mut ends) = (0, HashSet::new());
    let seeds = SEEDS * effort::times();
    for own in 0..seeds {
        let seed = effort::seed(own);
        let one = lines(history, seed);
        let two = std::thread::spawn(move || lines(history, seed));
        let two = two.join().unwrap();
        if let Some(difference) = first_difference(&one, &two) {
            let prefix = effort::replay_prefix();
            panic!("{name}, seed {own} ({prefix}): {difference}");
        }
        calls += one.len();
        ends.insert(one);
    }
    assert_eq!(ends.len() as u64, seeds, "seeds that make no difference");
    println!("{name}: {calls} calls compared over {seeds} seeds");
    tell(Row::SameBytes, seeds);
}

#[test]
fn an_engine_makes_the_same_calls_and_bytes_from_the_same_seed() {
    run_twice("engine", lives::engine);
}

#[test]
fn a_typed_database_makes_the_same_calls_and_bytes_from_the_same_seed() {
    run_twice("typed", lives::typed);
}

#[test]
fn the_golden_history_makes_the_same_bytes_at_every_run() {
    let written = || {
        let log = CallLog::default();
        history::written_on(LoggedDisk::new(log.clone()));
        log.take()
    };
    assert_eq!(first_difference(&written(), &written()), None);
}

#[test]
fn the_first_call_that_differs_is_told() {
    let log = |last: &str| ["open /a", "sync /a", last].map(str::to_owned);
    assert_eq!(first_difference(&log("x"), &log("x")), None);
    let told = first_difference(&log("x")[..2], &log("x")).unwrap();
    assert!(told.starts_with("call 3 differs; after\n    open /a\n    sync /a\n"));
    assert!(told.ends_with("first\n    nothing\nthen\n    x"), "{told}");
}
