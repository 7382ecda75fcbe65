//! Borrowed forms write the bytes of what they stand for.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::num::Wrapping;
use std::sync::Arc;

use grainstore::Key;
use grainstore::key::{KeyRef, RawBytes};

use crate::derived::{Foreign, Newtype, OrderKey, Pair, Scoped, WithModule};
use crate::sample::{Chance, Sample};

/// What a store does with the argument of `get`.
fn look_up<K: Key, Q: ?Sized + KeyRef<K>>(key: &Q) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode(&mut bytes);
    bytes
}

#[test]
fn integer_literals_need_no_type() {
    assert_eq!(look_up::<u32, _>(&7), 7u32.encode_key());
    assert_eq!(look_up::<i64, _>(&-7), (-7i64).encode_key());
    assert_eq!(look_up::<Newtype, _>(&(7,)), Newtype(7).encode_key());
    let key = OrderKey {
        tenant: "eu".into(),
        day: 20261101,
        id: 7,
    };
    assert_eq!(
        look_up::<OrderKey, _>(&("eu", 20261101, 7)),
        key.encode_key()
    );
    assert_eq!(look_up::<OrderKey, _>(&key), key.encode_key());
    assert_eq!(look_up::<OrderKey, _>(&&key), key.encode_key());
    assert_eq!(
        look_up::<Scoped<u8>, _>(&("a", 7)),
        look_up::<(String, u8), _>(&("a", 7))
    );
}

#[test]
fn text_is_looked_up_by_every_text() {
    let mut chance = Chance(11);
    for _ in 0..500 {
        let owned = String::sample(&mut chance);
        let text = owned.as_str();
        let bytes = owned.encode_key();
        assert_eq!(look_up::<String, _>(text), bytes);
        assert_eq!(look_up::<String, _>(&text), bytes);
        assert_eq!(look_up::<String, _>(&Cow::Borrowed(text)), bytes);
        assert_eq!(look_up::<Box<str>, _>(text), bytes);
        assert_eq!(look_up::<Arc<str>, _>(&owned), bytes);
        assert_eq!(look_up::<Cow<'static, str>, _>(text), bytes);
        assert_eq!(look_up::<Cow<'static, str>, _>(&Cow::Borrowed(text)), bytes);
    }
}

#[test]
fn lists_are_looked_up_by_slices_and_arrays_of_borrowed_elements() {
    let mut chance = Chance(12);
    for _ in 0..500 {
        let owned = Vec::<String>::sample(&mut chance);
        let borrowed: Vec<&str> = owned.iter().map(String::as_str).collect();
        let bytes = owned.encode_key();
        assert_eq!(look_up::<Vec<String>, _>(&borrowed), bytes);
        assert_eq!(look_up::<Vec<String>, _>(borrowed.as_slice()), bytes);
        assert_eq!(look_up::<Box<[String]>, _>(&borrowed), bytes);
        assert_eq!(look_up::<Arc<[String]>, _>(borrowed.as_slice()), bytes);

        let owned = Vec::<u8>::sample(&mut chance);
        let borrowed: Vec<&u8> = owned.iter().collect();
        assert_eq!(look_up::<Vec<u8>, _>(owned.as_slice()), owned.encode_key());
        assert_eq!(
            look_up::<Vec<u8>, _>(&borrowed),
            owned.encode_key(),
            "bytes stay bytes"
        );
    }
    assert_eq!(look_up::<Vec<u8>, _>(b"a\0"), vec![b'a', 0].encode_key());
    assert_eq!(
        look_up::<Vec<String>, _>(&["a", "b"]),
        look_up::<Vec<String>, _>(&vec!["a", "b"])
    );
    assert_eq!(
        look_up::<[String; 1], _>(&["a"]),
        ["a".to_owned()].encode_key()
    );
    assert_eq!(
        look_up::<Cow<'_, [u8]>, _>(&b"a"[..]),
        b"a".to_vec().encode_key()
    );
}

#[test]
fn nested_keys_are_looked_up_by_nested_borrows() {
    type Nested = (
        Option<String>,
        Vec<Option<String>>,
        Reverse<Pair>,
        Wrapping<u8>,
    );
    let mut chance = Chance(13);
    for _ in 0..500 {
        let (a, b, c): (Option<String>, Vec<Option<String>>, Pair) = Sample::sample(&mut chance);
        let list: Vec<Option<&str>> = b.iter().map(Option::as_deref).collect();
        let pair = (c.0.as_slice(), c.1.as_deref());
        let borrowed = (a.as_deref(), list.as_slice(), Reverse(pair), Wrapping(3));
        let bytes = look_up::<Nested, _>(&borrowed);
        let owned: Nested = (a.clone(), b.clone(), Reverse(c.clone()), Wrapping(3));
        assert_eq!(bytes, owned.encode_key());
    }
}

#[test]
fn derived_keys_are_looked_up_by_tuples_of_borrowed_fields_at_any_depth() {
    type Inner<'a> = (&'a str, u32, &'a u64);
    type Both<'a> = (Inner<'a>, (&'a [u8], Option<&'a str>));
    let mut chance = Chance(14);
    for _ in 0..500 {
        let owned = Scoped::<Option<OrderKey>>::sample(&mut chance);
        let order = owned.id.as_ref().map(|k| (k.tenant.as_str(), k.day, &k.id));
        let borrowed: (&str, Option<Inner<'_>>) = (owned.scope.as_str(), order);
        let bytes = owned.encode_key();
        assert_eq!(look_up::<Scoped<Option<OrderKey>>, _>(&borrowed), bytes);
        let some = Some(borrowed);
        assert_eq!(
            look_up::<Option<Scoped<Option<OrderKey>>>, _>(&some),
            [&[1], bytes.as_slice()].concat()
        );

        let orders = Vec::<(OrderKey, Pair)>::sample(&mut chance);
        let borrowed: Vec<Both<'_>> = orders
            .iter()
            .map(|(order, pair)| {
                let order = (order.tenant.as_str(), order.day, &order.id);
                (order, (pair.0.as_slice(), pair.1.as_deref()))
            })
            .collect();
        assert_eq!(
            look_up::<Vec<(OrderKey, Pair)>, _>(&borrowed),
            orders.encode_key()
        );
    }
}

#[test]
fn fields_with_a_module_are_looked_up_by_value_or_reference() {
    let key = WithModule {
        first: Foreign(1),
        second: Foreign(2),
        name: "n".into(),
    };
    assert_eq!(
        look_up::<WithModule, _>(&(Foreign(1), &Foreign(2), "n")),
        key.encode_key()
    );
    assert_eq!(key.encode_key(), b"\x00\x01\xFF\xFDn\0");
}

#[test]
fn raw_bytes_are_looked_up_by_bytes_and_text() {
    assert_eq!(look_up::<RawBytes, _>(b"a\0"), b"a\0");
    assert_eq!(look_up::<RawBytes, _>(&b"a\0"[..]), b"a\0");
    assert_eq!(look_up::<RawBytes, _>("a"), b"a");
    assert_eq!(look_up::<RawBytes, _>(&vec![1u8]), [1]);
    assert_eq!(RawBytes::decode_key(b"\x01").map(|raw| raw.0), Ok(vec![1]));
    assert_eq!(
        format!("{:?}", RawBytes::from(&b"a\xFF"[..])),
        r#"b"a\xff""#
    );
}
