//! The law of keys for nested types: order, no key a prefix of another, and the way back.
//!
//! Input: one byte for the type, one for the way: two values made out of the rest, or the rest as
//! an encoded key.

use super::key_samples::{Event, OrderKey, Sample};
use super::supply::Supply;
use grainstore::Key;
use std::cmp::Reverse;
use std::net::IpAddr;
use std::time::Duration;

pub fn run(bytes: &[u8]) {
    let mut from = Supply(bytes);
    let (kind, decodes) = (from.below(12), from.flag());
    match kind {
        0 => law::<(String, String)>(from, decodes),
        1 => law::<(Option<Vec<Option<String>>>, u8)>(from, decodes),
        2 => law::<Vec<Vec<String>>>(from, decodes),
        3 => law::<(i64, Reverse<String>, bool)>(from, decodes),
        4 => law::<OrderKey>(from, decodes),
        5 => law::<Vec<(Event, Reverse<Option<u16>>)>>(from, decodes),
        6 => law::<(f64, char, Duration, IpAddr)>(from, decodes),
        7 => law::<Reverse<Vec<Reverse<Option<i8>>>>>(from, decodes),
        8 => law::<(Event, OrderKey, i128)>(from, decodes),
        9 => law::<Vec<()>>(from, decodes),
        10 => law::<(Vec<u8>, Vec<u8>)>(from, decodes),
        _ => law::<Option<Option<Reverse<(u32, String)>>>>(from, decodes),
    }
}

fn law<K: Sample + Key>(mut from: Supply<'_>, decodes: bool) {
    if decodes {
        let key = from.rest();
        if let Ok(value) = K::decode_key(key) {
            assert_eq!(value.encode_key(), key, "two keys of one value: {value:?}");
        }
        let printed = K::key_shape().print(key);
        assert!(printed.len() <= 64 * key.len() + 64, "{printed}");
        return;
    }
    let (a, b) = (K::sample(&mut from), K::sample(&mut from));
    let (key_a, key_b) = (a.encode_key(), b.encode_key());
    let (order, key_order) = (a.order(&b), key_a.cmp(&key_b));
    assert_eq!(
        order, key_order,
        "{a:?} and {b:?}: {key_a:02x?} and {key_b:02x?}"
    );
    if order.is_ne() {
        let is_prefix = key_a.starts_with(&key_b) || key_b.starts_with(&key_a);
        assert!(!is_prefix, "{a:?} and {b:?}: one key begins the other");
    }
    for (value, key) in [(&a, &key_a), (&b, &key_b)] {
        let back = K::decode_key(key);
        let back = back.unwrap_or_else(|error| panic!("{value:?} does not come back: {error}"));
        assert!(
            back.order(value).is_eq(),
            "{value:?} comes back as {back:?}"
        );
        for cut in 0..key.len().min(40) {
            assert!(
                K::decode_key(&key[..cut]).is_err(),
                "{value:?} cut at {cut}"
            );
        }
    }
}
