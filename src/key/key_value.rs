//! Keys without their Rust types: what a tool that knows only the schema of a store reads and
//! writes.
//!
//! [`Shape::decode`] and [`Shape::encode`] are `Key::decode_key` and `Key::encode_key` over a
//! [`KeyValue`] in place of a type; the laws K1 to K6 hold for them as they hold for the types, and
//! the bytes are the same. Pure functions; they nest as deep as the shape does.

use crate::key::key_error::KeyError;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// A key, or one component of it, of any type.
///
/// ```
/// use grainstore::key::{Key, KeyValue, Shape};
///
/// let shape = Shape::from_schema("k1:{str,u64}")?;
/// let key = KeyValue::Fields(vec![KeyValue::Text("acme".into()), KeyValue::Unsigned(7)]);
/// assert_eq!(shape.encode(&key).unwrap(), ("acme".to_owned(), 7u64).encode_key());
/// assert_eq!(shape.decode(b"acme\0\0\0\0\0\0\0\0\x07")?, key);
/// # Ok::<(), grainstore::key::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum KeyValue {
    /// `u8` to `u128`.
    Unsigned(u128),
    /// `i8` to `i128`.
    Signed(i128),
    /// `f32`.
    F32(f32),
    /// `f64`.
    F64(f64),
    /// `bool`.
    Bool(bool),
    /// `char`.
    Char(char),
    /// Text.
    Text(String),
    /// `Vec<u8>` and its like, and a whole key of [`RawBytes`](crate::key::RawBytes).
    Bytes(Vec<u8>),
    /// `Option`.
    Option(Option<Box<KeyValue>>),
    /// Lists, sets and arrays.
    List(Vec<KeyValue>),
    /// Components in a row: tuples and structs.
    Fields(Vec<KeyValue>),
    /// An enum's tag and what follows it; `Fields` of nothing for a variant without fields.
    Variant(u16, Box<KeyValue>),
    /// `Duration`.
    Duration(Duration),
    /// `SystemTime`: seconds since the epoch, rounded down, and nanoseconds from there.
    Time {
        /// Negative before the epoch.
        seconds: i64,
        /// Those of a leap second go on to 2,000,000,000.
        nanos: u32,
    },
    /// A date, as `i32` year, month and day.
    Date(i32, u8, u8),
    /// A time of day: hour, minute, second and nanoseconds; those of a leap second go on to
    /// 2,000,000,000.
    Clock(u8, u8, u8, u32),
    /// `Uuid`, its first byte the highest.
    Uuid(u128),
    /// `Ipv4Addr`.
    Ipv4(Ipv4Addr),
    /// `Ipv6Addr`.
    Ipv6(Ipv6Addr),
}

/// A value that has no place in a key of this shape: which component, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMismatch {
    pub(crate) path: Vec<usize>,
    pub(crate) wanted: String,
}

impl KeyMismatch {
    pub(crate) fn new(wanted: impl Into<String>) -> Self {
        let (path, wanted) = (Vec::new(), wanted.into());
        Self { path, wanted }
    }

    /// The same, seen from around component `at`.
    pub(crate) fn within(mut self, at: usize) -> Self {
        self.path.insert(0, at);
        self
    }

    /// Which component, from outside in, each counted from 0; empty for the whole key.
    #[must_use]
    pub fn path(&self) -> &[usize] {
        &self.path
    }

    /// What should be there.
    #[must_use]
    pub fn wanted(&self) -> &str {
        &self.wanted
    }
}

impl fmt::Display for KeyMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_slice() {
            [] => f.write_str("the key")?,
            path => {
                f.write_str("component ")?;
                for (depth, at) in path.iter().enumerate() {
                    let dot = if depth == 0 { "" } else { "." };
                    write!(f, "{dot}{}", at + 1)?;
                }
                f.write_str(" of the key")?;
            }
        }
        write!(f, " should be {}", self.wanted)
    }
}

impl std::error::Error for KeyMismatch {}

impl Shape {
    /// Reads a whole key of this shape.
    ///
    /// # Errors
    /// Where the bytes are not exactly one encoded key of this shape, and where it has a component
    /// that only the program knows how to read.
    pub fn decode(&self, key: &[u8]) -> Result<KeyValue, KeyError> {
        let mut reader = KeyReader::new(key);
        let value = self.decode_part(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }

    /// The bytes of a whole key.
    ///
    /// # Errors
    /// Where `key` is not of this shape, and where that has a component that only the program knows
    /// how to write.
    pub fn encode(&self, key: &KeyValue) -> Result<Vec<u8>, KeyMismatch> {
        let mut out = Vec::new();
        self.encode_part(key, &mut out)?;
        Ok(out)
    }

    /// The bytes that all keys with these first components begin with.
    ///
    /// ```
    /// use grainstore::key::{KeyValue, Shape};
    ///
    /// let shape = Shape::from_schema("k1:{str,u64}")?;
    /// assert_eq!(shape.encode_prefix(&[KeyValue::Text("acme".into())]).unwrap(), b"acme\0");
    /// # Ok::<(), grainstore::key::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// As [`encode`](Self::encode); where there are more components than the key has.
    pub fn encode_prefix(&self, first: &[KeyValue]) -> Result<Vec<u8>, KeyMismatch> {
        let mut out = Vec::new();
        let components = self.components();
        if first.len() > components.len() {
            let wanted = format!("a prefix of at most {} components", components.len());
            return Err(KeyMismatch::new(wanted));
        }
        for (at, (shape, value)) in components.iter().zip(first).enumerate() {
            shape
                .encode_part(value, &mut out)
                .map_err(|mismatch| mismatch.within(at))?;
        }
        Ok(out)
    }
}
