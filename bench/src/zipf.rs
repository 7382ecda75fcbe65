//! Numbers of which few are drawn most of the time.
//!
//! The generator of Gray et al., *Quickly Generating Billion-Record Synthetic Databases* (SIGMOD
//! 1994), with the skew 0.99 that YCSB uses; its ranks are scattered, so that neighbours in rank
//! are no neighbours in number.

use crate::records::mix;

const SKEW: f64 = 0.99;

/// An endless draw from `0..count`.
pub struct Zipf {
    count: u64,
    zeta: f64,
    eta: f64,
    alpha: f64,
    drawn: u64,
    seed: u64,
}

impl Zipf {
    /// Draws from `0..count`; sums `count` terms first.
    pub fn new(count: u64, seed: u64) -> Self {
        let sum = |n: u64| (1..=n).map(|i| (i as f64).powf(-SKEW)).sum::<f64>();
        let (zeta, two) = (sum(count), sum(2));
        let eta = (1.0 - (2.0 / count as f64).powf(1.0 - SKEW)) / (1.0 - two / zeta);
        Self {
            count,
            zeta,
            eta,
            alpha: 1.0 / (1.0 - SKEW),
            drawn: 0,
            seed,
        }
    }

    /// The next rank: 0 is drawn most.
    pub fn rank(&mut self) -> u64 {
        self.drawn += 1;
        let word = mix(self.drawn ^ self.seed.rotate_left(32));
        let uniform = (word >> 11) as f64 / (1u64 << 53) as f64;
        let scaled = uniform * self.zeta;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < 1.0 + 0.5f64.powf(SKEW) {
            return 1;
        }
        let share = (self.eta * uniform - self.eta + 1.0).powf(self.alpha);
        ((self.count as f64 * share) as u64).min(self.count - 1)
    }
}

impl Iterator for Zipf {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let rank = self.rank();
        Some(mix(rank) % self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rank_is_drawn_most_and_all_are_within() {
        let mut zipf = Zipf::new(10_000, 1);
        let ranks: Vec<_> = (0..100_000).map(|_| zipf.rank()).collect();
        let of = |rank| ranks.iter().filter(|drawn| **drawn == rank).count();
        assert!(
            of(0) > of(1) && of(1) > of(9),
            "{} {} {}",
            of(0),
            of(1),
            of(9)
        );
        assert!(ranks.iter().all(|rank| *rank < 10_000));
    }
}
