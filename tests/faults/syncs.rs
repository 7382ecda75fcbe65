//! A sync that fails and takes its pages with it: what a reopen shows must be durable from then on.

use crate::SMALL;
use crate::clean_pages::CleanPagesDisk;
use crate::run::History;
use grainstore::clock::ManualClock;
use grainstore::engine::{Durability, Engine};
use grainstore_proof::effort;
use grainstore_proof::engine_run::{DIR, START_MS};
use grainstore_proof::generate::changes;
use grainstore_proof::operation::Operation;
use grainstore_proof::recorded::Survivors;
use grainstore_proof::recovery::{Finding, check, recover_twice};
use grainstore_proof::score::{self, Row};
use grainstore_proof::setting::Setting;
use grainstore_proof::written::Written;
use std::path::Path;
use std::sync::Arc;

/// Writes until something fails; answers what was written, the last of it perhaps in doubt, and
/// the last write that was acknowledged.
fn write(history: &History, disk: &CleanPagesDisk) -> (Written, u64) {
    let clock = ManualClock::new(START_MS);
    let mut written = Written::nothing(history.setting, START_MS);
    let open = |memtable_kib| {
        let mut options = history.setting.options(memtable_kib);
        options.file_system = Arc::new(disk.clone());
        options.clock = Arc::new(clock.clone());
        Engine::open(Path::new(DIR), options)
    };
    let mut opened = open(4);
    for operation in &history.operations {
        let acknowledged = written.model.sequence();
        let Ok(engine) = &opened else {
            return (written, acknowledged);
        };
        match operation {
            Operation::ClockStep(ms) => {
                clock.advance(*ms);
                written.model.see_time(engine.now_ms());
            }
            Operation::Reopen(_, memtable_kib) => {
                drop(opened);
                opened = open(*memtable_kib);
            }
            _ => {
                if written.carry_out(engine, operation).is_err() {
                    written.apply(operation);
                    return (written, acknowledged);
                }
            }
        }
    }
    let acknowledged = written.model.sequence();
    (written, acknowledged)
}

/// Fails sync `number`, reopens as another process would, and then cuts the power.
fn fail_and_reopen(history: &History, number: u64) -> Result<bool, Finding> {
    let disk = CleanPagesDisk::default();
    disk.fail_sync(number);
    let (written, acknowledged) = write(history, &disk);
    if disk.syncs() < number {
        return Ok(false);
    }
    let from = |least| Survivors {
        least,
        most: written.model.sequence(),
    };
    let is_durable = history.setting.durability == Durability::Sync;
    let durable = if is_durable { acknowledged } else { 0 };
    let now_ms = written.model.now_ms();
    let cut = disk.after_power_cut();
    recover_twice(&written, &cut, from(durable), now_ms, true)
        .map_err(|finding| format!("power lost after the failure: {finding}"))?;
    // Where the failure struck the last close, nothing has been refused.
    disk.fail_sync(0);
    let mut options = history.setting.options(4);
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(ManualClock::new(now_ms));
    let engine = Engine::open(Path::new(DIR), options).map_err(|e| format!("reopen: {e}"))?;
    let found = check(&written, &engine, from(acknowledged), Some(false))?;
    for moment in ["after the reopen", "after the close"] {
        let cut = disk.after_power_cut();
        recover_twice(&written, &cut, Survivors::exactly(found), now_ms, true)
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
    every_sync_fails(Setting {
        durability: Durability::Buffered,
        ..SMALL
    });
}

fn every_sync_fails(setting: Setting) {
    let history = History {
        setting,
        operations: changes(effort::seed(11), 70),
    };
    for number in 1.. {
        match fail_and_reopen(&history, number) {
            Ok(true) => {}
            Ok(false) => {
                assert!(number > 50, "{number} syncs in all");
                score::tell(Row::FailingCalls, number - 1);
                println!("{} syncs failed, each with its pages", number - 1);
                break;
            }
            Err(finding) => panic!("sync {number}: {finding}"),
        }
    }
}
