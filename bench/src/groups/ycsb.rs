//! The six core workloads of YCSB (Cooper et al., SoCC 2010), on one store that stays loaded.
//!
//! Records of 1,000 bytes, as its ten fields of 100; which are asked for follows Zipf's law with
//! the skew 0.99, scattered over the keys; D asks for the latest ones, E walks 1 to 100 records.
//! The store is loaded before, and D and E add to it. One thread; writes are unsynced.

use crate::groups::core::BATCH;
use crate::keys::Noise;
use crate::peer::{Outcome, Peer, Reader, Setup};
use crate::records::{key, mix};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, no_row};
use crate::zipf::Zipf;
use std::time::Instant;

const RECORDS: u64 = 1_000_000;
const VALUE_BYTES: usize = 1_000;
const OPERATIONS: u64 = 300_000;
const WALKS: u64 = 60_000;
const WALK_RECORDS_MAX: u64 = 100;

/// A row for each workload.
pub fn rows(scale: Scale) -> Vec<Row> {
    let records = format!("{} records", grouped(scale.of(RECORDS)));
    let row = |word: &str, name: &str| Row::new(word, &records, &[(name, Unit::Nanoseconds)]);
    vec![
        row("a", "A: half reads, half updates"),
        row("b", "B: 95 % reads, 5 % updates"),
        row("c", "C: reads"),
        row("f", "F: half reads, half reads that write back"),
        row("d", "D: 95 % reads of the latest, 5 % inserts"),
        row("e", "E: 95 % walks of 1 to 100, 5 % inserts"),
    ]
}

/// What a workload does: the shares of a hundred operations; the rest are updates.
struct Mix {
    reads: u64,
    inserts: u64,
    walks: u64,
    write_backs: u64,
    is_latest: bool,
}

fn mix_of(word: &str) -> Option<Mix> {
    let mix = |reads, inserts, walks, write_backs| Mix {
        reads,
        inserts,
        walks,
        write_backs,
        is_latest: word == "d",
    };
    Some(match word {
        "a" => mix(50, 0, 0, 0),
        "b" => mix(95, 0, 0, 0),
        "c" => mix(100, 0, 0, 0),
        "d" => mix(95, 5, 0, 0),
        "e" => mix(0, 5, 95, 0),
        "f" => mix(50, 0, 0, 50),
        _ => return None,
    })
}

/// The desk of the group.
pub struct Ycsb<P> {
    job: Job,
    values: Noise,
    store: Option<P>,
    count: u64,
}

impl<P: Peer> Desk for Ycsb<P> {
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>> {
        let Some(shares) = mix_of(word) else {
            return no_row(word);
        };
        self.load()?;
        let operations = self.job.scale.of(match word {
            "e" => WALKS,
            _ => OPERATIONS,
        });
        let figure = match word {
            "c" => self.reads(operations, round)?,
            _ => self.run(&shares, operations, round)?,
        };
        Ok(vec![figure])
    }
}

impl<P: Peer> Ycsb<P> {
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            values: Noise::new(VALUE_BYTES),
            store: None,
            count: 0,
        }
    }

    fn load(&mut self) -> Outcome<()> {
        if self.store.is_some() {
            return Ok(());
        }
        let store = P::open(&self.job.fresh_dir("ycsb")?, Setup::BUFFERED)?;
        self.count = self.job.scale.of(RECORDS);
        for start in (0..self.count).step_by(BATCH as usize) {
            let numbers = start..self.count.min(start + BATCH);
            store.put_batch(numbers.map(|i| (key(i), self.values.value(i))))?;
        }
        store.settle()?;
        self.store = Some(store);
        Ok(())
    }

    /// Nothing is written beside them, so one reader does.
    fn reads(&self, operations: u64, round: u64) -> Outcome<f64> {
        let store = self.store.as_ref().ok_or("the store is gone")?;
        let mut zipf = Zipf::new(self.count, round);
        let reader = store.reader()?;
        let start = Instant::now();
        for _ in 0..operations {
            let found = reader.get(&key(mix(zipf.rank()) % self.count))?;
            found.ok_or("a record that was put is not there")?;
        }
        Ok(start.elapsed().as_nanos() as f64 / operations as f64)
    }

    fn run(&mut self, shares: &Mix, operations: u64, round: u64) -> Outcome<f64> {
        let store = self.store.as_ref().ok_or("the store is gone")?;
        let mut zipf = Zipf::new(self.count, round);
        let mut count = self.count;
        let start = Instant::now();
        for i in 0..operations {
            let dice = mix(i ^ round.rotate_left(23));
            let number = match shares.is_latest {
                true => count - 1 - zipf.rank(),
                false => mix(zipf.rank()) % self.count,
            };
            let (key_of, value) = (key(number), self.values.value(number ^ dice));
            let mut drawn = dice % 100;
            let mut is_of = |share: u64| {
                let hit = drawn < share;
                drawn = drawn.wrapping_sub(share);
                hit
            };
            if is_of(shares.reads) {
                let found = store.reader()?.get(&key_of)?;
                found.ok_or("a record that was put is not there")?;
            } else if is_of(shares.inserts) {
                store.put(&key(count), value)?;
                count += 1;
            } else if is_of(shares.walks) {
                let records = 1 + (dice >> 32) % WALK_RECORDS_MAX;
                store.reader()?.seek(&key_of, records as usize)?;
            } else {
                if is_of(shares.write_backs) {
                    store.reader()?.get(&key_of)?;
                }
                store.put(&key_of, value)?;
            }
        }
        let time = start.elapsed().as_nanos() as f64;
        self.count = count;
        Ok(time / operations as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_every_workload_are_within_a_hundred() {
        for word in ["a", "b", "c", "d", "e", "f"] {
            let mix = mix_of(word);
            let sum = mix.map(|mix| mix.reads + mix.inserts + mix.walks + mix.write_backs);
            assert!(sum.is_some_and(|sum| (50..=100).contains(&sum)), "{word}");
        }
    }
}
