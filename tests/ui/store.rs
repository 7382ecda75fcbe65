//! A store as far as its types go.

#![allow(dead_code)]

use std::marker::PhantomData;

use grainstore::Key;
use grainstore::key::{KeyPrefix, KeyRange, KeyRef, NextPart, TextPart};

pub struct Store<K>(PhantomData<K>);

pub fn store<K: Key>() -> Store<K> {
    Store(PhantomData)
}

impl<K: Key> Store<K> {
    pub fn get<Q: ?Sized + KeyRef<K>>(&self, _key: &Q) {}

    pub fn range<R: KeyRange<K>>(&self, _range: R) {}

    pub fn prefix<P: KeyPrefix<K>>(&self, _prefix: P) -> Query<K, P::Next> {
        Query(PhantomData)
    }
}

pub struct Query<K, N>(PhantomData<(K, N)>);

impl<K, N> Query<K, N> {
    pub fn range<R>(self, _range: R) -> Self
    where
        N: NextPart,
        R: KeyRange<N::Value>,
    {
        self
    }

    pub fn starts_with(self, _text: &<N::Value as TextPart>::Text) -> Self
    where
        N: NextPart<Value: TextPart>,
    {
        self
    }
}

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey {
    pub tenant: String,
    pub user: u64,
}
