//! Histories by the thousand: the engine and the typed store against their models.

use super::store_generate::store_history;
use super::store_operation::STORE_KINDS;
use super::store_run;
use grainstore_proof::coverage::{Coverage, KindPairs};
use grainstore_proof::engine_run;
use grainstore_proof::generate;
use grainstore_proof::operation::Operation;
use grainstore_proof::runner::hold;
use grainstore_proof::setting::Setting;
use proptest::prelude::*;
use std::cell::RefCell;

const KEPT: &str = "tests/model/failures.txt";

fn engine_histories(
    histories: u32,
    setting: impl Strategy<Value = Setting>,
    history: impl Strategy<Value = Vec<Operation>>,
) -> Coverage {
    let coverage = RefCell::new(Coverage::default());
    hold(
        histories,
        KEPT,
        &(setting, history),
        |(setting, history)| {
            engine_run::run(&setting, &history, &mut coverage.borrow_mut());
        },
    );
    coverage.into_inner()
}

#[test]
fn engine_answers_as_its_model_over_long_histories() {
    let setting = generate::small_setting();
    engine_histories(1_200, setting, generate::history(160)).assert_whole();
}

#[test]
fn engine_answers_as_its_model_over_short_histories() {
    let setting = generate::small_setting();
    engine_histories(4_000, setting, generate::history(60)).assert_whole();
}

#[test]
fn engine_answers_as_its_model_whatever_the_style_of_compaction() {
    let setting = generate::tiered_setting();
    engine_histories(1_200, setting, generate::history(160)).assert_whole();
}

#[test]
fn engine_answers_as_its_model_at_any_size_and_with_a_thread() {
    let coverage = engine_histories(400, generate::any_setting(), generate::history(120));
    println!("{coverage}");
}

#[test]
fn typed_stores_answer_as_their_model() {
    let coverage = RefCell::new(KindPairs::new(&STORE_KINDS));
    let small = (generate::small_setting(), any::<bool>());
    let setting = small.prop_map(|(small, thread)| Setting { thread, ..small });
    let input = (setting, any::<bool>(), store_history(100));
    hold(1_500, KEPT, &input, |(setting, with_defaults, history)| {
        let coverage = &mut coverage.borrow_mut();
        store_run::run(&setting, with_defaults, &history, coverage);
    });
    println!("{}", coverage.borrow());
    coverage.borrow().assert_whole();
}
