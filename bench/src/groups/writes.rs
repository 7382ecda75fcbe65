//! The rows of the main group that write.

use crate::files::remove;
use crate::groups::core::{BATCH, Core};
use crate::peer::{Outcome, Peer, Reader, Setup};
use crate::records::{Records, key, mix, picks};
use crate::threads::together;
use std::time::{Duration, Instant};

const DURABLE_PUTS: u64 = 800;
const DURABLE_BATCHES: u64 = 24;

impl<P: Peer> Core<P> {
    /// Fills a new store; the time of the writes and until background work is done, per record.
    pub fn load(&mut self, batch: u64) -> Outcome<Vec<f64>> {
        let dir = self.job.dir.join(format!("load-{}", self.rounds));
        let store = P::open(&dir, Setup::BUFFERED)?;
        let start = Instant::now();
        self.fill(&store, batch)?;
        let written = start.elapsed();
        store.settle()?;
        let settled = start.elapsed();
        store.close()?;
        remove(&dir)?;
        let each = |time: std::time::Duration| time.as_nanos() as f64 / self.count as f64;
        Ok(vec![each(written), each(settled)])
    }

    /// The store that is overwritten and deleted from; full at its first use.
    fn churned(&mut self) -> Outcome<&P> {
        if self.churned.is_none() {
            let store = P::open(&self.job.dir.join("churned"), Setup::BUFFERED)?;
            self.fill(&store, BATCH)?;
            store.settle()?;
            self.churned = Some(store);
        }
        self.churned.as_ref().ok_or("the store is gone".into())
    }

    /// Batches of which every second record is there already.
    pub fn mixed_batches(&mut self) -> Outcome<f64> {
        let (count, round) = (self.count, self.rounds);
        let store = self.churned()?;
        let (records, batches) = (Records::new(), (count / 4).div_ceil(BATCH));
        let number = |i: u64| match i % 2 {
            0 => mix(i ^ round) % count,
            _ => count * (round + 2) + i,
        };
        let start = Instant::now();
        for batch in 0..batches {
            let numbers = (batch * BATCH..(batch + 1) * BATCH).map(number);
            store.put_batch(numbers.map(|i| (key(i), records.value(i + round))))?;
        }
        Ok(each(start.elapsed(), batches * BATCH))
    }

    /// A put and a get in turn, of random records.
    pub fn puts_and_gets(&mut self) -> Outcome<f64> {
        let (count, round) = (self.count, self.rounds);
        let (store, records) = (self.churned()?, Records::new());
        let start = Instant::now();
        for i in picks(count, count / 4, round) {
            store.put(&key(i), records.value(i + round))?;
            store.reader()?.get(&key(mix(i) % count))?;
        }
        Ok(each(start.elapsed(), count / 4 * 2))
    }

    /// Deletes a tenth of the records.
    pub fn deletes(&mut self) -> Outcome<f64> {
        let (count, round) = (self.count, self.rounds);
        let store = self.churned()?;
        let first = round * (count / 10) % count;
        let start = Instant::now();
        for i in first..first + count / 10 {
            store.delete(&key(i))?;
        }
        Ok(each(start.elapsed(), count / 10))
    }

    /// Writes with the store for durable writes, opened and warmed up at the first call.
    fn durably(&mut self, records: u64, write: impl Fn(&P, u64) -> Outcome<()>) -> Outcome<f64> {
        if self.durable.is_none() {
            let store = P::open(&self.job.dir.join("durable"), Setup::DURABLE)?;
            for i in 0..100 {
                store.put(&key(u64::from(u32::MAX) + i), b"warm")?;
            }
            self.durable = Some(store);
        }
        let store = self.durable.as_ref().ok_or("the store is gone")?;
        let first = self.durable_count;
        self.durable_count += records;
        let start = Instant::now();
        write(store, first)?;
        Ok(start.elapsed().as_nanos() as f64 / 1_000.0)
    }

    /// Durable puts by so many threads, microseconds each.
    pub fn durable_puts(&mut self, threads: u64) -> Outcome<f64> {
        let puts = self.job.scale.durable(DURABLE_PUTS) * if threads == 1 { 1 } else { 2 };
        let each = puts / threads;
        let time = self.durably(puts, |store, first| {
            together(threads, |thread| {
                let records = Records::new();
                for i in (first + thread * each..).take(each as usize) {
                    store.put(&key(i), records.value(i))?;
                }
                Ok(each)
            })?;
            Ok(())
        })?;
        Ok(time / puts as f64)
    }

    /// Durable batches, microseconds each.
    pub fn durable_batches(&mut self) -> Outcome<f64> {
        let records = Records::new();
        let time = self.durably(DURABLE_BATCHES * BATCH, |store, first| {
            for start in (first..)
                .step_by(BATCH as usize)
                .take(DURABLE_BATCHES as usize)
            {
                let numbers = start..start + BATCH;
                store.put_batch(numbers.map(|i| (key(i), records.value(i))))?;
            }
            Ok(())
        })?;
        Ok(time / DURABLE_BATCHES as f64)
    }
}

/// Nanoseconds for each of `operations`.
fn each(time: Duration, operations: u64) -> f64 {
    time.as_nanos() as f64 / operations as f64
}
