//! A map of bounded size that lets the entry go which was used the longest time ago.
//!
//! One thread at a time; the owner holds the lock.

use crate::sync::Arc;
use std::collections::{BTreeMap, HashMap};

/// Entries by key, and their keys by the time of their last use.
#[derive(Debug)]
pub(crate) struct Lru<V> {
    entries: HashMap<Arc<[u8]>, (V, u64)>,
    by_use: BTreeMap<u64, Arc<[u8]>>,
    uses: u64,
    entries_max: usize,
}

impl<V> Lru<V> {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            entries_max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry of `key`, which is now the one that was used last.
    pub(crate) fn get(&mut self, key: &[u8]) -> Option<&V> {
        let (value, used) = self.entries.get_mut(key)?;
        let key = self.by_use.remove(used)?;
        self.uses += 1;
        *used = self.uses;
        self.by_use.insert(self.uses, key);
        Some(value)
    }

    /// Puts an entry in, and another out where there are too many.
    pub(crate) fn insert(&mut self, key: &[u8], value: V) {
        self.remove(key);
        while self.entries.len() >= self.entries_max {
            match self.by_use.pop_first() {
                Some((_, oldest)) => self.entries.remove(&oldest),
                None => return, // there is no room for any
            };
        }
        let key: Arc<[u8]> = key.into();
        self.uses += 1;
        self.by_use.insert(self.uses, Arc::clone(&key));
        self.entries.insert(key, (value, self.uses));
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        if let Some((_, used)) = self.entries.remove(key) {
            self.by_use.remove(&used);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.by_use.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_entry_that_was_used_the_longest_time_ago_goes_first() {
        let mut lru = Lru::new(2);
        lru.insert(b"a", 1);
        lru.insert(b"b", 2);
        assert_eq!(lru.get(b"a"), Some(&1));
        lru.insert(b"c", 3);
        let left = [b"a", b"b", b"c"].map(|key| lru.get(key).copied());
        assert_eq!(left, [Some(1), None, Some(3)]);
        let mut none = Lru::new(0);
        none.insert(b"a", 1);
        assert_eq!(none.get(b"a"), None);
    }

    proptest! {
        #[test]
        fn it_answers_as_a_list_in_the_order_of_use(
            steps in proptest::collection::vec((0u8..4, 0u8..8), 0..200)
        ) {
            let (mut lru, mut model) = (Lru::new(5), Vec::<(u8, usize)>::new());
            for (at, (what, key)) in steps.into_iter().enumerate() {
                let found = model.iter().position(|(k, _)| *k == key);
                let entry = found.map(|i| model.remove(i));
                match what {
                    0 => lru.remove(&[key]),
                    1 => {
                        lru.insert(&[key], at);
                        model.truncate(4);
                        model.insert(0, (key, at));
                    }
                    _ => {
                        prop_assert_eq!(lru.get(&[key]).copied(), entry.map(|(_, v)| v));
                        model.splice(0..0, entry);
                    }
                }
                prop_assert_eq!(lru.len(), model.len());
                prop_assert_eq!(lru.by_use.len(), model.len());
            }
        }
    }
}
