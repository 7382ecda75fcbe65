//! The list of checks, and how they are run.

use super::bench::{Bench, Checked, Finding};
use super::report::{CheckReport, Report, Verdict};
use super::{batches, expiry, histories, limits, pages, points, scans, threads};
use crate::backend::contract::KvBackend;
use crate::sync::Arc;

type Check = (&'static str, &'static str, fn(&Bench<'_>) -> Checked);

const CHECKS: &[Check] = &[
    ("K1", "what was put is read", points::what_was_put_is_read),
    (
        "K2",
        "lists of keys are answered by place",
        points::lists_of_keys_are_answered_by_place,
    ),
    (
        "K3",
        "scans are in the order of bytes",
        scans::scans_are_in_the_order_of_bytes,
    ),
    (
        "K4",
        "a prefix means what begins with it, and counts agree (K5)",
        scans::a_prefix_means_what_begins_with_it,
    ),
    (
        "K6",
        "a batch does all of it, in order",
        batches::a_batch_does_all_of_it_in_order,
    ),
    (
        "K7",
        "readers see batches whole",
        threads::readers_see_batches_whole,
    ),
    (
        "K7",
        "a scan shows one moment and may be dropped on the way",
        scans::a_scan_may_be_dropped_on_the_way,
    ),
    (
        "K8",
        "pages follow one another",
        pages::pages_follow_one_another,
    ),
    (
        "K8",
        "a page goes on where it is told to",
        pages::a_page_goes_on_where_it_is_told_to,
    ),
    (
        "K8",
        "pages survive writes between them",
        pages::pages_survive_writes_between_them,
    ),
    (
        "K9",
        "an expired value is gone for every read",
        expiry::an_expired_value_is_gone_for_every_read,
    ),
    (
        "K9",
        "the last write decides the expiry",
        expiry::the_last_write_decides_the_expiry,
    ),
    (
        "K10",
        "keys have the limit that is told",
        limits::keys_have_the_limit_that_is_told,
    ),
    (
        "K10",
        "values have the limit that is told",
        limits::values_have_the_limit_that_is_told,
    ),
    (
        "K10",
        "batches have the limits that are told",
        limits::batches_have_the_limits_that_are_told,
    ),
    (
        "K11",
        "a write that returned is seen",
        points::a_write_that_returned_is_seen,
    ),
    (
        "K12",
        "threads do not lose writes",
        threads::threads_do_not_lose_writes,
    ),
    (
        "K13",
        "a closed backend says so",
        points::a_closed_backend_says_so,
    ),
    (
        "K14",
        "large values come back",
        limits::large_values_come_back,
    ),
    (
        "K15",
        "any history reads as a sorted map",
        histories::any_history_reads_as_a_sorted_map,
    ),
];

/// Asks everything of the backends that `make` makes: one for each check, empty and open.
///
/// Takes some seconds; for expiry it waits a fraction of one. Where the backend's clock can be set,
/// [`run_with_clock`] does not wait.
pub fn run(make: impl Fn() -> Box<dyn KvBackend>) -> Report {
    run_all(&make, None)
}

/// As [`run`], with a clock that `advance` moves forward by so many ms.
pub fn run_with_clock(make: impl Fn() -> Box<dyn KvBackend>, advance: impl Fn(u64)) -> Report {
    run_all(&make, Some(&advance))
}

fn run_all(make: &dyn Fn() -> Box<dyn KvBackend>, advance: Option<&dyn Fn(u64)>) -> Report {
    let mut report = Report::default();
    for (rule, claim, check) in CHECKS {
        let bench = Bench {
            backend: Arc::from(make()),
            advance,
        };
        let verdict = match check(&bench) {
            Ok(()) => closed(&bench),
            Err(Finding::Failed(found)) => Verdict::Failed(found),
            Err(Finding::Skipped(why)) => Verdict::Skipped(why),
        };
        report.checks.push(CheckReport {
            rule,
            claim,
            verdict,
        });
    }
    report
}

/// Whatever a backend went through, it closes.
fn closed(bench: &Bench<'_>) -> Verdict {
    match bench.backend.close() {
        Ok(()) => Verdict::Passed,
        Err(error) => Verdict::Failed(format!("it did not close: {error}")),
    }
}
