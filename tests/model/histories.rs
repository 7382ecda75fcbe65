//! Histories by the thousand: the engine and the typed store against their models.

use super::coverage::{Coverage, KindPairs};
use super::engine_run;
use super::generate;
use super::operation::{Operation, Setting};
use super::store_generate::store_history;
use super::store_operation::STORE_KINDS;
use super::store_run;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use std::cell::RefCell;

/// A runner of so many histories, times the number in the environment's `GRAINSTORE_HISTORIES`.
pub fn runner(histories: u32) -> TestRunner {
    let times = std::env::var("GRAINSTORE_HISTORIES").map_or(1, |n| n.parse().unwrap());
    let kept = FileFailurePersistence::Direct("tests/model/failures.txt");
    TestRunner::new(Config {
        cases: histories * times,
        failure_persistence: Some(Box::new(kept)),
        max_shrink_iters: 30_000,
        max_shrink_time: 120_000,
        ..Config::default()
    })
}

fn engine_histories(
    histories: u32,
    setting: impl Strategy<Value = Setting>,
    history: impl Strategy<Value = Vec<Operation>>,
) -> Coverage {
    let coverage = RefCell::new(Coverage::default());
    let outcome = runner(histories).run(&(setting, history), |(setting, history)| {
        engine_run::run(&setting, &history, &mut coverage.borrow_mut());
        Ok::<_, TestCaseError>(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    coverage.into_inner()
}

#[test]
fn engine_answers_as_its_model_over_long_histories() {
    let setting = generate::small_setting();
    engine_histories(500, setting, generate::history(160)).assert_whole();
}

#[test]
fn engine_answers_as_its_model_over_short_histories() {
    let setting = generate::small_setting();
    engine_histories(700, setting, generate::history(60)).assert_whole();
}

#[test]
fn engine_answers_as_its_model_whatever_the_style_of_compaction() {
    let setting = generate::tiered_setting();
    engine_histories(500, setting, generate::history(160)).assert_whole();
}

#[test]
fn engine_answers_as_its_model_at_any_size_and_with_a_thread() {
    let coverage = engine_histories(200, generate::any_setting(), generate::history(120));
    println!("{coverage}");
}

#[test]
fn typed_stores_answer_as_their_model() {
    let coverage = RefCell::new(KindPairs::new(&STORE_KINDS));
    let small = (generate::small_setting(), any::<bool>());
    let setting = small.prop_map(|(small, thread)| Setting { thread, ..small });
    let input = (setting, any::<bool>(), store_history(100));
    let outcome = runner(700).run(&input, |(setting, with_defaults, history)| {
        let coverage = &mut coverage.borrow_mut();
        store_run::run(&setting, with_defaults, &history, coverage);
        Ok::<_, TestCaseError>(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{}", coverage.borrow());
    coverage.borrow().assert_whole();
}
