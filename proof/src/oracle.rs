//! What an engine must answer: the versions of its keys, and how each operation adds to them.

use crate::operation::{IngestedRecord, Operation, Write};
use crate::versions::{Point, Versions};
use std::ops::{Bound, Deref, DerefMut};

/// A record as scans show it: key, value, expiry in ms (0 for never).
pub type Record = (Vec<u8>, Vec<u8>, u64);

/// The state of an engine, with all that it was. It counts sequence numbers as the engine does:
/// one for each write of a batch, one for a whole ingest.
#[derive(Debug, Clone)]
pub struct Model(Versions<Vec<u8>, Vec<u8>>);

impl Deref for Model {
    type Target = Versions<Vec<u8>, Vec<u8>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Model {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Model {
    /// An empty model at a time.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        Self(Versions::new(now_ms))
    }

    /// One write of a history.
    pub fn write(&mut self, write: &Write) {
        match write {
            Write::Put(key, value) => self.put(key.bytes(), value.bytes(), 0),
            Write::PutTtl(key, value, ttl_ms) => {
                let expiry_ms = self.expiry_after(*ttl_ms);
                self.put(key.bytes(), value.bytes(), expiry_ms);
            }
            Write::Delete(key) => self.delete(key.bytes()),
            Write::DeleteRange(start, end) => {
                let (start, end) = (start.bytes(), end.bytes());
                if start < end {
                    self.next_sequence();
                    self.push_deletes(start..end);
                }
            }
        }
    }

    /// The records that an ingest is given: sorted, the first of each key, with their expiry.
    #[must_use]
    pub fn ingested(&self, records: &[IngestedRecord]) -> Vec<Record> {
        let record = |(key, value, ttl): &IngestedRecord| {
            let expiry_ms = ttl.map_or(0, |ttl| self.expiry_after(ttl));
            (key.bytes(), value.bytes(), expiry_ms)
        };
        let mut sorted: Vec<Record> = records.iter().map(record).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.dedup_by(|a, b| a.0 == b.0);
        sorted
    }

    /// What an operation writes, where it writes.
    pub fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Write(write) => self.write(write),
            Operation::Batch(writes) => writes.iter().for_each(|write| self.write(write)),
            Operation::Ingest(records) => {
                let records = self.ingested(records);
                if !records.is_empty() {
                    self.next_sequence();
                }
                for (key, value, expiry_ms) in records {
                    self.push(key, Some(value), expiry_ms);
                }
            }
            _ => {}
        }
    }

    /// The live records within bounds at `point`, keys rising.
    #[must_use]
    pub fn scan(&self, bounds: (Bound<Vec<u8>>, Bound<Vec<u8>>), point: Point) -> Vec<Record> {
        let live = self.range(bounds, point);
        live.map(|(key, value, expiry_ms)| (key.clone(), value.clone(), expiry_ms))
            .collect()
    }

    /// All live records at `point`.
    #[must_use]
    pub fn records(&self, point: Point) -> Vec<Record> {
        self.scan((Bound::Unbounded, Bound::Unbounded), point)
    }
}
