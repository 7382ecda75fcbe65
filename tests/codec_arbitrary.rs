//! Any bytes are a value or an error, for several types and every codec.

#![cfg(all(feature = "msgpack", feature = "bincode", feature = "json"))]
#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use grainstore::codec::{Bincode, Codec, Json, MessagePack, Raw};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
enum Shape {
    Dot,
    Line(i32, i32),
    Named { name: String, area: Option<u64> },
    Boxed(Box<Shape>),
    Many(Vec<Shape>),
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Record {
    id: u128,
    letter: char,
    on: bool,
    shape: Shape,
    tags: BTreeMap<String, Vec<u8>>,
    pair: (i8, Option<String>),
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Loose {
    #[serde(default)]
    first: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Either>,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Text(String),
    List(Vec<Either>),
}

fn shapes() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Dot),
        any::<(i32, i32)>().prop_map(|(x, y)| Shape::Line(x, y)),
        any::<(String, Option<u64>)>().prop_map(|(name, area)| Shape::Named { name, area }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|shape| Shape::Boxed(Box::new(shape))),
            prop::collection::vec(inner, 0..4).prop_map(Shape::Many),
        ]
    })
}

fn records() -> impl Strategy<Value = Record> {
    let tags = prop::collection::btree_map(any::<String>(), any::<Vec<u8>>(), 0..3);
    (
        any::<(u128, char, bool)>(),
        shapes(),
        tags,
        any::<(i8, Option<String>)>(),
    )
        .prop_map(|((id, letter, on), shape, tags, pair)| Record {
            id,
            letter,
            on,
            shape,
            tags,
            pair,
        })
}

/// What decodes, and can be encoded again, decodes again: nothing unreadable is ever written.
fn decode_is_total<V, C: Codec<V>>(codec: &C, bytes: &[u8]) {
    match codec.decode(bytes) {
        Ok(value) => {
            let mut again = Vec::new();
            if codec.encode(&value, &mut again).is_ok() {
                assert!(codec.decode(&again).is_ok(), "{}: {bytes:02x?}", C::ID);
            } else {
                assert!(again.is_empty());
            }
        }
        Err(error) => {
            assert_eq!(error.codec(), C::ID);
            assert!(!error.is_encoding());
            assert!(
                error.offset().is_none_or(|offset| offset <= bytes.len()),
                "{error}"
            );
        }
    }
}

fn decode_is_total_for_type<V>(bytes: &[u8])
where
    MessagePack: Codec<V>,
    Bincode: Codec<V>,
    Json: Codec<V>,
{
    decode_is_total::<V, _>(&MessagePack, bytes);
    decode_is_total::<V, _>(&Bincode, bytes);
    decode_is_total::<V, _>(&Json, bytes);
}

fn decode_is_total_for_every_type(bytes: &[u8]) {
    decode_is_total_for_type::<Record>(bytes);
    decode_is_total_for_type::<Shape>(bytes);
    decode_is_total_for_type::<Loose>(bytes);
    decode_is_total_for_type::<String>(bytes);
    decode_is_total_for_type::<Vec<Vec<u64>>>(bytes);
    decode_is_total_for_type::<HashMap<u16, Option<Option<i64>>>>(bytes);
    decode_is_total_for_type::<Vec<()>>(bytes);
    decode_is_total_for_type::<(f32, [i128; 2], char)>(bytes);
    decode_is_total_for_type::<serde_json::Value>(bytes);
    decode_is_total::<String, _>(&Raw, bytes);
    decode_is_total::<[u8; 3], _>(&Raw, bytes);
}

/// Structure that random bytes seldom have.
fn json_like() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "null",
        "true",
        "-",
        "1",
        "0.5",
        "1e999",
        "\\u",
        "\"Dot\"",
        "\"Many\"",
        "\"Boxed\"",
        "\"first\"",
        "\"Named\"",
        "\"name\"",
        " ",
        "\n",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn arbitrary_bytes_are_a_value_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        decode_is_total_for_every_type(&bytes);
    }

    #[test]
    fn arbitrary_json_tokens_are_a_value_or_an_error(bytes in json_like()) {
        decode_is_total_for_every_type(&bytes);
    }

    #[test]
    fn damaged_values_are_a_value_or_an_error(
        record in records(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let damaged = |mut bytes: Vec<u8>| {
            for (place, byte) in &damage {
                let place = place.index(bytes.len());
                bytes[place] ^= byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        };
        let (mut packed, mut bare, mut text) = (Vec::new(), Vec::new(), Vec::new());
        MessagePack.encode(&record, &mut packed).unwrap();
        Bincode.encode(&record, &mut bare).unwrap();
        Json.encode(&record, &mut text).unwrap();
        decode_is_total::<Record, _>(&MessagePack, &damaged(packed.clone()));
        decode_is_total::<Loose, _>(&MessagePack, &damaged(packed));
        decode_is_total::<Record, _>(&Bincode, &damaged(bare));
        decode_is_total::<Record, _>(&Json, &damaged(text));
    }

    #[test]
    fn every_value_comes_back(record in records()) {
        fn comes_back<C: Codec<Record>>(codec: &C, record: &Record) {
            let mut out = vec![0xEE];
            codec.encode(record, &mut out).unwrap();
            assert_eq!(codec.decode(&out[1..]).unwrap(), *record);
        }
        comes_back(&MessagePack, &record);
        comes_back(&Bincode, &record);
        comes_back(&Json, &record);
    }
}
