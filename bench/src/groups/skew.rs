//! Keys as record stores have them: long prefixes in common, `table|tenant|…`, few tenants with
//! most of the records.
//!
//! A key is some 60 bytes: the name of a table, a tenant by Zipf's law out of 2,000, a kind and a
//! number that counts. Nine tenths of a key tell nothing apart.

use crate::groups::core::BATCH;
use crate::peer::{Outcome, Peer, Reader, Setup};
use crate::records::{Records, mix, picks};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, expect, no_row};
use crate::zipf::Zipf;
use std::time::Instant;

const RECORDS: u64 = 1_000_000;
const TENANTS: u64 = 2_000;
const GETS: u64 = 300_000;
const PREFIXES: u64 = 50_000;

/// The rows.
pub fn rows(scale: Scale) -> Vec<Row> {
    use Unit::Nanoseconds;
    let records = format!("{} records", grouped(scale.of(RECORDS)));
    let one = |word: &str, name: &str| Row::new(word, &records, &[(name, Nanoseconds)]);
    vec![
        one("load", "load in batches of 1,000, unsynced"),
        one("get", "get"),
        one("missing", "get of a missing key"),
        one("prefix", "scan of a prefix with some 10 records"),
        one("missing_prefix", "scan of a prefix without records"),
    ]
}

/// The desk of the group.
pub struct Skew<P> {
    job: Job,
    records: Records,
    /// The tenant of each record.
    tenants: Vec<u16>,
    store: Option<P>,
}

/// What all records of a kind of a tenant begin with: ten by ten, as they were put.
fn prefix(tenant: u16, ten: u64) -> String {
    format!("accounting.ledger_entries|tenant-{tenant:08}|invoice-line|{ten:09}|")
}

fn key(tenant: u16, i: u64) -> Vec<u8> {
    let mut key = prefix(tenant, i / 10).into_bytes();
    key.extend_from_slice(format!("{:04}", i % 10).as_bytes());
    key
}

impl<P: Peer> Desk for Skew<P> {
    fn answer(&mut self, word: &str, round: u64) -> Outcome<Vec<f64>> {
        let figure = match word {
            "load" => self.load()?,
            "get" => self.get(round, true)?,
            "missing" => self.get(round, false)?,
            "prefix" => self.prefixes(round, true)?,
            "missing_prefix" => self.prefixes(round, false)?,
            _ => return no_row(word),
        };
        Ok(vec![figure])
    }
}

impl<P: Peer> Skew<P> {
    pub fn new(job: &Job) -> Self {
        let count = job.scale.of(RECORDS) / 10 * 10;
        let tens: Vec<_> = Zipf::new(TENANTS, 7).take(count as usize / 10).collect();
        Self {
            job: job.clone(),
            records: Records::new(),
            tenants: tens
                .into_iter()
                .flat_map(|tenant| [tenant as u16; 10])
                .collect(),
            store: None,
        }
    }

    /// The key of record `i`, and one beside it that is not there.
    fn key(&self, i: u64, is_there: bool) -> Vec<u8> {
        let tenant = self.tenants.get(i as usize).copied().unwrap_or_default();
        let mut key = key(tenant, i);
        if !is_there && let Some(byte) = key.last_mut() {
            *byte = b'x';
        }
        key
    }

    /// Loads a new store, which the other rows then read.
    fn load(&mut self) -> Outcome<f64> {
        if let Some(store) = self.store.take() {
            store.close()?;
        }
        let store = P::open(&self.job.fresh_dir("skew")?, Setup::BUFFERED)?;
        let count = self.tenants.len() as u64;
        // In no order: a stride without a divisor in common with the count goes through all of it.
        let mut strides = (0..).map(|i| 982_451_653 + 2 * i);
        let stride = strides.find(|stride| gcd(*stride, count) == 1).unwrap_or(1);
        let keys: Vec<_> = (0..count).map(|i| i * stride % count).collect();
        let start = Instant::now();
        for batch in keys.chunks(BATCH as usize) {
            let numbers = batch.iter().copied();
            store.put_batch(numbers.map(|i| (self.key(i, true), self.records.value(i))))?;
        }
        let time = start.elapsed().as_nanos() as f64;
        store.settle()?;
        self.store = Some(store);
        Ok(time / count as f64)
    }

    fn loaded(&mut self) -> Outcome<()> {
        if self.store.is_none() {
            self.load()?;
        }
        Ok(())
    }

    fn get(&mut self, round: u64, is_there: bool) -> Outcome<f64> {
        self.loaded()?;
        let (count, gets) = (self.tenants.len() as u64, self.job.scale.of(GETS));
        let store = self.store.as_ref().ok_or("the store is gone")?;
        let keys: Vec<_> = picks(count, gets, round)
            .map(|i| self.key(i, is_there))
            .collect();
        let (reader, mut found) = (store.reader()?, 0);
        let start = Instant::now();
        for key in &keys {
            found += u64::from(reader.get(key)?.is_some());
        }
        let time = start.elapsed().as_nanos() as f64;
        expect(found, if is_there { gets } else { 0 })?;
        Ok(time / gets as f64)
    }

    fn prefixes(&mut self, round: u64, is_there: bool) -> Outcome<f64> {
        self.loaded()?;
        let (count, walks) = (self.tenants.len() as u64, self.job.scale.of(PREFIXES));
        let store = self.store.as_ref().ok_or("the store is gone")?;
        let of = |i: u64| {
            let tenant = self.tenants.get(i as usize).copied().unwrap_or_default();
            // A ten that belongs to somebody else has no record of this tenant.
            let ten = if is_there {
                i / 10
            } else {
                count + mix(i) % count
            };
            prefix(tenant, ten)
        };
        let prefixes: Vec<_> = picks(count, walks, round).map(of).collect();
        let (reader, mut seen) = (store.reader()?, 0);
        let start = Instant::now();
        for prefix in &prefixes {
            seen += reader.prefix(prefix.as_bytes())?;
        }
        let time = start.elapsed().as_nanos() as f64;
        expect(seen, if is_there { 10 * walks } else { 0 })?;
        Ok(time / walks as f64)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_ten_begin_with_its_prefix_and_others_do_not() {
        assert!(key(7, 123).starts_with(prefix(7, 12).as_bytes()));
        assert!(!key(7, 130).starts_with(prefix(7, 12).as_bytes()));
        assert!(!key(70, 123).starts_with(prefix(7, 12).as_bytes()));
    }
}
