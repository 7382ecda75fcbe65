//! Values of 16 B to 64 KiB, as many of each as make the same bytes.

use crate::files::remove;
use crate::keys::Noise;
use crate::peer::{Outcome, Peer, Reader, Setup};
use crate::records::{KEY_BYTES, key, picks};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, expect, no_row};
use std::marker::PhantomData;
use std::time::Instant;

const BYTES: u64 = 256 << 20;
const SIZES: [(usize, &str); 5] = [
    (16, "16 B"),
    (100, "100 B"),
    (1 << 10, "1 KiB"),
    (16 << 10, "16 KiB"),
    (64 << 10, "64 KiB"),
];
const GETS_MAX: u64 = 300_000;
/// A batch has so many bytes, and 1,000 records at most.
const BATCH_BYTES: u64 = 1 << 20;

/// A row for each size.
pub fn rows(scale: Scale) -> Vec<Row> {
    let bytes = format!("{} MiB each", grouped(scale.of(BYTES) >> 20));
    let row = |(value_bytes, name): (usize, &str)| {
        let lines = [
            format!("put of {name}, unsynced"),
            format!("put of {name} in batches of up to 1 MiB, unsynced"),
            format!("get of {name}"),
        ];
        let lines = [0, 1, 2].map(|i| (lines[i].as_str(), Unit::Nanoseconds));
        Row::new(format!("value {value_bytes}"), &bytes, &lines)
    };
    SIZES.into_iter().map(row).collect()
}

/// The desk of the group.
pub struct Values<P> {
    job: Job,
    store: PhantomData<P>,
}

impl<P: Peer> Desk for Values<P> {
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>> {
        let Some(value_bytes) = word.strip_prefix("value ") else {
            return no_row(word);
        };
        let noise = Noise::new(value_bytes.parse()?);
        let record_bytes = (KEY_BYTES + noise.value(0).len()) as u64;
        let count = (self.job.scale.of(BYTES) / record_bytes).max(10);
        let batch = (BATCH_BYTES / record_bytes).clamp(1, 1_000);
        let dir = self.job.fresh_dir("batches")?;
        let store = P::open(&dir, Setup::BUFFERED)?;
        let start = Instant::now();
        for first in (0..count).step_by(batch as usize) {
            let numbers = first..count.min(first + batch);
            store.put_batch(numbers.map(|i| (key(i), noise.value(i))))?;
        }
        let by_batch = start.elapsed().as_nanos() as f64 / count as f64;
        store.settle()?;
        let get = self.gets(&store, count, round)?;
        store.close()?;
        remove(&dir)?;
        let by_one = self.puts(&noise, count)?;
        Ok(vec![by_one, by_batch, get])
    }
}

impl<P: Peer> Values<P> {
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            store: PhantomData,
        }
    }

    /// A quarter of the bytes, one put at a time.
    fn puts(&self, noise: &Noise, count: u64) -> Outcome<f64> {
        let dir = self.job.fresh_dir("puts")?;
        let store = P::open(&dir, Setup::BUFFERED)?;
        let puts = count.div_ceil(4);
        let start = Instant::now();
        for i in 0..puts {
            store.put(&key(i), noise.value(i))?;
        }
        let time = start.elapsed().as_nanos() as f64;
        store.close()?;
        remove(&dir)?;
        Ok(time / puts as f64)
    }

    fn gets(&self, store: &P, count: u64, round: u64) -> Outcome<f64> {
        let (gets, reader) = (count.clamp(1_000, GETS_MAX), store.reader()?);
        for i in 0..count.min(GETS_MAX) {
            reader.get(&key(i))?; // warms up
        }
        let (mut found, start) = (0, Instant::now());
        for i in picks(count, gets, round) {
            found += u64::from(reader.get(&key(i))?.is_some());
        }
        let time = start.elapsed().as_nanos() as f64;
        expect(found, gets)?;
        Ok(time / gets as f64)
    }
}
