//! A prefix of a key is a prefix of its bytes, and of nothing else's.

use grainstore::Key;
use grainstore::key::{ByteRange, KeyPrefix, NothingFollows, Prefix, RawBytes, successor};

use crate::derived::{Event, Foreign, OrderKey, Pair, Scoped, WithModule};
use crate::sample::{Chance, Sample};

/// Many keys, as the store will hold them.
fn keys<K: Sample>(count: usize) -> Vec<(K, Vec<u8>)> {
    let mut chance = Chance(0x7072_6566);
    let key = |_| K::sample(&mut chance);
    (0..count)
        .map(key)
        .map(|key| (key.clone(), key.encode_key()))
        .collect()
}

/// Holds `prefix` against `keys`: it covers those, and only those, that `begins` says.
fn covers<K: Key, P: KeyPrefix<K>>(
    prefix: &P,
    keys: &[(K, Vec<u8>)],
    begins: impl Fn(&K) -> bool,
) -> usize {
    let range = ByteRange::prefix::<K, P>(prefix);
    let mut covered = 0;
    for (key, bytes) in keys {
        assert_eq!(
            range.contains(bytes),
            begins(key),
            "K8 and B1: {range:?} {bytes:?}"
        );
        covered += usize::from(begins(key));
    }
    covered
}

#[test]
fn every_first_part_of_a_key_is_a_prefix_of_it() {
    let keys = keys::<OrderKey>(600);
    let mut pairs = 0;
    for (key, _) in &keys {
        let OrderKey { tenant, day, id } = key;
        pairs += covers(&(), &keys, |_| true);
        pairs += covers(&(tenant,), &keys, |k| k.tenant == *tenant);
        pairs += covers(&(tenant.as_str(), *day), &keys, |k| {
            (&k.tenant, k.day) == (tenant, *day)
        });
        pairs += covers(&(tenant, day, id), &keys, |k| k == key);
    }
    assert!(
        pairs > keys.len() * keys.len(),
        "the prefixes cover something"
    );
}

#[test]
fn tuples_and_nested_components_have_prefixes() {
    type Nested = ((Vec<u8>, bool), Option<String>, u8);
    let keys = keys::<Nested>(300);
    for ((first, second, _), _) in &keys {
        covers(&(first,), &keys, |k| k.0 == *first);
        let borrowed = ((first.0.as_slice(), first.1), second.as_deref());
        covers(&borrowed, &keys, |k| (&k.0, &k.1) == (first, second));
    }
}

#[test]
fn all_ff_and_nothing_have_no_successor() {
    assert_eq!(successor(b""), None);
    assert_eq!(successor(&[0xFF, 0xFF]), None);
    assert_eq!(successor(&[0x01, 0xFF, 0xFF]), Some(vec![0x02]));
    assert_eq!(successor(&[0x00]), Some(vec![0x01]));

    let keys = keys::<([u8; 2], String)>(400);
    for (first, _) in keys.iter().map(|(key, _)| key) {
        covers(&(first,), &keys, |k| k.0 == *first);
    }
    covers(&([0xFFu8; 2],), &keys, |k| k.0 == [0xFF; 2]);
}

#[test]
fn generic_structs_newtypes_and_modules_have_prefixes() {
    let scoped = keys::<Scoped<OrderKey>>(200);
    for (key, _) in &scoped {
        covers(&(&key.scope,), &scoped, |k| k.scope == key.scope);
    }
    let pairs = keys::<Pair>(200);
    for (key, _) in &pairs {
        covers(&(&key.0,), &pairs, |k| k.0 == key.0);
    }
    let with = keys::<WithModule>(200);
    for (WithModule { first, second, .. }, _) in &with {
        covers(&(first,), &with, |k| k.first == *first);
        covers(&(first, second.clone()), &with, |k| {
            (&k.first, &k.second) == (first, second)
        });
    }
    covers(&(Foreign(0),), &with, |k| k.first == Foreign(0));
}

#[test]
fn kept_prefixes_are_the_tuples_they_were_made_of() {
    let by_tenant: Prefix<OrderKey, u32> = OrderKey::by_tenant("eu");
    assert_eq!(by_tenant, Prefix::of(("eu",)));
    let by_day = OrderKey::by_tenant_day("eu", 20261101);
    assert_eq!(by_day, Prefix::of(("eu", 20261101)));
    assert_eq!(format!("{by_tenant:?}"), r#"Prefix(b"eu\x00")"#);
    assert_eq!(Scoped::<u8>::by_scope("a").as_bytes(), b"a\0");

    let keys = keys::<OrderKey>(300);
    for (key, _) in &keys {
        covers(&OrderKey::by_tenant(&key.tenant), &keys, |k| {
            k.tenant == key.tenant
        });
    }
}

#[test]
fn kept_prefixes_of_an_enum_begin_with_its_variant() {
    let keys = keys::<Event>(400);
    let started: Prefix<Event, NothingFollows> = Event::by_started();
    assert!(covers(&started, &keys, |k| *k == Event::Started) > 0);
    let logged_in: Prefix<Event, String> = Event::by_logged_in();
    covers(&logged_in, &keys, |k| matches!(k, Event::LoggedIn { .. }));
    let of_a = Event::by_logged_in_user("a");
    covers(
        &of_a,
        &keys,
        |k| matches!(k, Event::LoggedIn { user, .. } if user == "a"),
    );
    covers(&Event::by_moved(), &keys, |k| matches!(k, Event::Moved(..)));
    covers(
        &Event::by_moved_0([1u8]),
        &keys,
        |k| matches!(k, Event::Moved(v, _) if *v == [1]),
    );
}

#[test]
fn raw_bytes_have_prefixes_of_raw_bytes() {
    let keys: Vec<_> = [
        &b""[..],
        b"user/1",
        b"user/2",
        b"user",
        b"users",
        b"\xFF\xFF",
    ]
    .map(|bytes| (RawBytes::from(bytes), bytes.to_vec()))
    .into();
    assert_eq!(covers(&b"user/", &keys, |k| k.starts_with(b"user/")), 2);
    assert_eq!(covers(&"user", &keys, |k| k.starts_with(b"user")), 4);
    assert_eq!(covers(&vec![0xFFu8], &keys, |k| k.starts_with(b"\xFF")), 1);
    assert_eq!(covers(&(), &keys, |_| true), 6);
}
