//! The rows of the main group that read.

use crate::files::forget_pages;
use crate::groups::core::Core;
use crate::peer::{Direction, Outcome, Peer, Reader, Setup};
use crate::records::{key, missing_key, picks};
use crate::stopwatch::Stopwatch;
use crate::threads::together;
use crate::worker::expect;
use crate::zipf::Zipf;
use std::time::Instant;

const COLD_GETS: u64 = 2_000;

impl<P: Peer> Core<P> {
    /// Gets of random records that are there, or are not.
    pub fn get(&mut self, hit: bool) -> Outcome<f64> {
        let (count, seed, cpu, gets) = (self.count, self.rounds, self.cpu, self.gets);
        let reader = self.loaded()?.reader()?;
        let mut found = 0;
        let start = Stopwatch::start(cpu);
        for i in picks(count, gets, seed) {
            let key = if hit { key(i) } else { missing_key(i) };
            found += u64::from(reader.get(&key)?.is_some());
        }
        let time = start.nanoseconds();
        expect(found, if hit { gets } else { 0 })?;
        Ok(time / gets as f64)
    }

    /// A walk over all records.
    pub fn scan(&mut self, direction: Direction) -> Outcome<f64> {
        let (count, cpu) = (self.count, self.cpu);
        let reader = self.loaded()?.reader()?;
        let start = Stopwatch::start(cpu);
        let seen = reader.scan(direction)?;
        let time = start.nanoseconds();
        expect(seen, count)?;
        Ok(time / count as f64)
    }

    /// Seeks to random places, each with a short walk.
    pub fn seek(&mut self, records: usize) -> Outcome<f64> {
        let (count, seed, cpu) = (self.count, self.rounds, self.cpu);
        let seeks = self.gets / records as u64;
        let reader = self.loaded()?.reader()?;
        let mut seen = 0;
        let start = Stopwatch::start(cpu);
        for i in picks(count, seeks, seed) {
            seen += reader.seek(&missing_key(i), records)?;
        }
        let time = start.nanoseconds();
        if seen == 0 {
            return Err("the seeks found nothing".into());
        }
        Ok(time / seeks as f64)
    }

    /// As [`get`](Self::get) by several threads at once, each with a reader of its own.
    pub fn get_threads(&mut self, threads: u64) -> Outcome<f64> {
        let (count, seed, gets) = (self.count, self.rounds, self.gets);
        let store = self.loaded()?;
        let start = Instant::now();
        let found = together(threads, |thread| {
            let reader = store.reader()?;
            let mut found = 0;
            for i in picks(count, gets, seed * threads + thread) {
                found += u64::from(reader.get(&key(i))?.is_some());
            }
            Ok(found)
        })?;
        let time = start.elapsed().as_nanos() as f64;
        expect(found, threads * gets)?;
        Ok(time / found as f64)
    }

    /// Gets of records of which few are asked for most of the time.
    pub fn get_zipf(&mut self) -> Outcome<f64> {
        let (count, seed, cpu, gets) = (self.count, self.rounds, self.cpu, self.gets);
        let numbers: Vec<u64> = Zipf::new(count, seed).take(gets as usize).collect();
        let reader = self.loaded()?.reader()?;
        let mut found = 0;
        let start = Stopwatch::start(cpu);
        for i in &numbers {
            found += u64::from(reader.get(&key(*i))?.is_some());
        }
        let time = start.nanoseconds();
        expect(found, gets)?;
        Ok(time / gets as f64)
    }

    /// Opens the loaded store when neither it nor the system remembers anything of it.
    fn cold(&mut self) -> Outcome<&P> {
        self.close_loaded()?;
        forget_pages(&self.loaded_dir())?;
        let store = P::open(&self.loaded_dir(), Setup::BUFFERED)?;
        Ok(self.loaded.insert(store))
    }

    /// Gets when nothing is cached, in microseconds.
    pub fn cold_get(&mut self) -> Outcome<f64> {
        let (count, seed) = (self.count, self.rounds);
        let reader = self.cold()?.reader()?;
        let start = Instant::now();
        for i in picks(count, COLD_GETS, seed) {
            reader.get(&key(i))?;
        }
        Ok(start.elapsed().as_nanos() as f64 / 1e3 / COLD_GETS as f64)
    }

    /// A walk over all records when nothing is cached.
    pub fn cold_scan(&mut self) -> Outcome<f64> {
        let count = self.count;
        let reader = self.cold()?.reader()?;
        let start = Instant::now();
        expect(reader.scan(Direction::Forward)?, count)?;
        Ok(start.elapsed().as_nanos() as f64 / count as f64)
    }
}
