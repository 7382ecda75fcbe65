//! Values that encode as a key of some type does, and so can look it up.
//!
//! K7 (look-up): `KeyRef::<K>::encode` of a borrowed form writes exactly the bytes of the `K` it
//! stands for.

use crate::key::key_part::KeyPart;
use crate::key::lists;

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
        lists::encode_list::<K, Self>(list, end, out);
    }
}

#[diagnostic::do_not_recommend]
impl<K: ?Sized, Q: ?Sized + KeyRef<K>> KeyRef<K> for &Q {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        Q::encode(self, out);
    }
}
