//! Writes to a store with indexes, indexes built and let go, and power lost at every call of them.

use crate::walked_disk;
use grainstore::Durability;
use grainstore::clock::ManualClock;
use grainstore::fs::CrashDisk;
use grainstore_proof::accounts::check::everything;
use grainstore_proof::accounts::follower::followed;
use grainstore_proof::accounts::operation::{Account, AccountKey, Leave, Operation, operations};
use grainstore_proof::accounts::oracle::Model;
use grainstore_proof::accounts::run::{Accounts, Run, open};
use grainstore_proof::crash::{all_calls, every_crash};
use grainstore_proof::effort;
use grainstore_proof::score::{self, Row};
use grainstore_proof::versions::Point;

const OPERATIONS: usize = 250;

/// What was written, and the calls when each operation returned with the moment then.
struct Trace {
    disk: CrashDisk,
    model: Model,
    returned: Vec<(usize, Point)>,
}

/// A kill goes on with another disk, so a close stands in for it.
fn on_one_disk(operation: Operation) -> Operation {
    match operation {
        Operation::Reopen(Leave::Kill) => Operation::Reopen(Leave::Close),
        other => other,
    }
}

fn record(seed: u64) -> Trace {
    let mut run = Run::new(Durability::Sync);
    let mut returned = vec![(0, run.model.now())];
    for operation in operations(seed, OPERATIONS).into_iter().map(on_one_disk) {
        run.apply(&operation);
        returned.push((run.disk().calls(), run.model.now()));
    }
    Trace {
        disk: run.disk().clone(),
        model: run.model,
        returned,
    }
}

/// Whether exactly the accounts of `point` are there, with their expiries.
fn has(accounts: &Accounts, model: &Model, point: Point) -> grainstore::Result<bool> {
    let found: Result<Vec<_>, _> = accounts.iter().collect();
    let found = found?.into_iter().map(followed);
    let wanted = model.view_at(point).rows();
    Ok(found.eq(wanted.map(|(key, row)| (key, (row.account.clone(), row.expiry_ms)))))
}

fn recover(trace: &Trace, disk: &CrashDisk, call: usize) -> Result<usize, String> {
    let told = |error: grainstore::Error| error.to_string();
    let in_flight = trace.returned.partition_point(|(calls, _)| *calls <= call);
    let (_, acknowledged) = trace.returned[in_flight.saturating_sub(1)];
    let (_, next) = *trace
        .returned
        .get(in_flight)
        .unwrap_or(&trace.returned[in_flight - 1]);
    let clock = ManualClock::new(next.time_ms);
    let opened = open(disk, &clock, Durability::Sync, false);
    let (db, accounts) = opened.map_err(|e| format!("open failed: {e}"))?;
    let acknowledged = Point {
        time_ms: next.time_ms,
        ..acknowledged
    };
    let point = match has(&accounts, &trace.model, acknowledged).map_err(told)? {
        true => acknowledged,
        false if has(&accounts, &trace.model, next).map_err(told)? => next,
        false => return Err(format!("neither {acknowledged:?} nor {next:?} survived")),
    };
    everything(&accounts, trace.model.view_at(point), None);
    // Goes on: the indexes are kept, and open again.
    let key = AccountKey { tenant: 9, id: 9 };
    let account = Account {
        city: "after".to_owned(),
        tags: vec![99],
        email: Some("after".to_owned()),
        filler: Vec::new(),
    };
    accounts.put(&key, &account).map_err(told)?;
    db.close().map_err(told)?;
    drop((db, accounts));
    let opened = open(disk, &clock, Durability::Sync, false);
    let (_db, accounts) = opened.map_err(|e| format!("the second open failed: {e}"))?;
    if accounts.take(&key).map_err(told)?.as_ref() != Some(&account) {
        return Err("the write after the recovery is lost".to_owned());
    }
    everything(&accounts, trace.model.view_at(point), None);
    Ok(1)
}

#[test]
fn indexes_agree_with_their_store_after_a_crash_at_any_call() {
    let test = "indexes_agree_with_their_store_after_a_crash_at_any_call";
    let seed = effort::seed(14);
    let trace = record(seed);
    let walked = walked_disk(("indexed", seed), &trace.disk, test);
    let recoveries = every_crash(&walked, &all_calls(&trace.disk), |crash, image| {
        recover(&trace, image, crash.call)
    });
    println!(
        "indexed: {} calls: {recoveries} recoveries",
        trace.disk.calls()
    );
    score::tell(Row::CrashRecoveries, recoveries as u64);
}
