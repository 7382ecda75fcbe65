//! Histories by the thousand.

use super::operation::history;
use super::run::run;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

/// A runner of so many histories, times the number in the environment's `GRAINSTORE_HISTORIES`.
fn runner(histories: u32) -> TestRunner {
    let times = std::env::var("GRAINSTORE_HISTORIES").map_or(1, |n| n.parse().unwrap());
    let kept = FileFailurePersistence::Direct("tests/typed_model/failures.txt");
    TestRunner::new(Config {
        cases: histories * times,
        failure_persistence: Some(Box::new(kept)),
        max_shrink_iters: 30_000,
        max_shrink_time: 120_000,
        ..Config::default()
    })
}

fn histories(count: u32, operations: usize) {
    let outcome = runner(count).run(&history(operations), |history| {
        run(&history);
        Ok::<_, TestCaseError>(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn indexes_answer_as_their_model_over_short_histories() {
    histories(7_000, 30);
}

#[test]
fn indexes_answer_as_their_model_over_long_histories() {
    histories(3_000, 90);
}
