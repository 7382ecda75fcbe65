//! Power lost at every call: what was acknowledged is there, whole, in order, without a repair.
//!
//! Histories of a thousand commits and more run on a simulated disk with everything small, so that
//! memtables, log segments, tables and levels turn over all the time. At every call of such a
//! history four kinds of disks that a power cut may leave are opened and compared with the model,
//! record by record. A failure prints the line that replays it; histories with more than one thread
//! make other calls on each run, so theirs may need several tries.

// What stands around the tests is test too; they use threads of their own.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "crash/bulk.rs"]
mod bulk;
#[path = "crash/history.rs"]
mod history;
#[path = "crash/indexed.rs"]
mod indexed;
#[path = "crash/lives.rs"]
mod lives;
#[path = "crash/model.rs"]
mod model;
#[path = "crash/nested.rs"]
mod nested;
#[path = "crash/recovery.rs"]
mod recovery;
#[path = "crash/reproducers.rs"]
mod reproducers;
#[path = "crash/typed.rs"]
mod typed;
#[path = "crash/walk.rs"]
mod walk;

use grainstore::engine::{Background, Durability};
use history::{History, Setup, TIERED};
use model::Keys;
use recovery::recover_twice;
use walk::{all_calls, every_crash, some_calls};

/// Many keys and small levels, so that tables wander down several of them.
const WIDE: Setup = Setup {
    keys: Keys {
        count: 500,
        bytes_least: 0,
    },
    level1_bytes: 8 << 10,
    level_ratio: 2,
    ..Setup::new("alone", 1, 1_200)
};

/// Recovers each image of a crash at `calls`; answers how many there were.
fn recover_at(history: &History, test: &str, calls: &[usize]) -> usize {
    let recorded = (&history.setup, &history.disk);
    let recoveries = every_crash(recorded, test, calls, |crash, disk| {
        let allowed = history.survivors_at(crash.call, crash.keeps_all());
        let now_ms = history.time_at(crash.call);
        let verify = crash.call % 16 == 0;
        recover_twice(history, disk, &allowed, now_ms, verify)?;
        Ok(1)
    });
    let (setup, calls) = (&history.setup, history.disk.calls());
    println!(
        "{}: {} commits of {} writers, {calls} calls, {} flushes, {} compactions, level {}: \
         {recoveries} recoveries",
        setup.name,
        setup.commits,
        setup.writers,
        history.flushes,
        history.compactions,
        history.deepest
    );
    recoveries
}

#[test]
fn acknowledged_commits_survive_power_loss_at_every_call() {
    let test = "acknowledged_commits_survive_power_loss_at_every_call";
    let history = History::record(Setup {
        reopen_every: 190,
        upkeep_every: 330,
        ..WIDE
    });
    assert!(history.flushes >= 50 && history.compactions >= 50 && history.deepest >= 3);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn acknowledged_commits_survive_where_work_runs_beside_the_writer() {
    let test = "acknowledged_commits_survive_where_work_runs_beside_the_writer";
    let history = History::record(Setup {
        background: Background::Thread,
        memtable_bytes: 4 << 10,
        wal_segment_bytes: 4 << 10,
        name: "beside",
        seed: 2,
        ..WIDE
    });
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn acknowledged_commits_survive_with_size_tiered_compaction() {
    let test = "acknowledged_commits_survive_with_size_tiered_compaction";
    let history = History::record(Setup {
        compaction: TIERED,
        reopen_every: 190,
        name: "tiered",
        seed: 8,
        ..WIDE
    });
    assert!(history.flushes >= 50 && history.compactions >= 20 && history.deepest == 6);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn acknowledged_commits_survive_where_every_reopen_changes_the_style_of_compaction() {
    let test = "acknowledged_commits_survive_where_every_reopen_changes_the_style_of_compaction";
    let history = History::record(Setup {
        switches: true,
        reopen_every: 150,
        upkeep_every: 330,
        name: "switching",
        seed: 9,
        ..WIDE
    });
    assert!(history.flushes >= 50 && history.compactions >= 30 && history.deepest == 6);
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn acknowledged_commits_of_four_writers_survive() {
    let test = "acknowledged_commits_of_four_writers_survive";
    let history = History::record(Setup {
        writers: 4,
        background: Background::Thread,
        ..Setup::new("together", 3, 150)
    });
    recover_at(&history, test, &all_calls(&history.disk));
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
    recover_at(&history, test, &all_calls(&history.disk));
}

#[test]
fn batched_commits_that_survive_are_a_prefix() {
    let test = "batched_commits_that_survive_are_a_prefix";
    let history = History::record(Setup {
        durability: Durability::Batch(std::time::Duration::from_micros(300)),
        upkeep_every: 90,
        ..Setup::new("batched", 5, 400)
    });
    recover_at(&history, test, &some_calls(&history.disk, 5, 1_000));
}

#[test]
fn a_manifest_that_is_written_anew_loses_nothing() {
    let test = "a_manifest_that_is_written_anew_loses_nothing";
    let history = History::record(Setup {
        memtable_bytes: 4 << 10,
        keys: Keys {
            count: 96,
            bytes_least: 6_000,
        },
        ..Setup::new("rewritten", 6, 120)
    });
    let disk = &history.disk;
    let mut made = all_calls(disk);
    let manifest = format!("create or link {}/manifest-", history::DIR);
    made.retain(|&call| disk.describe_call(call).starts_with(&manifest));
    assert!(made.len() > 1, "the manifest was never written anew");
    let around = |&call: &usize| call.saturating_sub(6)..=(call + 14).min(disk.calls());
    let calls: Vec<_> = made.iter().flat_map(around).collect();
    recover_at(&history, test, &calls);
}

#[test]
fn a_crash_in_a_recovery_is_a_crash_like_any() {
    let test = "a_crash_in_a_recovery_is_a_crash_like_any";
    let history = History::record(Setup {
        reopen_every: 90,
        wal_segment_bytes: 4 << 10,
        memtable_bytes: 6 << 10,
        ..Setup::new("nested", 7, 300)
    });
    let calls = some_calls(&history.disk, 7, 250);
    assert!(calls.len() >= 200);
    let recorded = (&history.setup, &history.disk);
    let recoveries = every_crash(recorded, test, &calls, |crash, disk| {
        // One of the four images, in turn; of some the recoveries crash once more.
        let turn = crash.call + crash.image;
        if turn % 4 != 0 {
            return Ok(0);
        }
        let depth = if turn % 80 == 0 { 2 } else { 1 };
        nested::crash_again(&history, disk, crash, depth)
    });
    println!(
        "nested: {} crash points: {recoveries} recoveries",
        calls.len()
    );
}

#[test]
fn a_database_goes_on_from_every_one_of_many_crashes() {
    for seed in 0..6 {
        let mut history = History::unwritten(Setup::new("lives", seed, 1_500));
        let chain = lives::chain(&mut history);
        let chain = chain.unwrap_or_else(|finding| panic!("seed {seed}: {finding}"));
        println!("seed {seed}: {chain:?}");
        assert!(chain.lives > 50 && chain.flushes > 0 && chain.compactions > 0);
    }
}
