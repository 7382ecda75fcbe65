//! What becomes of old bytes when their type changes, and what a codec refuses to write because it
//! could not read it back.

#![cfg(all(feature = "msgpack", feature = "bincode", feature = "json"))]
#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too

use std::collections::BTreeMap;

use grainstore::codec::{Bincode, Codec, CodecError, Json, MessagePack};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Hero {
    hp: u32,
    mana: u32,
    name: String,
}

fn hero() -> Hero {
    Hero {
        hp: 7,
        mana: 9,
        name: "ada".to_owned(),
    }
}

fn encoded<V, C: Codec<V>>(codec: &C, value: &V) -> Vec<u8> {
    let mut out = Vec::new();
    codec.encode(value, &mut out).unwrap();
    out
}

/// Reads as an `N` what was written as an `O`, with MessagePack and with JSON.
fn read_as<O, N>(old: &O) -> [Result<N, CodecError>; 2]
where
    O: Serialize + DeserializeOwned,
    N: Serialize + DeserializeOwned,
{
    [
        MessagePack.decode(&encoded(&MessagePack, old)),
        Json.decode(&encoded(&Json, old)),
    ]
}

#[test]
fn an_added_field_with_a_default_reads_old_bytes() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Grown {
        hp: u32,
        #[serde(default)]
        level: u8,
        mana: u32,
        name: String,
        guild: Option<String>,
    }
    let wanted = Grown {
        hp: 7,
        level: 0,
        mana: 9,
        name: "ada".to_owned(),
        guild: None,
    };
    for grown in read_as::<Hero, Grown>(&hero()) {
        assert_eq!(grown.unwrap(), wanted);
    }
    let bincode: Result<Grown, _> = Bincode.decode(&encoded(&Bincode, &hero()));
    assert!(bincode.is_err());
}

#[test]
fn a_dropped_field_is_skipped_in_old_bytes() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Shrunk {
        mana: u32,
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Rich {
        mana: u32,
        bag: Vec<BTreeMap<String, (f64, Vec<u8>)>>,
        last: Result<u8, String>,
    }
    for shrunk in read_as::<Hero, Shrunk>(&hero()) {
        assert_eq!(shrunk.unwrap(), Shrunk { mana: 9 });
    }
    let inner = BTreeMap::from([("a".to_owned(), (1.5, vec![1, 2, 3]))]);
    let rich = Rich {
        mana: 4,
        bag: vec![inner.clone(), inner],
        last: Err("x".to_owned()),
    };
    for shrunk in read_as::<Rich, Shrunk>(&rich) {
        assert_eq!(shrunk.unwrap(), Shrunk { mana: 4 });
    }
}

#[test]
fn reordered_fields_read_old_bytes() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Reordered {
        name: String,
        mana: u32,
        hp: u32,
    }
    for reordered in read_as::<Hero, Reordered>(&hero()) {
        assert_eq!(
            reordered.unwrap(),
            Reordered {
                name: "ada".to_owned(),
                mana: 9,
                hp: 7
            }
        );
    }
}

#[test]
fn a_renamed_field_reads_old_bytes_through_its_alias() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Renamed {
        #[serde(alias = "hp")]
        health: u32,
    }
    for renamed in read_as::<Hero, Renamed>(&hero()) {
        assert_eq!(renamed.unwrap(), Renamed { health: 7 });
    }
}

#[test]
fn an_added_variant_reads_old_bytes_wherever_it_stands() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    enum Before {
        Idle,
        At { x: i8 },
        Pair(u8, u8),
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    enum After {
        Sleeping,
        Pair(u8, u8),
        Idle,
        At { x: i8 },
    }
    for (before, after) in [
        (Before::Idle, After::Idle),
        (Before::At { x: -1 }, After::At { x: -1 }),
        (Before::Pair(1, 2), After::Pair(1, 2)),
    ] {
        for read in read_as::<Before, After>(&before) {
            assert_eq!(read.unwrap(), after);
        }
    }
}

#[test]
fn a_wider_number_reads_old_bytes() {
    for wide in read_as::<[u8; 2], [i64; 2]>(&[200, 3]) {
        assert_eq!(wide.unwrap(), [200, 3]);
    }
    for narrow in read_as::<u64, u8>(&256) {
        assert!(narrow.is_err());
    }
}

/// The warning in the documentation of `Bincode`, kept true.
#[test]
fn bincode_reads_reordered_fields_of_like_types_silently_wrong() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Swapped {
        mana: u32,
        hp: u32,
        name: String,
    }
    let swapped: Swapped = Bincode.decode(&encoded(&Bincode, &hero())).unwrap();
    assert_eq!((swapped.hp, swapped.mana), (9, 7));
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(tag = "kind")]
enum Tagged {
    Sword { edge: u8 },
    Shield,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Words(Vec<String>),
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Rest {
    left: u8,
    right: u8,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<String>,
    #[serde(flatten)]
    rest: Rest,
    tagged: Vec<Tagged>,
    untagged: Vec<Untagged>,
}

#[test]
fn skipped_flattened_tagged_and_untagged_fields_come_back() {
    for note in [None, Some("n".to_owned())] {
        let value = Attributes {
            note,
            rest: Rest { left: 1, right: 2 },
            tagged: vec![Tagged::Sword { edge: 3 }, Tagged::Shield],
            untagged: vec![Untagged::Number(-4), Untagged::Words(vec!["w".to_owned()])],
        };
        for back in read_as::<Attributes, Attributes>(&value) {
            assert_eq!(back.unwrap(), value);
        }
    }
}

fn assert_refused<V, C: Codec<V>>(codec: &C, value: &V, why: &str) {
    let mut out = b"before".to_vec();
    let error = codec.encode(value, &mut out).unwrap_err();
    assert!(
        error.is_encoding() && error.to_string().contains(why),
        "{error}"
    );
    assert_eq!(error.codec(), C::ID);
    assert_eq!(
        out, b"before",
        "a failed encode leaves the buffer as it was"
    );
}

#[test]
fn bincode_refuses_to_write_a_field_that_is_left_out() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Skipping {
        first: u8,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        note: Option<u8>,
    }
    assert_refused(
        &Bincode,
        &Skipping {
            first: 1,
            note: None,
        },
        "`note` is left out",
    );
    let full = Skipping {
        first: 1,
        note: Some(2),
    };
    assert_eq!(
        Codec::<Skipping>::decode(&Bincode, &encoded(&Bincode, &full)).unwrap(),
        full
    );
}

#[test]
fn bincode_refuses_flattened_fields_and_cannot_read_untagged_ones() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Flat {
        first: u8,
        #[serde(flatten)]
        rest: Rest,
    }
    assert_refused(
        &Bincode,
        &Flat {
            first: 1,
            rest: Rest { left: 2, right: 3 },
        },
        "MustHaveLen",
    );
    let bytes = encoded(&Bincode, &Untagged::Number(1));
    assert!(Codec::<Untagged>::decode(&Bincode, &bytes).is_err());
}

#[test]
fn a_some_that_would_read_back_as_none_is_refused() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Wrapped(Option<u8>);
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Unit;

    let why = "would read back as None";
    let nested: Option<Option<u8>> = Some(None);
    assert_refused(&MessagePack, &(1u8, nested), why);
    assert_refused(&Json, &(1u8, nested), why);
    assert_refused(&MessagePack, &Some(()), why);
    assert_refused(&Json, &Some(()), why);
    assert_refused(&MessagePack, &Some(Wrapped(None)), why);
    assert_refused(&Json, &Some(Some(Wrapped(None))), why);
    assert_refused(&Json, &Some(Unit), why);
    assert_eq!(encoded(&MessagePack, &Some(Unit)), [0x90]);

    let back: Option<Option<u8>> = Bincode.decode(&encoded(&Bincode, &nested)).unwrap();
    assert_eq!(back, nested);
    for kept in [Some(Some(3u8)), None] {
        for back in read_as::<Option<Option<u8>>, Option<Option<u8>>>(&kept) {
            assert_eq!(back.unwrap(), kept);
        }
    }
    type Inner = Option<Vec<Option<u8>>>;
    for back in read_as::<Inner, Inner>(&Some(vec![None])) {
        assert_eq!(back.unwrap(), Some(vec![None]));
    }
}

#[test]
fn json_refuses_floats_and_keys_that_it_has_no_form_for() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_refused(&Json, &vec![1.0, float], "NaN");
        assert_refused(&Json, &Some(float as f32), "NaN");
    }
    assert_refused(
        &Json,
        &BTreeMap::from([(vec![1u8], 1u8)]),
        "key must be a string",
    );
}

#[test]
fn a_value_whose_own_serialize_fails_leaves_the_buffer_as_it_was() {
    #[derive(Debug)]
    struct Late;
    impl Serialize for Late {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no ink left"))
        }
    }
    impl<'de> Deserialize<'de> for Late {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    let value = ("written before the failure".to_owned(), Late);
    assert_refused(&MessagePack, &value, "no ink left");
    assert_refused(&Bincode, &value, "no ink left");
    assert_refused(&Json, &value, "no ink left");
}
