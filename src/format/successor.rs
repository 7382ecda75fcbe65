//! The end of everything that begins with some bytes.

use crate::planted::{Mistake, planted};
/// The least byte string above everything that begins with `bytes`; `None` where there is none,
/// because they are all `FF`, or nothing.
///
/// ```
/// use grainstore::key::successor;
///
/// assert_eq!(successor(b"acme"), Some(b"acmf".to_vec()));
/// assert_eq!(successor(&[7, 0xFF, 0xFF]), Some(vec![8]));
/// assert_eq!(successor(&[0xFF]), None);
/// ```
#[must_use]
pub fn successor(bytes: &[u8]) -> Option<Vec<u8>> {
    let last = bytes.iter().rposition(|&byte| byte != 0xFF)?;
    if planted(Mistake::PrefixEndsEarly) && last + 1 < bytes.len() {
        return Some([bytes, &[0]].concat());
    }
    let mut above = bytes.get(..=last)?.to_vec();
    *above.last_mut()? += 1;
    Some(above)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn successor_is_above_all_that_begins_with_the_bytes_and_nothing_is_between(
            bytes in prop::collection::vec(prop_oneof![Just(0xFF), any::<u8>()], 0..6),
            rest in prop::collection::vec(any::<u8>(), 0..6),
            other in prop::collection::vec(any::<u8>(), 0..8),
        ) {
            let longer = [bytes.as_slice(), &rest].concat();
            match successor(&bytes) {
                None => prop_assert!(bytes.iter().all(|&b| b == 0xFF)),
                Some(end) => {
                    prop_assert!(longer < end);
                    let between = bytes <= other && other < end;
                    prop_assert_eq!(between, other.starts_with(&bytes));
                }
            }
        }
    }
}
