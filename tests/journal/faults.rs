//! Calls to the disk that fail: nothing acknowledged is lost, nothing more is acknowledged, and the
//! next open mends what is left.

use crate::clean_pages::CleanPagesDisk;
use crate::record::{Event, PATH, event, events, on, replay};
use grainstore::fs::{CrashDisk, CrashImage, FileSystem, OpenMode};
use grainstore::fs::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode, QuotaDisk};
use grainstore::journal::{Journal, JournalBuilder};
use grainstore::{Durability, ErrorKind};
use std::path::Path;
use std::sync::Arc;

/// What a history of appends came to.
struct Outcome {
    acknowledged: u64,
    given: u64,
}

/// Two lives of a journal, each up to the first failure that leaves something in doubt, from which
/// on it has to refuse. What was refused without a doubt is tried again, once.
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
            let append = || match &group[..] {
                [one] => journal.append(one),
                all => journal.append_all(all),
            };
            let Err(first) = append() else {
                outcome.acknowledged = outcome.given;
                continue;
            };
            let kinds = [ErrorKind::Io, ErrorKind::StorageFull];
            assert!(kinds.contains(&first.kind()), "{first}");
            let Err(next) = append() else {
                outcome.acknowledged = outcome.given;
                continue;
            };
            if next.is_latched() {
                assert!(next.to_string().contains(&first.to_string()), "{next}");
                assert!(journal.sync().unwrap_err().is_latched());
            } else {
                assert!(kinds.contains(&next.kind()), "{next}");
            }
            return outcome;
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
                    assert_eq!(outcome.acknowledged, 12, "{kind:?} at {at}");
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
fn a_full_disk_refuses_a_record_and_takes_it_when_there_is_space_again() {
    let whole = {
        let disk = CrashDisk::new();
        let journal = on(&disk).open().unwrap();
        journal.append(&event(0)).unwrap();
        journal.append_all(events(1..6)).unwrap();
        journal.bytes()
    };
    for durability in [Durability::Sync, Durability::Buffered] {
        for quota in 25..whole {
            let disk = CrashDisk::new();
            let full = QuotaDisk::new(Arc::new(disk.clone()), quota);
            let builder = Journal::builder(PATH).file_system(full.clone());
            let journal = builder.durability(durability).open().unwrap();
            let mut kept = 0;
            let mut append = |records: std::ops::Range<u64>| {
                let group = events(records.clone());
                if let Err(error) = journal.append_all(&group) {
                    assert!(error.is_storage_full(), "{error}");
                    assert_eq!(journal.count().unwrap(), records.start, "at {quota}");
                    full.set_quota(1 << 20);
                    journal.append_all(&group).unwrap();
                    kept += 1;
                }
            };
            append(0..1);
            append(1..6);
            assert_eq!(kept, 1, "refused at {quota}");
            journal.sync().unwrap();
            assert_eq!(replay(&disk).unwrap(), events(0..6));
        }
    }
}

#[test]
fn what_a_full_disk_took_back_is_in_no_image_of_a_later_crash() {
    for space in (0..2000).step_by(37) {
        let disk = CrashDisk::new();
        let full = QuotaDisk::new(Arc::new(disk.clone()), 1 << 20);
        let builder = Journal::builder(PATH).file_system(full.clone());
        let journal = builder.open().unwrap();
        journal.append(&event(0)).unwrap();
        full.set_quota(full.used() + space);
        let refused = journal.append_all(vec![Event::Gone(99); 300]);
        assert!(refused.unwrap_err().is_storage_full());
        let taken_back = disk.calls();
        full.set_quota(1 << 20);
        journal.append_all(events(1..6)).unwrap();
        for calls in taken_back..=disk.calls() {
            for seed in 0..40 {
                for image in CrashImage::all(seed << 32 | calls as u64) {
                    let after = disk.image(calls, image);
                    let journal = on(&after).open().unwrap();
                    let read: Result<Vec<Event>, _> = journal.records().unwrap().collect();
                    let read = read.unwrap_or_else(|e| panic!("{space}, {calls}, {image:?}: {e}"));
                    assert!(
                        read == events(0..read.len() as u64),
                        "{space}, {calls}, {image:?}"
                    );
                }
            }
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
        kind: FaultKind::Eio,
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
