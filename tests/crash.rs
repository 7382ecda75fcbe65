//! Power lost at every call: what was acknowledged is there, whole, in order, without a repair.
//!
//! Histories of hundreds of operations run on a simulated disk with everything small, so that
//! memtables, log segments, tables and levels turn over all the time. At every call of such a
//! history four kinds of disks that a power cut may leave are opened and compared with the oracle,
//! record by record. A failure prints the line that replays it; histories with more than one thread
//! make other calls on each run, so theirs may need several tries.

// What stands around the tests is test too; they use threads of their own.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "crash/bulk.rs"]
mod bulk;
#[path = "crash/indexed.rs"]
mod indexed;
#[path = "crash/lives.rs"]
mod lives;
#[path = "crash/nested.rs"]
mod nested;
#[path = "crash/reproducers.rs"]
mod reproducers;
#[path = "crash/typed.rs"]
mod typed;

use grainstore::engine::Durability;
use grainstore::fs::CrashDisk;
use grainstore_proof::crash::{Walked, all_calls, every_crash, some_calls};
use grainstore_proof::effort;
use grainstore_proof::generate::{changes, vast_puts};
use grainstore_proof::recorded::Recorded;
use grainstore_proof::recovery::recover_twice;
use grainstore_proof::score::{self, Row};
use grainstore_proof::setting::{Setting, Style};
use grainstore_proof::together;

/// The history that the seed gives, of so many operations.
fn record(name: &'static str, seed: u64, setting: Setting, operations: usize) -> Recorded {
    let seed = effort::seed(seed);
    Recorded::of(name, seed, setting, &changes(seed, operations))
}

fn walked<'a>(history: &'a Recorded, test: &'a str) -> Walked<'a> {
    walked_disk((history.name, history.seed), &history.disk, test)
}

/// A history of which only the disk was kept.
fn walked_disk<'a>((name, seed): (&'a str, u64), disk: &'a CrashDisk, test: &'a str) -> Walked<'a> {
    Walked {
        name,
        seed,
        disk,
        program: "crash",
        test,
    }
}

/// Recovers each image of a crash at `calls`.
fn recover_at(history: &Recorded, test: &str, calls: &[usize]) {
    let recoveries = every_crash(&walked(history, test), calls, |crash, disk| {
        let allowed = history.survivors_at(crash.call, crash.keeps_all());
        // A clock that stood still at the start is nothing that time may run back to.
        let source_ms = match crash.call % 3 {
            0 => 1,
            _ => history.source_at(crash.call),
        };
        recover_twice(
            &history.written,
            disk,
            allowed,
            source_ms,
            crash.call % 16 == 0,
        )?;
        Ok(1)
    });
    let (coverage, operations) = (&history.coverage, history.returned.len());
    println!(
        "{}: {operations} operations, {} calls, {} flushes, {} compactions, level {}: \
         {recoveries} recoveries",
        history.name,
        history.disk.calls(),
        coverage.flushes,
        coverage.compactions,
        coverage.level_max
    );
    // A power cut, and another recovery after the close.
    score::tell(Row::CrashRecoveries, recoveries as u64);
}

#[test]
fn acknowledged_commits_survive_power_loss_at_every_call() {
    let test = "acknowledged_commits_survive_power_loss_at_every_call";
    let history = record("alone", 1, Setting::SMALL, 900);
    let coverage = &history.coverage;
    assert!(coverage.flushes >= 50 && coverage.compactions >= 50 && coverage.level_max >= 2);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn acknowledged_commits_survive_where_work_runs_beside_the_writer() {
    let test = "acknowledged_commits_survive_where_work_runs_beside_the_writer";
    let setting = Setting {
        thread: true,
        wal_segment_kib: 4,
        ..Setting::SMALL
    };
    let history = record("beside", 2, setting, 700);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn acknowledged_commits_survive_with_size_tiered_compaction() {
    let test = "acknowledged_commits_survive_with_size_tiered_compaction";
    let setting = Setting {
        style: Style::SizeTiered,
        ..Setting::SMALL
    };
    let history = record("tiered", 8, setting, 700);
    let coverage = &history.coverage;
    assert!(coverage.flushes >= 50 && coverage.compactions >= 20 && coverage.level_max == 6);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn acknowledged_commits_survive_where_every_reopen_changes_the_style_of_compaction() {
    let test = "acknowledged_commits_survive_where_every_reopen_changes_the_style_of_compaction";
    let setting = Setting {
        style: Style::Switching,
        hash_index: false,
        verify_new_tables: true,
        ..Setting::SMALL
    };
    let history = record("switching", 9, setting, 700);
    let coverage = &history.coverage;
    assert!(coverage.flushes >= 50 && coverage.compactions >= 30 && coverage.level_max == 6);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn acknowledged_commits_of_four_writers_survive() {
    let test = "acknowledged_commits_of_four_writers_survive";
    let setting = Setting {
        thread: true,
        ..Setting::SMALL
    };
    let seed = effort::seed(3);
    let histories: Vec<_> = (0..4)
        .map(|writer| changes(seed ^ writer << 32, 220))
        .collect();
    let history = together::record("together", seed, setting, &histories);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn buffered_commits_that_survive_are_a_prefix() {
    let test = "buffered_commits_that_survive_are_a_prefix";
    let setting = Setting {
        durability: Durability::Buffered,
        ..Setting::SMALL
    };
    let history = record("buffered", 4, setting, 900);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn batched_commits_that_survive_are_a_prefix() {
    let test = "batched_commits_that_survive_are_a_prefix";
    let setting = Setting {
        durability: Durability::Batch(std::time::Duration::from_micros(300)),
        ..Setting::SMALL
    };
    let history = record("batched", 5, setting, 500);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn a_manifest_that_is_written_anew_loses_nothing() {
    let test = "a_manifest_that_is_written_anew_loses_nothing";
    let seed = effort::seed(6);
    let history = Recorded::of("rewritten", seed, Setting::SMALL, &vast_puts(seed, 120));
    let disk = &history.disk;
    let mut made = all_calls(disk);
    let manifest = format!(
        "create or link {}/manifest-",
        grainstore_proof::engine_run::DIR
    );
    made.retain(|&call| disk.describe_call(call).starts_with(&manifest));
    assert!(made.len() > 1, "the manifest was never written anew");
    let around = |&call: &usize| call.saturating_sub(6)..=(call + 14).min(disk.calls());
    let calls: Vec<_> = made.iter().flat_map(around).collect();
    recover_at(&history, test, &calls);
}

#[test]
fn a_crash_in_a_recovery_is_a_crash_like_any() {
    let test = "a_crash_in_a_recovery_is_a_crash_like_any";
    let setting = Setting {
        wal_segment_kib: 4,
        ..Setting::SMALL
    };
    let history = record("nested", 7, setting, 300);
    let calls = some_calls(&history.disk, 7, 170);
    assert!(calls.len() >= 160);
    let recoveries = every_crash(&walked(&history, test), &calls, |crash, disk| {
        // One of the four images, in turn; of some the recoveries crash once more.
        let turn = crash.call + crash.image;
        if turn % 4 != 0 {
            return Ok(0);
        }
        let depth = if turn % 240 == 0 { 2 } else { 1 };
        nested::crash_again(&history, disk, crash, depth)
    });
    println!(
        "nested: {} crash points: {recoveries} recoveries",
        calls.len()
    );
    score::tell(Row::NestedRecoveries, recoveries as u64);
}

#[test]
fn a_database_goes_on_from_every_one_of_many_crashes() {
    for seed in 0..6 {
        let seed = effort::seed(seed);
        let chain = lives::chain(seed, 60);
        let chain = chain.unwrap_or_else(|finding| panic!("seed {seed}: {finding}"));
        println!("seed {seed}: {chain:?}");
        assert!(chain.flushes > 0 && chain.compactions > 0 && chain.writes > 300);
        score::tell(Row::CrashRecoveries, chain.lives as u64);
    }
}
