//! The parts of a query's records: keys alone, values alone.

use super::query::{Query, decode_key};
use crate::codec::contract::Codec;
use crate::error::Result;
use crate::key::key_part::Key;
use std::iter::FusedIterator;

impl<'a, K: Key, V, C: Codec<V>, N> Query<'a, K, V, C, N> {
    /// The keys alone; values are not touched.
    pub fn keys(self) -> Keys<'a, K, V, C, N> {
        Keys::new(self)
    }

    /// The values alone.
    pub fn values(self) -> Values<'a, K, V, C, N> {
        Values::new(self)
    }
}

/// The keys of a query's records. Values are not touched.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct Keys<'a, K, V, C, N = K>(Query<'a, K, V, C, N>);

impl<'a, K: Key, V, C: Codec<V>, N> Keys<'a, K, V, C, N> {
    pub(crate) fn new(query: Query<'a, K, V, C, N>) -> Self {
        Self(query)
    }
}

impl<K: Key, V, C: Codec<V>, N> Iterator for Keys<'_, K, V, C, N> {
    type Item = Result<K>;

    fn next(&mut self) -> Option<Self::Item> {
        let store = self.0.store;
        self.0
            .step(|key, _| decode_key(store, key))
            .map(Result::flatten)
    }
}

impl<K: Key, V, C: Codec<V>, N> FusedIterator for Keys<'_, K, V, C, N> {}

/// The values of a query's records.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct Values<'a, K, V, C, N = K>(Query<'a, K, V, C, N>);

impl<'a, K: Key, V, C: Codec<V>, N> Values<'a, K, V, C, N> {
    pub(crate) fn new(query: Query<'a, K, V, C, N>) -> Self {
        Self(query)
    }
}

impl<K: Key, V, C: Codec<V>, N> Iterator for Values<'_, K, V, C, N> {
    type Item = Result<V>;

    fn next(&mut self) -> Option<Self::Item> {
        let store = self.0.store;
        let step = self
            .0
            .step(|key, cursor| store.decoder().value(key, cursor.value()));
        step.map(Result::flatten)
    }
}

impl<K: Key, V, C: Codec<V>, N> FusedIterator for Values<'_, K, V, C, N> {}
