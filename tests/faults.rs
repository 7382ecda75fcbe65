//! Every call fails once, and then all of them from it on: no panic, no loss, no false promise.
//!
//! A small history runs on a simulated disk whose n-th call fails, for every n until the call never
//! comes. The failure is reported; where it leaves in doubt what is on disk, writes are refused
//! from then on, otherwise they go on with the disk; reads go on always; a reopen, with or without
//! a power cut before it, finds every acknowledged commit. A failure of the test prints the line
//! that replays it.

// What stands around the tests is test too; they use threads of their own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "faults/clean_pages.rs"]
mod clean_pages;
#[path = "faults/reproducers.rs"]
mod reproducers;
#[path = "faults/run.rs"]
mod run;
#[path = "faults/syncs.rs"]
mod syncs;
#[path = "faults/unreadable.rs"]
mod unreadable;
#[path = "faults/work.rs"]
mod work;

use grainstore::fs::{Fault, FaultCalls, FaultKind, FaultMode};
use grainstore_proof::effort;
use grainstore_proof::generate::changes;
use grainstore_proof::recovery::Finding;
use grainstore_proof::score::{self, Row};
use grainstore_proof::setting::{Setting, Style};
use run::{History, Outcome, run};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Operations of a history: enough for flushes, compactions, rolls and reopens in a few hundred
/// calls.
const OPERATIONS: usize = 70;

const SMALL: Setting = Setting {
    level1_kib: 4,
    wal_segment_kib: 4,
    ..Setting::SMALL
};

/// The same with size-tiered compaction, no hash index and tables that are read back.
const TIERED: Setting = Setting {
    style: Style::SizeTiered,
    hash_index: false,
    verify_new_tables: true,
    ..SMALL
};

/// The same with the work on a thread of its own, so that calls come in another order each time.
const BESIDE: Setting = Setting {
    thread: true,
    ..SMALL
};

/// Runs `fault`, a panic being a failure as any other, told with the line that replays it.
fn told(history: &History, fault: Fault, test: &str) -> Result<Outcome, Finding> {
    let Fault { kind, at, mode, .. } = fault;
    let done = catch_unwind(AssertUnwindSafe(|| run(history, fault)));
    let done = done.unwrap_or_else(|_| Err("a panic".to_owned()));
    done.map_err(|finding| {
        let seed = effort::replay_prefix();
        format!(
            "{finding}\n  {seed}GRAIN_FAULT={kind:?}:{mode:?}:{at} cargo test --test faults {test}"
        )
    })
}

/// Which calls fail, and how.
type Which = (FaultKind, FaultMode, FaultCalls);

/// Lets every `n`-th call of `calls` fail, for every n, on two threads.
fn every_call_fails(setting: Setting, (kind, mode, calls): Which, test: &str) {
    let operations = changes(effort::seed(11), OPERATIONS);
    let history = History {
        setting,
        operations,
    };
    let wanted = std::env::var("GRAIN_FAULT").ok();
    let at = |at| Fault {
        kind,
        at,
        mode,
        calls,
    };
    if let Some(wanted) = wanted {
        let number = wanted.strip_prefix(&format!("{kind:?}:{mode:?}:"));
        if let Some(number) = number {
            told(&history, at(number.parse().unwrap()), test).unwrap();
        }
        return;
    }
    let (next, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let one_thread = || {
        let (mut faults, mut failed, mut recoveries) = (0, 0, 0);
        let mut findings = Vec::new();
        while !over.load(Ordering::Relaxed) && findings.len() < 3 {
            match told(&history, at(next.fetch_add(1, Ordering::Relaxed)), test) {
                Ok(outcome) if outcome.fired == 0 => over.store(true, Ordering::Relaxed),
                Ok(outcome) => {
                    faults += 1;
                    failed += usize::from(outcome.failed);
                    recoveries += outcome.recoveries;
                }
                Err(finding) => findings.push(finding),
            }
        }
        (faults, failed, recoveries, findings)
    };
    let (mut faults, mut failed, mut recoveries, mut findings) = (0, 0, 0, Vec::new());
    std::thread::scope(|scope| {
        let threads = [scope.spawn(one_thread), scope.spawn(one_thread)];
        for thread in threads {
            let (one, two, three, found) = thread.join().unwrap();
            faults += one;
            failed += two;
            recoveries += three;
            findings.extend(found);
        }
    });
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    assert!(faults > 100, "the history made few calls");
    score::tell(Row::FailingCalls, faults);
    println!("{kind:?} {mode:?}: {faults} faults, {failed} reported, {recoveries} recoveries");
}

macro_rules! every_call {
    ($($test:ident: $setup:ident $kind:ident $mode:ident $calls:ident,)*) => {$(
        #[test]
        fn $test() {
            let which = (FaultKind::$kind, FaultMode::$mode, FaultCalls::$calls);
            every_call_fails($setup, which, stringify!($test));
        }
    )*};
}

every_call! {
    any_call_may_fail_once: SMALL Eio Once All,
    the_device_may_fail_from_any_call_on: SMALL Eio FromThenOn All,
    the_disk_may_be_full_once: SMALL Enospc Once All,
    the_disk_may_be_full_from_any_call_on: SMALL Enospc FromThenOn All,
    any_call_may_be_interrupted_once: SMALL Eintr Once All,
    every_second_call_may_be_interrupted: SMALL Eintr FromThenOn All,
    a_write_may_be_short: SMALL ShortWrite Once All,
    all_writes_may_be_short: SMALL ShortWrite FromThenOn All,
    writes_may_fail_from_any_on: SMALL Enospc FromThenOn Writes,
    syncs_may_fail_from_any_on: SMALL Eio FromThenOn Syncs,
    reads_may_fail_from_any_on: SMALL Eio FromThenOn Reads,
    names_may_fail_from_any_on: SMALL Eio FromThenOn Names,
    any_call_may_fail_once_with_size_tiered_compaction: TIERED Eio Once All,
    the_device_may_fail_from_any_call_on_with_size_tiered_compaction: TIERED Eio FromThenOn All,
    the_disk_may_be_full_once_with_size_tiered_compaction: TIERED Enospc Once All,
    the_disk_may_be_full_from_any_call_on_with_size_tiered_compaction: TIERED Enospc FromThenOn All,
    any_call_may_be_interrupted_once_with_size_tiered_compaction: TIERED Eintr Once All,
    every_second_call_may_be_interrupted_with_size_tiered_compaction: TIERED Eintr FromThenOn All,
    a_write_may_be_short_with_size_tiered_compaction: TIERED ShortWrite Once All,
    any_call_may_fail_once_where_work_runs_beside: BESIDE Eio Once All,
    the_disk_may_be_full_from_any_call_on_where_work_runs_beside: BESIDE Enospc FromThenOn All,
}
