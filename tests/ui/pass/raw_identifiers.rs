//! Keywords as names.

#![allow(non_camel_case_types)]

use grainstore::Key;

#[derive(Key, Clone, Debug, PartialEq)]
#[key(prefixes)]
struct r#struct {
    r#type: String,
    r#match: u8,
    r#fn: u8,
}

#[derive(Key, Clone, Debug, PartialEq)]
#[key(prefixes)]
enum r#enum {
    r#if { r#else: u8, r#loop: u8 },
    r#while(r#struct),
}

fn main() {
    let key = r#struct { r#type: "a".into(), r#match: 1, r#fn: 2 };
    assert_eq!(r#struct::decode_key(&key.encode_key()), Ok(key.clone()));
    assert_eq!(r#struct::by_type_match("a", 1).as_bytes(), b"a\0\x01");
    let wrapped = r#enum::r#while(key);
    assert_eq!(r#enum::decode_key(&wrapped.encode_key()), Ok(wrapped));
    assert_eq!(r#enum::by_if_else(7).as_bytes(), [0, 7]);
    assert_eq!(r#enum::r#if { r#else: 1, r#loop: 2 }.encode_key(), [0, 1, 2]);
}
