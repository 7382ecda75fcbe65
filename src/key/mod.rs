//! Keys whose bytes sort as their values do.
//!
//! A key type says what its bytes are, and the engine below knows only those: it compares them as
//! bytes, and that is the order of the keys. This floor holds the traits ([`Key`], [`KeyPart`],
//! [`KeyRef`], [`KeyPrefix`]), the encoding of the types of the standard library, and what turns
//! typed prefixes and ranges into ranges of bytes. It does no I/O and keeps no state; everything
//! may be called from any thread.
//!
//! # The encoding, version 1
//!
//! | type | bytes |
//! |---|---|
//! | `u8` to `u128` | big-endian |
//! | `i8` to `i128` | big-endian, sign bit flipped |
//! | `bool`, `char` | `00` or `01`; the scalar value as `u32` |
//! | `f32`, `f64` | in total order: sign bit flipped, or all bits where negative |
//! | text, bytes | `00` as `01 01`, `01` as `01 02`, the rest as it is, then `00` |
//! | `Option<T>` | `00`, or `01` and `T` |
//! | tuples, structs, `[T; N]` | the components in a row |
//! | `Vec<T>`, `BTreeSet<T>` | `01` and `T` for each, then `00` |
//! | enums | the tag, then the fields; below `F0` the tag is one byte, else two |
//! | `Reverse<T>`, `#[key(desc)]` | `T` with every bit flipped |
//! | `Duration`, `SystemTime` | seconds, then nanoseconds as `u32` |
//! | `IpAddr`, `SocketAddr` | `04` or `06`, the address, and for sockets the port |
//! | `NonZero`, `Wrapping`, `Box`, `Arc`, `Cow` | as what is in them |
//! | `Uuid` (feature `uuid`) | its 16 bytes |
//! | jiff's `Timestamp`, chrono's `DateTime<Utc>` (features `jiff`, `chrono`) | as `SystemTime` |
//! | their dates; times of day | year `i32`, month, day; hour, minute, second, nanoseconds `u32` |
//!
//! ```
//! use grainstore::key::Key;
//!
//! let key = ("a\0b".to_owned(), -1i64, Some(true)).encode_key();
//! assert_eq!(key, [
//!     0x61, 0x01, 0x01, 0x62, 0x00,                       // the text, its 00 escaped, its end
//!     0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,     // -1, below every positive number
//!     0x01, 0x01,                                         // some, true
//! ]);
//! ```
//!
//! The bytes of version 1 are frozen: golden vectors in the tests hold them. What a store was made
//! with is kept as its [schema](Key::schema), so that another layout is refused and not misread.

#[doc(hidden)]
pub mod __private;
pub(crate) mod byte_range;
#[cfg(any(feature = "jiff", feature = "chrono"))]
pub(crate) mod calendar;
#[cfg(feature = "chrono")]
pub(crate) mod chrono;
pub(crate) mod escape;
pub(crate) mod floats;
pub(crate) mod integers;
#[cfg(feature = "jiff")]
pub(crate) mod jiff;
pub(crate) mod key_error;
pub(crate) mod key_part;
pub(crate) mod key_prefix;
pub(crate) mod key_range;
pub(crate) mod key_reader;
pub(crate) mod key_value;
pub(crate) mod lists;
pub(crate) mod net;
pub(crate) mod raw_bytes;
pub(crate) mod shape;
pub(crate) mod shape_decode;
pub(crate) mod shape_encode;
pub(crate) mod shape_kind;
pub(crate) mod shape_print;
pub(crate) mod shape_text;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod tuples;
#[cfg(feature = "uuid")]
pub(crate) mod uuid;
pub(crate) mod wrappers;
// Types of other crates are one file each, behind the feature of that crate's name.

pub use crate::format::successor::successor;
pub use byte_range::ByteRange;
pub use key_error::KeyError;
pub use key_part::{Key, KeyPart, KeyRef};
pub use key_prefix::{
    Descending, KeyPrefix, NextPart, NothingFollows, OpaqueField, Prefix, TextPart,
};
pub use key_range::KeyRange;
pub use key_reader::KeyReader;
pub use key_value::{KeyMismatch, KeyValue};
pub use raw_bytes::RawBytes;
pub use shape::Shape;
pub use shape_kind::ShapeKind;
