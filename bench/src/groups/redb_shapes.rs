//! The shapes of the benchmark that redb publishes: one store that is loaded, written to in four
//! ways, read by one and more threads, halved and compacted, each round anew.
//!
//! As there: keys of 24 random bytes and values of 150, five million of them at full scale, reads
//! by transactions that are opened once. Unlike there: caches of 256 MiB in place of 4 GiB.

use crate::files::{disk_bytes, remove};
use crate::peer::{Outcome, Peer, Reader, Setup};
use crate::records::{Records, key, missing_key, picks};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::threads::together;
use crate::worker::{Desk, Job, expect, no_row};
use std::marker::PhantomData;
use std::path::Path;
use std::time::Instant;

const RECORDS: u64 = 5_000_000;
const INDIVIDUAL: u64 = 1_000;
const BATCHES: u64 = 100;
const BATCH: u64 = 1_000;
const UNSYNCED: u64 = 50_000;
const READS: u64 = 1_000_000;
const RANGES: u64 = 500_000;
const RANGE_RECORDS: usize = 10;

/// One row, all shapes in turn.
pub fn rows(scale: Scale) -> Vec<Row> {
    use Unit::{Mebibytes, Microseconds, Milliseconds, Nanoseconds};
    let records = format!("{} records", grouped(scale.of(RECORDS)));
    let lines = [
        ("bulk load, each record", Nanoseconds),
        ("individual writes, durable", Microseconds),
        ("batch writes of 1,000, durable", Microseconds),
        ("nosync writes, each", Nanoseconds),
        ("random reads, the first after a reopen", Nanoseconds),
        ("random range reads of 10", Nanoseconds),
        ("random reads, 1 thread, each", Nanoseconds),
        ("random reads, 2 threads, each", Nanoseconds),
        ("random reads, 4 threads, each", Nanoseconds),
        ("removals of half, each", Nanoseconds),
        ("size before compaction", Mebibytes),
        ("compaction", Milliseconds),
        ("size after compaction", Mebibytes),
    ];
    vec![Row::new("shapes", &records, &lines)]
}

/// The desk of the group.
pub struct Shapes<P> {
    job: Job,
    records: Records,
    store: PhantomData<P>,
}

impl<P: Peer> Desk for Shapes<P> {
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>> {
        if word != "shapes" {
            return no_row(word);
        }
        let dir = self.job.fresh_dir("shapes")?;
        let mut figures = vec![self.bulk_load(&dir)?];
        figures.extend(self.durable_writes(&dir)?);
        figures.push(self.unsynced_writes(&dir)?);
        let store = P::open(&dir, Setup::BUFFERED)?;
        figures.extend(self.reads(&store, round)?);
        for threads in [1, 2, 4] {
            figures.push(self.reads_together(&store, threads, round)?);
        }
        figures.extend(self.removals(store, &dir)?);
        remove(&dir)?;
        Ok(figures)
    }
}

impl<P: Peer> Shapes<P> {
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            records: Records::new(),
            store: PhantomData,
        }
    }

    fn count(&self) -> u64 {
        self.job.scale.of(RECORDS)
    }

    fn some(&self, first: u64, count: u64) -> impl Iterator<Item = ([u8; 24], &[u8])> {
        (first..first + count).map(|i| (key(i), self.records.value(i)))
    }

    /// Until it is on the device, and background work is done.
    fn bulk_load(&self, dir: &Path) -> Outcome<f64> {
        let store = P::open(dir, Setup::BUFFERED)?;
        let start = Instant::now();
        store.bulk_put(self.some(0, self.count()))?;
        store.settle()?;
        let time = start.elapsed().as_nanos() as f64;
        store.close()?;
        Ok(time / self.count() as f64)
    }

    fn durable_writes(&self, dir: &Path) -> Outcome<[f64; 2]> {
        if !P::IS_DURABLE {
            return Ok([f64::NAN; 2]);
        }
        let store = P::open(dir, Setup::DURABLE)?;
        let scale = self.job.scale;
        let (individual, batches) = (scale.durable(INDIVIDUAL), scale.durable(BATCHES));
        let first = self.count();
        let start = Instant::now();
        for (key, value) in self.some(first, individual) {
            store.put(&key, value)?;
        }
        let by_one = start.elapsed().as_nanos() as f64 / 1e3 / individual as f64;
        let first = first + individual;
        let start = Instant::now();
        for batch in 0..batches {
            store.put_batch(self.some(first + batch * BATCH, BATCH))?;
        }
        let by_batch = start.elapsed().as_nanos() as f64 / 1e3 / batches as f64;
        store.close()?;
        Ok([by_one, by_batch])
    }

    fn unsynced_writes(&self, dir: &Path) -> Outcome<f64> {
        let store = P::open(dir, Setup::BUFFERED)?;
        let writes = self.job.scale.of(UNSYNCED);
        let start = Instant::now();
        for (key, value) in self.some(2 * self.count(), writes) {
            store.put(&key, value)?;
        }
        let time = start.elapsed().as_nanos() as f64;
        store.settle()?;
        store.close()?;
        Ok(time / writes as f64)
    }

    fn reads(&self, store: &P, round: u64) -> Outcome<[f64; 2]> {
        let (count, scale) = (self.count(), self.job.scale);
        let (reads, ranges) = (scale.of(READS), scale.of(RANGES));
        let reader = store.reader()?;
        let (mut found, mut seen) = (0, 0);
        let start = Instant::now();
        for i in picks(count, reads, round) {
            found += u64::from(reader.get(&key(i))?.is_some());
        }
        let gets = start.elapsed().as_nanos() as f64 / reads as f64;
        expect(found, reads)?;
        let start = Instant::now();
        for i in picks(count, ranges, round) {
            seen += reader.seek(&missing_key(i), RANGE_RECORDS)?;
        }
        let walks = start.elapsed().as_nanos() as f64 / ranges as f64;
        if seen < ranges {
            return Err(format!("{ranges} ranges had {seen} records").into());
        }
        Ok([gets, walks])
    }

    /// The same number of reads in all, shared by the threads.
    fn reads_together(&self, store: &P, threads: u64, round: u64) -> Outcome<f64> {
        let (count, reads) = (self.count(), self.job.scale.of(READS) / threads);
        let start = Instant::now();
        let found = together(threads, |thread| {
            let reader = store.reader()?;
            let mut found = 0;
            for i in picks(count, reads, round * 8 + thread) {
                found += u64::from(reader.get(&key(i))?.is_some());
            }
            Ok(found)
        })?;
        let time = start.elapsed().as_nanos() as f64;
        expect(found, reads * threads)?;
        Ok(time / found as f64)
    }

    fn removals(&self, mut store: P, dir: &Path) -> Outcome<[f64; 4]> {
        let half = self.count() / 2;
        let start = Instant::now();
        store.bulk_delete((0..half).map(key))?;
        let removals = start.elapsed().as_nanos() as f64 / half as f64;
        store.close()?;
        let before = disk_bytes(dir)?;
        store = P::open(dir, Setup::BUFFERED)?;
        let start = Instant::now();
        store.compact()?;
        let compaction = match P::HAS_COMPACTION {
            true => start.elapsed().as_nanos() as f64 / 1e6,
            false => f64::NAN,
        };
        store.close()?;
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let after = disk_bytes(dir)?;
        Ok([removals, mebibytes(before), compaction, mebibytes(after)])
    }
}
