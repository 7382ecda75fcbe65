//! A range of keys, as bytes.

use crate::format::successor::successor;
use smallvec::SmallVec;
use std::ops::{Bound, RangeBounds};

/// A bound of a range: most keys fit without an allocation.
pub(crate) type BoundKey = SmallVec<[u8; 36]>;

/// Keys from `lower` on, up to and without `upper`.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyRange {
    pub(crate) lower: BoundKey,
    pub(crate) upper: Option<BoundKey>,
}

impl KeyRange {
    /// The keys within `range`.
    pub(crate) fn new<B: AsRef<[u8]>>(range: &impl RangeBounds<B>) -> Self {
        let lower = match range.start_bound() {
            Bound::Included(key) => BoundKey::from_slice(key.as_ref()),
            Bound::Excluded(key) => after(key.as_ref()),
            Bound::Unbounded => BoundKey::new(),
        };
        let upper = match range.end_bound() {
            Bound::Included(key) => Some(after(key.as_ref())),
            Bound::Excluded(key) => Some(BoundKey::from_slice(key.as_ref())),
            Bound::Unbounded => None,
        };
        Self { lower, upper }
    }

    /// The keys that begin with `prefix`.
    pub(crate) fn prefix(prefix: &[u8]) -> Self {
        Self {
            lower: BoundKey::from_slice(prefix),
            upper: successor(prefix).map(BoundKey::from_vec),
        }
    }

    /// True where `key` is not below the range. An open end costs no comparison: one with nothing
    /// is dear on processors that mask their loads.
    #[inline]
    pub(crate) fn reaches_down_to(&self, key: &[u8]) -> bool {
        self.lower.is_empty() || key >= &*self.lower
    }

    /// True where `key` is not above the range.
    #[inline]
    pub(crate) fn reaches_up_to(&self, key: &[u8]) -> bool {
        self.upper.as_ref().is_none_or(|upper| key < &**upper)
    }
}

/// The next key after `key` in the order of bytes: `key` followed by a zero.
fn after(key: &[u8]) -> BoundKey {
    let mut next = BoundKey::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}
