//! Power lost at every call to the disk: a prefix of the records is left, and all acknowledged
//! ones are in it.

use crate::record::{Event, event, events, on, replay};
use grainstore::Durability;
use grainstore::fs::{CrashDisk, CrashImage};
use grainstore::journal::Journal;

/// A history of appends on a disk: what was promised and what was possible at each of its calls.
struct History {
    disk: CrashDisk,
    /// After so many calls the open had returned.
    opened: usize,
    /// After so many calls so many records were durable, ascending.
    durable: Vec<(usize, u64)>,
    /// After so many calls so many records had been given to the journal, ascending.
    given: Vec<(usize, u64)>,
}

impl History {
    fn new() -> Self {
        let disk = CrashDisk::new();
        Self {
            disk,
            opened: 0,
            durable: Vec::new(),
            given: Vec::new(),
        }
    }

    /// Notes that `records` are on their way from the next call on.
    fn give(&mut self, records: u64) {
        self.given.push((self.disk.calls(), records));
    }

    fn acknowledge(&mut self, records: u64) {
        self.durable.push((self.disk.calls(), records));
    }

    /// How many records must be there, and how many can be, when power is lost after `calls`.
    fn bounds(&self, calls: usize) -> (u64, u64) {
        let at = |points: &[(usize, u64)]| {
            let mut passed = points.iter().filter(|(at, _)| *at <= calls);
            passed.next_back().map_or(0, |(_, records)| *records)
        };
        (at(&self.durable), at(&self.given))
    }
}

/// Three lives of a journal with single records and groups, closed, dropped and reopened.
fn synced_history() -> History {
    let mut history = History::new();
    let mut next = 0;
    for life in 0..3 {
        let journal = on(&history.disk).open().unwrap();
        if life == 0 {
            history.opened = history.disk.calls();
        }
        for group in [1, 1, 6, 1, 17, 2] {
            history.give(next + group);
            match group {
                1 => journal.append(&event(next)).unwrap(),
                _ => journal.append_all(events(next..next + group)).unwrap(),
            }
            next += group;
            history.acknowledge(next);
        }
        if life == 1 {
            journal.close().unwrap();
        }
    }
    history
}

/// Appends that are synced only now and then.
fn buffered_history() -> History {
    let mut history = History::new();
    let mut next = 0;
    for life in 0..2 {
        let builder = on(&history.disk).durability(Durability::Buffered);
        let journal = builder.open().unwrap();
        if life == 0 {
            history.opened = history.disk.calls();
        }
        for step in 0..24 {
            history.give(next + 1);
            journal.append(&event(next)).unwrap();
            next += 1;
            if step % 9 == 8 {
                journal.sync().unwrap();
                history.acknowledge(next);
            }
        }
        journal.close().unwrap();
        history.acknowledge(next);
    }
    history
}

/// Opens what is left and goes on; answers with the records that were there.
fn recover(disk: &CrashDisk, told: &str) -> u64 {
    let before = replay(disk);
    let journal = on(disk).open().unwrap_or_else(|e| panic!("{told}: {e}"));
    let mut found = replay(disk).unwrap_or_else(|e| panic!("{told}: {e}"));
    match before {
        Ok(before) => assert_eq!(before, found, "{told}: readers saw what an open did not"),
        Err(e) => assert_eq!(
            e.io_kind(),
            Some(std::io::ErrorKind::NotFound),
            "{told}: {e}"
        ),
    }
    let count = found.len() as u64;
    assert!(found == events(0..count), "{told}: no prefix");
    journal.append(&event(999)).unwrap();
    found.push(event(999));
    assert!(replay(disk).unwrap() == found, "{told}: the next record");
    count
}

fn crash_everywhere(history: &History, seeds: u64) {
    let mut replayed = history.disk.replay();
    for calls in 0..=history.disk.calls() {
        replayed.advance_to(calls);
        let (least, most) = history.bounds(calls);
        for seed in 0..seeds {
            for image in CrashImage::all(seed << 32 | calls as u64) {
                let told = format!("power lost after call {calls}, {image:?}");
                let disk = replayed.image(image);
                if calls >= history.opened {
                    assert!(replay(&disk).is_ok(), "{told}: the file is gone");
                }
                let found = recover(&disk, &told);
                assert!(
                    (least..=most).contains(&found),
                    "{told}: {found} records, not {least} to {most}"
                );
            }
        }
    }
}

#[test]
fn acknowledged_records_survive_power_loss_after_any_call_as_a_prefix() {
    crash_everywhere(&synced_history(), 6);
}

#[test]
fn of_buffered_records_a_prefix_is_left_with_all_that_a_sync_covered() {
    crash_everywhere(&buffered_history(), 6);
}

#[test]
fn a_crash_in_the_repair_after_a_crash_loses_nothing_either() {
    let history = synced_history();
    let mut replayed = history.disk.replay();
    for calls in (0..=history.disk.calls()).step_by(3) {
        replayed.advance_to(calls);
        let (least, most) = history.bounds(calls);
        for image in CrashImage::all(calls as u64).into_iter().skip(2) {
            let disk = replayed.image(image);
            let journal = on(&disk).open().unwrap();
            let repaired = journal.count().unwrap();
            let opened = disk.calls();
            journal.append(&event(repaired)).unwrap();
            for again in 0..=disk.calls() {
                for second in CrashImage::all(again as u64) {
                    let told = format!("call {calls}, {image:?}, then call {again}, {second:?}");
                    let found = recover(&disk.image(again, second), &told);
                    let most = most.max(repaired + 1);
                    assert!((least..=most).contains(&found), "{told}: {found} records");
                    assert!(
                        again < opened || found >= repaired,
                        "{told}: {found} records"
                    );
                }
            }
        }
    }
}

#[test]
fn numbers_are_never_cut_to_other_numbers() {
    let disk = CrashDisk::new();
    let journal = on(&disk).open().unwrap();
    let all: Vec<u64> = (0..12).map(|n| 123_456_789_123 * (n + 1)).collect();
    journal.append_all(&all).unwrap();
    for calls in 1..=disk.calls() {
        for seed in 0..200 {
            for image in CrashImage::all(seed) {
                let after = disk.image(calls, image);
                let Ok(journal) = on(&after).open() else {
                    panic!("call {calls}, {image:?}");
                };
                let found: Vec<u64> = journal.records().unwrap().map(Result::unwrap).collect();
                assert!(
                    all.starts_with(&found),
                    "call {calls}, {image:?}: {found:?}"
                );
            }
        }
    }
}

#[test]
fn records_of_a_batch_window_reach_the_disk_without_another_call() {
    let disk = CrashDisk::new();
    let window = Durability::Batch(std::time::Duration::from_millis(1));
    let journal: Journal = on(&disk).durability(window).open().unwrap();
    for number in 0..3 {
        journal.append(&event(number)).unwrap();
        let durable = || replay(&disk.image(disk.calls(), CrashImage::DropUnsynced));
        while durable().unwrap() != events(0..number + 1) {
            std::thread::yield_now();
        }
    }
    drop(journal);
    let records: Vec<Event> = on(&disk)
        .open()
        .unwrap()
        .records()
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(records, events(0..3));
}
