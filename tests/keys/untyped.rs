//! Keys read and written by their schema alone are the keys of the type.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use grainstore::key::{Key, KeyValue, RawBytes, Shape};

use crate::derived::{Event, OrderKey, WithModule};

/// Holds the untyped round trip against keys of one schema, and what it says of damaged ones
/// against `decodes`, what the type says.
pub(crate) fn hold(schema: &str, keys: &[Vec<u8>], damaged: &[u8], decodes: bool) {
    let shape = Shape::from_schema(schema).expect(schema);
    if schema.contains("custom(") {
        return; // only the program reads those
    }
    for key in keys {
        let value = shape.decode(key).expect(schema);
        assert_eq!(shape.encode(&value).as_ref(), Ok(key), "{schema} {value:?}");
    }
    // What a type cannot hold for the years of its calendar or clock is a time without it.
    let untyped = shape.decode(damaged);
    let is_wider = ["time", "date", "clock"]
        .iter()
        .any(|leaf| schema.contains(leaf));
    if decodes || !is_wider {
        assert_eq!(untyped.is_ok(), decodes, "{schema} {damaged:?}");
    }
}

fn text(text: &str) -> KeyValue {
    KeyValue::Text(text.to_owned())
}

#[test]
fn components_are_told_by_their_kind() {
    let decode = |schema: &str, key: &[u8]| Shape::from_schema(schema).unwrap().decode(key);
    let key = ("eu".to_owned(), -1i64, Some(true)).encode_key();
    let fields = vec![
        text("eu"),
        KeyValue::Signed(-1),
        KeyValue::Option(Some(Box::new(KeyValue::Bool(true)))),
    ];
    let read = decode("k1:{str,i64,opt(bool)}", &key);
    assert_eq!(read, Ok(KeyValue::Fields(fields)));

    let half = SystemTime::UNIX_EPOCH - Duration::from_millis(500);
    let (seconds, nanos) = (-1, 500_000_000);
    let time = KeyValue::Time { seconds, nanos };
    assert_eq!(decode("k1:time", &half.encode_key()), Ok(time));
    let raw = RawBytes(vec![0, 1, 255]);
    assert_eq!(
        decode("k1:raw", &raw.encode_key()),
        Ok(KeyValue::Bytes(raw.0))
    );
    let id = 0x0188_7fe1_3c2a_7000_8000_0000_0000_0001_u128;
    let uuid = decode("k1:uuid", &id.to_be_bytes());
    assert_eq!(uuid, Ok(KeyValue::Uuid(id)));
    let leap = (2024i32, 2u8, 29u8).encode_key();
    assert_eq!(decode("k1:date", &leap), Ok(KeyValue::Date(2024, 2, 29)));
    assert!(decode("k1:date", &(2023i32, 2u8, 29u8).encode_key()).is_err());
    let night = (23u8, 59u8, 59u8, 1_500_000_000u32).encode_key();
    let clock = KeyValue::Clock(23, 59, 59, 1_500_000_000);
    assert_eq!(decode("k1:clock", &night), Ok(clock));
    assert!(decode("k1:clock", &(24u8, 0u8, 0u8, 0u32).encode_key()).is_err());
    let unit = KeyValue::Variant(0, Box::new(KeyValue::Fields(vec![])));
    assert_eq!(
        decode(&Event::schema(), &Event::Started.encode_key()),
        Ok(unit)
    );
}

#[test]
fn values_of_another_shape_are_refused_with_their_place() {
    let refused = |schema: &str, value: KeyValue| {
        let shape = Shape::from_schema(schema).unwrap();
        shape.encode(&value).unwrap_err().to_string()
    };
    assert_eq!(
        refused(
            "k1:{str,u8}",
            KeyValue::Fields(vec![text("a"), KeyValue::Unsigned(256)])
        ),
        "component 2 of the key should be a number from 0 to 255"
    );
    assert_eq!(
        refused("k1:{str,u8}", text("a")),
        "the key should be {str,u8}"
    );
    assert_eq!(
        refused("k1:nonzero(u8)", KeyValue::Unsigned(0)),
        "the key should be a number other than zero"
    );
    let list = KeyValue::List(vec![text("a"), KeyValue::Bool(true)]);
    assert_eq!(
        refused("k1:{bool,list(str)}", {
            KeyValue::Fields(vec![KeyValue::Bool(true), list])
        }),
        "component 2.2 of the key should be str"
    );
    let custom = WithModule::schema();
    assert!(refused(&custom, KeyValue::Fields(vec![text("a"); 3])).contains("custom"));
    let beyond = KeyValue::Variant(5_000, Box::new(KeyValue::Fields(vec![])));
    assert!(refused("k1:enum{5000:{}}", beyond).contains("4336"));
}

#[test]
fn a_set_is_written_in_its_order_and_once() {
    let shape = Shape::from_schema("k1:set(u8)").unwrap();
    let list = [7u8, 3, 7].map(|n| KeyValue::Unsigned(n.into()));
    let set = BTreeSet::from([3u8, 7]);
    assert_eq!(
        shape.encode(&KeyValue::List(list.into())),
        Ok(set.encode_key())
    );
}

#[test]
fn a_prefix_begins_the_keys_with_those_components_descending_ones_too() {
    let shape = OrderKey::key_shape();
    let key = shape.decode(&sample().encode_key()).unwrap();
    let KeyValue::Fields(fields) = key else {
        panic!("a struct is fields");
    };
    for components in 0..=fields.len() {
        let prefix = shape.encode_prefix(&fields[..components]).unwrap();
        assert!(sample().encode_key().starts_with(&prefix));
    }
    let more = [&fields[..], &fields[..1]].concat();
    assert!(shape.encode_prefix(&more).is_err());
}

fn sample() -> OrderKey {
    use crate::sample::{Chance, Sample};
    OrderKey::sample(&mut Chance(7))
}

#[test]
fn an_array_whose_length_no_byte_justifies_is_refused() {
    let shape = Shape::from_schema("k1:array({},18446744073709551615)").unwrap();
    assert!(shape.decode(b"").is_err());
}
