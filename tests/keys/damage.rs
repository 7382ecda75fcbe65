//! Damaged keys are errors that say where, and cost no more than their bytes.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZero;
use std::time::{Duration, SystemTime};

use grainstore::Key;
use grainstore::key::{KeyError, KeyPart, KeyReader};
use proptest::prelude::*;

use crate::derived::{Colour, Deep, Event, OrderKey, Scoped, Sparse, WithModule};

fn error<K: Key>(bytes: &[u8]) -> (usize, &'static str) {
    match K::decode_key(bytes) {
        Ok(_) => (usize::MAX, "it decodes"),
        Err(error) => (error.offset(), error.what()),
    }
}

#[test]
fn errors_say_where_and_what() {
    assert_eq!(error::<u32>(&[1, 2]), (2, "the key ends too early"));
    assert_eq!(error::<u8>(&[1, 2]), (1, "bytes left over after the key"));
    assert_eq!(error::<(u8, bool)>(&[1, 2]), (1, "neither true nor false"));
    assert_eq!(error::<String>(b"abc"), (3, "text without its end"));
    assert_eq!(error::<String>(b"a\x01\x03\0"), (1, "a broken escape"));
    assert_eq!(error::<String>(b"a\x01\0"), (1, "a broken escape"));
    assert_eq!(
        error::<(u8, String)>(b"a\xFF\0"),
        (1, "text that is not UTF-8")
    );
    assert_eq!(
        error::<char>(&0xD800u32.to_be_bytes()),
        (0, "a number that is no character")
    );
    assert_eq!(
        error::<NonZero<u16>>(&[0, 0]),
        (0, "a zero where none can be")
    );
    assert_eq!(error::<Option<u8>>(&[2, 0]), (0, "neither none nor some"));
    assert_eq!(
        error::<Vec<u16>>(&[1, 0, 0, 7]),
        (3, "neither an element nor the end")
    );
    assert_eq!(
        error::<BTreeSet<u8>>(&[1, 2, 1, 2, 0]),
        (3, "a set out of order")
    );
    assert_eq!(
        error::<Duration>(&[0xFF; 12]),
        (8, "a second of nanoseconds or more")
    );
    let second = [&[0; 8][..], &1_000_000_000u32.to_be_bytes()].concat();
    assert_eq!(
        error::<Duration>(&second),
        (8, "a second of nanoseconds or more")
    );
    assert_eq!(
        error::<SystemTime>(&second),
        (8, "a second of nanoseconds or more")
    );
    assert_eq!(
        error::<SocketAddr>(&[5]),
        (0, "an address of neither version")
    );
    assert_eq!(error::<Event>(&[1]), (0, "the tag of no variant"));
    assert_eq!(
        error::<(u8, Sparse)>(&[0, 0xF0]),
        (2, "the key ends too early")
    );
    let text = KeyError::new(3, "text without its end").to_string();
    assert_eq!(text, "at byte 3 of the key: text without its end");
}

/// Decodes `bytes` as `T` and checks what comes out; that it comes back at all is the claim.
fn decode<T: Key>(bytes: &[u8]) -> Option<T> {
    let value = T::decode_key(bytes).ok()?;
    assert_eq!(value.encode_key(), bytes, "K5");
    Some(value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_never_panic_and_never_cost_more_than_they_are(
        bytes in prop::collection::vec(
            prop_oneof![
                4 => prop::sample::select(vec![0u8, 1, 2, 0x7F, 0x80, 0xF0, 0xFE, 0xFF]),
                1 => any::<u8>(),
            ],
            0..40,
        )
    ) {
        decode::<(bool, char, i64)>(&bytes);
        decode::<SystemTime>(&bytes);
        decode::<(Option<Vec<Option<String>>>, u8)>(&bytes);
        decode::<Vec<BTreeSet<Vec<u8>>>>(&bytes);
        decode::<[(u8, Vec<()>); 2]>(&bytes);
        decode::<Deep>(&bytes);
        decode::<Vec<(Event, Colour, Sparse)>>(&bytes);
        decode::<Scoped<(OrderKey, WithModule)>>(&bytes);
        prop_assert!(OrderKey::key_shape().print(&bytes).len() <= 16 * bytes.len() + 64);
        prop_assert!(Vec::<Event>::key_shape().print(&bytes).len() <= 64 * bytes.len() + 64);
        if let Some(plain) = decode::<Vec<u8>>(&bytes) {
            prop_assert!(plain.capacity() <= bytes.len());
        }
        if let Some(units) = decode::<Vec<()>>(&bytes) {
            prop_assert!(units.len() < bytes.len());
        }
        let mut reader = KeyReader::new(&bytes);
        let read = Vec::<u64>::decode(&mut reader);
        prop_assert!(read.map_or(0, |list| list.capacity()) <= bytes.len());
    }
}
