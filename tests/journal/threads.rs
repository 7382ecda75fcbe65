//! Threads side by side: one journal shared, readers that look on.

use crate::record::{Event, Scratch, event, on};
use grainstore::fs::{CrashDisk, FaultCalls, FaultDisk};
use grainstore::journal::Journal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_reader_sees_whole_records_only_while_another_thread_appends() {
    let file = Scratch::new("reader");
    let journal = Journal::open(&file.0).unwrap();
    let done = AtomicBool::new(false);
    let appended = 300;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..appended {
                journal.append(&event(number)).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        let mut seen = 0;
        loop {
            let is_last = done.load(Ordering::Acquire);
            let read = Journal::replay::<Event, _>(&file.0).unwrap();
            assert!(read.len() >= seen, "a record that was there is gone");
            seen = read.len();
            for (number, record) in (0..).zip(read) {
                assert_eq!(record, event(number));
            }
            if is_last {
                break;
            }
        }
        assert_eq!(seen as u64, appended);
    });
}

#[test]
fn a_reader_ends_where_the_journal_ended_when_it_began() {
    let disk = CrashDisk::new();
    let journal = on(&disk).open().unwrap();
    journal.append(&event(0)).unwrap();
    let mut records = journal.records::<Event>().unwrap();
    journal.append(&event(1)).unwrap();
    assert_eq!(records.next().unwrap().unwrap(), event(0));
    assert!(records.next().is_none() && records.next().is_none());
}

#[test]
fn threads_that_append_at_the_same_time_share_syncs_and_keep_their_own_order() {
    let (threads, each) = (8, 60);
    let faults = FaultDisk::new(Arc::new(CrashDisk::new()));
    let builder = Journal::builder("/shared.jsonl").file_system(faults.clone());
    let journal = builder.clone().open().unwrap();
    let syncs = faults.calls(FaultCalls::Syncs);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let journal = journal.clone();
            scope.spawn(move || {
                for number in 0..each {
                    match number % 3 {
                        0 => journal.append(&(thread, number)).unwrap(),
                        1 => {
                            let pair = [(thread, number), (thread, number + 1)];
                            journal.append_all(pair).unwrap();
                        }
                        _ => {} // the second one of the pair
                    }
                }
            });
        }
    });
    let syncs = faults.calls(FaultCalls::Syncs) - syncs;
    assert!(syncs <= threads * each * 2 / 3, "{syncs} syncs");
    drop(journal);

    let journal = builder.clone().open().unwrap();
    assert_eq!(journal.repaired(), None);
    let records = builder.replay::<(u64, u64)>().unwrap();
    assert_eq!(records.len() as u64, threads * each);
    let mut next = vec![0; threads as usize];
    for (thread, number) in &records {
        assert_eq!(next[*thread as usize], *number, "of thread {thread}");
        next[*thread as usize] += 1;
    }
    for pair in records.windows(2).filter(|pair| pair[0].1 % 3 == 1) {
        assert_eq!(
            pair[1],
            (pair[0].0, pair[0].1 + 1),
            "nothing stands between a group"
        );
    }
}
