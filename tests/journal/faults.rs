//! Calls to the disk that fail: nothing acknowledged is lost, nothing more is acknowledged, and the
//! next open mends what is left.

use crate::clean_pages::CleanPagesDisk;
use crate::record::{Event, PATH, event, events, on, replay};
use grainstore::fs::{CrashDisk, CrashImage, FileSystem, OpenMode};
use grainstore::fs::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use grainstore::journal::{Journal, JournalBuilder};
use grainstore::{Durability, ErrorKind};
use std::path::Path;
use std::sync::Arc;

/// What a history of appends came to.
struct Outcome {
    acknowledged: u64,
    given: u64,
}

/// Two lives of a journal, each up to the first failure, from which on it has to refuse.
fn live(builder: &JournalBuilder) -> Outcome {
    let mut outcome = Outcome {
        acknowledged: 0,
        given: 0,
    };
    for _ in 0..2 {
        let Ok(journal) = builder.clone().open() else {
            return outcome;
        };
        for group in [1, 4, 1] {
            outcome.given += group;
            let group = events(outcome.given - group..outcome.given);
            let appended = match &group[..] {
                [one] => journal.append(one),
                all => journal.append_all(all),
            };
            match appended {
                Ok(()) => outcome.acknowledged = outcome.given,
                Err(first) => {
                    assert_eq!(first.kind(), ErrorKind::Io, "{first}");
                    let next = journal.append(&event(0)).unwrap_err();
                    assert!(next.is_latched(), "{next}");
                    assert!(next.to_string().contains(&first.to_string()), "{next}");
                    assert!(journal.sync().unwrap_err().is_latched());
                    return outcome;
                }
            }
        }
    }
    outcome
}

#[test]
fn no_call_that_fails_loses_what_was_acknowledged_or_panics() {
    let kinds = [
        FaultKind::Eio,
        FaultKind::Enospc,
        FaultKind::Eintr,
        FaultKind::ShortWrite,
    ];
    for kind in kinds {
        for mode in [FaultMode::Once, FaultMode::FromThenOn] {
            let mut failed = 0;
            for at in 0.. {
                let disk = CrashDisk::new();
                let faults = FaultDisk::new(Arc::new(disk.clone()));
                let calls = FaultCalls::All;
                faults.arm(Fault {
                    kind,
                    at,
                    mode,
                    calls,
                });
                let builder = Journal::builder(PATH).file_system(faults.clone());
                let outcome = live(&builder);
                if faults.fired() == 0 {
                    assert_eq!(outcome.acknowledged, 12);
                    break;
                }
                failed += 1;
                faults.disarm();
                check_after(
                    &disk,
                    &builder,
                    &outcome,
                    &format!("{kind:?} {mode:?} at {at}"),
                );
            }
            assert!(failed > 3, "{kind:?} strikes only {failed} calls");
        }
    }
}

/// Power lost now, and a reopen: all that was acknowledged is there, and more can be appended.
fn check_after(disk: &CrashDisk, builder: &JournalBuilder, outcome: &Outcome, told: &str) {
    let calls = disk.calls();
    let bounds = outcome.acknowledged..=outcome.given;
    for image in CrashImage::all(calls as u64) {
        let after = disk.image(calls, image);
        let journal = on(&after).open().unwrap();
        let found: Vec<Event> = journal.records().unwrap().map(Result::unwrap).collect();
        let count = found.len() as u64;
        assert!(found == events(0..count), "{told}, {image:?}: no prefix");
        assert!(
            bounds.contains(&count),
            "{told}, {image:?}: {count} records"
        );
    }
    let journal = builder.clone().open().unwrap();
    let count = journal.count().unwrap();
    assert!(bounds.contains(&count), "{told}: {count} records");
    journal.append(&event(count)).unwrap();
    let cut = disk.image(disk.calls(), CrashImage::DropUnsynced);
    assert_eq!(replay(&cut).unwrap(), events(0..count + 1), "{told}");
}

#[test]
fn what_a_reopen_shows_after_a_sync_that_forgot_its_pages_is_durable() {
    for durability in [Durability::Sync, Durability::Buffered] {
        for number in 1.. {
            let disk = CleanPagesDisk::default();
            disk.open(Path::new(PATH), OpenMode::CreateNew).unwrap();
            disk.fail_sync(number);
            let builder = Journal::builder(PATH).file_system(disk.clone());
            let builder = builder.durability(durability);
            let outcome = live(&builder);
            if disk.syncs() < number {
                break;
            }
            let journal = builder.open().unwrap();
            let shown: Vec<Event> = journal.records().unwrap().map(Result::unwrap).collect();
            assert!(shown.len() as u64 >= outcome.acknowledged);
            let cut = disk.after_power_cut();
            assert_eq!(
                replay(&cut).unwrap(),
                shown,
                "{durability:?}, sync {number}"
            );
        }
    }
}

#[test]
fn a_failure_is_told_to_all_that_share_the_journal_and_reading_goes_on() {
    let faults = FaultDisk::new(Arc::new(CrashDisk::new()));
    let builder = Journal::builder(PATH).file_system(faults.clone());
    let journal = builder.clone().open().unwrap();
    journal.append(&event(0)).unwrap();
    faults.arm(Fault {
        kind: FaultKind::Enospc,
        at: 0,
        mode: FaultMode::Once,
        calls: FaultCalls::Writes,
    });
    let clone = journal.clone();
    assert_eq!(
        journal.append(&event(1)).unwrap_err().path(),
        Some(Path::new(PATH))
    );
    assert!(clone.append(&event(2)).unwrap_err().is_latched());
    assert_eq!(builder.replay::<Event>().unwrap(), [event(0)]);
    assert!(clone.close().unwrap_err().is_latched());

    let journal = builder.clone().open().unwrap();
    assert!(journal.repaired().is_some());
    journal.append(&event(1)).unwrap();
    assert_eq!(builder.replay::<Event>().unwrap(), events(0..2));
}

#[test]
fn a_file_that_another_program_wrote_to_meanwhile_is_not_written_over() {
    let disk = CrashDisk::new();
    let journal = on(&disk).open().unwrap();
    journal.append(&event(0)).unwrap();
    let file = disk.open(Path::new(PATH), OpenMode::Write).unwrap();
    let end = file.len().unwrap();
    file.write_all_at(b"{\"Gone\":1}\n", end).unwrap();
    let error = journal.append(&event(2)).unwrap_err();
    assert!(error.is_corruption(), "{error}");
    assert!(journal.append(&event(2)).unwrap_err().is_latched());
    assert_eq!(replay(&disk).unwrap(), [event(0), Event::Gone(1)]);
}
