//! What is written and kept beyond the data: a load of which every second put overwrites, counted
//! by the system.
//!
//! Bytes written are those of `/proc/self/io`: `wchar`, which calls that write were given, and
//! `write_bytes`, of which pages are made dirty (once, however often they are written over before
//! the system takes them). Both stand in proportion to the bytes of keys and values that were put;
//! what lies on the disk in proportion to those that a get would find.

use crate::files::{disk_bytes, remove};
use crate::groups::core::BATCH;
use crate::peer::{Outcome, Peer, Setup};
use crate::process::written;
use crate::records::{KEY_BYTES, Records, VALUE_BYTES, key, mix};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, no_row};
use std::marker::PhantomData;

const PUTS: u64 = 4_000_000;

/// One row.
pub fn rows(scale: Scale) -> Vec<Row> {
    let puts = format!("{} puts, half of them overwrites", grouped(scale.of(PUTS)));
    let lines = [
        ("written by calls / put by the user", Unit::Times),
        ("written to the device / put by the user", Unit::Times),
        ("on disk after the load / live data", Unit::Times),
        ("on disk after a compaction / live data", Unit::Times),
    ];
    vec![Row::new("overwrites", &puts, &lines)]
}

/// The desk of the group.
pub struct Amplification<P> {
    job: Job,
    store: PhantomData<P>,
}

impl<P: Peer> Desk for Amplification<P> {
    fn answer(&mut self, word: &str, _round: u64) -> Outcome<Vec<f64>> {
        if word != "overwrites" {
            return no_row(word);
        }
        let dir = self.job.fresh_dir("amplification")?;
        let (records, puts) = (Records::new(), self.job.scale.of(PUTS));
        // New ones at the even places; an odd one is over one of those before it.
        let number = |i: u64| match i % 2 {
            0 => i / 2,
            _ => mix(i) % (i / 2 + 1),
        };
        let live = puts.div_ceil(2) * (KEY_BYTES + VALUE_BYTES) as u64;
        let put = puts * (KEY_BYTES + VALUE_BYTES) as u64;
        let before = written()?;
        let store = P::open(&dir, Setup::BUFFERED)?;
        for start in (0..puts).step_by(BATCH as usize) {
            let places = start..puts.min(start + BATCH);
            store.put_batch(places.map(|i| (key(number(i)), records.value(i))))?;
        }
        store.settle()?;
        store.close()?;
        let wrote = before.since()?;
        let loaded = disk_bytes(&dir)?;
        let mut store = P::open(&dir, Setup::BUFFERED)?;
        store.compact()?;
        store.close()?;
        let compacted = disk_bytes(&dir)?;
        remove(&dir)?;
        Ok(vec![
            wrote.calls / put as f64,
            wrote.device / put as f64,
            loaded as f64 / live as f64,
            compacted as f64 / live as f64,
        ])
    }
}

impl<P> Amplification<P> {
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            store: PhantomData,
        }
    }
}
