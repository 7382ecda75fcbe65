//! Power lost at every call: what was acknowledged is there, whole, in order, without a repair.
//!
//! Histories of a thousand commits and more run on a simulated disk with everything small, so that
//! memtables, log segments, tables and levels turn over all the time. At every call of such a
//! history four kinds of disks that a power cut may leave are opened and compared with the model,
//! record by record. A failure prints the line that replays it; histories with more than one thread
//! make other calls on each run, so theirs may need several tries.

// What stands around the tests is test too; they use threads of their own.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "crash/history.rs"]
mod history;
#[path = "crash/model.rs"]
mod model;
#[path = "crash/recovery.rs"]
mod recovery;
#[path = "crash/reproducers.rs"]
mod reproducers;
#[path = "crash/walk.rs"]
mod walk;

use grainstore::engine::{Background, Durability};
use history::{History, Setup};
use recovery::recover_twice;
use walk::{all_calls, every_crash, some_calls};

/// Recovers each image of a crash at `calls`; answers how many there were.
fn recover_at(history: &History, test: &str, calls: &[usize]) -> usize {
    let recoveries = every_crash(history, test, calls, |crash, disk| {
        let allowed = history.survivors_at(crash.call, crash.keeps_all());
        let now_ms = history.time_at(crash.call);
        let verify = crash.call % 16 == 0;
        recover_twice(history, disk, &allowed, now_ms, verify)?;
        Ok(1)
    });
    let (setup, calls) = (&history.setup, history.disk.calls());
    println!(
        "{}: {} commits of {} writers, {calls} calls, {} flushes, {} compactions: \
         {recoveries} recoveries",
        setup.name, setup.commits, setup.writers, history.flushes, history.compactions
    );
    recoveries
}

#[test]
fn acknowledged_commits_survive_power_loss_at_every_call() {
    let test = "acknowledged_commits_survive_power_loss_at_every_call";
    let history = History::record(Setup {
        reopen_every: 190,
        upkeep_every: 130,
        ..Setup::new("alone", 1, 1_000)
    });
    assert!(history.flushes >= 20 && history.compactions >= 20);
    recover_at(&history, test, &all_calls(&history));
}

#[test]
fn acknowledged_commits_survive_where_work_runs_beside_the_writer() {
    let test = "acknowledged_commits_survive_where_work_runs_beside_the_writer";
    let history = History::record(Setup {
        background: Background::Thread,
        memtable_bytes: 4 << 10,
        wal_segment_bytes: 4 << 10,
        ..Setup::new("beside", 2, 300)
    });
    recover_at(&history, test, &all_calls(&history));
}

#[test]
fn acknowledged_commits_of_four_writers_survive() {
    let test = "acknowledged_commits_of_four_writers_survive";
    let history = History::record(Setup {
        writers: 4,
        background: Background::Thread,
        ..Setup::new("together", 3, 150)
    });
    recover_at(&history, test, &all_calls(&history));
}

#[test]
fn buffered_commits_that_survive_are_a_prefix() {
    let test = "buffered_commits_that_survive_are_a_prefix";
    let history = History::record(Setup {
        durability: Durability::Buffered,
        reopen_every: 170,
        upkeep_every: 90,
        level_ratio: 2,
        ..Setup::new("buffered", 4, 600)
    });
    recover_at(&history, test, &all_calls(&history));
}

#[test]
fn batched_commits_that_survive_are_a_prefix() {
    let test = "batched_commits_that_survive_are_a_prefix";
    let history = History::record(Setup {
        durability: Durability::Batch(std::time::Duration::from_micros(300)),
        upkeep_every: 90,
        ..Setup::new("batched", 5, 400)
    });
    recover_at(&history, test, &some_calls(&history, 1_000));
}
