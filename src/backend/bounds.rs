//! Which keys a walk has left: its prefix, cut at the key it goes on after.
//!
//! Pure functions over bytes, for the backends of this crate.

use super::page::{Direction, ScanRequest};
use crate::engine::key_range::KeyRange;

/// The keys that `request` asks for, each with `lead` before it; `None` where there can be none.
pub(crate) fn range(request: &ScanRequest, lead: &[u8]) -> Option<KeyRange> {
    let led = |key: &[u8]| [lead, key].concat();
    let mut range = KeyRange::prefix(&led(&request.prefix));
    if let Some(after) = &request.after {
        let mut after = led(after);
        match request.direction {
            Direction::Forward => {
                after.push(0); // the next key there can be
                if *after > *range.lower {
                    range.lower = after.into();
                }
            }
            Direction::Backward => {
                if range.upper.as_deref().is_none_or(|upper| *after < *upper) {
                    range.upper = Some(after.into());
                }
            }
        }
    }
    let is_empty = range
        .upper
        .as_deref()
        .is_some_and(|upper| upper <= &*range.lower);
    (!is_empty).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_goes_on_within_its_prefix_and_nowhere_else() {
        let bounds = |request: ScanRequest| {
            range(&request, b"").map(|r| (r.lower.to_vec(), r.upper.map(|u| u.to_vec())))
        };
        let ab = || ScanRequest::new(b"ab");
        let all = (b"ab".to_vec(), Some(b"ac".to_vec()));
        assert_eq!(bounds(ab()), Some(all.clone()));
        assert_eq!(bounds(ab().after(b"aa")), Some(all.clone()));
        assert_eq!(bounds(ab().after(b"b").backward()), Some(all));
        assert_eq!(bounds(ab().after(b"ac")), None);
        assert_eq!(bounds(ab().after(b"ab").backward()), None);
        let rest = (b"abc\0".to_vec(), Some(b"ac".to_vec()));
        assert_eq!(bounds(ab().after(b"abc")), Some(rest));
        let end = bounds(ScanRequest::new([0xff, 0xff]).after([0xff, 0xff]));
        assert_eq!(end, Some((vec![0xff, 0xff, 0], None)));
    }
}
