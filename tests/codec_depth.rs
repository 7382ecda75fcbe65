//! Deep values and deep bytes are errors, on a small stack.

#![cfg(all(feature = "msgpack", feature = "bincode", feature = "json"))]
#![allow(clippy::unwrap_used, clippy::panic)] // what stands around the tests is test too

use std::collections::BTreeMap;

use grainstore::codec::{Bincode, Codec, Json, MessagePack};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Far more levels than any stack of a megabyte takes.
const DEEP: usize = 10_000;

/// What a thread of the store's user may run on.
const SMALL_STACK: usize = 1 << 20;

/// Enough to build deep bytes with the bare libraries.
const HUGE_STACK: usize = 1 << 29;

fn on_stack<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(bytes).spawn(work);
    thread.unwrap().join().unwrap()
}

/// A type that nests in itself.
trait Nest: Serialize + DeserializeOwned + Send + 'static {
    fn innermost() -> Self;
    fn around(inner: Self) -> Self;

    fn nested(times: usize) -> Self {
        (0..times).fold(Self::innermost(), |inner, _| Self::around(inner))
    }
}

#[derive(Serialize, Deserialize)]
struct List {
    next: Option<Box<List>>,
}

impl Nest for List {
    fn innermost() -> Self {
        Self { next: None }
    }
    fn around(inner: Self) -> Self {
        Self {
            next: Some(Box::new(inner)),
        }
    }
}

#[derive(Serialize, Deserialize)]
enum Tree {
    Leaf,
    Not(Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    If { so: Box<Tree>, not: u8 },
}

impl Nest for Tree {
    fn innermost() -> Self {
        Self::Leaf
    }
    fn around(inner: Self) -> Self {
        match inner {
            Self::Leaf | Self::If { .. } => Self::Not(Box::new(inner)),
            Self::Not(_) => Self::And(Box::new(inner), Box::new(Self::Leaf)),
            Self::And(..) => Self::If {
                so: Box::new(inner),
                not: 7,
            },
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Sequences(Vec<Sequences>);

impl Nest for Sequences {
    fn innermost() -> Self {
        Self(Vec::new())
    }
    fn around(inner: Self) -> Self {
        Self(vec![inner])
    }
}

#[derive(Serialize, Deserialize)]
struct Maps(BTreeMap<String, Maps>);

impl Nest for Maps {
    fn innermost() -> Self {
        Self(BTreeMap::new())
    }
    fn around(inner: Self) -> Self {
        Self(BTreeMap::from([("k".to_owned(), inner)]))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    End,
    More { inner: Box<Tagged> },
}

impl Nest for Tagged {
    fn innermost() -> Self {
        Self::End
    }
    fn around(inner: Self) -> Self {
        Self::More {
            inner: Box::new(inner),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    More { inner: Box<Untagged> },
    End(u8),
}

impl Nest for Untagged {
    fn innermost() -> Self {
        Self::End(3)
    }
    fn around(inner: Self) -> Self {
        Self::More {
            inner: Box::new(inner),
        }
    }
}

impl Nest for serde_json::Value {
    fn innermost() -> Self {
        Self::Null
    }
    fn around(inner: Self) -> Self {
        Self::Array(vec![inner])
    }
}

/// An option within an option without a level between them, as only bincode tells them apart.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Options(Option<Box<Options>>);

impl Nest for Options {
    fn innermost() -> Self {
        Self(None)
    }
    fn around(inner: Self) -> Self {
        Self(Some(Box::new(inner)))
    }
}

fn assert_deep_values_are_refused<V: Nest, C: Codec<V> + Copy>(codec: C) {
    on_stack(SMALL_STACK, move || {
        let deep = V::nested(DEEP);
        let mut out = b"before".to_vec();
        let error = codec.encode(&deep, &mut out).unwrap_err();
        std::mem::forget(deep); // dropping it would overflow this stack
        assert!(
            error.to_string().contains("nested deeper than 120 levels"),
            "{error}"
        );
        assert_eq!(out, b"before");
    });
}

fn assert_deep_bytes_are_refused<V: Nest, C: Codec<V> + Copy>(
    codec: C,
    unbounded: fn(&V) -> Vec<u8>,
) {
    for times in [128, DEEP] {
        let bytes = on_stack(HUGE_STACK, move || unbounded(&V::nested(times)));
        assert!(bytes.len() >= times);
        on_stack(SMALL_STACK, move || {
            let Err(error) = codec.decode(&bytes) else {
                panic!("{times} levels were decoded");
            };
            let text = error.to_string();
            let deep = ["nested deeper than 127 levels", "recursion limit"]; // serde_json's own
            assert!(deep.iter().any(|words| text.contains(words)), "{text}");
        });
    }
}

/// What can be written can be read, to the last level, and what cannot stays refused from there.
fn assert_written_levels_are_read<V: Nest, C: Codec<V> + Copy>(codec: C, deepest_wanted: usize) {
    let deepest = on_stack(SMALL_STACK, move || {
        let written = |times: usize| {
            let mut out = Vec::new();
            codec.encode(&V::nested(times), &mut out).map(|()| out)
        };
        let deepest = (0..200).take_while(|&times| written(times).is_ok()).count();
        for times in 0..deepest {
            let back = codec.decode(&written(times).unwrap()).unwrap();
            let mut again = Vec::new();
            codec.encode(&back, &mut again).unwrap();
            assert_eq!(again, written(times).unwrap());
        }
        assert!((deepest..200).all(|times| written(times).is_err()));
        deepest - 1
    });
    assert_eq!(deepest, deepest_wanted);
}

fn message_pack<V: Serialize>(value: &V) -> Vec<u8> {
    rmp_serde::to_vec_named(value).unwrap()
}

fn json<V: Serialize>(value: &V) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn bincode<V: Serialize>(value: &V) -> Vec<u8> {
    bincode::serde::encode_to_vec(value, bincode::config::standard()).unwrap()
}

macro_rules! deep_shapes {
    ($($name:ident: $codec:expr, $shape:ty, $unbounded:expr, $deepest:expr;)*) => {
        $(
            #[test]
            fn $name() {
                assert_deep_values_are_refused::<$shape, _>($codec);
                assert_deep_bytes_are_refused::<$shape, _>($codec, $unbounded);
                assert_written_levels_are_read::<$shape, _>($codec, $deepest);
            }
        )*
    };
}

// A list costs a struct and an option for each link, a tree five levels for three nodes.
deep_shapes! {
    deep_lists_are_errors_in_message_pack: MessagePack, List, message_pack, 59;
    deep_lists_are_errors_in_bincode: Bincode, List, bincode, 59;
    deep_lists_are_errors_in_json: Json, List, json, 59;
    deep_enums_are_errors_in_message_pack: MessagePack, Tree, message_pack, 71;
    deep_enums_are_errors_in_bincode: Bincode, Tree, bincode, 71;
    deep_enums_are_errors_in_json: Json, Tree, json, 71;
    deep_sequences_are_errors_in_message_pack: MessagePack, Sequences, message_pack, 59;
    deep_sequences_are_errors_in_bincode: Bincode, Sequences, bincode, 59;
    deep_sequences_are_errors_in_json: Json, Sequences, json, 59;
    deep_maps_are_errors_in_message_pack: MessagePack, Maps, message_pack, 59;
    deep_maps_are_errors_in_bincode: Bincode, Maps, bincode, 59;
    deep_maps_are_errors_in_json: Json, Maps, json, 59;
    deep_tagged_enums_are_errors_in_message_pack: MessagePack, Tagged, message_pack, 119;
    deep_tagged_enums_are_errors_in_json: Json, Tagged, json, 119;
    deep_values_of_any_kind_are_errors_in_message_pack:
        MessagePack, serde_json::Value, message_pack, 120;
    deep_values_of_any_kind_are_errors_in_json: Json, serde_json::Value, json, 120;
    deep_options_are_errors_in_bincode: Bincode, Options, bincode, 120;
}

#[test]
fn deep_untagged_enums_are_errors() {
    assert_deep_values_are_refused::<Untagged, _>(MessagePack);
    assert_deep_values_are_refused::<Untagged, _>(Json);
    assert_deep_bytes_are_refused::<Untagged, _>(MessagePack, message_pack);
    assert_deep_bytes_are_refused::<Untagged, _>(Json, json);
}

#[test]
fn an_unknown_field_may_be_as_deep_as_it_likes_without_harm() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Known {
        hp: u8,
    }
    #[derive(Serialize)]
    struct Written {
        hp: u8,
        unknown: List,
    }
    let (packed, text) = on_stack(HUGE_STACK, || {
        let written = Written {
            hp: 7,
            unknown: List::nested(DEEP),
        };
        (message_pack(&written), json(&written))
    });
    on_stack(SMALL_STACK, move || {
        assert!(Codec::<Known>::decode(&MessagePack, &packed).is_err());
        assert_eq!(
            Codec::<Known>::decode(&Json, &text).unwrap(),
            Known { hp: 7 }
        );
    });
}

/// A type that reads itself out of the same bytes for ever.
#[test]
fn an_option_of_itself_that_reads_no_further_byte_is_an_error() {
    on_stack(SMALL_STACK, || {
        assert!(Codec::<Options>::decode(&MessagePack, &[5]).is_err());
        assert!(Codec::<Options>::decode(&Json, b"5").is_err());
        assert!(Codec::<Options>::decode(&Bincode, &[1; 200]).is_err());
    });
}
