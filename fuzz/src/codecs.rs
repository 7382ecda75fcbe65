//! Any bytes as values of every codec, and values of every codec there and back.
//!
//! Input: one byte for the codec and the way, then the bytes to decode, or those that a value is
//! made of.

use super::supply::Supply;
use grainstore::codec::{Bincode, Codec, Json, MessagePack};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

/// A type that contains itself in every way.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
enum Shape {
    Dot,
    Line(i32, i64),
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
    unit: (),
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

pub fn run(bytes: &[u8]) {
    let mut from = Supply(bytes);
    match from.below(6) {
        0 => decode_all(&MessagePack, from.rest()),
        1 => decode_all(&Bincode, from.rest()),
        2 => decode_all(&Json, from.rest()),
        3 => round_trip(&MessagePack, from),
        4 => round_trip(&Bincode, from),
        _ => round_trip(&Json, from),
    }
}

fn decode_all<C>(codec: &C, bytes: &[u8])
where
    C: Codec<Record> + Codec<Shape> + Codec<Loose> + Codec<Vec<Vec<u64>>>,
    C: Codec<HashMap<u16, Option<i64>>> + Codec<Vec<()>> + Codec<serde_json::Value>,
{
    decode::<Record, C>(codec, bytes);
    decode::<Shape, C>(codec, bytes);
    decode::<Loose, C>(codec, bytes);
    decode::<Vec<Vec<u64>>, C>(codec, bytes);
    decode::<HashMap<u16, Option<i64>>, C>(codec, bytes);
    decode::<Vec<()>, C>(codec, bytes);
    decode::<serde_json::Value, C>(codec, bytes);
}

/// What decodes, and can be encoded again, decodes again, to the same.
fn decode<V: PartialEq + Debug, C: Codec<V>>(codec: &C, bytes: &[u8]) {
    match codec.decode(bytes) {
        Ok(value) => {
            let mut again = Vec::new();
            if codec.encode(&value, &mut again).is_ok() {
                let back = codec.decode(&again);
                let back = back.unwrap_or_else(|e| panic!("{value:?} was written, but: {e}"));
                assert_eq!(back, value);
            } else {
                assert!(again.is_empty(), "a failed encode left bytes behind");
            }
        }
        Err(error) => {
            let offset = error.offset();
            assert!(offset.is_none_or(|at| at <= bytes.len()), "{error}");
            assert!(error.to_string().len() < 10_000);
        }
    }
}

fn round_trip<C: Codec<Record>>(codec: &C, mut from: Supply<'_>) {
    let record = Record {
        id: u128::from(from.number::<8>()) << from.below(65),
        letter: char::from_u32(from.number::<3>() as u32).unwrap_or('x'),
        on: from.flag(),
        shape: shape(&mut from, 5),
        tags: (0..from.below(3))
            .map(|_| (text(&mut from), from.bytes(20).to_vec()))
            .collect(),
        pair: (from.byte() as i8, from.flag().then(|| text(&mut from))),
        unit: (),
    };
    let mut out = Vec::new();
    codec.encode(&record, &mut out).unwrap();
    assert_eq!(codec.decode(&out).unwrap(), record);
}

fn text(from: &mut Supply<'_>) -> String {
    String::from_utf8_lossy(from.bytes(12)).into_owned()
}

fn shape(from: &mut Supply<'_>, depth: usize) -> Shape {
    match from.below(if depth == 0 { 3 } else { 5 }) {
        0 => Shape::Dot,
        1 => Shape::Line(from.number::<4>() as i32, from.number::<8>() as i64),
        2 => Shape::Named {
            name: text(from),
            area: from.flag().then(|| from.number::<8>()),
        },
        3 => Shape::Boxed(Box::new(shape(from, depth - 1))),
        _ => Shape::Many((0..from.below(4)).map(|_| shape(from, depth - 1)).collect()),
    }
}
