//! Order, uniqueness, prefix-freedom, round trip, canonical and total decoding, and descending.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZero, Wrapping};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use grainstore::key::{Key, KeyPart, KeyReader, KeyRef, Shape};

use crate::derived::{
    Colour, Deep, Event, Labelled, Marker, Newtype, OrderKey, Pair, Scoped, Sparse, WithModule,
};
use crate::sample::{Chance, Sample};
use crate::untyped;

/// Values of each type; every one of them is held against every other one.
const VALUES: usize = 250;

/// How long a key was, and what its value encodes to; `None` where it does not decode.
type FirstKey = Option<(usize, Vec<u8>)>;

/// A type with values of it, seen without the type so that the laws are compiled once.
struct Subject<'a> {
    keys: &'a [Vec<u8>],
    show: &'a dyn Fn(usize) -> String,
    order: &'a dyn Fn(usize, usize) -> Ordering,
    /// True where the key of that value decodes to that value.
    comes_back: &'a dyn Fn(usize) -> bool,
    /// Decodes the first key in some bytes: its length, and what it encodes to again.
    decode: fn(&[u8]) -> FirstKey,
    decode_whole: fn(&[u8]) -> Option<Vec<u8>>,
}

fn decode<T: KeyPart>(bytes: &[u8]) -> FirstKey {
    let mut reader = KeyReader::new(bytes);
    let value = T::decode(&mut reader).ok()?;
    Some((reader.offset(), value.encode_key()))
}

/// Holds all laws against `T`, and says how many pairs it compared.
pub(crate) fn hold<T: Sample>() -> usize {
    let mut chance = Chance(0x6B65_7973);
    let values: Vec<T> = (0..VALUES).map(|_| T::sample(&mut chance)).collect();
    let keys: Vec<Vec<u8>> = values.iter().map(T::encode_key).collect();
    let subject = Subject {
        keys: &keys,
        show: &|at| format!("{:?}", values[at]),
        order: &|a, b| values[a].order(&values[b]),
        comes_back: &|at| {
            T::decode_key(&keys[at]).is_ok_and(|decoded| decoded.order(&values[at]).is_eq())
        },
        decode: decode::<T>,
        decode_whole: |bytes| T::decode_key(bytes).ok().map(|key| key.encode_key()),
    };
    for (at, value) in values.iter().enumerate() {
        let mut by_reference = Vec::new();
        <&T as KeyRef<T>>::encode(&value, &mut by_reference);
        assert_eq!(by_reference, keys[at], "K7: {value:?}");
    }
    subject.round_trips(&mut chance);
    subject.compares();
    subject.reads_damage(&mut chance);
    subject.describes(&T::schema());

    let down: Vec<Vec<u8>> = values
        .iter()
        .map(|v| Reverse(v.clone()).encode_key())
        .collect();
    let reversed = Subject {
        keys: &down,
        order: &|a, b| values[b].order(&values[a]),
        decode: decode::<Reverse<T>>,
        decode_whole: |bytes| {
            Reverse::<T>::decode_key(bytes)
                .ok()
                .map(|key| key.encode_key())
        },
        ..subject
    };
    reversed.round_trips(&mut chance);
    reversed.compares();
    reversed.reads_damage(&mut chance);
    2 * VALUES * VALUES
}

impl Subject<'_> {
    fn round_trips(&self, chance: &mut Chance) {
        for (at, key) in self.keys.iter().enumerate() {
            let shown = (self.show)(at);
            assert!((self.comes_back)(at), "K4: {shown}");
            assert_eq!((self.decode_whole)(key).as_ref(), Some(key), "K4: {shown}");
            let mut longer = key.clone();
            longer.extend((0..chance.length()).map(|_| chance.byte()));
            assert_eq!(
                (self.decode)(&longer),
                Some((key.len(), key.clone())),
                "K4: {shown}"
            );
            for end in 0..key.len() {
                let cut = (self.decode_whole)(&key[..end]);
                assert_eq!(cut, None, "K3: {shown} cut to {end} bytes");
            }
        }
    }

    fn compares(&self) {
        for (a, key_a) in self.keys.iter().enumerate() {
            for (b, key_b) in self.keys.iter().enumerate() {
                let pair = || format!("{} and {}", (self.show)(a), (self.show)(b));
                assert_eq!(
                    key_a.cmp(key_b),
                    (self.order)(a, b),
                    "K1 and K2: {}",
                    pair()
                );
                let proper = key_a.len() < key_b.len() && key_b.starts_with(key_a);
                assert!(!proper, "K3: {}", pair());
            }
        }
    }

    /// Damaged keys: what decodes is what encodes to the same bytes.
    fn reads_damage(&self, chance: &mut Chance) {
        for key in self.keys.iter().cycle().take(10 * VALUES) {
            let mut damaged = key.clone();
            for _ in 0..=chance.below(2) {
                let at = chance.below(damaged.len() as u64 + 1) as usize;
                match chance.below(3) {
                    0 => damaged.insert(at, chance.byte()),
                    1 if at < damaged.len() => damaged[at] = chance.byte(),
                    _ => damaged.truncate(at),
                }
            }
            if let Some((length, encoded)) = (self.decode)(&damaged) {
                assert_eq!(encoded, damaged[..length], "K5: {damaged:?}");
            }
        }
    }

    fn describes(&self, schema: &str) {
        let shape = Shape::from_schema(schema).expect(schema);
        assert_eq!(shape.schema(), schema);
        for (at, key) in self.keys.iter().enumerate() {
            assert!(!shape.print(key).is_empty(), "{}", (self.show)(at));
            let mut damaged = key.clone();
            if let Some(byte) = damaged.get_mut(at % key.len().max(1)) {
                *byte ^= 1 << (at % 8);
            }
            let decodes = (self.decode_whole)(&damaged).is_some();
            untyped::hold(schema, std::slice::from_ref(key), &damaged, decodes);
        }
    }
}

macro_rules! hold_all {
    ($($ty:ty),+ $(,)?) => {
        [$(crate::laws::hold::<$ty>()),+].iter().sum::<usize>()
    };
}
pub(crate) use hold_all;

#[test]
fn single_types_keep_the_laws() {
    let pairs = hold_all![
        u8,
        u16,
        u32,
        u64,
        u128,
        i8,
        i16,
        i32,
        i64,
        i128,
        f32,
        f64,
        bool,
        char,
        (),
        String,
        Box<str>,
        Arc<str>,
        Cow<'static, str>,
        Vec<u8>,
        Box<[u8]>,
        [u8; 3],
        Duration,
        SystemTime,
        Ipv4Addr,
        Ipv6Addr,
        IpAddr,
        SocketAddr,
        NonZero<u8>,
        NonZero<i64>,
        NonZero<u128>,
        Wrapping<i16>,
        Box<i32>,
    ];
    assert!(pairs > 1_000_000, "only {pairs} pairs");
}

#[test]
fn nested_types_keep_the_laws() {
    let pairs = hold_all![
        Option<String>,
        Option<Option<bool>>,
        Option<()>,
        Vec<()>,
        Vec<bool>,
        Vec<i8>,
        Vec<Option<u8>>,
        Vec<Vec<u8>>,
        Vec<Vec<()>>,
        Vec<Vec<Vec<i8>>>,
        Vec<(u8, String)>,
        Vec<NonZero<u8>>,
        Vec<Reverse<u8>>,
        Vec<Box<u8>>,
        Arc<[String]>,
        [String; 2],
        [Vec<u8>; 2],
        [Option<i8>; 3],
        [[u8; 2]; 2],
        BTreeSet<u8>,
        BTreeSet<String>,
        BTreeSet<Vec<bool>>,
        BTreeSet<Reverse<i8>>,
        Reverse<Reverse<String>>,
        Reverse<Vec<String>>,
        Vec<Reverse<String>>,
        Option<Reverse<Option<u8>>>,
        Cow<'static, [u8]>,
    ];
    assert!(pairs > 1_000_000, "only {pairs} pairs");
}

#[test]
fn tuples_keep_the_laws() {
    let pairs = hold_all![
        (String,),
        (String, String),
        (Vec<u8>, Vec<u8>),
        (String, u64),
        (Option<String>, String),
        (Vec<u64>, u64),
        (Vec<Vec<u8>>, u64),
        (f32, i8, bool),
        (Reverse<String>, String),
        (String, Reverse<String>, Vec<u8>),
        ((String, bool), (u8, String)),
        (Option<()>, Vec<()>, u8),
        Option<(String, Vec<Option<i8>>)>,
        Vec<(Reverse<Vec<u8>>, BTreeSet<i8>)>,
        (u8, i8, bool, String),
        (i8, u8, (), char, bool),
        (bool, bool, bool, bool, bool, bool, bool, String),
        (
            bool, u8, bool, u8, bool, u8, bool, u8, bool, u8, bool, String
        ),
    ];
    assert!(pairs > 1_000_000, "only {pairs} pairs");
}

#[test]
fn derived_types_keep_the_laws() {
    let pairs = hold_all![
        OrderKey,
        Newtype,
        Marker,
        Pair,
        Colour,
        Event,
        Sparse,
        Scoped<String>,
        Scoped<OrderKey>,
        Labelled<3>,
        Deep,
        WithModule,
        Vec<Event>,
        Option<Colour>,
        (Event, Scoped<Vec<u8>>),
        Scoped<Reverse<Option<Event>>>,
        [Sparse; 2],
    ];
    assert!(pairs > 1_000_000, "only {pairs} pairs");
}
