//! What an engine must answer: every version of every key that was ever written.
//!
//! The model forgets nothing, so that every commit point stays readable: a reader at a point sees
//! of each key the newest version up to the point's sequence number, where that is a value which
//! has not expired at the point's time. It counts sequence numbers as the engine does, one for each
//! write. It knows no files and no layout.

use super::operation::Write;
use std::collections::BTreeMap;
use std::ops::Bound;

/// A record as scans show it: key, value, expiry in ms (0 for never).
pub type Record = (Vec<u8>, Vec<u8>, u64);

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub sequence: u64,
    /// `None`: deleted.
    pub value: Option<Vec<u8>>,
    /// 0 for never.
    pub expiry_ms: u64,
}

/// A commit point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub sequence: u64,
    pub time_ms: u64,
}

/// The state of an engine, with all that it was.
#[derive(Debug, Clone, Default)]
pub struct Model {
    versions: BTreeMap<Vec<u8>, Vec<Version>>,
    sequence: u64,
    /// The engine's time: the highest that its source ever showed it.
    now_ms: u64,
}

impl Model {
    /// An empty model at a time.
    pub fn new(now_ms: u64) -> Self {
        let (versions, sequence) = (BTreeMap::new(), 0);
        Self {
            versions,
            sequence,
            now_ms,
        }
    }

    /// The source of time shows `source_ms`; answers the engine's time.
    pub fn see_time(&mut self, source_ms: u64) -> u64 {
        self.now_ms = self.now_ms.max(source_ms);
        self.now_ms
    }

    /// A kill lost what nobody wrote down of the time: it goes on from `now_ms`.
    pub fn lose_time(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.min(now_ms);
    }

    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The commit point of now.
    pub fn now(&self) -> Point {
        Point {
            sequence: self.sequence,
            time_ms: self.now_ms,
        }
    }

    pub fn put(&mut self, key: &[u8], value: Vec<u8>, expiry_ms: u64) {
        self.sequence += 1;
        self.push(key, Some(value), expiry_ms);
    }

    pub fn delete(&mut self, key: &[u8]) {
        self.sequence += 1;
        self.push(key, None, 0);
    }

    pub fn delete_range(&mut self, start: &[u8], end: &[u8]) {
        if start >= end {
            return;
        }
        self.sequence += 1;
        let bounds = (Bound::Included(start), Bound::Excluded(end));
        let within = self.versions.range_mut::<[u8], _>(bounds);
        let sequence = self.sequence;
        for (_, versions) in within {
            versions.push(Version {
                sequence,
                value: None,
                expiry_ms: 0,
            });
        }
    }

    /// Records that an ingest brings: all have one sequence number.
    pub fn ingest(&mut self, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        self.sequence += 1;
        for (key, value, expiry_ms) in records {
            self.push(key, Some(value.clone()), *expiry_ms);
        }
    }

    /// One write of a history.
    pub fn write(&mut self, write: &Write) {
        match write {
            Write::Put(key, value) => self.put(&key.bytes(), value.bytes(), 0),
            Write::PutTtl(key, value, ttl_ms) => {
                let expiry_ms = self.expiry_after(*ttl_ms);
                self.put(&key.bytes(), value.bytes(), expiry_ms);
            }
            Write::Delete(key) => self.delete(&key.bytes()),
            Write::DeleteRange(start, end) => self.delete_range(&start.bytes(), &end.bytes()),
        }
    }

    /// The absolute time `ttl_ms` from now.
    pub fn expiry_after(&self, ttl_ms: i64) -> u64 {
        self.now_ms.saturating_add_signed(ttl_ms).max(1)
    }

    fn push(&mut self, key: &[u8], value: Option<Vec<u8>>, expiry_ms: u64) {
        let versions = self.versions.entry(key.to_vec()).or_default();
        versions.push(Version {
            sequence: self.sequence,
            value,
            expiry_ms,
        });
    }

    /// The version of `key` that decides at `point`, dead or alive.
    pub fn newest(&self, key: &[u8], point: Point) -> Option<&Version> {
        let versions = self.versions.get(key)?.iter().rev();
        versions
            .into_iter()
            .find(|version| version.sequence <= point.sequence)
    }

    /// The live record of `key` at `point`: value and expiry.
    pub fn get(&self, key: &[u8], point: Point) -> Option<(&[u8], u64)> {
        let version = self.newest(key, point)?;
        let value = version.value.as_deref()?;
        let live = version.expiry_ms == 0 || version.expiry_ms > point.time_ms;
        live.then_some((value, version.expiry_ms))
    }

    /// The live records within bounds at `point`, keys rising.
    pub fn scan(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>, point: Point) -> Vec<Record> {
        let within = |key: &[u8]| {
            let above = match lower {
                Bound::Included(lower) => key >= lower,
                Bound::Excluded(lower) => key > lower,
                Bound::Unbounded => true,
            };
            let below = match upper {
                Bound::Included(upper) => key <= upper,
                Bound::Excluded(upper) => key < upper,
                Bound::Unbounded => true,
            };
            above && below
        };
        let keys = self.versions.keys().filter(|key| within(key));
        let live = keys.filter_map(|key| Some((key, self.get(key, point)?)));
        live.map(|(key, (value, expiry_ms))| (key.clone(), value.to_vec(), expiry_ms))
            .collect()
    }

    /// All live records at `point`.
    pub fn all(&self, point: Point) -> Vec<Record> {
        self.scan(Bound::Unbounded, Bound::Unbounded, point)
    }

    /// Sequence numbers of versions that decide their key now and that have expired by now.
    pub fn expired(&self) -> impl Iterator<Item = u64> {
        let last = self.versions.values().filter_map(|all| all.last());
        let expired = last.filter(|v| v.value.is_some() && v.expiry_ms != 0);
        expired
            .filter(|v| v.expiry_ms <= self.now_ms)
            .map(|v| v.sequence)
    }
}
