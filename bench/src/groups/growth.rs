//! The same work on stores of 1, 2, 5 and 10 million records: what grows with them.
//!
//! Each size is loaded anew in random order, in unsynced batches of 1,000; from 2 million on the
//! data is larger than the caches, but for one line that has caches for all of it.

use crate::files::{disk_bytes, remove};
use crate::groups::core::BATCH;
use crate::peer::{Direction, Outcome, Peer, Reader, Setup};
use crate::process::written;
use crate::records::{KEY_BYTES, Records, VALUE_BYTES, key, picks};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, expect, no_row};
use std::marker::PhantomData;
use std::path::Path;
use std::time::Instant;

const SIZES: [u64; 4] = [1_000_000, 2_000_000, 5_000_000, 10_000_000];
const GETS: u64 = 300_000;
/// How a line of a size is named: its shape, and after this the size.
pub const AT: &str = " at ";

/// A row for each size.
pub fn rows(scale: Scale) -> Vec<Row> {
    use Unit::{Milliseconds, Nanoseconds, Times};
    let shapes = [
        ("load", Nanoseconds),
        ("load until background work is done", Nanoseconds),
        ("get", Nanoseconds),
        ("get, all of it cached", Nanoseconds),
        ("scan forward, each record", Nanoseconds),
        ("reopen", Milliseconds),
        ("written by calls / put", Times),
        ("on disk / live data", Times),
    ];
    let sizes = SIZES.map(|size| scale.of(size));
    let row = |size: u64| {
        let names = shapes.map(|(name, unit)| (format!("{name}{AT}{}", grouped(size)), unit));
        let lines: Vec<_> = names.iter().map(|(n, unit)| (n.as_str(), *unit)).collect();
        Row::new(format!("size {size}"), "as the row says", &lines)
    };
    sizes.into_iter().map(row).collect()
}

/// The desk of the group.
pub struct Growth<P> {
    job: Job,
    store: PhantomData<P>,
}

impl<P: Peer> Desk for Growth<P> {
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>> {
        let Some(size) = word.strip_prefix("size ") else {
            return no_row(word);
        };
        self.measure(size.parse()?, round)
    }
}

impl<P: Peer> Growth<P> {
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            store: PhantomData,
        }
    }

    fn measure(&self, count: u64, round: u64) -> Outcome<Vec<f64>> {
        let dir = self.job.fresh_dir("growth")?;
        let records = Records::new();
        let live = count * (KEY_BYTES + VALUE_BYTES) as u64;
        let before = written()?;
        let store = P::open(&dir, Setup::BUFFERED)?;
        let start = Instant::now();
        for first in (0..count).step_by(BATCH as usize) {
            let numbers = first..count.min(first + BATCH);
            store.put_batch(numbers.map(|i| (key(i), records.value(i))))?;
        }
        let loaded = start.elapsed().as_nanos() as f64 / count as f64;
        store.settle()?;
        let settled = start.elapsed().as_nanos() as f64 / count as f64;
        let reader = store.reader()?;
        expect(reader.scan(Direction::Forward)?, count)?; // warms up
        let start = Instant::now();
        expect(reader.scan(Direction::Forward)?, count)?;
        let scan = start.elapsed().as_nanos() as f64 / count as f64;
        let get = gets(&reader, count, round)?;
        drop(reader);
        store.close()?;
        let wrote = before.since()?;
        let disk = disk_bytes(&dir)?;
        let start = Instant::now();
        let store = P::open(&dir, Setup::BUFFERED)?;
        store.reader()?.get(&key(0))?.ok_or("a record is gone")?;
        let reopen = start.elapsed().as_nanos() as f64 / 1e6;
        store.close()?;
        let cached = Self::cached(&dir, count, round)?;
        remove(&dir)?;
        let (calls, space) = (wrote.calls / live as f64, disk as f64 / live as f64);
        Ok(vec![
            loaded, settled, get, cached, scan, reopen, calls, space,
        ])
    }

    /// Gets where the cache has room for all there is.
    fn cached(dir: &Path, count: u64, round: u64) -> Outcome<f64> {
        let store = P::open(dir, Setup::ROOMY)?;
        let reader = store.reader()?;
        expect(reader.scan(Direction::Forward)?, count)?; // fills the cache
        let get = gets(&reader, count, round)?;
        drop(reader);
        store.close()?;
        Ok(get)
    }
}

/// The time of a get, after as many to warm up.
fn gets(reader: &impl Reader, count: u64, round: u64) -> Outcome<f64> {
    let gets = GETS.min(count);
    for i in picks(count, gets, round + 100) {
        reader.get(&key(i))?;
    }
    let (mut found, start) = (0, Instant::now());
    for i in picks(count, gets, round) {
        found += u64::from(reader.get(&key(i))?.is_some());
    }
    let get = start.elapsed().as_nanos() as f64 / gets as f64;
    expect(found, gets)?;
    Ok(get)
}
