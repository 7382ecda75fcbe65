//! What a database of typed stores must answer: the versions of three stores, and the time.
//!
//! A snapshot of it is a clone. It takes versions from the database as it finds them and knows
//! which laws they have: each is larger than all before.

use super::store_operation::{Lifetime, Visit, VisitOrder};
use grainstore_proof::versions::{Point, Versions};

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<V> {
    pub value: V,
    /// 0 for never.
    pub expiry_ms: u64,
    /// 0 in stores that have none.
    pub version: u64,
}

/// A store.
#[derive(Debug, Clone)]
pub struct StoreModel<K, V> {
    rows: Versions<K, Row<V>>,
    pub default_ttl_ms: Option<u64>,
}

impl<K: Ord + Clone, V: Clone> StoreModel<K, V> {
    pub fn new(default_ttl_ms: Option<u64>) -> Self {
        let rows = Versions::new(0);
        Self {
            rows,
            default_ttl_ms,
        }
    }

    /// The commit point of now.
    fn now(&self, time_ms: u64) -> Point {
        let sequence = self.rows.sequence();
        Point { sequence, time_ms }
    }

    /// The live record under `key`.
    pub fn get(&self, key: &K, now_ms: u64) -> Option<&Row<V>> {
        self.rows.get(key, self.now(now_ms)).map(|(row, _)| row)
    }

    /// All live records.
    pub fn all(&self, now_ms: u64) -> impl Iterator<Item = (&K, &Row<V>)> {
        let all = self.rows.all(self.now(now_ms));
        all.map(|(key, row, _)| (key, row))
    }

    /// The expiry that a lifetime means; `kept` is the record it may keep that of.
    pub fn expiry_ms(&self, lifetime: Lifetime, kept: Option<u64>, now_ms: u64) -> u64 {
        match (lifetime, kept) {
            (Lifetime::Never, _) => 0,
            (Lifetime::After(ms), _) => now_ms + ms,
            (Lifetime::At(ms), _) => now_ms.saturating_add_signed(ms),
            (Lifetime::Keep, Some(kept)) => kept,
            (Lifetime::Keep | Lifetime::Default, _) => {
                self.default_ttl_ms.map_or(0, |ttl| now_ms + ttl)
            }
        }
    }

    /// The expiry of the live record under `key`.
    pub fn kept(&self, key: &K, now_ms: u64) -> Option<u64> {
        self.get(key, now_ms).map(|row| row.expiry_ms)
    }

    /// Puts a record that expires at `expiry_ms`; one that is over already only removes.
    pub fn put(&mut self, key: K, value: V, expiry_ms: u64, now_ms: u64) {
        if expiry_ms != 0 && expiry_ms <= now_ms {
            self.rows.delete(key);
            return;
        }
        let row = Row {
            value,
            expiry_ms,
            version: 0,
        };
        self.rows.put(key, row, expiry_ms);
    }

    /// Gives a live record another expiry; `false` where there is none.
    pub fn touch(&mut self, key: &K, lifetime: Lifetime, now_ms: u64) -> bool {
        let Some(row) = self.get(key, now_ms).cloned() else {
            return false;
        };
        let expiry_ms = self.expiry_ms(lifetime, Some(row.expiry_ms), now_ms);
        self.put(key.clone(), row.value, expiry_ms, now_ms);
        self.set_version(key, row.version);
        true
    }

    pub fn set_version(&mut self, key: &K, version: u64) {
        // An expired one keeps its version, too: time 0 has nothing expired.
        if let Some(row) = self.get(key, 0).cloned() {
            let expiry_ms = row.expiry_ms;
            self.rows
                .put(key.clone(), Row { version, ..row }, expiry_ms);
        }
    }

    pub fn delete(&mut self, key: &K) {
        self.rows.delete(key.clone());
    }

    pub fn delete_where(&mut self, goes: impl Fn(&K) -> bool) {
        let keys: Vec<K> = self.all(0).map(|(key, _)| key.clone()).collect();
        let gone = keys.into_iter().filter(goes);
        gone.for_each(|key| self.rows.delete(key));
    }
}

/// The three stores, and the time.
#[derive(Debug, Clone)]
pub struct DbModel {
    pub visits: StoreModel<VisitOrder, Visit>,
    pub counts: StoreModel<u32, u32>,
    pub blobs: StoreModel<Vec<u8>, Vec<u8>>,
    pub now_ms: u64,
}
