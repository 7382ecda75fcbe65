//! Ranges over whole keys and over the component after a prefix, ascending and descending.

use std::cmp::{Ordering, Reverse};
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use grainstore::Key;
use grainstore::key::{ByteRange, Descending, KeyPrefix, KeyRange, NextPart, RawBytes, TextPart};

use crate::derived::OrderKey;
use crate::sample::{Chance, Sample};

/// The range that a store would scan, with nothing said about types but the key.
fn next<K: Key, P: KeyPrefix<K, Next: NextPart>>(
    prefix: P,
    range: impl KeyRange<<P::Next as NextPart>::Value>,
) -> ByteRange {
    let mut bytes = Vec::new();
    prefix.encode_prefix(&mut bytes);
    ByteRange::next::<P::Next, _>(&bytes, &range)
}

fn starts_with<K: Key, P>(
    prefix: P,
    text: &<<P::Next as NextPart>::Value as TextPart>::Text,
) -> ByteRange
where
    P: KeyPrefix<K, Next: NextPart<Value: TextPart>>,
{
    let mut bytes = Vec::new();
    prefix.encode_prefix(&mut bytes);
    ByteRange::next_starting_with::<P::Next>(&bytes, text)
}

fn within<T: Sample>(value: &T, (lower, upper): &(Bound<T>, Bound<T>)) -> bool {
    let above = match lower {
        Included(lower) => value.order(lower) != Ordering::Less,
        Excluded(lower) => value.order(lower) == Ordering::Greater,
        Unbounded => true,
    };
    let below = match upper {
        Included(upper) => value.order(upper) != Ordering::Greater,
        Excluded(upper) => value.order(upper) == Ordering::Less,
        Unbounded => true,
    };
    above && below
}

fn bound<T: Sample>(chance: &mut Chance) -> Bound<T> {
    match chance.below(5) {
        0 => Unbounded,
        1 | 2 => Included(T::sample(chance)),
        _ => Excluded(T::sample(chance)),
    }
}

/// Random ranges over `N::Value`, behind a random prefix and before one more component.
fn ranges_hold<N>(encode: impl Fn(&(u8, N::Value, u8)) -> Vec<u8>)
where
    N: NextPart<Value: Sample>,
{
    let mut chance = Chance(0x7261_6E67);
    let keys: Vec<(u8, N::Value, u8)> = (0..400)
        .map(|_| (chance.byte(), Sample::sample(&mut chance), chance.byte()))
        .collect();
    let encoded: Vec<Vec<u8>> = keys.iter().map(encode).collect();
    for _ in 0..600 {
        let first = chance.byte();
        let range: (Bound<N::Value>, Bound<N::Value>) = (bound(&mut chance), bound(&mut chance));
        let bytes = ByteRange::next::<N, _>(&[first], &range);
        for (key, encoded) in keys.iter().zip(&encoded) {
            let expected = key.0 == first && within(&key.1, &range);
            assert_eq!(
                bytes.contains(encoded),
                expected,
                "B2: {range:?} {key:?} {bytes:?}"
            );
            assert!(!(expected && bytes.is_empty()), "B4: {range:?}");
        }
    }
}

#[test]
fn a_range_after_a_prefix_holds_what_its_bounds_say() {
    ranges_hold::<u8>(Key::encode_key);
    ranges_hold::<i64>(Key::encode_key);
    ranges_hold::<String>(Key::encode_key);
    ranges_hold::<Vec<Option<u8>>>(Key::encode_key);
    ranges_hold::<Reverse<String>>(Key::encode_key);
    ranges_hold::<f64>(Key::encode_key);
}

#[test]
fn a_range_over_a_descending_component_is_one_of_values() {
    fn descending<T: Sample>(key: &(u8, T, u8)) -> Vec<u8> {
        (key.0, Reverse(key.1.clone()), key.2).encode_key()
    }
    ranges_hold::<Descending<u8>>(descending);
    ranges_hold::<Descending<i64>>(descending);
    ranges_hold::<Descending<String>>(descending);
    ranges_hold::<Descending<Vec<Option<u8>>>>(descending);

    let order = |id| {
        OrderKey {
            tenant: "eu".into(),
            day: 1,
            id,
        }
        .encode_key()
    };
    let range = next::<OrderKey, _>(("eu", 1), 10..20);
    let held: Vec<u64> = (0..30).filter(|id| range.contains(&order(*id))).collect();
    assert_eq!(held, (10..20).collect::<Vec<u64>>());
    assert!(order(19) < order(10), "the keys run down");
}

#[test]
fn bounds_infer_their_type_from_the_component_after_the_prefix() {
    let days = next::<OrderKey, _>(("eu",), 20261101..=20261130);
    let day = |day| {
        OrderKey {
            tenant: "eu".into(),
            day,
            id: 7,
        }
        .encode_key()
    };
    assert!(days.contains(&day(20261130)) && !days.contains(&day(20261201)));
    assert!(!next::<OrderKey, _>(("eu",), ..20261101).contains(&day(20261101)));
    assert_eq!(
        next::<OrderKey, _>(("eu",), ..),
        ByteRange::prefix::<OrderKey, _>(&("eu",))
    );

    let tenants = next::<OrderKey, _>((), "a".."f");
    assert!(tenants.contains(&day(1)));
    assert_eq!(
        tenants,
        next::<OrderKey, _>((), String::from("a")..String::from("f"))
    );
    let texts = next::<String, _>((), "b"..);
    assert!(texts.contains(&String::from("c").encode_key()));
    assert!(next::<u32, _>((), 3..5).contains(&4u32.encode_key()));
}

#[test]
fn a_range_over_whole_keys_takes_any_form_of_them() {
    let key = |id| OrderKey {
        tenant: "eu".into(),
        day: 1,
        id,
    };
    let owned = ByteRange::keys::<OrderKey, _>(&(key(9)..=key(3)));
    assert_eq!(
        owned,
        ByteRange::keys::<OrderKey, _>(&(("eu", 1, 9)..=("eu", 1, 3)))
    );
    assert_eq!(owned, ByteRange::keys::<OrderKey, _>(&(&key(9)..=&key(3))));
    assert!(owned.contains(&key(3).encode_key()) && !owned.contains(&key(2).encode_key()));
    assert_eq!(ByteRange::keys::<OrderKey, _>(&..), ByteRange::all());

    let raw = ByteRange::keys::<RawBytes, _>(&(Excluded(b"a"), Included(b"b")));
    assert!(raw.contains(b"a\0") && raw.contains(b"b") && !raw.contains(b"a"));
    assert!(!raw.contains(b"b\0"));
}

#[test]
fn an_intersection_holds_what_both_ranges_hold() {
    let mut chance = Chance(4);
    let keys: Vec<Vec<u8>> = (0..200).map(|_| Sample::sample(&mut chance)).collect();
    let range = |chance: &mut Chance| {
        let bounds: (Bound<Vec<u8>>, Bound<Vec<u8>>) = (bound(chance), bound(chance));
        ByteRange::keys::<RawBytes, _>(&bounds)
    };
    let mut held = 0;
    for _ in 0..2_000 {
        let (a, b) = (range(&mut chance), range(&mut chance));
        let both = a.clone().intersection(b.clone());
        assert_eq!(both, b.clone().intersection(a.clone()));
        for key in &keys {
            let expected = a.contains(key) && b.contains(key);
            assert_eq!(both.contains(key), expected, "{a:?} and {b:?}: {key:?}");
            held += usize::from(expected);
        }
    }
    assert!(held > 10_000, "{held}");
}

#[test]
fn a_reversed_range_is_empty() {
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = next::<OrderKey, _>(("eu",), 20..10);
    assert!(reversed.is_empty());
    assert_eq!(reversed, ByteRange::empty());
    assert!(next::<u8, _>((), (Excluded(0xFF), Unbounded)).is_empty());
    assert!(!next::<u8, _>((), 0xFF..).is_empty());
    assert!(ByteRange::keys::<u32, _>(&(5..5)).is_empty());
    assert!(!ByteRange::keys::<u32, _>(&(5..=5)).is_empty());
}

#[test]
fn starts_with_finds_text_bytes_and_lists() {
    let mut chance = Chance(3);
    let keys: Vec<(String, Vec<u8>, Vec<i8>)> =
        (0..500).map(|_| Sample::sample(&mut chance)).collect();
    for (text, bytes, list) in &keys {
        let texts = starts_with::<(String, u8), _>((), text);
        let down = starts_with::<(Reverse<String>, u8), _>((), text);
        let raw = starts_with::<(u8, Vec<u8>), _>((7,), bytes);
        let lists = starts_with::<(u8, Vec<i8>), _>((7,), list);
        for (a, b, c) in &keys {
            let expected = a.starts_with(text.as_str());
            assert_eq!(texts.contains(&(a.clone(), 1u8).encode_key()), expected);
            assert_eq!(
                down.contains(&(Reverse(a.clone()), 1u8).encode_key()),
                expected
            );
            assert_eq!(
                raw.contains(&(7u8, b.clone()).encode_key()),
                b.starts_with(bytes)
            );
            assert_eq!(
                lists.contains(&(7u8, c.clone()).encode_key()),
                c.starts_with(list)
            );
        }
    }
    assert!(starts_with::<OrderKey, _>((), "e").contains(b"eu\0"));
}
