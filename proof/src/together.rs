//! A history of several writers at the same time.
//!
//! Each commit carries its number under a key of its writer, and a watch tells in which order the
//! engine took them; the oracle is made in that order afterwards. So what a crash leaves is held to
//! be a beginning of the one order of all writers, not of each alone.

use crate::carry::batch;
use crate::coverage::Coverage;
use crate::engine_run::{DIR, START_MS};
use crate::operation::{Operation, Write};
use crate::oracle::Model;
use crate::recorded::{Recorded, Returned};
use crate::setting::Setting;
use crate::written::Written;
use grainstore::clock::ManualClock;
use grainstore::engine::{Engine, Watch, WatchChange, WatchOptions};
use grainstore::fs::CrashDisk;
use std::path::Path;
use std::sync::Arc;

/// What the keys that number the commits begin with; between the keys of histories.
const NUMBERS: &[u8] = b"~writer/";

fn number_key(writer: usize) -> Vec<u8> {
    [NUMBERS, &[writer as u8]].concat()
}

/// The writes of each operation that writes to the memtable; the others are left out.
fn commits(operations: &[Operation]) -> Vec<Vec<Write>> {
    let writes = operations.iter().filter_map(|operation| match operation {
        Operation::Write(write) => Some(vec![write.clone()]),
        Operation::Batch(writes) => Some(writes.clone()),
        _ => None,
    });
    writes.collect()
}

/// Carries out the writes of `histories`, each on a thread of its own, and closes the database.
#[must_use]
pub fn record(
    name: &'static str,
    seed: u64,
    setting: Setting,
    histories: &[Vec<Operation>],
) -> Recorded {
    let (disk, clock) = (CrashDisk::new(), ManualClock::new(START_MS));
    let mut options = setting.options(6);
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(clock);
    let engine = Engine::open(Path::new(DIR), options).unwrap();
    let numbers = (NUMBERS.to_vec(), [NUMBERS, &[0xff]].concat());
    let room = WatchOptions::new().capacity_events(1 << 20);
    let watch = engine.watch(numbers.0..numbers.1, room).unwrap();
    let commits: Vec<_> = histories.iter().map(|it| commits(it)).collect();
    let write = |writer: usize| {
        // Only the time is asked of it, and time stands still here.
        let model = Model::new(START_MS);
        let of_writer = commits[writer].iter().enumerate();
        let calls = of_writer.map(|(number, writes)| {
            let mut batch = batch(&model, writes);
            let value = (number as u64).to_be_bytes();
            batch.put(&number_key(writer), &value).unwrap();
            engine.write(batch).unwrap();
            disk.calls()
        });
        calls.collect::<Vec<_>>()
    };
    let calls: Vec<Vec<usize>> = std::thread::scope(|scope| {
        let writers = (0..commits.len()).map(|writer| scope.spawn(move || write(writer)));
        let threads: Vec<_> = writers.collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let mut written = Written::nothing(setting, START_MS);
    let returned = in_order(&mut written, watch, &commits, &calls);
    let stats = engine.stats();
    engine.close().unwrap();
    let mut coverage = Coverage::default();
    coverage.flushes = stats.flushes;
    coverage.compactions = stats.compactions;
    Recorded {
        name,
        seed,
        disk,
        written,
        returned,
        durable: Vec::new(),
        coverage,
    }
}

/// Notes all commits in the order that the watch tells; answers when each returned.
fn in_order(
    written: &mut Written,
    mut watch: Watch,
    commits: &[Vec<Vec<Write>>],
    calls: &[Vec<usize>],
) -> Vec<Returned> {
    let mut returned = Vec::new();
    while let Some(event) = watch.try_next() {
        let event = event.unwrap();
        let WatchChange::Put { key, value, .. } = event.change else {
            continue; // a range that a commit deleted, with these keys in it
        };
        let writer = usize::from(*key.last().unwrap());
        let number = u64::from_be_bytes((&*value).try_into().unwrap()) as usize;
        for write in &commits[writer][number] {
            written.model.write(write);
        }
        written.model.put(number_key(writer), value.to_vec(), 0);
        let last = written.model.sequence();
        assert_eq!(last, event.position, "the order of commits");
        written.note(last, START_MS);
        returned.push(Returned {
            calls: calls[writer][number],
            sequence: event.position,
            source_ms: START_MS,
            writer,
        });
    }
    let all: usize = commits.iter().map(Vec::len).sum();
    assert_eq!(returned.len(), all, "the watch told all commits");
    returned
}
