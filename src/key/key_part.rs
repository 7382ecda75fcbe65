//! What a type needs in order to be a key or a component of one.
//!
//! The laws every implementation keeps, and that the tests hold against each one here and against
//! everything `#[derive(Key)]` makes:
//!
//! K1 (order): bytes compare as values do; what "as values do" means is said at the type where it
//! is not `Ord`.
//! K2 (injective): different values have different bytes.
//! K3 (prefix-free): no encoding is a proper prefix of another one of the same type. This is what
//! lets components follow each other without lengths, and lets a descending component simply
//! flip its bits.
//! K4 (round trip): decoding reads exactly the bytes of one value, whatever follows them.
//! K5 (canonical): bytes that decode are the bytes that the decoded value encodes to.
//! K6 (total): decoding arbitrary bytes gives a value or an error, and allocates no more than the
//! bytes justify.
//!
//! K7 (look-up): `KeyRef::<K>::encode` of a borrowed form writes exactly the bytes of the `K` it
//! stands for.
//!
//! Everything here is a pure function of its arguments, callable from any thread.

use crate::key::escape;
use crate::key::key_error::KeyError;
use crate::key::key_reader::KeyReader;
use crate::key::shape::Shape;

/// What ends a list.
pub(crate) const END: u8 = 0x00;
/// What goes before an element of a list.
pub(crate) const ELEMENT: u8 = 0x01;

/// Appends `list` as a list of `K`, with its end where `end` says so.
fn encode_list<K: KeyPart, Q: KeyRef<K>>(list: &[Q], end: bool, out: &mut Vec<u8>) {
    for element in list {
        if !K::IS_BYTE {
            out.push(ELEMENT);
            element.encode(out);
            continue;
        }
        element.encode(out);
        if let Some(byte) = out.pop() {
            escape::escape(&[byte], out);
        }
    }
    if end {
        out.push(END);
    }
}

/// Reads a list with its end.
fn decode_list<T: KeyPart>(reader: &mut KeyReader<'_>) -> Result<Vec<T>, KeyError> {
    let mut list = Vec::new();
    while another_element(reader)? {
        list.push(T::decode(reader)?);
    }
    Ok(list)
}

/// Reads `N` elements.
fn decode_array<T: KeyPart, const N: usize>(
    reader: &mut KeyReader<'_>,
) -> Result<[T; N], KeyError> {
    let mut list = Vec::new();
    for _ in 0..N {
        list.push(T::decode(reader)?);
    }
    <[T; N]>::try_from(list).map_err(|_| reader.error("an array of another length"))
}

pub(crate) fn another_element(reader: &mut KeyReader<'_>) -> Result<bool, KeyError> {
    let offset = reader.offset();
    match reader.byte()? {
        END => Ok(false),
        ELEMENT => Ok(true),
        _ => Err(KeyError::new(offset, "neither an element nor the end")),
    }
}

/// A type that can be one component of a key.
///
/// Usually derived with `#[derive(Key)]`. By hand it takes two impls: [`KeyRef<Self>`](KeyRef),
/// which encodes, and this one, which decodes and describes. The laws to keep:
///
/// - the bytes compare as the values do, and different values have different bytes;
/// - no encoding is a proper prefix of another one;
/// - decoding reads exactly the bytes of one value, whatever follows them, and only bytes that
///   encoding writes; on all others it is an error, not a panic.
///
/// What is put together from components keeps them by itself:
///
/// ```
/// use grainstore::key::{Key, KeyError, KeyPart, KeyReader, KeyRef, Shape};
///
/// /// A temperature in hundredths of a degree.
/// #[derive(Debug, PartialEq)]
/// struct Degrees(i32);
///
/// impl KeyRef<Degrees> for Degrees {
///     fn encode(&self, out: &mut Vec<u8>) {
///         KeyRef::<i32>::encode(&self.0, out);
///     }
/// }
/// impl KeyPart for Degrees {
///     fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError> {
///         i32::decode(reader).map(Self)
///     }
///     fn shape() -> Shape {
///         i32::shape()
///     }
/// }
/// assert!(Degrees(-5).encode_key() < Degrees(20).encode_key());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a component of a key",
    label = "this type has no key encoding",
    note = "a type of your own becomes one with `#[derive(Key)]`",
    note = "`usize` and `isize` have no fixed width: use `u64` and `i64`",
    note = "`HashMap` and `HashSet` have no order: use a `BTreeSet` or a sorted `Vec`",
    note = "`Zoned` and a `DateTime` of another zone than `Utc` have more than one order: use \
            `Timestamp` and `DateTime<Utc>`, with the feature `jiff` or `chrono`",
    note = "a key is decoded into owned values: use `String` for `&str`, and `Vec<u8>` for `&[u8]` \
            or for `RawBytes`, which is a whole key only"
)]
pub trait KeyPart: Sized + KeyRef<Self> {
    /// Reads one value.
    ///
    /// # Errors
    /// Where the bytes are not the encoding of a value of this type.
    fn decode(reader: &mut KeyReader<'_>) -> Result<Self, KeyError>;

    /// What the bytes look like.
    fn shape() -> Shape;

    /// Appends the bytes of the value: [`KeyRef::encode`], under the name of this trait so that a
    /// field without an encoding is reported once.
    #[doc(hidden)]
    #[inline]
    fn encode_part(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }

    /// How deep the type nests. A type that contains itself has no depth and does not compile as a
    /// key, which is what bounds the stack of decoding.
    #[doc(hidden)]
    const DEPTH: u32 = 1;

    /// True for `u8` alone, whose lists are written as bytes.
    #[doc(hidden)]
    const IS_BYTE: bool = false;

    /// Reads a list of values with its end.
    #[doc(hidden)]
    fn decode_list(reader: &mut KeyReader<'_>) -> Result<Vec<Self>, KeyError> {
        decode_list(reader)
    }

    /// Reads `N` values in a row.
    #[doc(hidden)]
    fn decode_array<const N: usize>(reader: &mut KeyReader<'_>) -> Result<[Self; N], KeyError> {
        decode_array(reader)
    }

    /// What a list of values looks like.
    #[doc(hidden)]
    fn list_shape() -> Shape {
        Shape::list(Self::shape())
    }
}

/// A type that can be the key of a store.
///
/// Every [`KeyPart`] is one, and so is [`RawBytes`](crate::key::RawBytes), which is a whole key
/// only. Derive it:
///
/// ```
/// use grainstore::Key;
///
/// #[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
/// struct OrderKey {
///     tenant: String,
///     day: u32,
///     #[key(desc)]
///     id: u64,
/// }
///
/// let key = OrderKey { tenant: "eu".into(), day: 20261101, id: 7 };
/// assert_eq!(OrderKey::decode_key(&key.encode_key())?, key);
/// assert_eq!(OrderKey::schema(), "k1:{str,u32,desc(u64)}");
/// # Ok::<(), grainstore::key::KeyError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a store",
    label = "this type has no key encoding",
    note = "a type of your own becomes one with `#[derive(Key)]`",
    note = "`usize` and `isize` have no fixed width: use `u64` and `i64`",
    note = "`Zoned` and a `DateTime` of another zone than `Utc` have more than one order: use \
            `Timestamp` and `DateTime<Utc>`, with the feature `jiff` or `chrono`",
    note = "a key is decoded into owned values: use `String` for `&str`, `Vec<u8>` for `&[u8]`"
)]
pub trait Key: Sized + KeyRef<Self> {
    /// Reads a whole key.
    ///
    /// # Errors
    /// Where the bytes are not exactly one encoded key of this type.
    fn decode_key(bytes: &[u8]) -> Result<Self, KeyError>;

    /// What the bytes look like.
    fn key_shape() -> Shape;

    /// The description under which a store remembers the type of its keys, such as
    /// `k1:{str,u32,desc(u64)}`: the version of the encoding, and the structure without any names
    /// of Rust.
    #[must_use]
    fn schema() -> String {
        Self::key_shape().schema()
    }

    /// The bytes of the key.
    #[must_use]
    fn encode_key(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

impl<T: KeyPart> Key for T {
    fn decode_key(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = KeyReader::new(bytes);
        let key = T::decode(&mut reader)?;
        reader.finish()?;
        Ok(key)
    }

    fn key_shape() -> Shape {
        const { assert!(T::DEPTH < 100, "a key type that nests too deep") };
        T::shape()
    }
}

/// A value that can stand for a `K`: it encodes to exactly the bytes of one.
///
/// This is what look-ups take, so that no `String` has to be built to find one: `&str` stands for
/// a `String`, and a tuple of borrowed fields for a derived key.
///
/// ```
/// use grainstore::Key;
/// use grainstore::key::KeyRef;
///
/// #[derive(Key)]
/// struct SessionKey { tenant: String, user: u64 }
///
/// fn bytes_of<K: Key, Q: ?Sized + KeyRef<K>>(key: &Q) -> Vec<u8> {
///     let mut out = Vec::new();
///     key.encode(&mut out);
///     out
/// }
/// let owned = SessionKey { tenant: "acme".into(), user: 7 };
/// assert_eq!(bytes_of::<SessionKey, _>(&("acme", 7)), owned.encode_key());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand for key component `{K}`",
    label = "does not encode as a `{K}`",
    note = "a key is looked up by itself, by a reference to it, or by a borrowed form of it: \
            `&str` for `String`, a tuple of all fields in their order for a derived key"
)]
pub trait KeyRef<K: ?Sized> {
    /// Appends the bytes of the `K` that this stands for.
    fn encode(&self, out: &mut Vec<u8>);

    /// Appends the bytes of a list of `K`, with its end where `end` says so.
    #[doc(hidden)]
    fn encode_list(list: &[Self], end: bool, out: &mut Vec<u8>)
    where
        Self: Sized,
        K: KeyPart,
    {
        encode_list::<K, Self>(list, end, out);
    }
}

#[diagnostic::do_not_recommend]
impl<K: ?Sized, Q: ?Sized + KeyRef<K>> KeyRef<K> for &Q {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        Q::encode(self, out);
    }
}
