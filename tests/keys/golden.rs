//! The bytes of version 1. They are never edited: other bytes are another version.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::num::NonZero;
use std::time::{Duration, UNIX_EPOCH};

use grainstore::Key;
use grainstore::key::RawBytes;

use crate::derived::{Colour, Event, Newtype, OrderKey, Sparse};

pub(crate) fn hex<K: Key>(key: K) -> String {
    let bytes = key.encode_key();
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn bytes_of_version_1_are_frozen() {
    assert_eq!(hex("a\0b".to_owned()), "61 01 01 62 00");
    assert_eq!(
        hex(("eu".to_owned(), 20261101u32, 7u64)),
        "65 75 00 01 35 28 ed 00 00 00 00 00 00 00 07"
    );
    assert_eq!(hex(-1i64), "7f ff ff ff ff ff ff ff");
    assert_eq!(hex(-0.0f64), "7f ff ff ff ff ff ff ff");
    assert_eq!(hex(1.5f64), "bf f8 00 00 00 00 00 00");
    assert_eq!(hex(Some(String::new())), "01 00");
    assert_eq!(hex(Reverse("ab".to_owned())), "9e 9d ff");
    assert_eq!(hex(vec![1u16, 256]), "01 00 01 01 01 00 00");
    assert_eq!(hex(vec![0u8, 1, 2, 255]), "01 01 01 02 02 ff 00");
    assert_eq!(
        hex(UNIX_EPOCH - Duration::from_millis(500)),
        "7f ff ff ff ff ff ff ff 1d cd 65 00"
    );
    assert_eq!(hex(IpAddr::from([127, 0, 0, 1])), "04 7f 00 00 01");
    assert_eq!(hex('é'), "00 00 00 e9");
}

#[test]
fn bytes_of_tags_are_frozen() {
    #[derive(Key)]
    enum Tagged {
        #[key(tag = 7)]
        Seven(bool),
        #[key(tag = 300)]
        ThreeHundred,
    }
    assert_eq!(hex(Tagged::Seven(true)), "07 01");
    assert_eq!(hex(Tagged::ThreeHundred), "f0 3c");
    assert_eq!(hex(Sparse::Below(9)), "ef 09");
    assert_eq!(hex(Sparse::First(9)), "f0 00 09");
    assert_eq!(hex(Sparse::Above(9)), "f1 00 09");
    assert_eq!(hex(Sparse::Top(9)), "ff ff 09");
    assert_eq!(hex(Colour::Green), "01");
}

#[test]
fn bytes_of_the_other_types_are_frozen() {
    assert_eq!(hex(()), "");
    assert_eq!(hex((true, false)), "01 00");
    assert_eq!(hex(i16::MIN), "00 00");
    assert_eq!(hex(f32::NEG_INFINITY), "00 7f ff ff");
    assert_eq!(hex([1u8, 0, 255]), "01 00 ff");
    assert_eq!(hex([Some(1u8), None]), "01 01 00");
    assert_eq!(hex(vec![(), ()]), "01 01 00");
    assert_eq!(hex(BTreeSet::from([2u8, 1])), "01 01 01 02 00");
    assert_eq!(
        hex(Duration::new(1, 2)),
        "00 00 00 00 00 00 00 01 00 00 00 02"
    );
    assert_eq!(hex(NonZero::<u16>::MAX), "ff ff");
    assert_eq!(hex(RawBytes(vec![0, 1, 2])), "00 01 02");
    assert_eq!(hex(Newtype(1)), "00 00 00 01");
    let order = OrderKey {
        tenant: "eu".into(),
        day: 1,
        id: 0,
    };
    assert_eq!(hex(order), "65 75 00 00 00 00 01 ff ff ff ff ff ff ff ff");
    let event = Event::LoggedIn {
        user: "a".into(),
        at: 0,
    };
    assert_eq!(hex(event), "07 61 00 80 00 00 00 00 00 00 00");
}
