//! A claimed length costs no memory: peak allocation stays in proportion to the bytes decoded.
//!
//! The allocator counts per thread, so that tests do not see each other.

#![cfg(all(feature = "msgpack", feature = "bincode", feature = "json"))]
#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use grainstore::codec::{Bincode, Codec, MessagePack};
use grainstore_proof::allocation::{Counting, peak_of};
use serde::{Deserialize, Serialize};

#[global_allocator]
static COUNTING: Counting = Counting;

/// Decoding `bytes` fails within 64 times their length and 64 KiB.
fn assert_refused_cheaply<V, C: Codec<V>>(codec: &C, bytes: &[u8]) {
    let (outcome, peak) = peak_of(|| codec.decode(bytes));
    let name = std::any::type_name::<V>();
    assert!(outcome.is_err(), "{} decoded {bytes:02x?} as {name}", C::ID);
    let limit = 64 * bytes.len() + (64 << 10);
    assert!(
        peak <= limit,
        "{} held {peak} bytes, {limit} allowed, for {name}",
        C::ID
    );
}

#[derive(Serialize, Deserialize, Debug)]
struct Tree(Vec<Tree>);

#[derive(Serialize, Deserialize, Debug)]
struct Record {
    name: String,
    items: Vec<(u64, String)>,
    stats: BTreeMap<String, i64>,
}

/// Asks for bytes as `serde_bytes` does.
#[derive(Debug)]
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Blob;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

/// Starts of MessagePack arrays, maps, strings and bins of up to 2^32 - 1 elements.
const MESSAGE_PACK_CLAIMS: [&[u8]; 8] = [
    &[0xDD, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xDC, 0xFF, 0xFF],
    &[0xDF, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xDE, 0xFF, 0xFF],
    &[0xDB, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xC6, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xC9, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xDD, 0x00, 0x01, 0x00, 0x20],
];

/// Starts of bincode sequences, maps, strings and byte buffers of up to 2^64 - 1 elements.
const BINCODE_CLAIMS: [&[u8]; 5] = [
    &[0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xFD, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10],
    &[0xFD, 0x00, 0x00, 0x00, 0x00, 0x32, 0x00, 0x00, 0x00],
    &[0xFC, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xFC, 0x20, 0x00, 0x01, 0x00],
];

fn assert_claims_are_cheap<V>()
where
    MessagePack: Codec<V>,
    Bincode: Codec<V>,
{
    for claim in MESSAGE_PACK_CLAIMS {
        assert_refused_cheaply::<V, _>(&MessagePack, claim);
        assert_refused_cheaply::<V, _>(&MessagePack, &claim.repeat(40));
        assert_refused_cheaply::<V, _>(&MessagePack, &[claim, &[1; 30]].concat());
    }
    for claim in BINCODE_CLAIMS {
        assert_refused_cheaply::<V, _>(&Bincode, claim);
        assert_refused_cheaply::<V, _>(&Bincode, &claim.repeat(40));
        assert_refused_cheaply::<V, _>(&Bincode, &[claim, &[1; 30]].concat());
    }
}

#[test]
fn a_claimed_length_reserves_no_memory() {
    assert_claims_are_cheap::<String>();
    assert_claims_are_cheap::<Vec<u8>>();
    assert_claims_are_cheap::<Blob>();
    assert_claims_are_cheap::<Vec<u64>>();
    assert_claims_are_cheap::<Vec<String>>();
    assert_claims_are_cheap::<Vec<Vec<Vec<u64>>>>();
    assert_claims_are_cheap::<HashMap<u32, u64>>();
    assert_claims_are_cheap::<BTreeMap<String, Vec<u8>>>();
    assert_claims_are_cheap::<Tree>();
    assert_claims_are_cheap::<Record>();
    assert_claims_are_cheap::<Option<Vec<(u64, String)>>>();
}

#[test]
fn claims_within_claims_share_one_allowance() {
    // Each level claims as many elements as the whole value has bytes.
    let levels = 60;
    let packed = [0xDC, 0x00, 180].repeat(levels);
    assert_refused_cheaply::<Tree, _>(&MessagePack, &packed);
    assert_refused_cheaply::<Tree, _>(&Bincode, &[180].repeat(180));
    assert_refused_cheaply::<Vec<Vec<Vec<Vec<[u64; 4]>>>>, _>(&Bincode, &[180].repeat(180));
}

#[test]
fn elements_without_bytes_keep_no_loop_busy() {
    for claim in BINCODE_CLAIMS {
        assert_refused_cheaply::<Vec<()>, _>(&Bincode, claim);
        assert_refused_cheaply::<Vec<[String; 0]>, _>(&Bincode, claim);
    }
    let mut out = Vec::new();
    Bincode.encode(&vec![(); 65_536], &mut out).unwrap();
    assert_eq!(
        Codec::<Vec<()>>::decode(&Bincode, &out).unwrap().len(),
        65_536
    );
    let length = out.len();
    let error = Bincode.encode(&vec![(); 70_000], &mut out).unwrap_err();
    assert!(
        error.to_string().contains("more than 65536 elements"),
        "{error}"
    );
    assert_eq!(out.len(), length);
}

#[test]
fn an_honest_length_reserves_its_room_at_once() {
    let numbers: Vec<u64> = (0..10_000).collect();
    for bytes_of in [
        |value: &Vec<u64>, out: &mut Vec<u8>| MessagePack.encode(value, out),
        |value: &Vec<u64>, out: &mut Vec<u8>| Bincode.encode(value, out),
    ] {
        let mut out = Vec::new();
        bytes_of(&numbers, &mut out).unwrap();
        let decode: fn(&[u8]) -> Vec<u64> = match out.first() {
            Some(0xDC) => |bytes| MessagePack.decode(bytes).unwrap(),
            _ => |bytes| Bincode.decode(bytes).unwrap(),
        };
        let (back, peak) = peak_of(|| decode(&out));
        assert_eq!(back, numbers);
        assert_eq!(
            (back.capacity(), peak),
            (10_000, 80_000),
            "no growth by doubling"
        );
    }
}
