//! What a history writes, and what must be there after each of its commits.
//!
//! A [`Script`] is the work of one writer: commits that follow from a seed alone, and the content
//! after each of them. Every commit carries the number of the commit under the writer's counter
//! key, so that a recovered database says by itself which commit was its last. Scripts of several
//! writers share no key. Plain data; the engine is not touched here.

use grainstore::engine::WriteBatch;
use grainstore::fs::SplitMix64;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One change of a commit.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Put(Arc<[u8]>, Arc<[u8]>, u64),
    Delete(Arc<[u8]>),
    DeleteRange(Arc<[u8]>, Arc<[u8]>),
}

/// A record that must be there: key, value, and when it expires (0 for never).
pub(crate) type Record = (Arc<[u8]>, Arc<[u8]>, u64);

/// Values and expiries by key.
type Content = BTreeMap<Arc<[u8]>, (Arc<[u8]>, u64)>;

/// A commit, and the time at which it is made.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) changes: Vec<Change>,
    pub(crate) time_ms: u64,
}

impl Commit {
    /// The batch that makes all the changes.
    pub(crate) fn batch(&self) -> WriteBatch {
        let mut batch = WriteBatch::new();
        for change in &self.changes {
            match change {
                Change::Put(key, value, expiry_ms) => {
                    batch.put_with_expiry(key, value, *expiry_ms).unwrap();
                }
                Change::Delete(key) => batch.delete(key).unwrap(),
                Change::DeleteRange(start, end) => batch.delete_range(start, end).unwrap(),
            }
        }
        batch
    }
}

/// The commits of one writer, and the content after each.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) commits: Vec<Commit>,
    /// `states[n]` is the content after `n` commits, in the order of keys, expired records too.
    pub(crate) states: Vec<Vec<Record>>,
}

/// The key under which writer `writer` counts its commits.
pub(crate) fn counter_key(writer: usize) -> [u8; 2] {
    [b'a' + writer as u8, b'!']
}

/// How the keys of a script look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys {
    /// How many there are, the counter aside; at most 1,000.
    pub(crate) count: u64,
    /// The least length of one.
    pub(crate) bytes_least: usize,
}

impl Keys {
    fn of(self, writer: usize, number: u64) -> Arc<[u8]> {
        let letter = char::from(b'a' + writer as u8);
        let mut key = format!("{letter}{number:03}").into_bytes();
        key.resize(key.len().max(self.bytes_least), b'.');
        key.into()
    }
}

fn value(chance: &mut SplitMix64) -> Arc<[u8]> {
    let bytes = match chance.below(32) {
        0 => 0,
        1 => 700 + chance.below(900),
        2..10 => 100 + chance.below(200),
        _ => chance.below(60),
    };
    let seed = chance.next_u64().to_le_bytes();
    (0..bytes as usize).map(|i| seed[i % 8] ^ i as u8).collect()
}

impl Script {
    /// The work of writer `writer`: `commits` commits that follow from `seed`.
    pub(crate) fn new(writer: usize, seed: u64, commits: usize, keys: Keys) -> Self {
        let mut chance = SplitMix64::new(seed ^ (writer as u64) << 32);
        let (mut content, mut time_ms) = (BTreeMap::new(), 1_000_000);
        let (mut made, mut states) = (Vec::new(), vec![Vec::new()]);
        for number in 1..=commits as u64 {
            time_ms += chance.below(8);
            let mut changes: Vec<_> = (0..=chance.below(5) * chance.below(2))
                .map(|_| {
                    change(
                        |number| keys.of(writer, number),
                        keys.count,
                        time_ms,
                        &mut chance,
                    )
                })
                .collect();
            let count = Arc::from(number.to_be_bytes());
            let counter = Change::Put(Arc::from(counter_key(writer)), count, 0);
            changes.insert(chance.below(changes.len() as u64 + 1) as usize, counter);
            changes
                .iter()
                .for_each(|change| apply(&mut content, change));
            let records = content.iter();
            let records = records.map(|(key, (value, expiry_ms)): (&Arc<[u8]>, &(_, _))| {
                (Arc::clone(key), Arc::clone(value), *expiry_ms)
            });
            states.push(records.collect());
            made.push(Commit { changes, time_ms });
        }
        Self {
            commits: made,
            states,
        }
    }

    /// The time of the last commit.
    pub(crate) fn end_ms(&self) -> u64 {
        self.commits.last().map_or(0, |commit| commit.time_ms)
    }
}

fn change(
    key: impl Fn(u64) -> Arc<[u8]>,
    keys: u64,
    time_ms: u64,
    chance: &mut SplitMix64,
) -> Change {
    let number = chance.below(keys);
    match chance.below(32) {
        0..6 => Change::Delete(key(number)),
        6 => {
            let end = (number + 1 + chance.below(20)).min(keys);
            Change::DeleteRange(key(number), key(end))
        }
        7..11 => {
            let spans = [1, 10, 100, 1_000, 1_000_000];
            let span = spans[chance.below(spans.len() as u64) as usize];
            let expiry_ms = time_ms + 1 + chance.below(span);
            Change::Put(key(number), value(chance), expiry_ms)
        }
        _ => Change::Put(key(number), value(chance), 0),
    }
}

fn apply(content: &mut Content, change: &Change) {
    match change {
        Change::Put(key, value, expiry_ms) => {
            content.insert(Arc::clone(key), (Arc::clone(value), *expiry_ms));
        }
        Change::Delete(key) => {
            content.remove(key);
        }
        Change::DeleteRange(start, end) => {
            content.retain(|key, _| !(start <= key && key < end));
        }
    }
}
