//! The rows of the typed stores, and who answers them.

use super::codec::Codec;
use super::grain::{Grain, OWNED, SLOTS, grain};
use super::peer::{TypedPeer, TypedSetup};
use super::{grainstore, heed, redb};
use crate::files::remove;
use crate::peer::{Outcome, Writes};
use crate::records::picks;
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, expect, no_row, serve};
use std::time::Instant;

/// The stores that take part.
pub const NAMES: &[&str] = &["grainstore", "heed", "redb", "native_db"];

const RECORDS: u64 = 200_000;
const BATCH: usize = 1_000;

/// The rows, once for each codec.
pub fn rows(scale: Scale) -> Vec<Row> {
    let records = format!("{} records", grouped(count(scale)));
    let row = |word: &str, codec: Codec, name: &str| {
        let name = format!("{name}, {}", codec.word());
        let word = format!("{word} {}", codec.word());
        Row::new(word, &records, &[(&name, Unit::Nanoseconds)])
    };
    let mut rows = Vec::new();
    for codec in Codec::ALL {
        rows.extend([
            row("put", codec, "typed put, unsynced"),
            row("put_batch", codec, "typed put in durable batches of 1,000"),
            row("get", codec, "typed get"),
            row("prefix", codec, "typed scan of a prefix with 20 records"),
        ]);
    }
    let put = "put in durable batches with an index";
    rows.push(row("put_indexed", Codec::Bincode, put));
    let by_index = "look-up of 10 records by an index";
    rows.push(row("by_index", Codec::Bincode, by_index));
    rows
}

fn count(scale: Scale) -> u64 {
    // Whole batches, and so all records of each player and owner.
    scale.of(RECORDS).next_multiple_of(BATCH as u64)
}

/// Measures as it is told on the standard input.
pub fn work(job: &Job) -> Outcome<()> {
    match job.store.as_str() {
        "grainstore" => serve(job, Box::new(Typed::<grainstore::Typed>::new(job))),
        "heed" => serve(job, Box::new(Typed::<heed::Typed>::new(job))),
        "redb" => serve(job, Box::new(Typed::<redb::Typed>::new(job))),
        #[cfg(feature = "native_db")]
        "native_db" => {
            use super::native_db;
            serve(job, Box::new(Typed::<native_db::Typed>::new(job)))
        }
        other => Err(format!("no typed store is called {other}").into()),
    }
}

/// The desk of the group.
struct Typed<P> {
    job: Job,
    made: Vec<Grain>,
    /// The store that is read, with what it was opened as.
    loaded: Option<(Codec, bool, P)>,
}

impl<P: TypedPeer> Desk for Typed<P> {
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>> {
        let (word, codec) = word.split_once(' ').unwrap_or((word, ""));
        let Some(codec) = Codec::from_word(codec) else {
            return no_row(word);
        };
        let figure = match word {
            "put" => self.put(codec)?,
            "put_batch" => self.put_batches(codec, false)?,
            "put_indexed" => self.put_batches(codec, true)?,
            "get" => self.read(codec, false, 1, |store, numbers| {
                store.get_each(picks(numbers.0, numbers.1, round))
            })?,
            "prefix" => self.read(codec, false, SLOTS, |store, numbers| {
                store.walk_each(picks(numbers.0, numbers.1, round))
            })?,
            "by_index" => self.read(codec, true, OWNED, |store, numbers| {
                store.owned_each(picks(numbers.0, numbers.1, round))
            })?,
            _ => return no_row(word),
        };
        Ok(vec![figure])
    }
}

impl<P: TypedPeer> Typed<P> {
    fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            made: Vec::new(),
            loaded: None,
        }
    }

    /// Records in no order: a stride goes through all of them.
    fn numbers(&self) -> Vec<u64> {
        let count = count(self.job.scale);
        (0..count).map(|i| i * 7_919 % count).collect()
    }

    /// All records are made before, so that only their puts are timed.
    fn make(&mut self) {
        if self.made.is_empty() {
            self.made = (0..count(self.job.scale)).map(grain).collect();
        }
    }

    fn put(&mut self, codec: Codec) -> Outcome<f64> {
        self.make();
        let (dir, numbers) = (self.job.fresh_dir("puts")?, self.numbers());
        let setup = TypedSetup {
            codec,
            writes: Writes::Buffered,
            is_indexed: false,
        };
        let Some(store) = P::open(&dir, setup)? else {
            return Ok(f64::NAN);
        };
        let start = Instant::now();
        for i in &numbers {
            store.put(*i, &self.made[*i as usize])?;
        }
        let time = start.elapsed().as_nanos() as f64;
        drop(store);
        remove(&dir)?;
        Ok(time / numbers.len() as f64)
    }

    /// Fills a new store, which is then read.
    fn put_batches(&mut self, codec: Codec, is_indexed: bool) -> Outcome<f64> {
        self.make();
        self.loaded = None;
        let (dir, numbers) = (self.job.fresh_dir("loaded")?, self.numbers());
        let setup = TypedSetup {
            codec,
            writes: Writes::Durable,
            is_indexed,
        };
        let Some(store) = P::open(&dir, setup)? else {
            return Ok(f64::NAN);
        };
        let start = Instant::now();
        for batch in numbers.chunks(BATCH) {
            store.put_batch(batch.iter().map(|i| (*i, &self.made[*i as usize])))?;
        }
        let time = start.elapsed().as_nanos() as f64;
        self.loaded = Some((codec, is_indexed, store));
        Ok(time / numbers.len() as f64)
    }

    /// Reads a hundred thousand records, so many at a time, after as many to warm up.
    fn read(
        &mut self,
        codec: Codec,
        is_indexed: bool,
        each: u64,
        read: impl Fn(&P, (u64, u64)) -> Outcome<u64>,
    ) -> Outcome<f64> {
        let is_there = |loaded: &(Codec, bool, P)| (loaded.0, loaded.1) == (codec, is_indexed);
        if !self.loaded.as_ref().is_some_and(is_there) {
            self.put_batches(codec, is_indexed)?;
        }
        let Some((_, _, store)) = &self.loaded else {
            return Ok(f64::NAN);
        };
        let count = count(self.job.scale);
        let reads = (count / 2 / each).max(10);
        read(store, (count, reads))?;
        let start = Instant::now();
        let found = read(store, (count, reads))?;
        let time = start.elapsed().as_nanos() as f64;
        expect(found, reads * each)?;
        Ok(time / reads as f64)
    }
}
