//! The derive gives no reason for a warning.

#![deny(missing_docs, warnings, unused, nonstandard_style, future_incompatible)]
#![deny(unused_qualifications, unused_results, single_use_lifetimes, unreachable_pub)]
#![deny(missing_debug_implementations, trivial_casts, variant_size_differences)]
#![deny(unused_lifetimes, elided_lifetimes_in_paths, let_underscore_drop)]
#![forbid(unsafe_code)]

use grainstore::Key;
use grainstore::key::{KeyPart, KeyRef};

/// A key.
#[derive(Key, Debug)]
#[key(prefixes)]
#[allow(non_snake_case)]
pub struct Public<T, const N: usize> {
    /// The tenant.
    pub Tenant: String,
    /// The label.
    pub label: [u8; N],
    #[key(desc)]
    id: T,
}

/// An event.
#[derive(Key, Debug)]
#[key(prefixes)]
#[allow(non_camel_case_types)]
pub enum Event {
    /// Started.
    Started,
    /// Moved.
    moved {
        /// From there.
        from: u8,
        /// To there.
        to: u8,
    },
}

/// An old one.
#[derive(Key, Debug)]
#[deprecated]
pub struct Old(u8);

/// Nothing.
#[derive(Key, Debug)]
pub struct Unit;

/// One whose fields may be deprecated.
#[derive(Key, Debug)]
pub struct New {
    /// Not any more.
    #[deprecated]
    pub old: u8,
}

fn main() {
    let event = Event::moved { from: 1, to: 2 };
    assert_eq!(event.encode_key(), [1, 1, 2]);
    assert!(Unit.encode_key().is_empty());
    let key = Public { Tenant: String::new(), label: [1], id: 3u8 };
    assert_eq!(Public::<u8, 1>::schema(), "k1:{str,array(u8,1),desc(u8)}");
    assert!(key.encode_key().starts_with(Public::<u8, 1>::by_Tenant("").as_bytes()));
    assert_eq!(<u8 as KeyPart>::shape().schema(), "k1:u8");
    KeyRef::<u8>::encode(&7, &mut Vec::new());
}
