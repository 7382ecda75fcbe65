//! Ranges of encoded keys: what a typed query becomes before it reaches the engine.
//!
//! B1: a prefix `p` is the range from `p` to its successor, the least byte string above everything
//! that begins with `p`. All `FF`, or nothing, has no successor: the range is open above.
//! B2: everything that begins with a whole component `c` lies from `c` to its successor, because no
//! encoding is a proper prefix of another (K3). So a range over a component that excludes its
//! lower bound begins at the successor of it, and one that includes its upper bound ends there.
//! B3: over a descending component the bounds change places, for its bytes run against its values.
//! B4: a range that can hold nothing, reversed ones among them, is the empty one.

use std::ops::{Bound, RangeBounds};

use crate::format::successor::successor;
use crate::key::key_prefix::{KeyPrefix, NextPart, TextPart};
use crate::key::key_range::KeyRange;
use crate::key::wrappers;

/// A range of encoded keys.
///
/// ```
/// use grainstore::key::ByteRange;
///
/// let acme = ByteRange::prefix::<(String, u64), _>(&("acme",));
/// assert!(acme.contains(b"acme\0\0\0\0\0\0\0\0\x07"));
/// assert!(!acme.contains(b"acmes\0\0\0\0\0\0\0\0\x07"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteRange {
    lower: Bound<Vec<u8>>,
    upper: Bound<Vec<u8>>,
}

impl ByteRange {
    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self {
            lower: Bound::Unbounded,
            upper: Bound::Unbounded,
        }
    }

    /// No key.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            lower: Bound::Included(Vec::new()),
            upper: Bound::Excluded(Vec::new()),
        }
    }

    /// The keys whose bytes begin with `prefix` (B1).
    #[must_use]
    pub fn starting_with(prefix: Vec<u8>) -> Self {
        let upper = successor(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
        let lower = match prefix.is_empty() {
            true => Bound::Unbounded,
            false => Bound::Included(prefix),
        };
        Self { lower, upper }
    }

    /// The keys that begin with the components of `prefix`.
    #[must_use]
    pub fn prefix<K: ?Sized, P: ?Sized + KeyPrefix<K>>(prefix: &P) -> Self {
        let mut bytes = Vec::new();
        prefix.encode_prefix(&mut bytes);
        Self::starting_with(bytes)
    }

    /// The keys of a range over whole keys, in the order of their bytes.
    #[must_use]
    pub fn keys<K: ?Sized, R: ?Sized + KeyRange<K>>(range: &R) -> Self {
        let (lower, upper) = range.encode_bounds(&[]);
        Self::between(lower, upper)
    }

    /// The keys that begin with `prefix`, and whose next component lies in `range`.
    ///
    /// The range is one of values: over a descending component it still goes from the lower value
    /// to the higher one, while the keys run the other way.
    #[must_use]
    pub fn next<N: NextPart, R: ?Sized + KeyRange<N::Value>>(prefix: &[u8], range: &R) -> Self {
        let (mut lower, mut upper) = range.encode_bounds(prefix);
        if N::DESCENDING {
            (lower, upper) = (upper, lower); // B3
            for bound in [&mut lower, &mut upper] {
                if let Bound::Included(bytes) | Bound::Excluded(bytes) = bound {
                    wrappers::flip(bytes, prefix.len());
                }
            }
        }
        let lower = match lower {
            Bound::Unbounded => Bound::Included(prefix.to_vec()),
            Bound::Included(bytes) => Bound::Included(bytes),
            Bound::Excluded(bytes) => match successor(&bytes) {
                Some(above) => Bound::Included(above), // B2
                None => return Self::empty(),
            },
        };
        let upper = match upper {
            Bound::Unbounded => successor(prefix),
            Bound::Included(bytes) => successor(&bytes), // B2
            Bound::Excluded(bytes) => Some(bytes),
        };
        Self::between(lower, upper.map_or(Bound::Unbounded, Bound::Excluded))
    }

    /// The keys that begin with `prefix`, and whose next component begins with `text`.
    #[must_use]
    pub fn next_starting_with<N>(prefix: &[u8], text: &<N::Value as TextPart>::Text) -> Self
    where
        N: NextPart<Value: TextPart>,
    {
        let mut bytes = prefix.to_vec();
        N::Value::encode_start(text, &mut bytes);
        if N::DESCENDING {
            wrappers::flip(&mut bytes, prefix.len());
        }
        Self::starting_with(bytes)
    }

    /// The keys that lie in both ranges.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        let lower = match (self.lower, other.lower) {
            (Bound::Unbounded, bound) | (bound, Bound::Unbounded) => bound,
            (Bound::Included(a), Bound::Included(b)) => Bound::Included(a.max(b)),
            (Bound::Excluded(a), Bound::Excluded(b)) => Bound::Excluded(a.max(b)),
            (Bound::Included(within), Bound::Excluded(out))
            | (Bound::Excluded(out), Bound::Included(within)) => match within > out {
                true => Bound::Included(within),
                false => Bound::Excluded(out),
            },
        };
        let upper = match (self.upper, other.upper) {
            (Bound::Unbounded, bound) | (bound, Bound::Unbounded) => bound,
            (Bound::Included(a), Bound::Included(b)) => Bound::Included(a.min(b)),
            (Bound::Excluded(a), Bound::Excluded(b)) => Bound::Excluded(a.min(b)),
            (Bound::Included(within), Bound::Excluded(out))
            | (Bound::Excluded(out), Bound::Included(within)) => match within < out {
                true => Bound::Included(within),
                false => Bound::Excluded(out),
            },
        };
        Self::between(lower, upper)
    }

    /// The lower bound.
    #[must_use]
    pub fn lower(&self) -> Bound<&[u8]> {
        self.lower.as_ref().map(Vec::as_slice)
    }

    /// The upper bound.
    #[must_use]
    pub fn upper(&self) -> Bound<&[u8]> {
        self.upper.as_ref().map(Vec::as_slice)
    }

    /// Both bounds.
    #[must_use]
    pub fn into_bounds(self) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
        (self.lower, self.upper)
    }

    /// True where the encoded key `key` lies in the range.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        RangeBounds::<[u8]>::contains(&(self.lower(), self.upper()), key)
    }

    /// True where no key can lie in the range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::empty()
    }

    fn between(lower: Bound<Vec<u8>>, upper: Bound<Vec<u8>>) -> Self {
        let holds_something = match (&lower, &upper) {
            (Bound::Unbounded, Bound::Excluded(upper)) => !upper.is_empty(),
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
            (Bound::Included(lower), Bound::Included(upper)) => lower <= upper,
            (
                Bound::Included(lower) | Bound::Excluded(lower),
                Bound::Included(upper) | Bound::Excluded(upper),
            ) => lower < upper,
        };
        match holds_something {
            true => Self { lower, upper },
            false => Self::empty(), // B4
        }
    }
}

impl RangeBounds<[u8]> for ByteRange {
    fn start_bound(&self) -> Bound<&[u8]> {
        self.lower()
    }

    fn end_bound(&self) -> Bound<&[u8]> {
        self.upper()
    }
}
