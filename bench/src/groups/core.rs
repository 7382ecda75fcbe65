//! The main group: what a store does all day, on one store that is loaded once, one that is
//! overwritten and one that is written durably.

use crate::groups::files::be_killed;
use crate::peer::{Direction, Outcome, Peer, Reader, Setup};
use crate::process::status;
use crate::records::{Records, key, picks};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, no_row};
use std::path::PathBuf;

/// Records in each batch.
pub const BATCH: u64 = 1_000;
const WRITERS: u64 = 8;
const READERS: u64 = 4;

/// The rows, in the order of the table.
pub fn rows(scale: Scale) -> Vec<Row> {
    use Unit::{Mebibytes, Microseconds, Milliseconds, Nanoseconds};
    let settled = ("the same until background work is done", Nanoseconds);
    let by_one = ("random load, one put at a time, unsynced", Nanoseconds);
    let by_batch = ("random load, batches of 1,000, unsynced", Nanoseconds);
    let mixed = "batches of 1,000, half overwrites, unsynced";
    let half = "on disk with half deleted, compacted";
    let records = format!("{} records", grouped(scale.records));
    let row = |word: &str, lines: &[(&str, Unit)]| Row::new(word, &records, lines);
    let one = |word: &str, name: &str, unit: Unit| row(word, &[(name, unit)]);
    vec![
        row("load_puts", &[by_one, settled]),
        row("load_batches", &[by_batch, settled]),
        one("mixed_batches", mixed, Nanoseconds),
        one("put_get", "half puts and half gets, unsynced", Nanoseconds),
        one("deletes", "delete, one at a time, unsynced", Nanoseconds),
        one("get_hit", "get, cached", Nanoseconds),
        one("get_hit_threads", "get, cached, 4 threads", Nanoseconds),
        one("get_zipf", "get, cached, Zipf-distributed", Nanoseconds),
        one("get_missing", "get of a missing key", Nanoseconds),
        one("scan_forward", "scan forward, each record", Nanoseconds),
        one("scan_backward", "scan backward, each record", Nanoseconds),
        one("seek_100", "seek and 100 records", Nanoseconds),
        one("seek_10", "seek and 10 records", Nanoseconds),
        one("cold_get", "get, nothing cached", Microseconds),
        one("cold_scan", "scan forward, nothing cached", Nanoseconds),
        one("durable_put", "durable put, 1 thread", Microseconds),
        one(
            "durable_put_threads",
            "durable put, 8 threads",
            Microseconds,
        ),
        one("durable_batch", "durable batch of 1,000", Microseconds),
        one("reopen", "reopen after a clean close", Milliseconds),
        one("reopen_killed", "reopen after a kill", Milliseconds),
        one("disk_bytes", "on disk after a clean close", Mebibytes),
        one("disk_bytes_half", half, Mebibytes),
        one("peak_memory", "most memory of the process", Mebibytes),
    ]
}

/// Several stores of one kind, and what was done to them.
pub struct Core<P> {
    pub job: Job,
    pub count: u64,
    /// Gets of one round.
    pub gets: u64,
    pub cpu: bool,
    pub records: Records,
    /// The store that is read.
    pub loaded: Option<P>,
    /// The store that is overwritten and deleted from.
    pub churned: Option<P>,
    /// The store that durable writes go to, and how many records it has.
    pub durable: Option<P>,
    pub durable_count: u64,
    /// No two rounds of anything write or read the same.
    pub rounds: u64,
}

/// The desk of the group; a victim waits here for its end.
pub fn desk<P: Peer + 'static>(job: &Job) -> Outcome<Box<dyn Desk>> {
    if job.is_victim {
        be_killed::<P>(job)?;
    }
    Ok(Box::new(Core::<P>::new(job)))
}

impl<P: Peer> Desk for Core<P> {
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>> {
        self.rounds = round;
        if word.starts_with("durable") && !P::IS_DURABLE {
            return Ok(vec![f64::NAN]);
        }
        let figure = match word {
            "load_puts" => return self.load(1),
            "load_batches" => return self.load(BATCH),
            "mixed_batches" => self.mixed_batches()?,
            "put_get" => self.puts_and_gets()?,
            "deletes" => self.deletes()?,
            "get_hit" => self.get(true)?,
            "get_hit_threads" => self.get_threads(READERS)?,
            "get_zipf" => self.get_zipf()?,
            "get_missing" => self.get(false)?,
            "scan_forward" => self.scan(Direction::Forward)?,
            "scan_backward" => self.scan(Direction::Backward)?,
            "seek_100" => self.seek(100)?,
            "seek_10" => self.seek(10)?,
            "cold_get" => self.cold_get()?,
            "cold_scan" => self.cold_scan()?,
            "durable_put" => self.durable_puts(1)?,
            "durable_put_threads" => self.durable_puts(WRITERS)?,
            "durable_batch" => self.durable_batches()?,
            "reopen" => self.reopen()?,
            "reopen_killed" => self.reopen_killed()?,
            "disk_bytes" => self.disk_mebibytes()?,
            "disk_bytes_half" => self.half_mebibytes()?,
            "peak_memory" => status("VmHWM")? / 1_024.0,
            _ => return no_row(word),
        };
        Ok(vec![figure])
    }
}

impl<P: Peer> Core<P> {
    /// Nothing loaded yet.
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            count: job.scale.records,
            gets: job.scale.of(500_000).max(job.scale.records.min(100_000)),
            cpu: job.cpu,
            records: Records::new(),
            loaded: None,
            churned: None,
            durable: None,
            durable_count: 0,
            rounds: 0,
        }
    }

    /// Puts all records into `store`.
    pub fn fill(&self, store: &P, batch: u64) -> Outcome<()> {
        for start in (0..self.count).step_by(batch as usize) {
            let numbers = start..self.count.min(start + batch);
            if batch == 1 {
                store.put(&key(start), self.records.value(start))?;
            } else {
                store.put_batch(numbers.map(|i| (key(i), self.records.value(i))))?;
            }
        }
        Ok(())
    }

    /// The store that is read, loaded and warm.
    pub fn loaded(&mut self) -> Outcome<&P> {
        if self.loaded.is_none() {
            let store = P::open(&self.loaded_dir(), Setup::BUFFERED)?;
            self.fill(&store, BATCH)?;
            store.settle()?;
            // What can be in caches is in caches from here on.
            let reader = store.reader()?;
            reader.scan(Direction::Forward)?;
            for i in picks(self.count, self.count / 2, 1) {
                reader.get(&key(i))?;
            }
            drop(reader);
            self.loaded = Some(store);
        }
        self.loaded.as_ref().ok_or("the store is gone".into())
    }

    /// Where it lies.
    pub fn loaded_dir(&self) -> PathBuf {
        self.job.dir.join("loaded")
    }

    /// Closes it; the next that needs it opens it.
    pub fn close_loaded(&mut self) -> Outcome<()> {
        self.loaded()?;
        self.loaded.take().map_or(Ok(()), P::close)
    }
}
