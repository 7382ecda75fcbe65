//! The oracle: every version of every key that was ever written, readable at every commit point.
//!
//! The map forgets nothing, so that every commit point stays readable: a reader at a point sees of
//! each key the newest version up to the point's sequence number, where that is a value which has
//! not expired at the point's time. One sequence number for each write. It knows no files, no
//! layout and no store; the models of the engine and of the typed stores are made of it.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version<V> {
    /// The number of the write.
    pub sequence: u64,
    /// `None`: deleted.
    pub value: Option<V>,
    /// 0 for never.
    pub expiry_ms: u64,
}

/// A commit point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The last write that is seen.
    pub sequence: u64,
    /// What expires by then is not seen.
    pub time_ms: u64,
}

/// A live record: its key, its value, and when it expires (0 for never).
pub type Live<'a, K, V> = (&'a K, &'a V, u64);

/// All versions of all keys, and the engine's time.
#[derive(Debug, Clone)]
pub struct Versions<K, V> {
    versions: BTreeMap<K, Vec<Version<V>>>,
    sequence: u64,
    /// The highest time that the source of time ever showed.
    now_ms: u64,
}

impl<K: Ord + Clone, V> Versions<K, V> {
    /// No version, at a time.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        Self {
            versions: BTreeMap::new(),
            sequence: 0,
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

    /// The engine's time.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The number of the last write.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The commit point of now.
    #[must_use]
    pub fn now(&self) -> Point {
        Point {
            sequence: self.sequence,
            time_ms: self.now_ms,
        }
    }

    /// The absolute time `ttl_ms` from now.
    #[must_use]
    pub fn expiry_after(&self, ttl_ms: i64) -> u64 {
        self.now_ms.saturating_add_signed(ttl_ms).max(1)
    }

    /// Takes the next sequence number; what is [pushed](Self::push) has it.
    pub fn next_sequence(&mut self) {
        self.sequence += 1;
    }

    /// A version of `key` with the current sequence number.
    pub fn push(&mut self, key: K, value: Option<V>, expiry_ms: u64) {
        let sequence = self.sequence;
        self.versions.entry(key).or_default().push(Version {
            sequence,
            value,
            expiry_ms,
        });
    }

    /// A put, as a write of its own.
    pub fn put(&mut self, key: K, value: V, expiry_ms: u64) {
        self.next_sequence();
        self.push(key, Some(value), expiry_ms);
    }

    /// A delete, as a write of its own.
    pub fn delete(&mut self, key: K) {
        self.next_sequence();
        self.push(key, None, 0);
    }

    /// Deletes every key that was ever written within bounds, with the current sequence number.
    pub fn push_deletes(&mut self, bounds: impl RangeBounds<K>) {
        let sequence = self.sequence;
        for (_, versions) in self.versions.range_mut(bounds) {
            versions.push(Version {
                sequence,
                value: None,
                expiry_ms: 0,
            });
        }
    }

    /// Takes back every write after `sequence`, as a crash does.
    pub fn forget_after(&mut self, sequence: u64) {
        self.versions.retain(|_, versions| {
            versions.truncate(versions.partition_point(|it| it.sequence <= sequence));
            !versions.is_empty()
        });
        self.sequence = self.sequence.min(sequence);
    }

    /// The version of `key` that decides at `point`, dead or alive.
    #[must_use]
    pub fn newest(&self, key: &K, point: Point) -> Option<&Version<V>> {
        newest(self.versions.get(key)?, point)
    }

    /// The live record of `key` at `point`: value and expiry.
    #[must_use]
    pub fn get(&self, key: &K, point: Point) -> Option<(&V, u64)> {
        alive(self.newest(key, point)?, point)
    }

    /// The live records within bounds at `point`, keys rising.
    pub fn range(
        &self,
        bounds: (Bound<K>, Bound<K>),
        point: Point,
    ) -> impl Iterator<Item = Live<'_, K, V>> {
        // A range the wrong way round is empty here, as it is for the engine.
        let keys = self
            .versions
            .iter()
            .filter(move |(key, _)| bounds.contains(key));
        keys.filter_map(move |(key, versions)| {
            let (value, expiry_ms) = alive(newest(versions, point)?, point)?;
            Some((key, value, expiry_ms))
        })
    }

    /// All live records at `point`.
    pub fn all(&self, point: Point) -> impl Iterator<Item = Live<'_, K, V>> {
        self.range((Bound::Unbounded, Bound::Unbounded), point)
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

fn newest<V>(versions: &[Version<V>], point: Point) -> Option<&Version<V>> {
    let seen = versions.partition_point(|version| version.sequence <= point.sequence);
    versions.get(seen.checked_sub(1)?)
}

fn alive<V>(version: &Version<V>, point: Point) -> Option<(&V, u64)> {
    let live = version.expiry_ms == 0 || version.expiry_ms > point.time_ms;
    let value = version.value.as_ref()?;
    live.then_some((value, version.expiry_ms))
}
