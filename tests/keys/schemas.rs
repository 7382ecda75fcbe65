//! What a store remembers of its key type.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use grainstore::Key;
use grainstore::key::{RawBytes, Shape};

use crate::derived::{Colour, Event, Labelled, Marker, Newtype, OrderKey, Scoped, WithModule};

#[test]
fn schemas_are_structure_without_names() {
    assert_eq!(OrderKey::schema(), "k1:{str,u32,desc(u64)}");
    assert_eq!(u32::schema(), "k1:u32");
    assert_eq!(<Option<Vec<u8>>>::schema(), "k1:opt(bytes)");
    assert_eq!(
        <(Vec<i8>, BTreeSet<char>)>::schema(),
        "k1:{list(i8),set(char)}"
    );
    assert_eq!(<[NonZero<u16>; 4]>::schema(), "k1:array(nonzero(u16),4)");
    assert_eq!(
        Event::schema(),
        "k1:enum{0:{},1:-,7:{str,i64},300:{bytes,bool}}"
    );
    assert_eq!(Colour::schema(), "k1:enum{0:{},1:{},2:{}}");
    assert_eq!(<(Duration, SystemTime)>::schema(), "k1:{duration,time}");
    assert_eq!(IpAddr::schema(), "k1:enum{4:ipv4,6:ipv6}");
    assert_eq!(
        SocketAddr::schema(),
        "k1:enum{4:{ipv4,u16},6:{ipv6,u16,u32,u32}}"
    );
    assert_eq!(RawBytes::schema(), "k1:raw");
    assert_eq!(
        WithModule::schema(),
        "k1:{custom(foreign),desc(custom(foreign)),str}"
    );
    assert_eq!(Labelled::<3>::schema(), "k1:{array(u8,3),str}");
}

#[test]
fn what_does_not_change_the_bytes_does_not_change_the_schema() {
    assert_eq!(Newtype::schema(), u32::schema());
    assert_eq!(Marker::schema(), <()>::schema());
    assert_eq!(<Scoped<(u32, u8)>>::schema(), <(String, u32, u8)>::schema());
    assert_eq!(<Arc<str>>::schema(), String::schema());
    assert_eq!(<Box<[u8]>>::schema(), <Vec<u8>>::schema());
    assert_eq!(
        <Reverse<(u8, Reverse<u16>)>>::schema(),
        <(Reverse<u8>, u16)>::schema()
    );
}

#[test]
fn a_schema_is_read_back() {
    for text in [
        "k1:{str,u32,desc(u64)}",
        "k1:enum{0:{},1:-,300:{bytes,bool}}",
        "k1:array(list(u8),7)",
        "k1:{}",
        "k1:opt(set(nonzero(i128)))",
        "k1:custom(a-b.c_2)",
        "k1:raw",
    ] {
        assert_eq!(Shape::from_schema(text).expect(text).schema(), text);
    }
    assert_eq!(Shape::custom("a (b)").schema(), "k1:custom(a__b_)");
}

#[test]
fn a_damaged_schema_is_an_error() {
    let deep = format!("k1:{}", "opt(".repeat(100_000));
    for text in [
        "",
        "k1",
        "k2:u32",
        "k1:",
        "k1:u33",
        "k1:{u32",
        "k1:{u32,}",
        "k1:{u32u8}",
        "k1:u32 ",
        "k1:opt(u8",
        "k1:array(u8)",
        "k1:array(u8,x)",
        "k1:enum{}}",
        "k1:enum",
        "k1:enum{70000:{}}",
        "k1:enum{1}",
        "k1:list",
        "k1:é(u8)",
        &deep,
    ] {
        assert!(
            Shape::from_schema(text).is_err(),
            "{}",
            &text[..text.len().min(20)]
        );
    }
}

fn reads(new: &str, stored: &str) -> bool {
    let shape = |text: &str| Shape::from_schema(&format!("k1:{text}")).expect(text);
    shape(new).reads(&shape(stored))
}

#[test]
fn an_enum_may_grow_and_retire_variants() {
    assert!(reads("{u8,enum{0:{},1:u8}}", "{u8,enum{0:{}}}"));
    assert!(
        !reads("enum{0:{}}", "enum{0:{},1:u8}"),
        "a variant is gone and not reserved"
    );
    assert!(reads("enum{0:{},1:-}", "enum{0:{},1:u8}"));
    assert!(
        !reads("enum{0:{},1:u8}", "enum{0:{},1:-}"),
        "a reserved tag came back"
    );
    assert!(!reads("enum{0:u16}", "enum{0:u8}"));
    assert!(reads("opt(desc(enum{0:{},9:u8}))", "opt(desc(enum{0:{}}))"));
    assert!(reads("array(enum{0:{},1:{}},2)", "array(enum{0:{}},2)"));
    assert!(!reads("array(u8,2)", "array(u8,3)"));
    assert!(!reads("{u8,u8}", "{u8,u8,u8}"));
    assert!(!reads("{str,u32,u64}", "{str,u32,desc(u64)}"));
    assert!(!reads("nonzero(u8)", "u8"));
}

#[test]
fn a_key_is_printed_by_its_schema() {
    let print = |key: Vec<u8>, schema: String| Shape::from_schema(&schema).expect("").print(&key);
    let key = OrderKey {
        tenant: "eu".into(),
        day: 20261101,
        id: 7,
    };
    assert_eq!(
        print(key.encode_key(), OrderKey::schema()),
        r#"("eu", 20261101, 7)"#
    );
    let event = Event::LoggedIn {
        user: "ada".into(),
        at: -5,
    };
    assert_eq!(
        print(event.encode_key(), Event::schema()),
        r#"#7 ("ada", -5)"#
    );
    assert_eq!(print(Event::Started.encode_key(), Event::schema()), "#0");
    let list = vec![Some(1u8), None];
    assert_eq!(
        print(list.encode_key(), "k1:list(opt(u8))".into()),
        "[Some(1), None]"
    );
    assert_eq!(print(vec![1, 2, 3], "k1:u16".into()), r#"258b"\x03""#);
    assert_eq!(
        print(b"eu\0\x01".to_vec(), OrderKey::schema()),
        r#"("eu", b"\x01""#
    );
    assert_eq!(
        print([7u8; 2].encode_key(), "k1:array(u8,2)".into()),
        "[7, 7]"
    );
    assert_eq!(print(vec![1, 2], "k1:raw".into()), r#"b"\x01\x02""#);
    let huge = "k1:array({},18446744073709551615)".to_owned();
    assert!(print(vec![1], huge).len() < 100);
}
