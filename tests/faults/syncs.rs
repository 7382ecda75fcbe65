//! A sync that fails and takes its pages with it: what a reopen shows must be durable from then on.

use crate::SMALL;
use crate::clean_pages::CleanPagesDisk;
use crate::history::{DIR, History, Setup, Survivors};
use crate::recovery::{Finding, check, recover_twice};
use grainstore::clock::ManualClock;
use grainstore::engine::{Durability, Engine};
use std::path::Path;
use std::sync::Arc;

/// Writes until something fails; answers how many commits were acknowledged, and whether one is in
/// doubt.
fn write(history: &History, disk: &CleanPagesDisk) -> (usize, bool) {
    let clock = ManualClock::new(0);
    let mut engine = None;
    for (number, commit) in history.scripts[0].commits.iter().enumerate() {
        if number % history.setup.reopen_every == 0 {
            engine = None;
        }
        let options = history.setup.options(Arc::new(disk.clone()), &clock);
        let opened = engine
            .take()
            .map_or_else(|| Engine::open(Path::new(DIR), options), Ok);
        let Ok(opened) = opened else {
            return (number, false);
        };
        clock.set(commit.time_ms);
        if opened.write(commit.batch()).is_err() {
            return (number, true);
        }
        engine = Some(opened);
    }
    (history.setup.commits, false)
}

/// Fails sync `number`, reopens as another process would, and then cuts the power.
fn fail_and_reopen(history: &History, number: u64) -> Result<bool, Finding> {
    let disk = CleanPagesDisk::default();
    disk.fail_sync(number);
    let (acknowledged, in_doubt) = write(history, &disk);
    if disk.syncs() < number {
        return Ok(false);
    }
    let from = |least| {
        let most = acknowledged + usize::from(in_doubt);
        [Survivors { least, most }]
    };
    let is_durable = history.setup.durability == Durability::Sync;
    let durable = if is_durable { acknowledged } else { 0 };
    let now_ms = history.scripts[0].end_ms();
    let cut = disk.after_power_cut();
    recover_twice(history, &cut, &from(durable), now_ms, true)
        .map_err(|finding| format!("power lost after the failure: {finding}"))?;
    // Where the failure struck the last close, nothing has been refused.
    disk.fail_sync(0);
    let clock = ManualClock::new(now_ms);
    let options = history.setup.options(Arc::new(disk.clone()), &clock);
    let engine = Engine::open(Path::new(DIR), options).map_err(|e| format!("reopen: {e}"))?;
    let found = check(history, &engine, &from(acknowledged), now_ms)?[0];
    let exactly = [Survivors {
        least: found,
        most: found,
    }];
    for moment in ["after the reopen", "after the close"] {
        let cut = disk.after_power_cut();
        recover_twice(history, &cut, &exactly, now_ms, true)
            .map_err(|finding| format!("power lost {moment}: {finding}"))?;
        engine.close().map_err(|e| e.to_string())?;
    }
    Ok(true)
}

#[test]
fn what_a_reopen_shows_after_a_failed_sync_is_durable() {
    every_sync_fails(SMALL);
}

#[test]
fn what_a_reopen_shows_of_buffered_commits_after_a_failed_sync_is_durable() {
    every_sync_fails(Setup {
        durability: Durability::Buffered,
        ..SMALL
    });
}

fn every_sync_fails(setup: Setup) {
    let history = History::unwritten(setup);
    for number in 1.. {
        match fail_and_reopen(&history, number) {
            Ok(true) => {}
            Ok(false) => {
                assert!(number > 50, "{number} syncs in all");
                println!("{} syncs failed, each with its pages", number - 1);
                break;
            }
            Err(finding) => panic!("sync {number}: {finding}"),
        }
    }
}
