//! Typed prefixes: the first components of a key, and what may follow them.
//!
//! K8 (prefix): the encoding of a prefix is a byte prefix of exactly the keys that begin with those
//! components. It follows from K2 and K3.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use crate::key::key_part::KeyPart;

/// The first components of a `K`: a tuple of them, each in any form that can stand for it.
///
/// `()` is the prefix of every key, `("acme",)` of those whose first component is that text.
/// [`Next`](KeyPrefix::Next) is the component after the prefix, which types the bounds of a range
/// within it.
///
/// ```
/// use grainstore::Key;
/// use grainstore::key::KeyPrefix;
///
/// #[derive(Key)]
/// struct SessionKey { tenant: String, user: u64 }
///
/// fn bytes_of<K: Key, P: KeyPrefix<K>>(prefix: P) -> Vec<u8> {
///     let mut out = Vec::new();
///     prefix.encode_prefix(&mut out);
///     out
/// }
/// assert_eq!(bytes_of::<SessionKey, _>(("acme",)), b"acme\0");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prefix of the key `{K}`",
    label = "not the first components of `{K}`",
    note = "a prefix is a tuple of the first components of the key in their order, such as `(a,)` \
            or `(a, b)`; `()` is the prefix of every key",
    note = "a key that has no components, such as a text or an enum, has only the prefix `()`"
)]
pub trait KeyPrefix<K: ?Sized> {
    /// The component that follows: a [`NextPart`], or [`NothingFollows`] where the key is complete.
    type Next;

    /// Appends the bytes that all keys with this prefix begin with.
    fn encode_prefix(&self, out: &mut Vec<u8>);
}

#[diagnostic::do_not_recommend]
impl<K: ?Sized, P: ?Sized + KeyPrefix<K>> KeyPrefix<K> for &P {
    type Next = P::Next;

    fn encode_prefix(&self, out: &mut Vec<u8>) {
        P::encode_prefix(self, out);
    }
}

/// The component after a prefix, as what ranges over it are given in.
///
/// For `T` itself that is `T`. For a component declared `#[key(desc)]` it is the type of the field
/// too, so that a range is written in values, low to high, whichever way the keys run.
#[diagnostic::on_unimplemented(
    message = "no component to range over follows this prefix",
    label = "`{Self}` follows it",
    note = "`range` and `starts_with` bound the component after the prefix: use a shorter prefix"
)]
pub trait NextPart {
    /// The type of the bounds.
    type Value: KeyPart;

    /// True where the bytes run against the values.
    const DESCENDING: bool;
}

impl<T: KeyPart> NextPart for T {
    type Value = T;
    const DESCENDING: bool = false;
}

/// What follows a prefix where a field of type `T` declared `#[key(desc)]` does.
pub struct Descending<T>(Infallible, PhantomData<fn() -> T>);

impl<T: KeyPart> NextPart for Descending<T> {
    type Value = T;
    const DESCENDING: bool = true;
}

/// What follows a prefix that is a whole key. It is named for the text of the compiler, which says
/// of it that it is no component.
pub enum NothingFollows {}

/// What follows a prefix where a field declared `#[key(with = "..")]` does: its bytes are known
/// to its module alone, so nothing ranges over it.
pub enum OpaqueField {}

/// A component that another one of its type can begin: text, bytes and lists.
///
/// It is what `starts_with` asks of the component after a prefix.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not text, bytes or a list",
    label = "nothing starts a `{Self}`",
    note = "`starts_with` bounds the component after the prefix, which must be text, bytes or a \
            list; for another one use `range`"
)]
pub trait TextPart: KeyPart {
    /// `str` for text, `[T]` for lists.
    type Text: ?Sized;

    /// Appends the bytes that every component begins with which `text` begins.
    fn encode_start(text: &Self::Text, out: &mut Vec<u8>);
}

/// The prefix `()` of types that have no components of their own: the whole key follows.
macro_rules! whole_prefix {
    (<$generic:ident: $bound:ident> $key:ty) => { whole_prefix! { @ [$generic: $bound] $key } };
    (@ [$($generics:tt)*] $key:ty) => {
        impl<$($generics)*> $crate::key::key_prefix::KeyPrefix<$key> for () {
            type Next = $key;
            #[inline]
            fn encode_prefix(&self, _out: &mut Vec<u8>) {}
        }
    };
    ($key:ty) => { whole_prefix! { @ [] $key } };
}

pub(crate) use whole_prefix;

/// A prefix that is kept: its bytes, and the types of the key and of what follows.
///
/// `#[key(prefixes)]` makes constructors with names for every first part of a key:
///
/// ```
/// use grainstore::Key;
/// use grainstore::key::Prefix;
///
/// #[derive(Key)]
/// #[key(prefixes)]
/// struct OrderKey { tenant: String, day: u32, id: u64 }
///
/// let of_a_day: Prefix<OrderKey, u64> = OrderKey::by_tenant_day("eu", 20261101);
/// assert_eq!(of_a_day, Prefix::of(("eu", 20261101)));
/// assert_eq!(OrderKey::by_tenant("eu").as_bytes(), b"eu\0");
/// ```
///
/// ```
/// use grainstore::key::Prefix;
///
/// type ByTenant = Prefix<(String, u64), u64>;
/// let acme: ByTenant = Prefix::of(("acme",));
/// assert_eq!(acme.as_bytes(), b"acme\0");
/// ```
pub struct Prefix<K, Next> {
    bytes: Vec<u8>,
    types: PhantomData<fn() -> (K, Next)>,
}

impl<K, Next> Prefix<K, Next> {
    /// Keeps `prefix`.
    #[must_use]
    pub fn of<P: KeyPrefix<K, Next = Next>>(prefix: P) -> Self {
        let mut bytes = Vec::new();
        prefix.encode_prefix(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// The bytes that all keys with this prefix begin with.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            types: PhantomData,
        }
    }
}

impl<K, Next> KeyPrefix<K> for Prefix<K, Next> {
    type Next = Next;

    fn encode_prefix(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }
}

impl<K, Next> Clone for Prefix<K, Next> {
    fn clone(&self) -> Self {
        Self::from_bytes(self.bytes.clone())
    }
}

impl<K, Next> PartialEq for Prefix<K, Next> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<K, Next> Eq for Prefix<K, Next> {}

impl<K, Next> fmt::Debug for Prefix<K, Next> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefix(b\"{}\")", self.bytes.escape_ascii())
    }
}
