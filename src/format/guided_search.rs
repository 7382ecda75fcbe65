//! Searching what is in order from a good guess on.
//!
//! A search by halves looks at places far from each other, and waits for memory at each. Where the
//! place is nearly known, a few looks beside each other are enough; a bad guess costs twice the
//! looks of a search by halves. (Galloping: Bentley and Yao, 1976. Interpolation: Peterson, 1957.)
//!
//! Pure; any thread.

use std::ops::Range;

/// The number of places that `is_before` holds for, of `count` places of which those come first:
/// the answer of [`slice::partition_point`], found from `guess` outwards in growing steps.
///
/// Where the places are in no such order, some number up to `count`.
#[inline]
pub(crate) fn partition_point_near(
    count: usize,
    guess: usize,
    is_before: impl Fn(usize) -> bool,
) -> usize {
    let Some(end) = count.checked_sub(1) else {
        return 0;
    };
    let Range {
        start: mut low,
        end: mut high,
    } = surround(count, guess.min(end), &is_before);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Where the answer lies.
#[inline]
fn surround(count: usize, guess: usize, is_before: impl Fn(usize) -> bool) -> Range<usize> {
    let mut step = 2;
    if is_before(guess) {
        let mut low = guess + 1;
        while low + step < count {
            if !is_before(low + step) {
                return low..low + step;
            }
            low += step + 1;
            step *= 2;
        }
        return low..count;
    }
    let mut high = guess;
    while let Some(at) = high.checked_sub(step) {
        if is_before(at) {
            return at + 1..high;
        }
        high = at;
        step *= 2;
    }
    0..high
}

/// How far `word` stands from `first` to `last`, from 0 to 1; `None` where they do not rise.
#[inline]
pub(crate) fn share_of(word: u64, (first, last): (u64, u64)) -> Option<f64> {
    let span = last.checked_sub(first).filter(|&span| span > 0)?;
    Some(word.saturating_sub(first).min(span) as f64 / span as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_guess_finds_every_place() {
        let most = if cfg!(miri) { 9 } else { 70 };
        for count in 0..most {
            for place in 0..=count {
                for guess in 0..count + 3 {
                    let found = partition_point_near(count, guess, |i| i < place);
                    assert_eq!(found, place, "{count} {guess}");
                }
            }
        }
    }

    #[test]
    fn a_good_guess_looks_at_few_places() {
        let looks = std::cell::Cell::new(0);
        let is_before = |i| {
            looks.set(looks.get() + 1);
            i < 500_003
        };
        assert_eq!(partition_point_near(1_000_000, 500_000, is_before), 500_003);
        assert!(looks.get() <= 5, "{}", looks.get());
    }

    #[test]
    fn shares_lie_between_0_and_1_and_need_a_span() {
        assert_eq!(share_of(15, (10, 20)), Some(0.5));
        assert_eq!(
            (share_of(3, (10, 20)), share_of(99, (10, 20))),
            (Some(0.0), Some(1.0))
        );
        assert_eq!((share_of(5, (5, 5)), share_of(5, (6, 5))), (None, None));
    }

    proptest! {
        #[test]
        fn what_is_in_no_order_gives_some_place(marks: Vec<bool>, guess in 0usize..99) {
            let found = partition_point_near(marks.len(), guess, |i| marks[i]);
            prop_assert!(found <= marks.len());
        }
    }
}
