//! The model test of the typed layer: histories by the thousand on a store with a shared, a many
//! and a unique index, against a plain sorted map.
//!
//! The histories, their model and their runner are `grainstore_proof::accounts`, which the crash
//! tests use too. After each history every question to every index is compared, the store is
//! verified against its indexes, and so is a copy that was kept by a watch alone.

use grainstore_proof::accounts::operation::history;
use grainstore_proof::accounts::run::run;
use grainstore_proof::runner::hold;

const KEPT: &str = "tests/typed_model/failures.txt";

#[test]
fn indexes_answer_as_their_model_over_short_histories() {
    hold(9_000, KEPT, &history(30), |history| run(&history));
}

#[test]
fn indexes_answer_as_their_model_over_long_histories() {
    hold(3_000, KEPT, &history(90), |history| run(&history));
}
