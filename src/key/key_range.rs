//! Ranges over keys or over the component after a prefix, in any form that can stand for one.

use std::ops::{
    Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

use crate::key::key_part::KeyRef;

/// A range of `K`: `a..b`, `a..=b`, `..b`, `a..` and so on, or a pair of
/// [`Bound`]s, of anything that can stand for a `K`.
///
/// Unlike `RangeBounds` it leaves nothing to infer where a bound is missing, so that `..` alone is
/// a range of every type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a range over `{K}`",
    label = "its bounds do not encode as `{K}`",
    note = "the bounds have the type of the component after the prefix, or of the whole key"
)]
pub trait KeyRange<K: ?Sized> {
    /// Both bounds, encoded, each behind the bytes of `base`.
    fn encode_bounds(&self, base: &[u8]) -> (Bound<Vec<u8>>, Bound<Vec<u8>>);
}

macro_rules! ranges {
    ($($range:ty),+) => {$(
        impl<K: ?Sized, Q: KeyRef<K>> KeyRange<K> for $range {
            fn encode_bounds(&self, base: &[u8]) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
                let encode = |bound: Bound<&Q>| bound.map(|value| behind(base, value));
                (
                    encode(RangeBounds::<Q>::start_bound(self)),
                    encode(RangeBounds::<Q>::end_bound(self)),
                )
            }
        }
    )+};
}

ranges! {
    Range<Q>, RangeInclusive<Q>, RangeFrom<Q>, RangeTo<Q>, RangeToInclusive<Q>,
    (Bound<Q>, Bound<Q>)
}

impl<K: ?Sized> KeyRange<K> for RangeFull {
    fn encode_bounds(&self, _base: &[u8]) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
        (Bound::Unbounded, Bound::Unbounded)
    }
}

fn behind<K: ?Sized, Q: KeyRef<K>>(base: &[u8], value: &Q) -> Vec<u8> {
    let mut bytes = base.to_vec();
    value.encode(&mut bytes);
    bytes
}
