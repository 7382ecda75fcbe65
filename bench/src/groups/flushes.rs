//! Flushes of the device for each durable put, counted and not timed, so that a busy machine does
//! not change them.

use crate::flush_count::flushes;
use crate::peer::{Outcome, Peer, Setup};
use crate::records::{Records, key};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::threads::together;
use crate::worker::{Desk, Job, no_row};

const PUTS: u64 = 800;

/// The rows.
pub fn rows(scale: Scale) -> Vec<Row> {
    let puts = format!("{} puts", grouped(scale.durable(PUTS)));
    let one = |word: &str, name: &str| Row::new(word, &puts, &[(name, Unit::Count)]);
    vec![
        one("threads 1", "flushes for each put, 1 thread"),
        one("threads 8", "flushes for each put, 8 threads"),
    ]
}

/// The desk of the group.
pub struct Flushes<P> {
    job: Job,
    store: Option<P>,
    count: u64,
}

impl<P: Peer> Desk for Flushes<P> {
    fn answer(&mut self, word: &str, _round: u64) -> Outcome<Vec<f64>> {
        let Some(threads) = word.strip_prefix("threads ") else {
            return no_row(word);
        };
        let threads: u64 = threads.parse()?;
        if !P::IS_DURABLE {
            return Ok(vec![f64::NAN]);
        }
        if self.store.is_none() {
            let store = P::open(&self.job.fresh_dir("flushes")?, Setup::DURABLE)?;
            for i in 0..100 {
                store.put(&key(u64::from(u32::MAX) + i), b"warm")?;
            }
            self.store = Some(store);
        }
        let store = self.store.as_ref().ok_or("the store is gone")?;
        let each = self.job.scale.durable(PUTS) / threads;
        let first = self.count;
        self.count += each * threads;
        let before = flushes() + store.synchronous_writes();
        let puts = together(threads, |thread| {
            let records = Records::new();
            for i in (first + thread * each..).take(each as usize) {
                store.put(&key(i), records.value(i))?;
            }
            Ok(each)
        })?;
        let counted = flushes() + store.synchronous_writes() - before;
        Ok(vec![counted as f64 / puts as f64])
    }
}

impl<P> Flushes<P> {
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            store: None,
            count: 0,
        }
    }
}
