//! The bytes of every codec, held still.
//!
//! A change here is a change of format: it needs a new codec id, never new goldens.

#![cfg(all(feature = "msgpack", feature = "bincode", feature = "json"))]
#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too

use std::collections::BTreeMap;

use grainstore::codec::{Bincode, Codec, Json, MessagePack, Raw, conformance};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Stance {
    Idle,
    Moving { x: i32, y: i32 },
    Trading(u64),
    Aiming(i8, i8),
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Item {
    id: u32,
    bound: bool,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Metres(f64);

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Grain {
    id: u64,
    name: String,
    stances: Vec<Stance>,
    items: Vec<Item>,
    stats: BTreeMap<String, i64>,
    height: Metres,
    letter: char,
    last_seen: Option<u64>,
    nothing: Option<u8>,
    corner: (u8, f32),
    big: u128,
    small: i128,
}

fn grain() -> Grain {
    Grain {
        id: 9_876_543_210,
        name: "ada".to_owned(),
        stances: vec![
            Stance::Idle,
            Stance::Moving { x: -1200, y: 77 },
            Stance::Trading(300),
            Stance::Aiming(-1, 1),
        ],
        items: vec![Item {
            id: 1000,
            bound: true,
        }],
        stats: BTreeMap::from([("luck".to_owned(), 100_000), ("wit".to_owned(), -3)]),
        height: Metres(1.75),
        letter: 'ß',
        last_seen: Some(1_700_000_000),
        nothing: None,
        corner: (250, 0.5),
        big: 1 << 70,
        small: -2,
    }
}

fn assert_golden<C: Codec<Grain>>(codec: &C, golden: &str) {
    let mut out = Vec::new();
    codec.encode(&grain(), &mut out).unwrap();
    assert_eq!(hex(&out), golden.split_whitespace().collect::<String>());
    assert_eq!(codec.decode(&out).unwrap(), grain());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn message_pack_bytes_are_those_of_version_one() {
    assert_golden(
        &MessagePack,
        concat!(
            "8c",                                                 // map of 12
            "a26964 cf000000024cb016ea",                          // id
            "a46e616d65 a3616461",                                // name
            "a77374616e636573 94",                                // stances, 4
            "a449646c65",                                         // Idle
            "81 a64d6f76696e67 82 a178 d1fb50 a179 4d",           // Moving { x, y }
            "81 a754726164696e67 cd012c",                         // Trading(300)
            "81 a641696d696e67 92 ff 01",                         // Aiming(-1, 1)
            "a56974656d73 91 82 a26964 cd03e8 a5626f756e64 c3",   // items
            "a57374617473 82 a46c75636b ce000186a0 a3776974 fd",  // stats
            "a6686569676874 cb3ffc000000000000",                  // height
            "a66c6574746572 a2c39f",                              // letter
            "a96c6173745f7365656e ce6553f100",                    // last_seen
            "a76e6f7468696e67 c0",                                // nothing
            "a6636f726e6572 92 ccfa ca3f000000",                  // corner
            "a3626967 c410 00000000000000400000000000000000",     // big
            "a5736d616c6c c410 fffffffffffffffffffffffffffffffe", // small
        ),
    );
}

#[test]
fn bincode_bytes_are_those_of_version_one() {
    assert_golden(
        &Bincode,
        concat!(
            "fdea16b04c02000000",                   // id: 64 bits follow
            "03616461",                             // name
            "04 00",                                // stances, 4: Idle
            "01 fb5f09 9a",                         // Moving: zigzag of -1200 and 77
            "02 fb2c01",                            // Trading(300)
            "03 ff 01",                             // Aiming: single bytes as they are
            "01 fbe803 01",                         // items
            "02 046c75636b fc400d0300 03776974 05", // stats
            "000000000000fc3f",                     // height
            "c39f",                                 // letter, as UTF-8 alone
            "01 fc00f15365",                        // last_seen
            "00",                                   // nothing
            "fa 0000003f",                          // corner
            "fe 00000000000000004000000000000000",  // big: 128 bits follow
            "03",                                   // small: zigzag of -2
        ),
    );
}

#[test]
fn json_bytes_are_those_of_version_one() {
    let golden = concat!(
        r#"{"id":9876543210,"name":"ada","stances":["Idle",{"Moving":{"x":-1200,"y":77}},"#,
        r#"{"Trading":300},{"Aiming":[-1,1]}],"items":[{"id":1000,"bound":true}],"#,
        r#""stats":{"luck":100000,"wit":-3},"height":1.75,"letter":"ß","#,
        r#""last_seen":1700000000,"nothing":null,"corner":[250,0.5],"#,
        r#""big":1180591620717411303424,"small":-2}"#,
    );
    assert_golden(&Json, &hex(golden.as_bytes()));
}

#[test]
fn raw_bytes_are_the_value() {
    let mut out = Vec::new();
    Raw.encode(&vec![0u8, 1, 254], &mut out).unwrap();
    assert_eq!(out, [0, 1, 254]);
}

#[test]
fn codec_ids_never_change() {
    fn id<C: Codec<String>>(_: C) -> &'static str {
        C::ID
    }
    assert_eq!(id(MessagePack), "msgpack-named/1");
    assert_eq!(id(Bincode), "bincode2-standard/1");
    assert_eq!(id(Json), "json/1");
    assert_eq!(id(Raw), "raw/1");
}

fn assert_conforms<V>(values: &[V])
where
    V: PartialEq + std::fmt::Debug,
    MessagePack: Codec<V>,
    Bincode: Codec<V>,
    Json: Codec<V>,
{
    conformance::check(&MessagePack, values).unwrap();
    conformance::check(&Bincode, values).unwrap();
    conformance::check(&Json, values).unwrap();
}

#[test]
fn every_codec_conforms_for_every_shape_of_value() {
    assert_conforms(&[grain()]);
    assert_conforms(&[0u64, 127, 128, 255, 256, 65_535, 1 << 32, u64::MAX]);
    assert_conforms(&[0i64, -1, -32, -33, -129, i64::MIN, i64::MAX]);
    assert_conforms(&[(f64::MIN, -0.0f64, f64::MAX)]);
    assert_conforms(&[[1.5f32, f32::MIN_POSITIVE]]);
    assert_conforms(&[u128::MAX, 0]);
    assert_conforms(&[i128::MIN, 0]);
    assert_conforms(&[
        String::new(),
        "a\0\"\\\u{10FFFF}".to_owned(),
        "x".repeat(300),
    ]);
    assert_conforms(&[Some(true), Some(false), None]);
    assert_conforms(&[Ok::<u8, String>(1), Err("no".to_owned())]);
    assert_conforms(&[vec![Some(Metres(2.0)), None], Vec::new()]);
    assert_conforms(&[BTreeMap::from([(7u16, vec!['a']), (9, vec![])])]);
    assert_conforms(&[((), (), [(); 3])]);
    assert_conforms(&[vec![(); 3]]);
}

#[test]
fn raw_conforms_for_types_made_of_bytes() {
    conformance::check(&Raw, &[vec![0u8, 1], Vec::new()]).unwrap();
    conformance::check(&Raw, &["søn".to_owned(), String::new()]).unwrap();
    conformance::check(&Raw, &[[7u8; 16]]).unwrap();
}

#[test]
fn message_pack_and_bincode_keep_what_json_cannot() {
    let keys = BTreeMap::from([((1u8, 2u8), "pair".to_owned())]);
    conformance::check(&MessagePack, std::slice::from_ref(&keys)).unwrap();
    conformance::check(&Bincode, std::slice::from_ref(&keys)).unwrap();
    assert!(conformance::check(&Json, &[keys]).is_err());

    for float in [f64::INFINITY, f64::NEG_INFINITY] {
        conformance::check(&MessagePack, &[float]).unwrap();
        conformance::check(&Bincode, &[float]).unwrap();
        assert!(conformance::check(&Json, &[[float]]).is_err());
    }
    let nan = f64::from_bits(0x7FF8_0000_0000_1234);
    for bytes in [encoded(&MessagePack, &nan), encoded(&Bincode, &nan)] {
        assert!(bytes.ends_with(&[0x12, 0x34]) || bytes.starts_with(&[0x34, 0x12]));
    }
}

fn encoded<V, C: Codec<V>>(codec: &C, value: &V) -> Vec<u8> {
    let mut out = Vec::new();
    codec.encode(value, &mut out).unwrap();
    out
}

#[test]
fn json_keeps_every_float_to_the_last_bit() {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    for _ in 0..20_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let float = f64::from_bits(state);
        if float.is_finite() {
            let back: f64 = Json.decode(&encoded(&Json, &float)).unwrap();
            assert_eq!(back.to_bits(), float.to_bits(), "{float:?}");
        }
    }
}
