//! How long the slow ones take: every put and get of a load is timed, while flushes and compactions
//! run beneath it.
//!
//! One thread puts records as fast as they are taken, half of them over records that are there;
//! one other gets records that are there. Both time each operation by itself. Where there is one
//! writer, its slowest put is the longest time for which it stood still.

use crate::files::remove;
use crate::groups::core::BATCH;
use crate::peer::{Outcome, Peer, Reader, Setup};
use crate::records::{Records, key, mix};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, no_row};
use hdrhistogram::Histogram;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const RECORDS: u64 = 2_000_000;
/// Longer than anything that is waited for, in nanoseconds.
const LONGEST: u64 = 600_000_000_000;
const WINDOW: Duration = Duration::from_millis(100);
/// What is asked of a histogram.
pub const PERCENTILES: [f64; 4] = [50.0, 99.0, 99.9, 99.99];

/// One row: the percentiles of both.
pub fn rows(scale: Scale) -> Vec<Row> {
    use Unit::Microseconds;
    let records = format!("{} puts", grouped(scale.of(RECORDS)));
    let lines = [
        ("put, p50", Microseconds),
        ("put, p99", Microseconds),
        ("put, p99.9", Microseconds),
        ("put, p99.99", Microseconds),
        (
            "put, the slowest: the longest stop of the writer",
            Microseconds,
        ),
        ("put, mean of the slowest 100 ms", Microseconds),
        ("get, p50", Microseconds),
        ("get, p99", Microseconds),
        ("get, p99.9", Microseconds),
        ("get, p99.99", Microseconds),
        ("get, the slowest", Microseconds),
    ];
    vec![Row::new("percentiles", &records, &lines)]
}

/// The desk of the group.
pub struct Latency<P> {
    job: Job,
    store: PhantomData<P>,
}

impl<P: Peer> Desk for Latency<P> {
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>> {
        if word != "percentiles" {
            return no_row(word);
        }
        let dir = self.job.fresh_dir("latency")?;
        let store = P::open(&dir, Setup::BUFFERED)?;
        let puts = self.job.scale.of(RECORDS);
        let there = puts / 4;
        let records = Records::new();
        for start in (0..there).step_by(BATCH as usize) {
            let numbers = start..there.min(start + BATCH);
            store.put_batch(numbers.map(|i| (key(i), records.value(i))))?;
        }
        let is_over = AtomicBool::new(false);
        let (written, read) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| gets(&store, there, round, &is_over));
            let written = timed_puts(&store, there, puts, round);
            is_over.store(true, Ordering::Relaxed);
            (written, reader.join())
        });
        let (put, slowest_window) = written?;
        let get = read.map_err(|_| "the reader panicked")??;
        store.close()?;
        remove(&dir)?;
        let mut figures = figures_of(&put);
        figures.push(slowest_window);
        figures.extend(figures_of(&get));
        Ok(figures)
    }
}

impl<P> Latency<P> {
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            store: PhantomData,
        }
    }
}

fn histogram() -> Outcome<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST, 3)?)
}

fn nanoseconds(since: Instant) -> u64 {
    (since.elapsed().as_nanos() as u64).clamp(1, LONGEST)
}

/// The percentiles and the most, in microseconds.
fn figures_of(times: &Histogram<u64>) -> Vec<f64> {
    let of = |percentile: f64| times.value_at_percentile(percentile) as f64 / 1e3;
    let mut figures: Vec<_> = PERCENTILES.into_iter().map(of).collect();
    figures.push(times.max() as f64 / 1e3);
    figures
}

/// The times of the puts, and the microseconds of each put in the window that had the fewest.
fn timed_puts<P: Peer>(
    store: &P,
    there: u64,
    puts: u64,
    round: u64,
) -> Outcome<(Histogram<u64>, f64)> {
    let records = Records::new();
    let mut times = histogram()?;
    let (mut window, mut in_window, mut slowest) = (Instant::now(), 0u64, 0.0f64);
    for i in 0..puts {
        let number = match i % 2 {
            0 => mix(i ^ round) % there,
            _ => there + i,
        };
        let (key, value) = (key(number), records.value(number + round));
        let start = Instant::now();
        store.put(&key, value)?;
        times.record(nanoseconds(start))?;
        in_window += 1;
        let passed = window.elapsed();
        if passed >= WINDOW {
            slowest = slowest.max(passed.as_nanos() as f64 / 1e3 / in_window as f64);
            (window, in_window) = (Instant::now(), 0);
        }
    }
    if slowest == 0.0 {
        slowest = window.elapsed().as_nanos() as f64 / 1e3 / in_window as f64;
    }
    Ok((times, slowest))
}

/// The times of gets, until the writer has ended.
fn gets<P: Peer>(
    store: &P,
    there: u64,
    round: u64,
    is_over: &AtomicBool,
) -> Outcome<Histogram<u64>> {
    let mut times = histogram()?;
    for i in 0.. {
        if is_over.load(Ordering::Relaxed) && i > 0 {
            break;
        }
        let key = key(mix(i ^ round.rotate_left(17)) % there);
        let start = Instant::now();
        // A view of its own each time: it has to see what is written meanwhile.
        let found = store.reader()?.get(&key)?;
        times.record(nanoseconds(start))?;
        found.ok_or("a record that was there is gone")?;
    }
    Ok(times)
}
