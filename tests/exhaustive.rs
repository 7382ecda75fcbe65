//! Every short history there is, and power lost at every call of it.
//!
//! Most crash bugs that were ever found need three operations on a fresh database (Mohan et al.,
//! "Finding Crash-Consistency Bugs with Bounded Black-Box Crash Testing", OSDI 2018). So all
//! histories of up to five operations over eight verbs are enumerated, none is drawn. A history is
//! crashed during its last operation; crashes before are those of the shorter history that it
//! begins with, which has its own turn.

// What stands around the tests is test too; they use threads of their own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use grainstore::clock::{Clock, ManualClock};
use grainstore::engine::Engine;
use grainstore::fs::{CrashDisk, CrashImage};
use grainstore_proof::effort;
use grainstore_proof::engine_run::{DIR, START_MS, open};
use grainstore_proof::operation::{KeyName, Leave, Operation, ValueSpec, Write};
use grainstore_proof::recorded::Survivors;
use grainstore_proof::recovery::{self, Finding, check, recover_twice};
use grainstore_proof::score::{self, Row};
use grainstore_proof::setting::Setting;
use grainstore_proof::written::Written;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many verbs there are.
const VERBS: usize = 8;

/// The keys: `a`, and one behind it.
const A: KeyName = KeyName(3);
const B: KeyName = KeyName(6);
/// The end of ranges: behind both.
const END: KeyName = KeyName(8);

/// How long what expires lives; each operation takes [`STEP_MS`].
const TTL_MS: i64 = 5;
const STEP_MS: u64 = 3;

/// The operation of a verb as the `at`-th of a history; no two of a history write the same value.
fn operation(verb: usize, at: usize) -> Operation {
    let value = ValueSpec {
        len: 20,
        fill: 16 * at as u8,
    };
    match verb {
        0 => Operation::Write(Write::Put(A, value)),
        1 => Operation::Write(Write::PutTtl(A, value, TTL_MS)),
        2 => Operation::Write(Write::Delete(A)),
        3 => Operation::Write(Write::DeleteRange(A, END)),
        4 => Operation::Batch(vec![Write::Put(B, value), Write::Delete(A)]),
        5 => Operation::Flush,
        6 => Operation::Compact,
        _ => Operation::Reopen(Leave::Close, 4),
    }
}

/// History `number` of those of `length` operations: its digits to the base of [`VERBS`].
fn history(length: usize, mut number: usize) -> Vec<Operation> {
    let mut operations = Vec::with_capacity(length);
    for at in 0..length {
        operations.push(operation(number % VERBS, at));
        number /= VERBS;
    }
    operations
}

/// A history that ran.
struct Ran {
    disk: CrashDisk,
    written: Written,
    /// The calls, and the last write, before the last operation and after it.
    before: (usize, u64),
    after: (usize, u64),
    source_ms: u64,
}

fn run(operations: &[Operation]) -> Ran {
    let setting = Setting::SMALL;
    let (disk, clock) = (CrashDisk::new(), ManualClock::new(START_MS));
    let mut written = Written::nothing(setting, START_MS);
    let mut engine = open(&setting, &disk, &clock, 4);
    let mut before = (0, 0);
    for (at, operation) in operations.iter().enumerate() {
        // The calls of the first open belong to the first operation.
        if at > 0 {
            before = (disk.calls(), written.model.sequence());
        }
        clock.advance(STEP_MS);
        written.model.see_time(clock.now_ms());
        if let Operation::Reopen(..) = operation {
            engine.close().unwrap();
            drop(engine);
            engine = open(&setting, &disk, &clock, 4);
        } else {
            written.carry_out(&engine, operation).unwrap();
        }
    }
    let after = (disk.calls(), written.model.sequence());
    Ran {
        disk,
        written,
        before,
        after,
        source_ms: clock.now_ms(),
    }
}

/// Crashes a history at every call of its last operation; answers the recoveries.
fn crash(operations: &[Operation]) -> Result<u64, Finding> {
    let ran = run(operations);
    let (mut recoveries, mut replay) = (0, ran.disk.replay());
    for call in ran.before.0..=ran.after.0 {
        replay.advance_to(call);
        let allowed = Survivors {
            least: if call == ran.after.0 {
                ran.after.1
            } else {
                ran.before.1
            },
            most: ran.after.1,
        };
        for kind in CrashImage::all(call as u64) {
            let image = replay.image(kind);
            recover(&ran, &image, allowed, call).map_err(|finding| {
                let last = ran.disk.describe_call(call);
                format!("{finding}\n  {kind:?} at call {call}, {last}")
            })?;
            recoveries += 1;
        }
    }
    Ok(recoveries)
}

fn recover(ran: &Ran, image: &CrashDisk, allowed: Survivors, call: usize) -> Result<(), Finding> {
    if call.is_multiple_of(8) {
        return recover_twice(&ran.written, image, allowed, ran.source_ms, true);
    }
    let options = recovery::options(&Setting::SMALL, Arc::new(image.clone()), ran.source_ms);
    let engine = Engine::open(Path::new(DIR), options).map_err(|e| format!("open failed: {e}"))?;
    check(&ran.written, &engine, allowed, Some(false))?;
    Ok(())
}

/// Every history of `length` operations, on two threads; answers how many, and the recoveries.
fn all_of(length: usize) -> (u64, u64) {
    let (next, count) = (AtomicUsize::new(0), VERBS.pow(length as u32));
    let one_thread = || {
        let mut recoveries = 0;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return recoveries;
            }
            let operations = history(length, number);
            match crash(&operations) {
                Ok(made) => recoveries += made,
                Err(finding) => {
                    next.store(count, Ordering::Relaxed);
                    panic!(
                        "{finding}\n  {operations:?}\n  \
                         GRAIN_HISTORY={length}:{number} cargo test --test exhaustive"
                    );
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(one_thread), scope.spawn(one_thread)];
        let recoveries = threads.into_iter().map(|thread| thread.join().unwrap());
        (count as u64, recoveries.sum())
    })
}

/// The one history that the environment asks for.
fn wanted() -> Option<Vec<Operation>> {
    let text = std::env::var("GRAIN_HISTORY").ok()?;
    let (length, number) = text.split_once(':')?;
    Some(history(length.parse().ok()?, number.parse().ok()?))
}

#[test]
fn every_history_of_up_to_five_operations_survives_power_loss_at_every_call() {
    if let Some(operations) = wanted() {
        crash(&operations).unwrap_or_else(|finding| panic!("{finding}"));
        return;
    }
    // The deep tier has time for one operation more.
    let longest = if effort::times() > 1 { 6 } else { 5 };
    let (mut histories, mut recoveries) = (0, 0);
    for length in 1..=longest {
        let (ran, recovered) = all_of(length);
        histories += ran;
        recoveries += recovered;
    }
    assert!(histories >= 37_448 && recoveries > 10 * histories);
    score::tell(Row::ExhaustiveHistories, histories);
    score::tell(Row::ExhaustiveRecoveries, recoveries);
}
