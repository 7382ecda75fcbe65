//! The asynchronous form: the same records, and futures that may be dropped at any moment.

use crate::record::{Event, PATH, Scratch, event, events, on, replay};
use grainstore::ErrorKind;
use grainstore::fs::{CrashDisk, Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use grainstore::journal::{AsyncJournal, Journal};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Polls `future` once and drops it; what it answered, if it was ready.
async fn poll_and_drop<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn awaited_appends_come_back_as_they_were_and_in_their_order() {
    let file = Scratch::new("async");
    runtime().block_on(async {
        let journal = AsyncJournal::open(&file.0).await.unwrap();
        for number in 0..20 {
            journal.append(&event(number)).await.unwrap();
        }
        journal.append_all(events(20..400)).await.unwrap();
        journal.append_all(Vec::<Event>::new()).await.unwrap();
        let replayed = AsyncJournal::replay::<Event, _>(&file.0).await.unwrap();
        assert_eq!(replayed, events(0..400));
        let error = AsyncJournal::open(&file.0).await.unwrap_err();
        assert!(error.is_locked(), "{error}");
        journal.close().await.unwrap();
        assert_eq!(
            journal.append(&1).await.unwrap_err().kind(),
            ErrorKind::Closed
        );
    });
    assert_eq!(
        Journal::replay::<Event, _>(&file.0).unwrap(),
        events(0..400)
    );
}

#[test]
fn a_stream_gives_every_record_once_though_its_futures_are_dropped() {
    let disk = CrashDisk::new();
    on(&disk)
        .open()
        .unwrap()
        .append_all(events(0..700))
        .unwrap();
    runtime().block_on(async {
        let journal = AsyncJournal::open_with(on(&disk)).await.unwrap();
        let mut records = journal.records::<Event>().await.unwrap();
        for number in 0..700 {
            // Where nothing is read ahead, the first poll mostly begins to read and is not ready.
            let record = match poll_and_drop(records.next()).await {
                Some(record) => record,
                None => records.next().await,
            };
            assert_eq!(record.unwrap().unwrap(), event(number));
        }
        assert!(records.next().await.is_none() && records.next().await.is_none());
    });
}

#[test]
fn a_dropped_append_is_there_whole_in_its_place_or_not_at_all() {
    let disk = CrashDisk::new();
    runtime().block_on(async {
        let journal = AsyncJournal::open_with(on(&disk)).await.unwrap();
        let mut expected = Vec::new();
        for number in 0..100 {
            let append = journal.append(&event(number));
            match number % 3 {
                0 => append.await.unwrap(),
                1 => {
                    poll_and_drop(append).await;
                }
                _ => {
                    drop(append); // never polled, so never appended
                    continue;
                }
            }
            expected.push(event(number));
        }
        journal.close().await.unwrap();
        assert_eq!(replay(&disk).unwrap(), expected);
        assert_eq!(on(&disk).open().unwrap().repaired(), None);
    });
}

#[test]
fn a_runtime_that_goes_down_leaves_whole_records_and_lets_go_of_the_file() {
    for polled in 0..20 {
        let disk = CrashDisk::new();
        let runtime = runtime();
        let journal = runtime.block_on(async {
            let journal = AsyncJournal::open_with(on(&disk)).await.unwrap();
            for number in 0..polled {
                poll_and_drop(journal.append(&event(number))).await;
            }
            journal
        });
        runtime.shutdown_background();
        drop(journal);
        // Threads that are still at it hold the journal; it is free when they are done.
        let again = loop {
            match on(&disk).open() {
                Err(e) if e.is_locked() => std::thread::yield_now(),
                opened => break opened.unwrap(),
            }
        };
        assert_eq!(again.repaired(), None);
        assert_eq!(replay(&disk).unwrap(), events(0..polled));
    }
}

#[test]
fn tasks_share_a_journal_and_its_failures() {
    let faults = FaultDisk::new(Arc::new(CrashDisk::new()));
    let builder = Journal::builder(PATH).file_system(faults.clone());
    runtime().block_on(async {
        let journal = AsyncJournal::open_with(builder.clone()).await.unwrap();
        let tasks: Vec<_> = (0..50)
            .map(|number| tokio::spawn(journal.append(&event(number))))
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        faults.arm(Fault {
            kind: FaultKind::Eio,
            at: 0,
            mode: FaultMode::Once,
            calls: FaultCalls::Syncs,
        });
        let error = journal.append(&event(50)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(journal.append(&event(51)).await.unwrap_err().is_latched());
        assert!(journal.close().await.unwrap_err().is_latched());
    });
    let left = builder.replay::<Event>().unwrap();
    assert_eq!(left, events(0..left.len() as u64));
    assert!(left.len() >= 50);
}

#[test]
fn tasks_on_several_threads_append_and_give_up_without_harm_to_each_other() {
    let file = Scratch::new("tasks");
    let runtime = Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.unwrap();
    let awaited = runtime.block_on(async {
        let journal = AsyncJournal::open(&file.0).await.unwrap();
        let tasks: Vec<_> = (0..60_u64)
            .map(|number| {
                let journal = journal.clone();
                tokio::spawn(async move {
                    let append = journal.append(&event(number));
                    if number % 2 == 0 {
                        append.await.unwrap();
                        return true;
                    }
                    poll_and_drop(append).await.is_some()
                })
            })
            .collect();
        let mut awaited = Vec::new();
        for task in tasks {
            awaited.push(task.await.unwrap());
        }
        journal.close().await.unwrap();
        awaited
    });
    let records = Journal::replay::<Event, _>(&file.0).unwrap();
    assert_eq!(Journal::open(&file.0).unwrap().repaired(), None);
    for (number, is_awaited) in (0..).zip(awaited) {
        let times = records.iter().filter(|record| **record == event(number));
        let times = times.count();
        assert!(
            times == 1 || (times == 0 && !is_awaited),
            "{number}: {times} times"
        );
    }
}

#[test]
fn without_a_runtime_calls_are_errors_and_append_nothing() {
    let disk = CrashDisk::new();
    let journal = runtime()
        .block_on(AsyncJournal::open_with(on(&disk)))
        .unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut append = pin!(journal.append(&event(0)));
    let Poll::Ready(Err(error)) = append.as_mut().poll(&mut context) else {
        panic!("an append without a runtime");
    };
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(replay(&disk).unwrap(), []);
    // What was refused does not stand in the way.
    runtime().block_on(journal.append(&event(1))).unwrap();
    assert_eq!(replay(&disk).unwrap(), [event(1)]);
}

#[test]
fn an_error_of_a_record_is_told_by_its_future() {
    runtime().block_on(async {
        let disk = CrashDisk::new();
        let journal = AsyncJournal::open_with(on(&disk)).await.unwrap();
        let error = journal.append(&f64::NAN).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Codec);
        let error = journal.append_all([1.0, f64::INFINITY]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Codec);
        journal.sync().await.unwrap();
        assert_eq!(journal.journal().bytes(), 25);
        assert_eq!(journal.repaired(), None);
    });
}
